// Bytes, their texts, and the browser's SHA-256. Every reader here is strict: one text for one value.

const LIMITS = {
  file: 16 * 1024 * 1024,
  document: 4 * 1024 * 1024,
  record: 65535,
  depth: 16,
  entries: 1024,
  integer: 9007199254740991,
  note: 64 * 1024,
  noteSignatures: 512,
  members: 300,
  logSize: 2n ** 40n,
  nameChars: 200,
  endorsements: 8,
  proofHashes: 82,
  keysetLine: 4 * 1024,
  rekeyingSeconds: 30 * 86400,
};

const encoder = new TextEncoder();

/** The UTF-8 of a text. */
function utf8(text) {
  return encoder.encode(text);
}

/** The text of UTF-8 bytes, or null: nothing is repaired, and a byte order mark stays. */
function fromUtf8(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Bytes of a text in UTF-8. */
function byteLength(text) {
  return utf8(text).length;
}

function concat(...parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function equalBytes(a, b) {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** SHA-256 over the concatenation of byte strings and texts, as hex. */
async function sha256(...parts) {
  return toHex(await sha256Bytes(...parts));
}

async function sha256Bytes(...parts) {
  const bytes = concat(...parts.map((part) => (typeof part === "string" ? utf8(part) : part)));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

function toHex(bytes) {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

function fromHex(text) {
  const bytes = new Uint8Array(text.length / 2);
  for (let at = 0; at < bytes.length; at++) bytes[at] = parseInt(text.slice(2 * at, 2 * at + 2), 16);
  return bytes;
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function toBase64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const group = (bytes[at] << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    text += BASE64[group >> 18] + BASE64[(group >> 12) & 63];
    text += left > 1 ? BASE64[(group >> 6) & 63] : "=";
    text += left > 2 ? BASE64[group & 63] : "=";
  }
  return text;
}

/** Standard base64 with padding and without bits left over; null for anything else. */
function fromBase64(text) {
  if (text.length % 4 !== 0) return null;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = [];
  for (let at = 0; at < text.length; at += 4) {
    const last = at + 4 === text.length ? padding : 0;
    let group = 0;
    for (let place = 0; place < 4; place++) {
      const digit = place >= 4 - last ? 0 : BASE64.indexOf(text[at + place]);
      if (digit < 0) return null;
      group = (group << 6) | digit;
    }
    if (group & ((1 << (8 * last)) - 1)) return null;
    bytes.push(group >> 16, (group >> 8) & 255, group & 255);
    bytes.length -= last;
  }
  return Uint8Array.from(bytes);
}

const BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

function toBase58(bytes) {
  let number = bytes.length ? BigInt("0x" + toHex(bytes)) : 0n;
  let text = "";
  for (; number > 0n; number /= 58n) text = BASE58[Number(number % 58n)] + text;
  for (const byte of bytes) {
    if (byte !== 0) break;
    text = "1" + text;
  }
  return text;
}

/** Exactly `length` bytes of base58, or null. */
function fromBase58(text, length) {
  if (text.length > 2 * length) return null;
  let number = 0n;
  for (const character of text) {
    const digit = BASE58.indexOf(character);
    if (digit < 0) return null;
    number = number * 58n + BigInt(digit);
  }
  const digits = number.toString(16).padStart(2 * length, "0");
  if (digits.length > 2 * length) return null;
  const bytes = fromHex(digits);
  return toBase58(bytes) === text ? bytes : null;
}

/** Where `needle` (ASCII) stands in `bytes`, from `start` on; -1 for nowhere. */
function indexOfBytes(bytes, needle, start = 0, end = bytes.length) {
  const first = needle.charCodeAt(0);
  for (let at = bytes.indexOf(first, start); at >= 0 && at + needle.length <= end; at = bytes.indexOf(first, at + 1)) {
    let same = 1;
    while (same < needle.length && bytes[at + same] === needle.charCodeAt(same)) same++;
    if (same === needle.length) return at;
  }
  return -1;
}

/** The order of texts by their UTF-16 code units: for ASCII that of the bytes. */
function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Whether each item is larger than the one before. */
function ascending(items, key = (item) => item) {
  return items.every((item, at) => at === 0 || compare(key(items[at - 1]), key(item)) < 0);
}
