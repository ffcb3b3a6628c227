// The edge function: a reader's path becomes the address of a page.
//
// CloudFront runs it for every viewer request of the behaviours that name it
// (policy.go), in JavaScript runtime 2.0. What it reads is described in package
// routes: www!c is the current release and those to come, www<path> what a path
// has been since which release, www!b many paths that never changed, NAME!c and
// NAME<path> what a branch shows instead; www!t which region a person wants
// readers sent to first. It answers redirects, 400, 404, 405, 410 and 503 itself; for everything else it rewrites
// the URI and lets the request go on to the cache.
//
// The language is the documented subset and nothing else (package subset): in
// particular await stands in a statement of its own, because the runtime
// refuses it inside an argument list, with a 503 for every request.
//
// What is deployed is function.min.js, made of this file by "go generate", so
// that CloudFront's 10 KB are for code (package minify).
import cf from 'cloudfront';
import crypto from 'crypto';

const kvs = cf.kvs();
const SITE = 'www';

// CloudFront's documentation does not say that a response headers policy
// covers answers made here, so they carry the same values themselves; a test
// compares them with policy.go. Cache-Control is the one of a page for the same
// reason: what a browser is told must not depend on that. A redirect too is
// asked for anew each time (one run of this function), so that a rollback
// takes it back at once.
const CACHE_CONTROL = 'public, max-age=0, must-revalidate';
const SECURITY = {
    'content-security-policy': "default-src 'none'; style-src 'self'; img-src 'self' data: https:; font-src 'self'; media-src 'self' https:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; upgrade-insecure-requests",
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'strict-origin-when-cross-origin',
    'strict-transport-security': 'max-age=63072000',
    'x-content-type-options': 'nosniff'
};
const VARY = 'Accept, Accept-Datetime, Accept-Encoding, Accept-Language';
const PLAIN = { 'cache-control': 'no-store', 'content-type': 'text/plain; charset=utf-8' };
const REASONS = {
    '200': 'OK',
    '301': 'Moved Permanently',
    '302': 'Found',
    '400': 'Bad Request',
    '404': 'Not Found',
    '405': 'Method Not Allowed',
    '410': 'Gone',
    '503': 'Service Unavailable'
};

async function handler(event) {
    const request = event.request;
    let answer = null;
    try {
        answer = await route(request);
        // A digest address goes its usual way: it needs no key-value store.
        if (answer === request && request.headers['x-blog-release']) {
            await steer(request, event.viewer.ip);
        }
    } catch (e) {
        // The key-value store did not answer, or holds no release yet. A page
        // that cannot be found for this reason is not "not found".
        console.log(`${request.uri}: ${e}`);
        answer = respond(503, { 'retry-after': '5', 'cache-control': 'no-store' }, '');
    }
    return answer;
}

