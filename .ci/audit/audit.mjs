// Grades a preview as the field's own tools do, and fails below the best grade.
//
//   node audit.mjs BLOG [--runs 5] [-- arguments of blog preview]
//
// BLOG is the command, whose preview is started at https://localhost, with a
// certificate made for this. Lighthouse: 100 in performance, accessibility, best
// practices and SEO, on a desktop and on a phone with half of this machine's
// speed, of a home page, a long post with code, a Chinese post and the search, of
// which results are not for search engines and so the form is graded; the median
// of so many runs. Mozilla's HTTP Observatory: 130 points, A+. It asks at the
// ports 80 and 443, so this needs root, or a machine where anybody may listen
// there; at port 80 a stand-in redirects as CloudFront does.
//
// Minutes, most of them Lighthouse's, on a machine that does nothing else.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { scan } from '@mdn/mdn-http-observatory';
import { launch } from 'chrome-launcher';
import lighthouse from 'lighthouse';

const base = 'https://localhost';
const [, , blog, ...rest] = process.argv;
const end = rest.includes('--') ? rest.indexOf('--') : rest.length;
const runs = rest[0] === '--runs' && end >= 2 ? Number(rest[1]) : 5;
if (!blog || !(runs > 0)) {
    console.error('usage: node audit.mjs BLOG [--runs N] [-- arguments of blog preview]');
    process.exit(2);
}

// The certificate has to be known before Node starts, so it starts again.
if (!process.env.BLOG_AUDIT_DIR) {
    const dir = mkdtempSync(join(tmpdir(), 'blog-audit-'));
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1',
        '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', join(dir, 'key.pem'), '-out', join(dir, 'cert.pem')], { stdio: 'ignore' });
    const { status } = spawnSync(process.execPath, process.argv.slice(1), {
        stdio: 'inherit', env: { ...process.env, BLOG_AUDIT_DIR: dir, NODE_EXTRA_CA_CERTS: join(dir, 'cert.pem') }
    });
    rmSync(dir, { recursive: true });
    process.exit(status ?? 1);
}

let failed = false;

// No host is preloaded: the Observatory fetches the browsers' list when it is
// installed, and this is offline.
const observatoryDir = join(dirname(createRequire(import.meta.url).resolve('@mdn/mdn-http-observatory')), '..');
writeFileSync(join(observatoryDir, 'conf', 'hsts-preload.json'), '{}');

async function observatory() {
    const plain = http.createServer((req, res) => res.writeHead(301, { location: base + req.url }).end());
    await new Promise((ok, no) => plain.once('error', no).listen(80, 'localhost', ok));
    try {
        const { scan: grade, tests } = await scan('localhost');
        console.log(`Observatory: ${grade.score} points, ${grade.grade}`);
        for (const [name, t] of Object.entries(tests)) {
            if (!t.pass) console.log(`    ${name}: ${t.result}`);
        }
        failed ||= grade.score < 130;
    } finally {
        plain.closeAllConnections();
        plain.close();
    }
}

// preview starts the blog, and resolves when it answers.
function preview() {
    const dir = process.env.BLOG_AUDIT_DIR;
    const child = spawn(blog, ['preview', '--reload=false', '--addr', 'localhost:443', '--cert', join(dir, 'cert.pem'), '--key', join(dir, 'key.pem'), ...rest.slice(end + 1)],
        { stdio: ['ignore', 'pipe', 'inherit'] });
    return new Promise((ok, no) => {
        child.stdout.on('data', (text) => text.toString().includes('The blog is at') && ok(child));
        child.once('exit', (code) => no(new Error(`blog preview ended: ${code}`)));
        child.once('error', no);
    });
}

// The pages, found from the sitemap so that they are those of any blog.
async function pages() {
    const locs = async (path) => [...(await (await fetch(base + path)).text()).matchAll(/<loc>([^<]*)<\/loc>/g)].map((m) => new URL(m[1]).pathname);
    let all = [];
    for (const path of await locs('/sitemap.xml')) all.push(...(path.endsWith('.xml') ? await locs(path) : [path]));
    const posts = [];
    for (const path of all.filter((p) => /\/\d{4}\/\d\d\/\d\d\//.test(p))) {
        const body = await (await fetch(base + path)).text();
        posts.push({ path, size: body.length, code: body.includes('<pre'), lang: /<html lang="([^"]*)"/.exec(body)[1] });
    }
    posts.sort((a, b) => b.size - a.size);
    return {
        home: '/?lang=en', 'long post with code': posts.find((p) => p.code && p.lang === 'en').path,
        'Chinese post': posts.find((p) => p.lang.startsWith('zh')).path, search: '/search'
    };
}

const CATEGORIES = ['performance', 'accessibility', 'best-practices', 'seo'];

const FORMS = {
    desktop: {
        formFactor: 'desktop', screenEmulation: { mobile: false, width: 1350, height: 940, deviceScaleFactor: 1, disabled: false },
        throttling: { rttMs: 40, throughputKbps: 10240, cpuSlowdownMultiplier: 2, requestLatencyMs: 0, downloadThroughputKbps: 0, uploadThroughputKbps: 0 }
    },
    mobile: {
        formFactor: 'mobile', screenEmulation: { mobile: true, width: 412, height: 823, deviceScaleFactor: 1.75, disabled: false },
        throttling: { rttMs: 150, throughputKbps: 1638.4, cpuSlowdownMultiplier: 2, requestLatencyMs: 562.5, downloadThroughputKbps: 1474.56, uploadThroughputKbps: 675 }
    }
};

const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];

async function lighthouses() {
    for (const [name, path] of Object.entries(await pages())) {
        for (const [form, settings] of Object.entries(FORMS)) {
            const scores = Object.fromEntries(CATEGORIES.map((c) => [c, []]));
            const missed = new Set();
            for (let i = 0; i < runs; i++) {
                const chrome = await launch({
                    chromePath: process.env.CHROMIUM || '/usr/bin/chromium',
                    chromeFlags: ['--headless=new', '--disable-gpu', '--ignore-certificate-errors', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])]
                });
                try {
                    const { lhr } = await lighthouse(base + path, { port: chrome.port, logLevel: 'error', onlyCategories: CATEGORIES }, { extends: 'lighthouse:default', settings });
                    for (const c of CATEGORIES) {
                        scores[c].push(Math.round(100 * lhr.categories[c].score));
                        for (const { id, weight } of lhr.categories[c].auditRefs) {
                            const a = lhr.audits[id];
                            if (weight > 0 && a.score !== null && a.score < 0.9) missed.add(`${id} ${a.displayValue ?? ''}`);
                        }
                    }
                } finally {
                    await chrome.kill();
                }
            }
            const got = CATEGORIES.map((c) => median(scores[c]));
            console.log(`${name}, ${form}: ${got.join(' ')}${missed.size > 0 ? ` (${[...missed].join(', ')})` : ''}`);
            failed ||= got.some((s) => s < 100);
        }
    }
}

const child = await preview();
try {
    await observatory();
    await lighthouses();
} finally {
    child.removeAllListeners('exit');
    child.kill();
}
process.exit(failed ? 1 : 0);
