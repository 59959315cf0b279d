// Logs: signed notes, checkpoints, cosignatures and inclusion proofs as C2SP writes them, and how many witnesses are enough.

const HAS_SPACE = new RegExp(`[${WHITE_SPACE}]`, "u");

/** A decimal number without sign or leading zero that fits 64 bits; null for anything else. */
function decimal(source) {
  if (!/^(?:0|[1-9][0-9]*)$/.test(source) || source.length > 20) return null;
  const number = BigInt(source);
  return number < 2n ** 64n ? number : null;
}

/** 32 bytes in base64, as hex; null for anything else. */
function base64Hash(source) {
  const bytes = source.length === 44 ? fromBase64(source) : null;
  return bytes?.length === 32 ? toHex(bytes) : null;
}

function checkKeyName(source) {
  if (source === "" || HAS_SPACE.test(source) || /[\u0000-\u001f+]/.test(source)) refuse("key name");
}

/** Reads a signed note: its text and its signature lines `{name, id, bytes}`. */
function parseNote(note) {
  if (byteLength(note) > LIMITS.note) refuse("note too large");
  if (/[\u0000-\u0009\u000b-\u001f]/.test(note)) refuse("control character");
  const at = note.lastIndexOf("\n\n");
  if (at < 0 || !note.endsWith("\n") || note.length < at + 3) refuse("note structure");
  const lines = note.slice(at + 2, -1).split("\n");
  if (lines.length > LIMITS.noteSignatures) refuse("too many signatures");
  return { text: note.slice(0, at + 1), signatures: lines.map(parseSignatureLine) };
}

function parseSignatureLine(line) {
  if (!line.startsWith("\u2014 ")) refuse("signature line");
  const space = line.indexOf(" ", 2);
  if (space < 0) refuse("signature line");
  const keyName = line.slice(2, space);
  checkKeyName(keyName);
  const bytes = fromBase64(line.slice(space + 1));
  if (!bytes || bytes.length < 5) refuse("signature line");
  return { name: keyName, id: toHex(bytes.slice(0, 4)), bytes: bytes.slice(4) };
}

/** The id under which a key signs notes: 1 for a log, 4 for a witness. */
async function keyId(keyName, algorithm, keyHex) {
  return (await sha256(keyName, "\n", Uint8Array.of(algorithm), fromHex(keyHex))).slice(0, 8);
}

const LOG_KEY = 1;
const WITNESS_KEY = 4;

/** Reads a checkpoint of ours: `{origin, size, root}`. */
function parseCheckpoint(body) {
  if (byteLength(body) > LIMITS.note || !body.endsWith("\n")) refuse("checkpoint");
  const lines = body.slice(0, -1).split("\n");
  if (lines.length !== 3) refuse("checkpoint lines");
  const [origin, sizeText, rootText] = lines;
  checkKeyName(origin);
  const [size, root] = [decimal(sizeText), base64Hash(rootText)];
  if (size === null || root === null || size > LIMITS.logSize) refuse("checkpoint");
  if (size === 0n && root !== EMPTY_ROOT) refuse("empty log");
  return { origin, size, root };
}

const EMPTY_ROOT = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

function checkpointBody({ origin, size, root }) {
  return `${origin}\n${size}\n${toBase64(fromHex(root))}\n`;
}

// Origins and names.

function originOf(federation, agency, epoch) {
  return `parangon/${federation}/${agency}` + (epoch === 1 ? "" : `/${epoch}`);
}

/** `{agency, epoch}` of an origin of this federation; null for anything else. */
function readOrigin(origin, federation) {
  const parts = /^parangon\/([0-9a-f]{64})\/([a-z0-9-]{3,32})(?:\/([1-9][0-9]{0,9}))?$/.exec(origin);
  if (!parts || parts[1] !== federation) return null;
  const epoch = parts[3] === undefined ? 1 : Number(parts[3]);
  return epoch > 4294967295 || originOf(federation, parts[2], epoch) !== origin ? null : { agency: parts[2], epoch };
}

function witnessName(federation, agency) {
  return `parangon/${federation}/${agency}/witness`;
}

// Cosignatures.

/** `{time, signature}` of a cosignature's bytes; or why they are none: "length", "time". */
function cosignatureParts(bytes) {
  if (bytes.length !== 72) return { wrong: "length" };
  const time = bytes.slice(0, 8).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  if (time > BigInt(LAST_SECOND)) return { wrong: "time" };
  return { time: Number(time), signature: bytes.slice(8) };
}

