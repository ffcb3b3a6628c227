// Looks at every page of a running blog as its readers do, and fails when one
// of them would be let down.
//
//   node check.mjs http://localhost:8080 [--edit DIR] [--shots DIR]
//
// What it promises of every page that the sitemaps, and links from there, lead
// to: valid HTML (html-validate); feeds that two parsers read alike, and podcasts
// that Apple would take (feeds.mjs); links and fragments that lead somewhere; at
// most 10 KB of HTML and CSS as brotli. And in a real browser, of one page of
// each kind in each language, light on a phone and dark on a desktop: no finding
// of axe-core (WCAG 2.2 AA), no violation of the page's own policy, no script, no
// shift of the layout, nothing wider than the screen, a visible focus at each
// step of the keyboard, and text that is there when nothing but the HTML is.
//
// With --edit, the blog is a preview of DIR, a copy of the content that may be
// changed: its texts are edited, and the release before is looked at in the same
// ways (travel.mjs): remembered pages, and differences that have some.
//
// The browser is that of page.mjs.
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { brotliCompressSync, constants } from 'node:zlib';
import { HtmlValidate } from 'html-validate';
import { feeds } from './feeds.mjs';
import { launch, unescape } from './page.mjs';
import { travel } from './travel.mjs';

const BUDGET = 10 * 1024; // bytes of HTML and CSS, as brotli
const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const { values: { edit, shots }, positionals: [base] } = parseArgs({ allowPositionals: true, options: { edit: { type: 'string' }, shots: { type: 'string' } } });
if (!base) {
    console.error('usage: node check.mjs URL [--edit DIR] [--shots DIR]');
    process.exit(2);
}

const faults = [];
function fault(where, what) {
    faults.push(`${where}: ${what}`);
}

// ---------------------------------------------------------------- every page

// pages are the answers to all addresses of the blog that links lead to, by
// path. Chromium is not needed to find a dead link.
const pages = new Map();

// What is asked for with headers of its own is another answer, and not kept.
async function get(path, headers) {
    if (!headers && pages.has(path)) return pages.get(path);
    const answer = await fetch(base + path, { redirect: 'manual', headers: { accept: 'text/html,*/*;q=0.8', 'sec-fetch-site': 'same-origin', ...headers } });
    const page = {
        status: answer.status,
        type: answer.headers.get('content-type') ?? '',
        location: answer.headers.get('location'),
        headers: answer.headers,
        body: Buffer.from(await answer.arrayBuffer())
    };
    if (!headers) pages.set(path, page);
    return page;
}

// local returns the path of an address on this blog, and its fragment.
function local(href, from) {
    const url = new URL(href, base + from);
    return url.origin === new URL(base).origin ? { path: url.pathname + url.search, hash: decodeURIComponent(url.hash.slice(1)) } : null;
}

const ATTRIBUTE = /\s(?:href|src|srcset|poster)="([^"]*)"/g;

async function crawl() {
    const seen = new Set(['/', '/sitemap.xml']);
    const queue = [...seen];
    const html = [];
    while (queue.length > 0) {
        const path = queue.shift();
        const page = await get(path);
        if (page.status !== 200) {
            fault(path, `answers ${page.status}`);
            continue;
        }
        const found = [];
        if (page.type.includes('xml')) {
            found.push(...[...page.body.toString().matchAll(/<loc>([^<]*)<\/loc>/g)].map((m) => [unescape(m[1]), '']));
        }
        if (page.type.startsWith('text/html')) {
            html.push(path);
            found.push(...[...page.body.toString().matchAll(ATTRIBUTE)].map((m) => [unescape(m[1]).split(/\s/)[0], path]));
        }
        for (const [href, from] of found) {
            const to = local(href, from);
            if (to && !seen.has(to.path)) {
                seen.add(to.path);
                queue.push(to.path);
            }
        }
    }
    return html;
}

function fragments(html) {
    for (const path of html) {
        for (const m of pages.get(path).body.toString().matchAll(/\shref="([^"]*#[^"]+)"/g)) {
            const to = local(unescape(m[1]), path);
            const target = to && pages.get(to.path);
            if (target && target.type.startsWith('text/html') && !target.body.toString().includes(`id="${to.hash}"`)) {
                fault(path, `links to #${to.hash}, which ${to.path} has not`);
            }
        }
    }
}

