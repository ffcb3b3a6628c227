// Reads every feed of the blog with two parsers that have nothing in common, and
// holds podcasts to what Apple asks of them.
// https://podcasters.apple.com/support/823-podcast-requirements
import { parseFeed as second } from '@rowanmanning/feed-parser';
import { parseFeed as first } from 'feedsmith';

const FEED = /^application\/(rss|atom|feed)\+(xml|json)/;
// RFC 2822, section 3.3, as far as feeds use it.
const DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d [+-]\d{4}$/;
const AUDIO = new Set(['audio/mpeg', 'audio/x-m4a', 'audio/mp4', 'video/mp4', 'video/x-m4v', 'video/quicktime', 'application/pdf']);

// feeds checks those among pages, a Map of answers by path, and returns how many
// there are, and how many of them are podcasts.
export async function feeds(pages, get, fault) {
    let count = 0;
    let podcasts = 0;
    for (const [path, page] of [...pages]) {
        if (page.status !== 200 || !FEED.test(page.type)) continue;
        count++;
        const complain = (what) => fault(path, what);
        const text = page.body.toString();
        let read;
        try {
            read = first(text);
        } catch (e) {
            complain(`feedsmith: ${e.message}`);
            continue;
        }
        const { format, feed } = read;
        const entries = format === 'atom' ? feed.entries : feed.items;
        const one = (entries ?? []).map((e) => ({
            title: value(e.title),
            url: format === 'rss' ? e.link : format === 'atom' ? e.links.find((l) => (l.rel ?? 'alternate') === 'alternate').href : e.url,
            date: stamp(e.pubDate ?? e.published ?? e.updated ?? e.date_published),
            full: Boolean(value(e.content?.encoded ?? e.content ?? e.content_html))
        }));
        const two = format === 'json' ? await jsonFeed(text, complain) : xmlFeed(text, complain);
        if (two && JSON.stringify(one) !== JSON.stringify(two)) {
            const i = one.findIndex((x, n) => JSON.stringify(x) !== JSON.stringify(two[n]));
            complain(`two parsers read item ${i} as ${JSON.stringify(one[i])} and ${JSON.stringify(two[i])}`);
        }
        for (const e of one) {
            if (!e.title || !e.url || !e.date || !e.full) complain(`an item without title, address, date or text: ${JSON.stringify(e)}`);
        }
        if (text.includes('<itunes:category')) {
            podcasts++;
            await apple(feed, get, complain);
        }
    }
    return { count, podcasts };
}

const value = (x) => (typeof x === 'object' && x !== null ? x.value : x);
const stamp = (d) => (d ? new Date(d).toISOString() : '');

function xmlFeed(text, complain) {
    let feed;
    try {
        feed = second(text);
    } catch (e) {
        complain(`feed-parser: ${e.message}`);
        return null;
    }
    return feed.items.map((i) => ({ title: i.title, url: i.url, date: stamp(i.published ?? i.updated), full: Boolean(i.content) }));
}

// jsonFeed reads a JSON Feed by its specification: https://www.jsonfeed.org/version/1.1/
async function jsonFeed(text, complain) {
    const feed = JSON.parse(text);
    if (feed.version !== 'https://jsonfeed.org/version/1.1' || !feed.title || !feed.items) {
        complain('is no JSON Feed 1.1');
    }
    if (new Set(feed.items.map((i) => i.id)).size !== feed.items.length) complain('two items have one id');
    return feed.items.map((i) => ({ title: i.title, url: i.url, date: stamp(i.date_published), full: Boolean(i.content_html) }));
}

async function apple(feed, get, complain) {
    const { itunes } = feed;
    const needs = {
        title: feed.title, description: feed.description, language: feed.language, link: feed.link,
        'itunes:image': itunes?.image, 'itunes:category': itunes?.categories?.[0]?.text, 'itunes:author': itunes?.author
    };
    for (const [name, there] of Object.entries(needs)) {
        if (!there) complain(`Apple needs ${name}`);
    }
    if (typeof itunes?.explicit !== 'boolean') complain('Apple needs itunes:explicit, true or false');
    const art = value(itunes?.image) ?? itunes?.image?.href;
    if (art) {
        const path = new URL(art).pathname;
        const image = await get(path);
        const size = image.status === 200 ? dimensions(image.body) : null;
        if (!size || size.width !== size.height || size.width < 1400 || size.width > 3000) {
            complain(`Apple wants a square picture of 1400 to 3000 pixels; ${path} is ${size ? `${size.width} x ${size.height}` : `answered ${image.status}`}`);
        }
    }
    const ids = new Set();
    for (const item of feed.items ?? []) {
        const say = (what) => complain(`${item.title}: ${what}`);
        const enclosure = item.enclosures?.[0];
        if (!enclosure?.url || !(enclosure.length >= 0) || !AUDIO.has(enclosure.type)) {
            say(`Apple needs an enclosure with address, length and a type that it plays: ${JSON.stringify(enclosure)}`);
        } else if (!(enclosure.url.startsWith('https:') || enclosure.url.startsWith(new URL(feed.link).origin)) || !/\.(mp3|m4a|mp4|m4v|mov|pdf)$/.test(new URL(enclosure.url).pathname)) {
            say(`Apple wants an enclosure over TLS whose address ends in its format: ${enclosure.url}`);
        }
        const id = value(item.guid);
        if (!id || ids.has(id)) say('Apple needs a guid of its own');
        ids.add(id);
        if (item.pubDate && !DATE.test(item.pubDate)) say(`${item.pubDate} is no date of RFC 2822`);
    }
}

// dimensions of a PNG or a JPEG; null for anything else, which Apple refuses.
function dimensions(b) {
    if (b.length > 24 && b.readUInt32BE(0) === 0x89504e47) return { width: b.readUInt32BE(16), height: b.readUInt32BE(20) };
    if (b.length < 4 || b.readUInt16BE(0) !== 0xffd8) return null;
    for (let i = 2; i + 9 < b.length; i += 2 + b.readUInt16BE(i + 2)) {
        const marker = b[i + 1];
        // SOF0 to SOF15, without the tables that share their range.
        if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
            return { width: b.readUInt16BE(i + 7), height: b.readUInt16BE(i + 5) };
        }
    }
    return null;
}
