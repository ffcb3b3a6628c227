// Edits the blog, and holds to its promises what it then shows of the release
// before: pages under /~N/, differences, lists of versions (docs/travel.md).
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { unescape } from './page.mjs';

const PATIENCE = 120; // seconds for a publish, on a machine with better things to do

// Words without any markup, in whatever language.
const PLAIN = /^[\p{L}][^`*_[\]<>|{}$\\#:]*$/u;

// edit moves the second half of the longest plain paragraph of each Markdown
// file below folder to the file's end: so every text changes, in its own
// language, by what is gone and by what came.
async function edit(folder) {
    for (const name of await readdir(folder, { recursive: true })) {
        if (!name.endsWith('.md')) continue;
        const file = join(folder, name);
        const blocks = (await readFile(file, 'utf8')).trimEnd().split('\n\n');
        const longest = blocks.filter((b) => PLAIN.test(b)).sort((a, b) => b.length - a.length)[0];
        if (!longest) continue;
        const letters = [...longest];
        const half = letters.length >> 1;
        blocks[blocks.indexOf(longest)] = letters.slice(0, half).join('').trim();
        blocks.push(letters.slice(half).join('').trim());
        await writeFile(file, blocks.join('\n\n') + '\n');
    }
}

// ofEach picks from pages by kind the home, a list, a post and an episode of
// each language.
function ofEach(kinds) {
    const out = new Map();
    for (const [kind, path] of kinds) {
        const [lang, what] = [kind.slice(0, kind.indexOf(' ')), kind.slice(kind.indexOf(' ') + 1).replace(/^post .*/, 'post')];
        if (['home', 'tag (one)', 'post', 'episode'].includes(what) && !out.has(`${lang} ${what}`)) out.set(`${lang} ${what}`, path);
    }
    return out;
}

const isText = (kind) => / (post|episode)$/.test(kind);
const links = (html) => [...html.matchAll(/<a\b[^>]*\shref="(\/[^"]*)"/g)].map((m) => unescape(m[1]).split('#')[0]);

// travel edits the folder that the blog is a preview of, and returns by kind the
// addresses of what can be seen of the time before. pages are those of that time.
export async function travel(folder, kinds, pages, get, fault) {
    const again = (path) => {
        pages.delete(path);
        return get(path);
    };
    const picked = ofEach(kinds);
    const n = Number((await again('/')).headers.get('x-blog-release'));
    const before = new Map([...picked.values()].map((path) => [path, pages.get(path).body]));
    await edit(folder);
    const end = Date.now() + PATIENCE * 1000;
    for (const [kind, path] of picked) {
        while (isText(kind) && (await again(path)).body.equals(before.get(path))) {
            if (Date.now() > end) {
                fault(path, `is what it was, ${PATIENCE} s after its file in ${folder} was edited: is the blog a preview of it?`);
                return new Map();
            }
            await sleep(200);
        }
    }

    const out = new Map();
    for (const [kind, path] of picked) {
        const old = `/~${n}${path}`;
        await remembered(old, path, n, get, fault);
        out.set(`${kind}, then`, old);
        await versions(path, n, get, fault);
        if (!isText(kind)) continue;
        if (!links((await get(old)).body.toString()).includes(`${old}?diff`)) fault(old, 'does not lead to what has changed since');
        await difference(`${old}?diff`, path, old, get, fault);
        out.set(`${kind}, changes`, `${old}?diff`);
    }
    for (const [kind, path] of [['en not kept', `/~${n + 1000}/`], ['en not there', `/~${n}/no/such/page/`]]) {
        const answer = await get(path);
        if (answer.status !== 404) fault(path, `answers ${answer.status}, not 404`);
        unlisted(path, answer, fault);
        out.set(kind, path);
    }
    return out;
}

// unlisted is what no search engine may keep.
function unlisted(path, answer, fault) {
    if (answer.headers.get('x-robots-tag') !== 'noindex') fault(path, 'has no header X-Robots-Tag: noindex');
    if (answer.type.startsWith('text/html') && !/<meta name="robots" content="noindex/.test(answer.body)) fault(path, 'has no <meta> for robots: noindex');
}

// remembered is a page of release n: marked as one, with a way back, and links
// that stay in the release and lead somewhere.
async function remembered(old, path, n, get, fault) {
    const answer = await get(old);
    if (answer.status !== 200) return fault(old, `answers ${answer.status}`);
    unlisted(old, answer, fault);
    if (!answer.headers.get('memento-datetime')) fault(old, 'has no header Memento-Datetime');
    const html = answer.body.toString();
    const banner = /<aside class="travel"[^>]*>[\s\S]*?<\/aside>/.exec(html)?.[0] ?? '';
    if (!links(banner).includes(path)) fault(old, 'has no banner that leads to the page of today');
    for (const to of new Set(links(html.replace(banner, '')))) {
        if (/^\/(search(\?|$)|asset\/|page\/)/.test(to)) continue; // of today
        if (!to.startsWith(`/~${n}/`)) {
            fault(old, `leads out of its release, to ${to}`);
            continue;
        }
        let end = await get(to);
        if (end.location?.startsWith(`/~${n}/`)) end = await get(end.location);
        if (end.status !== 200) fault(old, `leads to ${to}, which answers ${end.status}`);
    }
}

// difference is between a page and what it is today.
async function difference(diff, path, old, get, fault) {
    const answer = await get(diff);
    if (answer.status !== 200) return fault(diff, `answers ${answer.status}`);
    unlisted(diff, answer, fault);
    const html = answer.body.toString();
    const changes = /<div class="difference">[\s\S]*<\/div>/.exec(html)?.[0] ?? '';
    if (!changes.includes('<del>') || !changes.includes('<ins>')) fault(diff, 'does not show what is gone and what came');
    for (const to of [path, old]) {
        if (!links(html).includes(to)) fault(diff, `does not lead to ${to}`);
    }
}

// versions are those that the TimeMap has, and the TimeGate leads to. A page that
// changed has another since.
async function versions(path, n, get, fault) {
    const map = `/~map${path}`;
    const answer = await get(map);
    if (answer.status !== 200 || answer.type !== 'application/link-format') return fault(map, `answers ${answer.status}, ${answer.type}`);
    unlisted(map, answer, fault);
    const list = [...answer.body.toString().matchAll(/<([^>]*)>; rel="([^"]*)"; datetime="([^"]*)"/g)];
    const first = list.find((m) => new URL(m[1]).pathname === `/~${n}${path}`);
    if (!first) return fault(map, `does not have release ${n}`);
    for (const [, address, rel, date] of list) {
        const version = await get(new URL(address).pathname);
        if (!rel.split(' ').includes('memento') || version.headers.get('memento-datetime') !== date) {
            fault(map, `says that ${address} is the ${rel} of ${date}; that says ${version.status}, ${version.headers.get('memento-datetime')}`);
        }
    }
    const gate = await get(path, { 'accept-datetime': first[3] });
    if (gate.status !== 302 || gate.location !== `/~${n}${path}`) fault(path, `asked for ${first[3]}, answers ${gate.status}, ${gate.location}`);
}