async function valid(html) {
    const validator = new HtmlValidate({
        extends: ['html-validate:standard'],
        rules: {
            // Goldmark writes void elements and quotes in its own way, and so
            // do we; both are HTML.
            'void-style': 'off',
            'no-trailing-whitespace': 'off'
        }
    });
    for (const path of html) {
        const report = await validator.validateString(pages.get(path).body.toString());
        for (const result of report.results) {
            for (const m of result.messages) {
                fault(path, `line ${m.line}: ${m.message} (${m.ruleId})`);
            }
        }
    }
}

async function weight(html) {
    const size = (body) => brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
    let heaviest = { path: '', bytes: 0 };
    const styles = new Map();
    for (const path of html) {
        const body = pages.get(path).body;
        let bytes = size(body);
        for (const m of body.toString().matchAll(/<link rel="stylesheet" href="([^"]*)"/g)) {
            const to = local(unescape(m[1]), path);
            if (!styles.has(to.path)) {
                styles.set(to.path, size((await get(to.path)).body));
            }
            bytes += styles.get(to.path);
        }
        if (bytes > heaviest.bytes) {
            heaviest = { path, bytes };
        }
        // A transcript is as long as the episode; the budget is for the page.
        if (bytes > BUDGET) {
            fault(path, `${bytes} bytes of HTML and CSS as brotli, ${BUDGET} are allowed`);
        }
    }
    return heaviest;
}

// ------------------------------------------------------- one page of each kind

// kinds picks pages that differ in template, for each language.
function kinds(html) {
    // The languages' homes, of which the default one's is the root.
    const homes = [...pages.get('/').body.toString().matchAll(/hreflang="[^"]*" href="([^"]*)"/g)].map((m) => new URL(m[1]).pathname).filter((p) => p !== '/');
    const kind = (path) => {
        const home = homes.find((p) => path.startsWith(p)) ?? '/';
        const rest = '/' + path.slice(home.length);
        const body = pages.get(path).body.toString();
        if (rest === '/') return 'home';
        if (/^\/\d{4}\/\d\d\/\d\d\//.test(rest)) {
            if (body.includes('<audio')) return 'episode';
            if (body.includes('<pre')) return body.includes('<table') ? 'post with code and table' : 'post with code';
            return body.includes('<img') ? 'post with images' : 'post';
        }
        return rest.split('/').slice(1, 2)[0].replace(/\?.*/, '') + (rest.split('/').length > 3 ? ' (one)' : '');
    };
    const out = new Map();
    for (const path of html.filter((p) => !p.includes('?'))) {
        const lang = /<html lang="([^"]*)"/.exec(pages.get(path).body.toString())?.[1];
        const name = `${lang} ${kind(path)}`;
        if (!out.has(name)) {
            out.set(name, path);
        }
    }
    out.set('en not found', '/no/such/page/');
    return out;
}

// LOOKS are the ways in which a page is looked at: each width and each set of
// colours once, since nothing in the stylesheet depends on both.
const LOOKS = [
    ['light', { width: 390, height: 844 }],
    ['dark', { width: 1280, height: 900 }]
];

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

// Looker is a browser with one set of colours and one width, for page after page.
async function looker(browser, scheme, viewport) {
    const context = await browser.newContext({ colorScheme: scheme, viewport, deviceScaleFactor: 1 });
    const page = await context.newPage();
    const it = { page, scheme, viewport, where: '' };
    page.on('console', (m) => {
        if (/Content Security Policy|Refused to/.test(m.text())) {
            fault(it.where, m.text());
        }
    });
    page.on('response', (r) => {
        if (/javascript/.test(r.headers()['content-type'] ?? '')) {
            fault(it.where, `loads a script, ${r.url()}`);
        }
    });
    // A shift without a node is inside of what the browser draws itself: a player.
    await page.addInitScript(() => {
        window.shifts = 0;
        new PerformanceObserver((list) => list.getEntries().filter((e) => e.sources.some((s) => s.node)).forEach((e) => (window.shifts += e.value))).observe({ type: 'layout-shift', buffered: true });
    });
    return it;
}

