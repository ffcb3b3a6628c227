package subset_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/edge/subset"
)

func TestRefused(t *testing.T) {
	inHandler := func(body string) string { return "async function handler(event) {\n" + body + "\n}" }
	for _, tt := range []struct{ name, src, want string }{
		{"class", `class A {}`, "Class"},
		{"class expression", `const A = class {};`, "Class"},
		{"for of", `for (const x of [1]) { console.log(x); }`, "ForOf"},
		{"for in with const", `for (const k in {}) { console.log(k); }`, "for-in"},
		{"object destructuring", `const { a } = {};`, "destructuring"},
		{"array destructuring", `let [a] = [1];`, "destructuring"},
		{"destructured parameter", `function f({ a }) { return a; }`, "destructuring"},
		{"destructured rest", `function f(...[a]) { return a; }`, "destructuring"},
		{"destructuring assignment", `let a = 1; [a] = [2];`, "syntax ArrayPattern"},
		{"destructured catch", `try { parseInt('1'); } catch ({ a }) { parseInt('1'); }`, "destructuring"},
		{"default parameter", `function f(a = 1) { return a; }`, "default parameter"},
		{"optional chain", `const a = {}; const b = a?.c;`, "Optional"},
		{"optional call", `function f() { return 1; } const b = f?.();`, "Optional"},
		{"nullish", `const a = null; const b = a ?? 1;`, "operator ??"},
		{"nullish assignment", `let a = null; a ??= 1;`, "operator ??"},
		{"logical assignment", `let a = 1; a ||= 2;`, "operator ||"},
		{"spread in an array", `const a = []; const b = [...a];`, "Spread"},
		{"spread in a call", `const a = []; const b = Math.max(...a);`, "Spread"},
		{"spread in an object", `const a = {}; const b = {...a};`, "Spread"},
		{"shorthand property", `const a = 1; const b = { a };`, "property without a value"},
		{"shorthand method", `const b = { a() { return 1; } };`, "method in an object"},
		{"computed name", `const a = 'x'; const b = { [a]: 1 };`, "computed"},
		{"generator", `function* f() { yield 1; }`, "generator"},
		{"tagged template", "function f(s) { return s; } const a = f`x`;", "tagged"},
		{"catch without a name", `try { parseInt('1'); } catch { parseInt('2'); }`, "catch without"},
		{"bigint", `const a = 1n;`, "BigInt"},
		{"code point escape", `const a = '\u{1F600}';`, `\u{`},
		{"code point escape in a template", "const a = `\\u{1F600}`;", `\u{`},
		{"regexp flag", `const a = /a/u;`, "flags"},
		{"regexp dotall", `const a = /a/s;`, "flags"},
		{"lookbehind", `const a = /(?<=a)b/;`, "(?<="},
		{"debugger", `debugger;`, "Debugger"},
		{"export", `export const a = 1;`, "Export"},
		{"named import", `import { kvs } from 'cloudfront';`, "import"},
		{"namespace import", `import * as cf from 'cloudfront';`, "import"},
		{"bare import", `import 'cloudfront';`, "import"},
		{"another module", `import fs from 'fs';`, `"fs"`},
		{"dynamic import", `const a = import('fs');`, "call of"},
		{"import meta", `const a = import.meta;`, "syntax MetaProperty"},
		{"new target", `function F() { return new.target; }`, "syntax MetaProperty"},
		{"eval", `eval('1');`, "global eval"},
		{"Function", `const f = new Function('return 1');`, "global Function"},
		{"setTimeout", `setTimeout(parseInt, 1);`, "global setTimeout"},
		{"fetch", `const a = fetch('/');`, "global fetch"},
		{"process", `const a = process.env;`, "global process"},
		{"URL", `const a = new URL('/');`, "global URL"},
		{"Map", `const a = new Map();`, "global Map"},
		{"Set", `const a = new Set();`, "global Set"},
		{"Proxy", `const a = new Proxy({}, {});`, "global Proxy"},
		{"require", `const a = require('crypto');`, "global require"},
		{"name used outside its function", `function f() { const fetch = 1; return fetch; } const g = fetch;`, "global fetch"},
		{"name used outside its block", `{ const secret = 1; } const b = secret;`, "global secret"},
		{"static method", `const a = Object.fromEntries([]);`, "Object.fromEntries"},
		{"array from", `const a = Array.from([]);`, "Array.from"},
		{"console.error", `console.error('x');`, "console.error"},
		{"prototype method", `const a = [1].flat();`, "method flat"},
		{"string at", `const a = 'x'.at(0);`, "method at"},
		{"matchAll", `const a = 'x'.matchAll(/x/g);`, "method matchAll"},
		{"method by name", `const a = [1]['flat']();`, "call of"},
		{"method of crypto", `import crypto from 'crypto'; const a = crypto.randomBytes(8);`, "randomBytes"},
		{"require of crypto", `const crypto = require('crypto');`, "global require"},
		{"module method", `import cf from 'cloudfront'; const a = cf.fetch();`, "method fetch"},
		{"await in an argument", "import cf from 'cloudfront';\nconst k = cf.kvs();\n" + inHandler(`const a = JSON.parse(await k.get('x'));`), "await"},
		{"await in a condition", inHandler(`if (await event) { return event; }`), "await"},
		{"await returned", inHandler(`return await event;`), "await"},
		{"await in a template", inHandler("const a = `${await event}`;"), "await"},
		{"await in await", inHandler(`const a = await (await event);`), "await"},
		{"await with an operator", inHandler(`let a = 1; a += await event;`), "await"},
		{"await for", inHandler(`for await (const x of event) { console.log(x); }`), "parsing"},
		{"await at the top", `const a = await Promise.resolve(1);`, "await"},
		{"async arrow", `const f = async () => 1;`, "async function that"},
		{"async closure", inHandler(`const f = () => event; return f();`), "function inside an async"},
		{"async in async", inHandler(`async function g() { return 1; }`), "async function that"},
		{"not JavaScript", `const = ;`, "parsing"},
		{"with", `with ({}) { parseInt('1'); }`, "With"},
		{"too long", "const a = '" + strings.Repeat("x", subset.MaxSize) + "';", "bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := subset.Check("snippet.js", []byte(tt.src))
			if err == nil {
				t.Fatalf("accepted: %s", tt.src)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q does not say %q", err, tt.want)
			}
		})
	}
}

