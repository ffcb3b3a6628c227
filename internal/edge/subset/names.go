package subset

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/grafana/sobek/ast"
)

func set(names string) map[string]bool {
	m := map[string]bool{}
	for _, n := range strings.Fields(names) {
		m[n] = true
	}
	return m
}

// globals are the names that the runtime documents. Function and eval exist
// there only to throw; require loads modules that this program does not use.
var globals = set(`
	Object String Number Math Date RegExp JSON Array Promise Symbol
	Float32Array Float64Array Int8Array Int16Array Int32Array
	Uint8Array Uint8ClampedArray Uint16Array Uint32Array
	ArrayBuffer DataView TextDecoder TextEncoder Buffer console
	Error EvalError InternalError RangeError ReferenceError SyntaxError TypeError URIError
	globalThis NaN Infinity undefined
	decodeURI decodeURIComponent encodeURI encodeURIComponent
	isFinite isNaN parseFloat parseInt atob btoa`)

// statics are the methods that are called on a global itself.
var statics = map[string]map[string]bool{
	"Object": set(`create defineProperties defineProperty freeze getOwnPropertyDescriptor
		getOwnPropertyDescriptors getOwnPropertyNames getPrototypeOf isExtensible isFrozen
		isSealed keys preventExtensions seal assign entries values`),
	"String": set(`fromCharCode fromCodePoint`),
	"Number": set(`isFinite isInteger isNaN isSafeInteger parseInt parseFloat`),
	"Math": set(`abs acos acosh asin asinh atan atan2 atanh cbrt ceil clz32 cos cosh exp expm1
		floor fround hypot imul log log1p log2 log10 max min pow random round sign sinh sin sqrt
		tan tanh trunc`),
	"Date":        set(`now parse UTC`),
	"JSON":        set(`parse stringify`),
	"Array":       set(`isArray of`),
	"ArrayBuffer": set(`isView`),
	"Promise":     set(`all allSettled any reject resolve race`),
	"Symbol":      set(`for keyFor`),
	"Buffer":      set(`alloc allocUnsafe byteLength compare concat from isBuffer isEncoding`),
	"console":     set(`log`),
}

// modules are the built-in modules, each with the methods that a viewer request
// function may use and that this program's runtime has.
var modules = map[string]map[string]bool{
	"cloudfront": set(`kvs createRequestOriginGroup`),
	"crypto":     set(`createHash createHmac`),
}

// methods are the documented prototype methods of every type in one list, and
// those of a key value store's handle and of an HMAC.
var methods = set(`
	hasOwnProperty isPrototypeOf propertyIsEnumerable toString valueOf
	charAt charCodeAt concat indexOf lastIndexOf match replace search slice split substr substring
	toLowerCase trim toUpperCase codePointAt endsWith includes repeat startsWith padStart padEnd
	trimStart trimEnd replaceAll
	toExponential toFixed toPrecision
	getDate getDay getFullYear getHours getMilliseconds getMinutes getMonth getSeconds getTime
	getTimezoneOffset getUTCDate getUTCDay getUTCFullYear getUTCHours getUTCMilliseconds
	getUTCMinutes getUTCMonth getUTCSeconds toISOString toJSON toUTCString
	apply bind call
	exec test
	every filter forEach join map pop push reduce reduceRight reverse shift some sort splice unshift
	copyWithin fill find findIndex set subarray
	catch finally then
	decode encode encodeInto
	get exists
	update digest`)

// kind names a syntax node that has no better name here.
func kind(n ast.Node) string {
	name := reflect.TypeOf(n).Elem().Name()
	for _, end := range []string{"Statement", "Expression", "Literal", "Declaration", "Element"} {
		name = strings.TrimSuffix(name, end)
	}
	return fmt.Sprintf("syntax %s", name)
}
