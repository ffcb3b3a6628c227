// What every program here needs to read a page: the browser, and HTML's escapes.
//
// The browser is Debian's Chromium, or the one that CHROMIUM names; when root
// starts it, it runs without its sandbox, and is shown this machine's pages.
import { chromium } from 'playwright-core';

export function launch(...more) {
    return chromium.launch({
        executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
        args: ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', ...more],
        chromiumSandbox: process.getuid?.() !== 0
    });
}

// unescape reads the value of an attribute, or of an element of a sitemap.
export const unescape = (s) => s.replaceAll('&amp;', '&').replaceAll('&#43;', '+').replaceAll('&#39;', "'").replaceAll('&#34;', '"');