func TestAccepted(t *testing.T) {
	src := `
import cf from 'cloudfront';
import crypto from 'crypto';
const kvs = cf.kvs();
const mac = crypto.createHmac('sha256', 'key').update('text').digest('base64url');
const big = 1_000 ** 2;
var pattern = /^(?<year>\d{4})\/(?!x)/gi;
function sum(...numbers) {
    let total = 0;
    outer: for (let i = 0; i < numbers.length; i++) {
        if (i > 9) { break outer; }
        total += numbers[i];
    }
    for (var k in numbers) { total -= k; }
    do { total--; } while (total > big);
    switch (total) {
    case 1: return 1;
    default: return arguments.length;
    }
}
async function handler(event) {
    let value = '';
    try {
        value = await kvs.get('k', { format: 'json' });
    } catch (e) {
        console.log('failed: ' + e);
    } finally {
        value += sum(1, 2);
    }
    await Promise.resolve(1);
    const there = await kvs.exists('k');
    event.request.headers['x'] = { value: there ? value : typeof value };
    return event.request;
}
const o = { get a() { return [1, 2].map((x) => x * 2); }, 'b': function () { return new Date().getTime(); } };
`
	if err := subset.Check("accepted.js", []byte(src)); err != nil {
		t.Error(err)
	}
}

// A violation names the place, so that an editor can jump to it, and one run
// finds them all.
func TestPlaces(t *testing.T) {
	err := subset.Check("two.js", []byte("const a = 1;\n  const b = a ?? 2;\nfetch(a);\n"))
	var found subset.Error
	if !errors.As(err, &found) || len(found) != 2 {
		t.Fatalf("want two violations, got %v", err)
	}
	if found[0].Line != 2 || found[1].Line != 3 || found[1].Column != 1 {
		t.Errorf("places %v", found)
	}
}
