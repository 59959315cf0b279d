// What a label travels in: JSON, SVG, PNG, PDF or the digits of a QR code. Bytes are searched and never rendered; whatever a
// file holds besides the label, scripts for instance, is not looked at.

const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const PARTS = 8;
const PDF_DICTIONARY = 4096;
const CODE_DIGITS = 5000;
const LONGEST_REFERENCE = 12;

const isSpace = (byte) => byte === 32 || byte === 9 || byte === 10 || byte === 12 || byte === 13;
const isWordByte = (byte) => /[0-9A-Za-z]/.test(String.fromCharCode(byte ?? 0));

/** Bytes without ASCII white space at their ends. */
function trimmed(bytes) {
  let [start, end] = [0, bytes.length];
  while (start < end && isSpace(bytes[start])) start++;
  while (end > start && isSpace(bytes[end - 1])) end--;
  return bytes.subarray(start, end);
}

const startsWith = (bytes, ascii) => bytes.length >= ascii.length && indexOfBytes(bytes, ascii, 0, ascii.length) === 0;

/**
 * Takes out of a file what it carries: `{bundle, beside}` (a text, and the credentials that lie beside it), `{credential}`, `{digits}`
 * or `{proof: true}`; or `{wrong}`: "too-large", "several" or "nothing". With `drawn` where people see something else than programs.
 */
async function openCarrier(file) {
  if (file.length > LIMITS.file) return { wrong: "too-large" };
  if (PNG_SIGNATURE.every((byte, at) => file[at] === byte)) return { drawn: true, ...onePart(await pngParts(file)) };
  if (indexOfBytes(file, "%PDF-", 0, Math.min(file.length, 1024)) >= 0) return { drawn: true, ...onePart(await pdfParts(file)) };
  const isMarked = file[0] === 0xef && file[1] === 0xbb && file[2] === 0xbf;
  const bytes = trimmed(isMarked ? file.subarray(3) : file);
  if (bytes[0] === 0x7b) return onePart([sniffed(bytes) ?? { kind: "bundle", bytes }]);
  if (bytes[0] === 0x3c) return { drawn: true, ...onePart(svgParts(bytes)) };
  if (startsWith(bytes, PROOF_HEADER)) return { proof: true };
  const digits = digitsOf(fromUtf8(bytes) ?? "");
  return digits === null ? { wrong: "nothing" } : { drawn: true, digits };
}

/** The one label of these parts; null where the file is broken. */
function onePart(parts) {
  const distinct = (kind) => {
    const found = [];
    for (const part of parts ?? []) {
      if (part.kind === kind && !found.some((bytes) => equalBytes(bytes, part.bytes))) found.push(part.bytes);
    }
    return found;
  };
  const [bundles, credentials] = [distinct("bundle"), distinct("credential")];
  if (bundles.length === 1) return { bundle: bundles[0], beside: credentials };
  if (bundles.length === 0 && credentials.length === 1) return { credential: credentials[0] };
  return { wrong: bundles.length + credentials.length === 0 ? "nothing" : "several" };
}

/** What a JSON text is by what stands in it; null for neither of both. */
function sniffed(bytes) {
  const value = readOrNull(bytes);
  if (!(value instanceof Map)) return null;
  if (value.get("type") === "parangon-label") return { kind: "bundle", bytes };
  return value.has("@context") ? { kind: "credential", bytes } : null;
}

function readOrNull(bytes) {
  try {
    return readJson(bytes);
  } catch (error) {
    if (error instanceof Refused) return null;
    throw error;
  }
}

/** What a zlib stream holds that fills these bytes; null when it does not, or holds more than a document. */
async function unpacked(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const reader = stream.getReader();
  const chunks = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return concat(...chunks);
      size += value.length;
      if (size > LIMITS.document) {
        await reader.cancel();
        return null;
      }
      chunks.push(value);
    }
  } catch {
    return null;
  }
}

// PNG.

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  return sum;
});

function crc32(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = (sum >>> 8) ^ CRC_TABLE[(sum ^ byte) & 255];
  return (sum ^ 0xffffffff) >>> 0;
}

const uint32 = (bytes, at) => ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;

async function pngParts(file) {
  const parts = [];
  for (let at = 8; ; ) {
    if (at + 8 > file.length) return null;
    const end = at + 8 + uint32(file, at);
    if (end + 4 > file.length || crc32(file.subarray(at + 4, end)) !== uint32(file, end)) return null;
    const data = file.subarray(at + 8, end);
    if (startsWith(file.subarray(at + 4), "IEND")) return parts;
    const kind = startsWith(file.subarray(at + 4), "iTXt") ? pngKind(data) : null;
    if (kind && parts.length < PARTS) {
      const bytes = await pngText(data);
      if (!bytes) return null;
      parts.push({ kind, bytes });
    }
    at = end + 4;
  }
}

function pngKind(data) {
  const end = data.indexOf(0) < 0 ? data.length : data.indexOf(0);
  const isKeyword = (keyword) => end === keyword.length && startsWith(data, keyword);
  if (isKeyword("parangon-label")) return "bundle";
  return isKeyword("openbadgecredential") ? "credential" : null;
}

/** The text of an international text chunk; null where it is broken. */
async function pngText(data) {
  const flags = data.indexOf(0) + 1;
  const language = flags > 0 && flags + 2 <= data.length ? data.indexOf(0, flags + 2) : -1;
  const translated = language >= 0 ? data.indexOf(0, language + 1) : -1;
  if (translated < 0 || data[flags] > 1 || data[flags + 1] !== 0) return null;
  const content = data.subarray(translated + 1);
  return data[flags] === 1 ? unpacked(content) : content;
}