/** Checks a cosignature over a checkpoint: null when it is good, else "length", "time" or "forged". */
async function cosignatureProblem(checkpoint, keyHex, bytes) {
  const { wrong, time, signature: made } = cosignatureParts(bytes);
  if (wrong) return wrong;
  const message = utf8(`cosignature/v1\ntime ${time}\n${checkpointBody(checkpoint)}`);
  return (await verifies(keyHex, message, made)) ? null : "forged";
}

// Inclusion.

const leafHash = (source) => sha256(Uint8Array.of(0), source);
const nodeHash = (left, right) => sha256(Uint8Array.of(1), fromHex(left), fromHex(right));

/** Whether the leaf is at `index` in the tree of that size and root (RFC 9162, 2.1.3.2). */
async function isIncluded(leaf, index, size, hashes, root) {
  if (index >= size) return false;
  let [at, last, node] = [index, size - 1n, leaf];
  for (const sibling of hashes) {
    if (last === 0n) return false;
    if (at & 1n || at === last) {
      node = await nodeHash(sibling, node);
      while (!(at & 1n) && at !== 0n) [at, last] = [at >> 1n, last >> 1n];
    } else {
      node = await nodeHash(node, sibling);
    }
    [at, last] = [at >> 1n, last >> 1n];
  }
  return last === 0n && node === root;
}

const PROOF_HEADER = "c2sp.org/tlog-proof@v1";
const EXTRA_CHARS = Math.floor(LIMITS.record / 3) * 4 + 4;
const PROOF_BYTES = LIMITS.note + EXTRA_CHARS + LIMITS.proofHashes * 45 + 128;

/** Reads a tlog-proof: `{index, hashes, checkpoint}`. */
function parseProof(source) {
  const at = source.indexOf("\n\n");
  if (byteLength(source) > PROOF_BYTES || at < 0) refuse("proof");
  const lines = source.slice(0, at).split("\n");
  if (lines.shift() !== PROOF_HEADER) refuse("proof header");
  if (lines[0]?.startsWith("extra ")) {
    const extra = lines.shift().slice("extra ".length);
    if (byteLength(extra) > EXTRA_CHARS || !fromBase64(extra)) refuse("extra line");
  }
  const index = lines[0]?.startsWith("index ") ? decimal(lines.shift().slice("index ".length)) : null;
  const hashes = lines.map(base64Hash);
  if (index === null || hashes.length > LIMITS.proofHashes || hashes.includes(null)) refuse("proof lines");
  const checkpoint = source.slice(at + 2);
  parseNote(checkpoint);
  return { index, hashes, checkpoint };
}

// Quorum.

/** Cosignatures needed of `n` witnesses. */
function threshold(n) {
  return n - Math.ceil(n / 3) + 1;
}

/** Witnesses of `n` that may be absent or lie. */
function tolerated(n) {
  return Math.max(0, n - threshold(n));
}

/** What counts as one voice: agencies under one parent count once. */
function groupOf(charter, agency) {
  const parent = memberOf(charter, agency)?.parent;
  return parent === undefined ? agency : `parent ${parent}`;
}

/** Who watches a log: agency to group, without the owner's own group. */
function witnessesOf(charter, owner) {
  const own = groupOf(charter, owner);
  const others = charter.members.filter(({ id }) => id !== owner && groupOf(charter, id) !== own);
  return new Map(others.map(({ id }) => [id, groupOf(charter, id)]));
}

/** Counts checked cosignatures (agency to time) on a head of `owner`'s log. */
function tallyOf(charter, owner, times) {
  const witnesses = witnessesOf(charter, owner);
  const [first, last] = [[], []];
  const groups = new Set(witnesses.values());
  for (const group of groups) {
    const agencies = [...witnesses].filter(([, of]) => of === group).map(([agency]) => agency);
    const majority = Math.floor(agencies.length / 2) + 1;
    const seen = agencies.filter((agency) => times.has(agency)).map((agency) => times.get(agency)).sort((a, b) => a - b);
    if (seen.length < majority) continue;
    first.push(seen[majority - 1]);
    last.push(seen.at(-majority));
  }
  const needed = threshold(groups.size);
  const lies = tolerated(groups.size);
  const reached = first.length >= needed;
  first.sort((a, b) => a - b);
  last.sort((a, b) => b - a);
  return {
    have: first.length,
    needed,
    reached,
    existedBy: reached ? first[lies] : undefined,
    freshAsOf: reached ? last[lies] : undefined,
  };
}