async function route(request) {
    const uri = request.uri;
    // A viewer may not choose it.
    delete request.headers['x-blog-release'];

    // A digest address needs no route, and so no key-value store.
    const digest = /^\/page\/([0-9a-f]{64})(\.css)?$/.exec(uri);
    if (digest && readable(request)) {
        request.uri = variant('/page/', digest[1], request);
        return request;
    }

    let path = '';
    try {
        path = decodeURIComponent(uri);
    } catch (e) {
        return respond(400, {}, '');
    }
    if (path.charAt(0) !== '/' || /[\u0000-\u001f\u007f-\u009f]/.test(path)) {
        return respond(400, {}, '');
    }

    const namespace = hosted(request);
    if (uri.startsWith('/~share/')) {
        const answer = await shared(request, namespace);
        return answer;
    }
    // Whatever a branch holds, it is not for search engines.
    if (namespace !== SITE && uri === '/robots.txt') {
        return respond(200, PLAIN, 'User-agent: *\nDisallow: /\n');
    }

    const value = await kvs.get(`${SITE}!c`);
    const c = JSON.parse(value);
    const view = { namespace: namespace, n: current(c), blocks: c.b, branch: 0, release: '' };
    view.release = `${view.n}`;
    if (namespace !== SITE) {
        const published = await need(`${namespace}!c`);
        if (published === null) {
            return respond(404, PLAIN, `There is no branch ${namespace}.\n`);
        }
        view.branch = JSON.parse(published).n;
        view.release += `+${namespace}.${view.branch}`;
    }
    request.headers['x-blog-release'] = { value: view.release };

    // Dynamic paths go to the renderer as they are; the number above makes
    // their cache entries those of one release.
    if (uri.startsWith('/api/')) {
        return request;
    }
    if (!readable(request)) {
        return respond(405, { allow: 'GET, HEAD', 'x-blog-release': view.release }, '');
    }

    // So do those of old releases (package travel), and who asks for a page as
    // it was at a time (RFC 7089): a renderer knows which release that is. A
    // branch has no past. /~lang is in the table (see home).
    if (namespace === SITE && uri.startsWith('/~') && uri !== '/~lang') {
        return request;
    }
    const when = request.headers['accept-datetime'];
    if (namespace === SITE && when) {
        const at = new Date(when.value);
        if (at.toUTCString() !== when.value) {
            return respond(400, { vary: VARY, 'x-blog-release': view.release }, '');
        }
        request.uri = `/~gate/${at.getTime() / 1000}${uri}`;
        return request;
    }

    // The behaviour of digest addresses ("/page/" and 64 characters) lets
    // browsers keep an answer for a year. Nothing that a route can change may
    // be served under it.
    if (path.startsWith('/page/') && uri.length >= 70) {
        const missing = await absent(404, path, view);
        return missing;
    }

    // Two headers choose between addresses, and so none of them is in a cache
    // key: a home page's by a redirect, because each language's has an address
    // of its own, and a page's text by rewriting. A page has one if its path
    // ends with a slash; with .md in its place, that is the text's own.
    if (path === '/') {
        const place = await home(request, view);
        if (place !== '/') {
            return respond(302, { location: address(place, request.querystring), vary: VARY, 'x-blog-release': view.release }, '');
        }
    }

    const own = await find(path, view);
    let to = own.to;
    let target = to;
    if (to === '' && path.endsWith('.md')) {
        const page = await find(`${path.slice(0, -3)}/`, view);
        if (isDigest(page.to)) {
            request.uri = variant('/page/', `${page.to}.md`, request);
            return request;
        }
    }
    if (to === '' && !path.endsWith('/')) {
        const folder = await find(`${path}/`, view);
        to = folder.to;
        target = isDigest(to) ? `${uri}/` : to;
    } else if (isDigest(to)) {
        // Of the search the table has the index, which the renderer is told:
        // an answer is of the release whose number the reader sees.
        const text = path.endsWith('/') && prefersMarkdown(request) ? '.md' : '';
        request.uri = uri === '/search' ? `/search/${to}` : variant('/page/', to + text, request);
        return request;
    }
    if (target.charAt(0) === '/') {
        return respond(301, { location: address(target, request.querystring), 'x-blog-release': view.release }, '');
    }
    if (to === '' && !own.known) {
        await missing(SITE + path);
    }
    const answer = await absent(to === '-' ? 410 : 404, path, view);
    return answer;
}

// steer follows www!t: so many of a hundred viewers have pages from the standby
// first, and dynamic requests go to one region first. The other one is asked
// when it fails, as ever. A value that is missing or damaged steers nobody.
async function steer(request, ip) {
    const value = await read(`${SITE}!t`);
    try {
        const to = JSON.parse(value) || {};
        if (request.uri.startsWith('/page/')) {
            if (place(ip) < to.standby) {
                prefer('store-standby', 'renderer-primary');
            }
        } else if (to.dynamic === 'standby') {
            prefer('renderer-fallback', 'renderer-primary');
        } else if (to.dynamic || request.uri.startsWith('/~gate/')) {
            // From a page's address it would be the store first.
            prefer('renderer-primary', 'renderer-fallback');
        }
    } catch (e) {
        // Damaged.
    }
}