// SVG.

function svgParts(bytes) {
  const parts = [];
  for (const [element, kind] of [
    ["parangon:label", "bundle"],
    ["openbadges:credential", "credential"],
  ]) {
    for (let at = indexOfBytes(bytes, `<${element}`); at >= 0; at = indexOfBytes(bytes, `<${element}`, at)) {
      at += element.length + 1;
      if (!isSpace(bytes[at]) && bytes[at] !== 0x3e) continue;
      const start = bytes.indexOf(0x3e, at) + 1;
      const end = start > 0 ? indexOfBytes(bytes, `</${element}>`, start) : -1;
      if (end < 0) return null;
      if (parts.length < PARTS) parts.push({ kind, bytes: svgContent(trimmed(bytes.subarray(start, end))) });
      at = end;
    }
  }
  return parts;
}

function svgContent(bytes) {
  const [opening, closing] = ["<![CDATA[", "]]>"];
  const long = bytes.length >= opening.length + closing.length;
  if (long && startsWith(bytes, opening) && startsWith(bytes.subarray(bytes.length - closing.length), closing)) {
    return bytes.subarray(opening.length, bytes.length - closing.length);
  }
  return bytes.includes(0x26) ? unescaped(bytes) : bytes;
}

/** With the five named references and the numeric ones replaced; others stay. */
function unescaped(bytes) {
  const parts = [];
  let from = 0;
  for (let at = bytes.indexOf(0x26); at >= 0; at = bytes.indexOf(0x26, at)) {
    parts.push(bytes.subarray(from, at));
    const end = bytes.subarray(at, at + LONGEST_REFERENCE).indexOf(0x3b);
    const meant = end < 0 ? null : referenced(bytes.subarray(at + 1, at + end));
    parts.push(utf8(meant ?? "&"));
    at += meant === null ? 1 : end + 1;
    from = at;
  }
  parts.push(bytes.subarray(from));
  return concat(...parts);
}

function referenced(bytes) {
  const reference = String.fromCharCode(...bytes);
  const named = new Map(Object.entries({ quot: '"', apos: "'", lt: "<", gt: ">", amp: "&" })).get(reference);
  const digits = /^#(?:x([0-9A-Fa-f]+)|([0-9]+))$/.exec(reference);
  if (named !== undefined || !digits) return named ?? null;
  const code = digits[1] === undefined ? parseInt(digits[2], 10) : parseInt(digits[1], 16);
  return code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? null : String.fromCodePoint(code);
}

// PDF: searched for attached files. Its structure is not followed, because a hostile one leads every reader elsewhere.

async function pdfParts(file) {
  const marker = "/EmbeddedFile";
  const parts = [];
  let seen = 0;
  for (let at = indexOfBytes(file, marker); at >= 0; at = indexOfBytes(file, marker, at)) {
    const after = at + marker.length;
    if (isWordByte(file[after])) {
      at = after;
      continue;
    }
    if (++seen > PARTS) break;
    const found = await pdfStream(file, at);
    const part = found && sniffed(trimmed(found.bytes));
    if (part) parts.push(part);
    // Whatever stands inside a stream is its content.
    at = found?.end ?? after;
  }
  return parts;
}

/** The stream whose dictionary holds the byte `at`, unpacked, and where it ends. */
async function pdfStream(file, at) {
  const from = Math.max(0, at - PDF_DICTIONARY);
  let begin = -1;
  for (let place = indexOfBytes(file, "obj", from, at); place >= 0; place = indexOfBytes(file, "obj", place + 1, at)) begin = place;
  if (begin < 0) return null;
  const until = Math.min(file.length, begin + PDF_DICTIONARY);
  let [start, keyword] = [-1, at - 1];
  while (start < 0) {
    keyword = indexOfBytes(file, "stream", keyword + 1, until);
    if (keyword < 0) return null;
    const next = keyword + "stream".length;
    if (file[next] === 10) start = next + 1;
    else if (file[next] === 13 && file[next + 1] === 10) start = next + 2;
  }
  const end = indexOfBytes(file, "endstream", start);
  if (end < 0) return null;
  const filter = pdfFilter(file.subarray(begin, keyword));
  let raw = file.subarray(start, end);
  const line = raw.at(-1) === 10 ? (raw.at(-2) === 13 ? 2 : 1) : raw.at(-1) === 13 ? 1 : 0;
  raw = raw.subarray(0, raw.length - line);
  const bytes = filter === "none" ? raw : filter === "flate" ? await unpacked(raw) : null;
  return bytes && { bytes, end };
}

function pdfFilter(dictionary) {
  const at = indexOfBytes(dictionary, "/Filter");
  if (at < 0) return "none";
  const value = String.fromCharCode(...dictionary.subarray(at + "/Filter".length));
  return /^[ \t\n\f\r]*(?:\[[ \t\n\f\r]*\/FlateDecode[ \t\n\f\r]*\]|\/FlateDecode(?![0-9A-Za-z]))/.test(value) ? "flate" : "other";
}

// Codes.

/** The digits behind the last `#` of an address, or all of a text; null where these are no digits. */
function digitsOf(source) {
  const digits = source.slice(source.lastIndexOf("#") + 1);
  return digits.length <= CODE_DIGITS && /^[0-9]+$/.test(digits) ? digits : null;
}
