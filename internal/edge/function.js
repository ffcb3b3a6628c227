// The edge function: a reader's path becomes the address of a page.
//
// CloudFront runs it for every viewer request of the behaviours that name it
// (policy.go), in JavaScript runtime 2.0. What it reads is described in package
// routes: www!c is the current release, www<path> what a path has been since
// which release. It answers redirects, 400, 404, 405, 410 and 503 itself; for
// everything else it rewrites the URI and lets the request go on to the cache.
//
// The language is the documented subset and nothing else (package subset): in
// particular await stands in a statement of its own, because the runtime
// refuses it inside an argument list, with a 503 for every request.
import cf from 'cloudfront';

const kvs = cf.kvs();
const NAMESPACE = 'www';

// CloudFront's documentation does not say that a response headers policy
// covers answers made here, so they carry the same values themselves; a test
// compares them with policy.go. Cache-Control is the one of a page for the same
// reason: what a browser is told must not depend on that. A redirect too is
// asked for anew each time (one run of this function), so that a rollback
// takes it back at once.
const CACHE_CONTROL = 'public, max-age=0, must-revalidate';
const SECURITY = {
    'content-security-policy': "default-src 'none'; style-src 'self'; img-src 'self' data: https:; font-src 'self'; media-src 'self' https:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; upgrade-insecure-requests",
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'strict-origin-when-cross-origin',
    'strict-transport-security': 'max-age=63072000',
    'x-content-type-options': 'nosniff'
};
const REASONS = {
    '301': 'Moved Permanently',
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
    delete request.headers['x-blog-release']; // a viewer may not choose it

    // A digest address needs no route, and so no key-value store.
    const digest = /^\/page\/([0-9a-f]{64})(\.css)?$/.exec(uri);
    if (digest && readable(request)) {
        request.uri = page(digest[1], request);
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

    const value = await kvs.get(`${NAMESPACE}!c`);
    const n = JSON.parse(value).n;
    if (!(n >= 1)) {
        throw new Error('no release is current');
    }
    request.headers['x-blog-release'] = { value: `${n}` };

    // Dynamic paths go to the renderer as they are; the number above makes
    // their cache entries those of one release.
    if (uri === '/search' || uri.startsWith('/api/')) {
        return request;
    }
    if (!readable(request)) {
        return respond(405, { allow: 'GET, HEAD', 'x-blog-release': `${n}` }, '');
    }

    // The behaviour of digest addresses ("/page/" and 64 characters) lets
    // browsers keep an answer for a year. Nothing that a route can change may
    // be served under it.
    if (path.startsWith('/page/') && uri.length >= 70) {
        const missing = await absent(404, path, n);
        return missing;
    }

    const own = await read(NAMESPACE + path);
    let to = resolve(own, n);
    let target = to;
    if (to === '' && !path.endsWith('/')) {
        const folder = await read(`${NAMESPACE}${path}/`);
        to = resolve(folder, n);
        target = isDigest(to) ? `${uri}/` : to;
    } else if (isDigest(to)) {
        request.uri = page(to, request);
        return request;
    }
    if (target.charAt(0) === '/') {
        return respond(301, { location: address(target, request.querystring), 'x-blog-release': `${n}` }, '');
    }
    if (to === '' && own === null && fits(NAMESPACE + path)) {
        // get() fails in the same way for a missing key and for a store that
        // is down; only exists() tells them apart.
        const there = await kvs.exists(NAMESPACE + path);
        if (there) {
            throw new Error('a key that exists could not be read');
        }
    }
    const answer = await absent(to === '-' ? 410 : 404, path, n);
    return answer;
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

// resolve returns the newest entry of a value whose release is not above n:
// a digest, '-' for gone, an absolute path; '' when there is none.
function resolve(value, n) {
    const entries = value === null ? [] : value.split(',');
    let best = 0;
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

// page returns the stored variant that the viewer likes best: br before gzip
// before identity when it says the same of them.
function page(digest, request) {
    const header = request.headers['accept-encoding'];
    const lines = header ? header.multiValue || [header] : [];
    const accept = lines.map((line) => line.value).join(',').toLowerCase().split(',');
    let suffix = '';
    let best = 0;
    for (let i = 0; i < accept.length; i++) {
        const found = /^\s*(br|gzip|x-gzip)\s*(;\s*q=\s*([0-9.]+))?\s*$/.exec(accept[i]);
        if (found) {
            const quality = found[3] === undefined ? 1 : parseFloat(found[3]);
            const extension = found[1] === 'br' ? '.br' : '.gz';
            if (quality > best || (quality === best && quality > 0 && extension === '.br')) {
                best = quality;
                suffix = extension;
            }
        }
    }
    return `/page/${digest}${suffix}`;
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
async function absent(status, path, n) {
    let digest = '';
    const language = /^\/([A-Za-z-]{2,12})\//.exec(path);
    if (language) {
        const own = await read(`${NAMESPACE}/${language[1]}/404.html`);
        digest = resolve(own, n);
    }
    if (!isDigest(digest)) {
        const root = await read(`${NAMESPACE}/404.html`);
        digest = resolve(root, n);
    }
    let body = null;
    if (isDigest(digest)) {
        body = await read(`${NAMESPACE}=${digest}`);
    }
    return respond(status, { 'x-blog-release': `${n}` }, body || '');
}

// respond makes an answer. Every body is HTML; '' stands for the reason alone.
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
