// JSON with integers only (RFC 8785): read strictly, written in its one canonical form. `JSON.parse` would take the second of
// two equal keys, round numbers and accept what no record may hold.

/** A text that is not what it has to be. What it was is of no concern to readers of labels: there is one outcome. */
class Refused extends Error {}

function refuse(why) {
  throw new Refused(why);
}

// U+0000 to U+001F and U+007F to U+009F.
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const INTEGER = /-?(?:0|[1-9][0-9]*)/y;
const PLAIN = /[^"\\\u0000-\u001f\u007f-\u009f]*/y;
const ESCAPES = { '"': '"', "\\": "\\", "/": "/" };

/** Reads a JSON text within the rules: objects become `Map`s, numbers integers. Throws {@link Refused}. */
function readJson(bytes, limit = LIMITS.document) {
  if (bytes.length > limit) refuse("too large");
  const text = fromUtf8(bytes) ?? refuse("not UTF-8");
  return readText(text);
}

function readText(text) {
  let at = 0;

  function space() {
    while (at < text.length && " \n\t\r".includes(text[at])) at++;
  }

  function expect(token) {
    if (!text.startsWith(token, at)) refuse("syntax");
    at += token.length;
  }

  function string() {
    expect('"');
    let read = "";
    for (;;) {
      PLAIN.lastIndex = at;
      read += PLAIN.exec(text)[0];
      at = PLAIN.lastIndex;
      if (text[at] === '"') break;
      if (text[at] !== "\\") refuse("control character, or no end");
      read += escape();
    }
    at++;
    if (CONTROL.test(read)) refuse("control character");
    return read;
  }

  function unit() {
    const digits = text.slice(at, at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) refuse("escape");
    at += 4;
    return parseInt(digits, 16);
  }

  /** Surrogates come in pairs only. */
  function escape() {
    const kind = text[at + 1];
    at += 2;
    if (kind !== "u") return ESCAPES[kind] ?? refuse("escape");
    const first = unit();
    if (first < 0xd800 || first > 0xdfff) return String.fromCharCode(first);
    if (first > 0xdbff) refuse("lone surrogate");
    expect("\\u");
    const second = unit();
    if (second < 0xdc00 || second > 0xdfff) refuse("lone surrogate");
    return String.fromCharCode(first, second);
  }

  function integer() {
    INTEGER.lastIndex = at;
    const digits = INTEGER.exec(text)?.[0] ?? refuse("syntax");
    at += digits.length;
    const number = Number(digits);
    if (digits === "-0" || Math.abs(number) > LIMITS.integer) refuse("not an integer");
    return number;
  }

  function list(depth) {
    const items = [];
    at++;
    space();
    if (text[at] === "]") return at++, items;
    for (;;) {
      items.push(value(depth));
      space();
      if (text[at] === "]") return at++, items;
      expect(",");
    }
  }

  function object(depth) {
    const entries = new Map();
    at++;
    space();
    if (text[at] === "}") return at++, entries;
    for (;;) {
      space();
      const key = string();
      if (entries.size === LIMITS.entries) refuse("too many keys");
      if (entries.has(key)) refuse("duplicate key");
      space();
      expect(":");
      entries.set(key, value(depth));
      space();
      if (text[at] === "}") return at++, entries;
      expect(",");
    }
  }

  function value(depth) {
    space();
    const first = text[at];
    if (first === '"') return string();
    if (first === "t") return expect("true"), true;
    if (first === "f") return expect("false"), false;
    if (first !== "{" && first !== "[") return integer();
    if (depth === 0) refuse("too deep");
    return first === "{" ? object(depth - 1) : list(depth - 1);
  }

  const read = value(LIMITS.depth);
  space();
  if (at !== text.length) refuse("trailing characters");
  return read;
}

function quote(text) {
  return '"' + text.replace(/["\\]/g, "\\$&") + '"';
}

/** The canonical text of what {@link readJson} gives, or of plain objects in which `undefined` is left out. */
function canonical(value) {
  if (typeof value === "string") return quote(value);
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value)) return "[" + value.map(canonical).join(",") + "]";
  const entries = [...(value instanceof Map ? value : Object.entries(value))].filter(([, entry]) => entry !== undefined);
  entries.sort(([a], [b]) => compare(a, b));
  return "{" + entries.map(([key, entry]) => quote(key) + ":" + canonical(entry)).join(",") + "}";
}

/** The canonical text, refused when it is longer than `limit` bytes. */
function canonicalWithin(value, limit) {
  const text = canonical(value);
  if (byteLength(text) > limit) refuse("too large");
  return text;
}