async function look(it, name, path) {
    const { page, scheme, viewport } = it;
    const where = `${path} (${name}, ${scheme}, ${viewport.width} px)`;
    it.where = where;
    await page.goto(base + path, { waitUntil: 'load' });
    const seen = await page.evaluate(() => ({ shifts: window.shifts, wide: document.documentElement.scrollWidth - document.documentElement.clientWidth }));
    if (seen.shifts > 0) {
        fault(where, `the layout shifts by ${seen.shifts}`);
    }
    if (seen.wide > 0) {
        fault(where, `${seen.wide} px wider than the screen`);
    }
    await page.evaluate(axe);
    const result = await page.evaluate((tags) => window.axe.run({ runOnly: tags }), TAGS);
    for (const v of result.violations) {
        fault(where, `${v.id}: ${v.help}: ${v.nodes.map((n) => n.target.join(' ')).slice(0, 3).join(', ')}`);
    }
    if (shots) {
        await page.screenshot({ path: `${shots}/${name.replace(/[^A-Za-z-]+/g, '-')}-${scheme}-${viewport.width}.png` });
    }
    return result.passes.length;
}

async function lookAt(browser, lookers, picked, what) {
    let looks = 0;
    let passes = 0;
    for (const [name, path] of picked) {
        for (const it of lookers) {
            passes += await look(it, name, path);
            looks++;
        }
        // The templates are those of every language.
        if (name.startsWith('en ')) {
            await keyboard(browser, name, path);
            await bare(browser, name, path);
        }
        if (process.stderr.isTTY) process.stderr.write(`\r${looks} of ${picked.size * lookers.length} looks `);
    }
    console.log(`${picked.size} ${what}, ${looks} looks, ${passes} rules of axe-core passed`);
}

// keyboard walks through a page with the Tab key alone.
async function keyboard(browser, name, path) {
    const page = await browser.newPage();
    await page.goto(base + path);
    const links = await page.evaluate(() => document.querySelectorAll('a[href], button, input, summary, audio[controls]').length);
    let steps = 0;
    for (; steps < links + 5; steps++) {
        await page.keyboard.press('Tab');
        const at = await page.evaluate((first) => {
            const e = document.activeElement;
            if (!e || e === document.body) return null;
            const style = getComputedStyle(e);
            const box = e.getBoundingClientRect();
            return {
                tag: e.outerHTML.slice(0, 80),
                // A page with one link before its text needs no way around it.
                skip: !first || e.getAttribute('href') === '#main' || document.querySelectorAll('.top a').length < 2,
                // The focus is on a control inside of a player, which is the browser's.
                visible: e.tagName === 'AUDIO' || style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0 && box.width > 0 && box.bottom > 0
            };
        }, steps === 0);
        if (at === null) break;
        if (!at.skip) fault(path, `(${name}) the first stop of the keyboard is ${at.tag}, not the way to the text`);
        if (!at.visible) fault(path, `(${name}) the keyboard's focus cannot be seen on ${at.tag}`);
    }
    if (steps === 0) fault(path, `(${name}) the keyboard finds nothing`);
    await page.close();
}

// bare reads a page of which nothing but the HTML arrives.
async function bare(browser, name, path) {
    const page = await browser.newPage();
    await page.route('**/*', (route) => (route.request().resourceType() === 'document' ? route.continue() : route.abort()));
    await page.goto(base + path);
    const text = await page.evaluate(() => ({ main: document.querySelector('main')?.innerText.trim().length ?? 0, title: document.querySelector('h1')?.innerText ?? '' }));
    if (text.main <= text.title.length || !text.title) {
        fault(path, `(${name}) without its stylesheet there is no text to read`);
    }
    await page.close();
}

// ----------------------------------------------------------------------------

const html = await crawl();
fragments(html);
await valid(html);
const heaviest = await weight(html);
const read = await feeds(pages, get, fault);
console.log(`${read.count} feeds, of which ${read.podcasts} are podcasts, read by two parsers`);
console.log(`${html.length} pages: HTML, links, weight (the heaviest is ${heaviest.path}, ${heaviest.bytes} bytes)`);

if (shots) await mkdir(shots, { recursive: true });
const browser = await launch();
try {
    const lookers = [];
    for (const [scheme, viewport] of LOOKS) lookers.push(await looker(browser, scheme, viewport));
    const picked = kinds(html);
    await lookAt(browser, lookers, picked, 'kinds of page');
    if (edit) {
        const then = await travel(edit, picked, pages, get, fault);
        const old = [...then.values()];
        fragments(old);
        await valid(old);
        await weight(old);
        await lookAt(browser, lookers, then, 'pages of an old release');
    }
} finally {
    await browser.close();
}

for (const f of faults.slice(0, 60)) console.error(f);
if (faults.length > 60) console.error(`and ${faults.length - 60} more`);
console.log(faults.length === 0 ? 'nothing to complain of' : `${faults.length} faults`);
process.exit(faults.length === 0 ? 0 : 1);