// place is where a viewer stands among a hundred: always the same, so that
// other weights move only those who have to move. Of an IPv6 address the
// network counts, in which a viewer's machine changes its own part every day.
function place(ip) {
    const network = ip.split('::')[0].split(':').slice(0, 4).join(':');
    const hash = crypto.createHmac('sha256', SITE).update(network).digest('hex');
    return parseInt(hash.slice(0, 4), 16) / 655.36;
}

function prefer(first, second) {
    cf.createRequestOriginGroup({
        originIds: [{ originId: first }, { originId: second }],
        failoverCriteria: { statusCodes: [403, 404, 500, 502, 503, 504] }
    });
}

// hosted returns the namespace of the host: NAME.branch.<domain> is a branch.
function hosted(request) {
    const host = request.headers.host;
    const branch = /^([a-z0-9-]{1,40})\.branch\./.exec(host ? host.value.toLowerCase() : '');
    return branch ? branch[1] : SITE;
}

// current returns the release that readers see now: that of www!c, or the last
// coming one whose time is there. The clock stands still during a run, so one
// answer is of one release. What is damaged in next is passed over; a site
// that cannot foresee is better than none.
function current(c) {
    let n = c.n;
    if (!(n >= 1)) {
        throw new Error('no release is current');
    }
    const next = Array.isArray(c.next) ? c.next : [];
    for (let i = 0; i < next.length; i++) {
        const coming = next[i] || {};
        if (Number.isInteger(coming.n) && coming.n >= 1 && Number.isInteger(coming.at) && coming.at >= 1 && coming.at <= now()) {
            n = coming.n;
        }
    }
    return n;
}

// now is in Unix seconds.
function now() {
    return Date.now() / 1000;
}

// shared answers a link to a draft: its expiry (Unix seconds in base 36), the
// page's digest, and who made the link signed both. Whoever has no such link
// learns nothing, not even whether there is such a draft.
async function shared(request, namespace) {
    const link = /^\/~share\/([0-9a-z]{1,9})\.([0-9a-f]{64})\.([\w-]{43})$/.exec(request.uri);
    if (!readable(request)) {
        return respond(405, { allow: 'GET, HEAD' }, '');
    }
    if (link) {
        const key = await need(`${namespace}!k`);
        if (key !== null && signed(`share\n${namespace}\n${link[1]}\n${link[2]}`, key, link[3])) {
            if (parseInt(link[1], 36) <= now()) {
                return respond(410, { 'cache-control': 'no-store' }, '');
            }
            request.uri = variant('/draft/', link[2], request);
            return request;
        }
    }
    return respond(404, { 'cache-control': 'no-store' }, '');
}

// signed compares all 43 characters whatever they are, so that the time that it
// takes says nothing about where two signatures differ.
function signed(text, key, signature) {
    const want = crypto.createHmac('sha256', key).update(text).digest('base64url');
    let differ = 0;
    for (let i = 0; i < want.length; i++) {
        differ |= want.charCodeAt(i) ^ signature.charCodeAt(i);
    }
    return differ === 0;
}

function readable(request) {
    return request.method === 'GET' || request.method === 'HEAD';
}

// fits says whether a key is short enough to be looked up: 512 bytes of UTF-8.
function fits(key) {
    return encodeURI(key).replace(/%[0-9A-F]{2}/g, '.').length <= 512;
}

// read returns a value, or null for a key that could not be read.
async function read(key) {
    let value = null;
    if (fits(key)) {
        try {
            value = await kvs.get(key);
        } catch (e) {
            value = null;
        }
    }
    return value;
}

// need is read for a key whose absence means something: it throws when the
// store could not say. get() fails in the same way for a missing key and for a
// store that is down; only exists() tells them apart.
async function need(key) {
    const value = await read(key);
    if (value === null) {
        await missing(key);
    }
    return value;
}

async function missing(key) {
    if (fits(key)) {
        const there = await kvs.exists(key);
        if (there) {
            throw new Error('a key that exists could not be read');
        }
    }
}

