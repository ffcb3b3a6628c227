// Takes the pictures of the README: of this blog, as a preview shows it, in a
// real browser.
//
//   .ci/setup-browser
//   blog preview --reload=false &
//   node .ci/browser/shots.mjs http://localhost:8080 docs/pictures [--png]
//
// The same pages in the same browser with the same fonts give the same pictures,
// byte for byte: nothing on them moves or tells the time. They are WebP, as the
// browser writes it, and small: a larger one than LIMIT fails. --png is for
// programs that show no WebP, and has no limit.
//
// The browser is that of page.mjs.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { launch } from './page.mjs';

const LIMIT = 120 * 1000; // bytes of one picture
const DESKTOP = { viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1 };
const PHONE = { viewport: { width: 390, height: 780 }, deviceScaleFactor: 2 };

// from is what the picture begins with, unless that is the page.
const PICTURES = [
    { name: 'home-en', path: '/', device: DESKTOP, scheme: 'light' },
    { name: 'code-en', path: '/2026/11/17/cdk-in-go-five-traps/', device: DESKTOP, scheme: 'dark', from: 'h2' },
    { name: 'post-zh-Hant', path: '/zh/2025/07/22/dates-without-clocks/', device: PHONE, scheme: 'light' },
    { name: 'post-ja', path: '/ja/2026/02/24/three-languages/', device: PHONE, scheme: 'dark' },
    { name: 'episode-en', path: '/2026/11/21/episode-3-two-robots-one-pointer/', device: PHONE, scheme: 'light' },
    { name: 'search-en', path: '/search?q=failover', device: PHONE, scheme: 'dark' }
];

const { values: { png }, positionals: [base, folder] } = parseArgs({ allowPositionals: true, options: { png: { type: 'boolean' } } });
if (!folder) {
    console.error('usage: node shots.mjs URL FOLDER [--png]');
    process.exit(2);
}

await mkdir(folder, { recursive: true });
const browser = await launch('--hide-scrollbars');
try {
    for (const { name, path, device, scheme, from } of PICTURES) {
        const context = await browser.newContext({ ...device, colorScheme: scheme, reducedMotion: 'reduce', locale: 'en', timezoneId: 'UTC' });
        const page = await context.newPage();
        const answer = await page.goto(base + path, { waitUntil: 'load' });
        if (answer.status() !== 200) throw new Error(`${path} answers ${answer.status()}`);
        if (from) await page.locator(from).first().evaluate((e) => scrollTo(0, e.getBoundingClientRect().top + scrollY - 24));
        const session = await context.newCDPSession(page);
        const clip = { x: 0, y: await page.evaluate(() => scrollY), ...device.viewport, scale: 1 };
        const { data } = await session.send('Page.captureScreenshot', { clip, ...(png ? { format: 'png' } : { format: 'webp', quality: 82 }) });
        const picture = Buffer.from(data, 'base64');
        const file = join(folder, name + (png ? '.png' : '.webp'));
        if (!png && picture.length > LIMIT) throw new Error(`${file} has ${picture.length} bytes, ${LIMIT} are allowed`);
        await writeFile(file, picture);
        console.log(`${file}: ${picture.length} bytes, ${path}`);
        await context.close();
    }
} finally {
    await browser.close();
}