// find returns what a path is in a view: a digest, '-' for gone, an absolute
// path; '' when it is nothing. A branch is a difference, shown on top of what
// is current. known says that the site has, or had, something there.
async function find(path, view) {
    const found = { to: '', known: true };
    if (view.branch) {
        const own = await read(view.namespace + path);
        found.to = resolve(own, view.branch, view.branch);
    }
    if (found.to === '') {
        const value = await read(SITE + path);
        found.to = resolve(value, view.n, 1);
        found.known = value !== null;
        if (value === null && view.blocks) {
            found.to = await packed(path, view.blocks);
            if (found.to !== '') {
                // A key of its own would come first, and says by being there
                // that the block is out of date.
                await missing(SITE + path);
                found.known = true;
            }
        }
    }
    return found;
}

// packed returns what the blocks have for a path, a digest or ''.
async function packed(path, blocks) {
    const hash = crypto.createHash('sha256').update(path).digest('hex');
    const value = await need(`${SITE}!b${blocks.g}.${parseInt(hash.slice(0, 8), 16) % blocks.k}`);
    const at = value === null ? -1 : value.indexOf(`${hash.slice(8, 24)}:`);
    const to = at < 0 ? '' : value.slice(at + 17, at + 81);
    return isDigest(to) ? to : '';
}

// resolve returns the newest entry of a value whose release is from first to n.
function resolve(value, n, first) {
    const entries = value === null ? [] : value.split(',');
    let best = first - 1;
    let to = '';
    for (let i = 0; i < entries.length; i++) {
        const colon = entries[i].indexOf(':');
        const since = parseInt(entries[i].slice(0, colon), 10);
        if (colon > 0 && since <= n && since > best) {
            best = since;
            to = entries[i].slice(colon + 1);
        }
    }
    return to;
}

function isDigest(to) {
    return /^[0-9a-f]{64}$/.test(to);
}

// home returns the home page for a viewer of "/", which is the default
// language's: that of the language which the viewer likes best among the
// site's, by the lookup of RFC 4647 (zh-TW, then zh). /~lang holds what there
// is as a redirect to /#en=/&zh=/zh/. Whoever comes from a page of the site, or
// by the language switch's /?lang=, has chosen already.
async function home(request, view) {
    const headers = request.headers;
    const from = headers['sec-fetch-site'];
    const referer = headers.referer ? headers.referer.value.split('/')[2] : '';
    const inside = from ? from.value === 'same-origin' : headers.host && referer === headers.host.value;
    let place = '/';
    if (headers['accept-language'] && !inside && !request.querystring.lang) {
        const found = await find('/~lang', view);
        place = nearest(weights(headers['accept-language']), found.to);
    }
    return place;
}

// nearest looks up languages, which are liked more or less, in what /~lang says.
function nearest(liked, table) {
    const homes = Object.create(null);
    table.slice(2).split('&').forEach((pair) => {
        homes[pair.split('=')[0]] = pair.split('=')[1];
    });
    let best = 0;
    let place = '/';
    Object.keys(liked).slice(0, 20).forEach((range) => {
        let tag = range;
        while (tag && !homes[tag]) {
            tag = tag.slice(0, Math.max(0, tag.lastIndexOf('-')));
        }
        if (tag && liked[range] > best) {
            best = liked[range];
            place = homes[tag];
        }
    });
    return place;
}

// prefersMarkdown says that the viewer asks for a text no less than for a page;
// no browser does.
function prefersMarkdown(request) {
    const liked = weights(request.headers.accept);
    return liked['text/markdown'] > 0 && liked['text/markdown'] >= (liked['text/html'] || liked['text/*'] || liked['*/*'] || 0);
}

// weights returns what a header of preferences says of each value:
// "br, gzip;q=0.5" is {br: 1, gzip: 0.5}.
function weights(header) {
    const out = Object.create(null);
    const lines = header ? header.multiValue || [header] : [];
    lines.map((line) => line.value).join(',').toLowerCase().split(',').forEach((part) => {
        const name = /^\s*([^\s;]+)\s*(;|$)/.exec(part);
        const q = /;\s*q=\s*([^\s;]*)/.exec(part);
        const weight = q ? parseFloat(q[1]) : 1;
        if (name && weight >= 0) {
            out[name[1]] = Math.max(out[name[1]] || 0, weight);
        }
    });
    return out;
}

// variant returns the address of the stored variant that the viewer likes best:
// br before gzip before identity when it says the same of them.
function variant(folder, digest, request) {
    const liked = weights(request.headers['accept-encoding']);
    const br = liked.br || 0;
    const gzip = Math.max(liked.gzip || 0, liked['x-gzip'] || 0);
    let suffix = '';
    if (br > 0 && br >= gzip) {
        suffix = '.br';
    } else if (gzip > 0) {
        suffix = '.gz';
    }
    return folder + digest + suffix;
}

// address makes a Location: a path of this site, in ASCII, with the request's
// query string. Escapes that are there already stay. Leading slashes are
// reduced to one, because "//host" would lead to another site.
function address(target, querystring) {
    const hash = target.indexOf('#');
    const fragment = hash < 0 ? '' : target.slice(hash);
    let location = '/' + (hash < 0 ? target : target.slice(0, hash)).replace(/^[\/\\]+/, '');
    const parts = [];
    Object.keys(querystring).forEach((name) => {
        const one = querystring[name];
        (one.multiValue || [one]).forEach((v) => {
            parts.push(v.value === '' ? name : `${name}=${v.value}`);
        });
    });
    if (parts.length > 0) {
        location += (location.indexOf('?') < 0 ? '?' : '&') + parts.join('&');
    }
    return encodeURI(location + fragment).replace(/%25([0-9A-Fa-f]{2})/g, '%$1');
}

// absent answers 404 or 410 with the page that the path's language has for it.
// Nothing here may make the answer worse: a body that cannot be read is a
// shorter body.
async function absent(status, path, view) {
    let digest = '';
    const language = /^\/([A-Za-z-]{2,12})\//.exec(path);
    if (language) {
        const own = await find(`/${language[1]}/404.html`, view);
        digest = own.to;
    }
    if (!isDigest(digest)) {
        const root = await find('/404.html', view);
        digest = root.to;
    }
    let body = null;
    if (isDigest(digest)) {
        if (view.branch) {
            body = await read(`${view.namespace}=${digest}`);
        }
        if (body === null) {
            body = await read(`${SITE}=${digest}`);
        }
    }
    // The page has a link to the search for what the address says.
    return respond(status, { 'x-blog-release': view.release }, (body || '').split('q=~').join(`q=${words(path)}`));
}

// words are those of a path, escaped for an address: not its first folder, which
// is a language or a kind of page, no numbers, which are mostly dates, and no
// end of a file's name.
function words(path) {
    const text = path.replace(/^\/[A-Za-z-]{2,12}\/(?=.)/, '/').replace(/\.[a-z]{1,5}$/, '').replace(/[\/\-_.+\s]+/g, ' ').replace(/ \d+(?= )/g, '').trim();
    return encodeURIComponent(text.slice(0, 120).replace(/[\ud800-\udbff]$/, ''));
}

// respond makes an answer. A body is HTML unless headers say otherwise; '' stands
// for the reason alone.
function respond(status, headers, body) {
    const reason = REASONS[`${status}`];
    const all = { 'cache-control': { value: CACHE_CONTROL }, 'content-type': { value: 'text/html; charset=utf-8' } };
    Object.keys(SECURITY).forEach((name) => {
        all[name] = { value: SECURITY[name] };
    });
    Object.keys(headers).forEach((name) => {
        all[name] = { value: headers[name] };
    });
    return {
        statusCode: status,
        statusDescription: reason,
        headers: all,
        body: { encoding: 'text', data: body || `<!doctype html><html lang="en"><title>${reason}</title><h1>${reason}</h1></html>` }
    };
}
