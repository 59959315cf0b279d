// Ed25519, strictly: what browsers leave open is decided here before they are asked. A key is the one encoding of a point that is
// not of small order; the first half of a signature is such a point, the second a number below the order of the group.

const PRIME = 2n ** 255n - 19n;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const EDWARDS_D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

function modulo(number) {
  const rest = number % PRIME;
  return rest < 0n ? rest + PRIME : rest;
}

function power(base, exponent) {
  let result = 1n;
  for (let square = modulo(base), left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = (result * square) % PRIME;
    square = (square * square) % PRIME;
  }
  return result;
}

function littleEndian(bytes) {
  return BigInt("0x" + toHex(bytes.slice().reverse()));
}

// y of the points of order 1, 2, 4 and 8, whatever their sign.
const SMALL_ORDER = new Set([
  0n,
  1n,
  PRIME - 1n,
  littleEndian(fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")),
  littleEndian(fromHex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")),
]);

const points = new Map();

/** What is wrong with 32 bytes (as hex) as a key: null, "malformed" or "weak". */
function keyProblem(hex) {
  if (!points.has(hex)) points.set(hex, pointProblem(fromHex(hex)));
  return points.get(hex);
}

function heightOf(bytes) {
  const masked = bytes.slice();
  masked[31] &= 127;
  return littleEndian(masked);
}

function pointProblem(bytes) {
  const y = heightOf(bytes);
  if (y >= PRIME) return "malformed";
  if (SMALL_ORDER.has(y)) return "weak";
  const square = y * y;
  const u = modulo(square - 1n);
  const v = modulo(EDWARDS_D * square + 1n);
  // u/v is a square exactly when u·v is one (Euler).
  return power(u * v, (PRIME - 1n) / 2n) === 1n ? null : "malformed";
}

const imported = new Map();

async function importedKey(hex) {
  if (!imported.has(hex)) {
    imported.set(hex, await crypto.subtle.importKey("raw", fromHex(hex), { name: "Ed25519" }, false, ["verify"]));
  }
  return imported.get(hex);
}

/** Whether `signatureBytes` is the signature of `message` by the key with these hex digits, which was read as a key. */
async function verifies(keyHex, message, signatureBytes) {
  if (signatureBytes.length !== 64 || keyProblem(keyHex)) return false;
  // That the first half is a point at all is left to the browser, which computes the right one.
  const y = heightOf(signatureBytes.slice(0, 32));
  if (y >= PRIME || SMALL_ORDER.has(y) || littleEndian(signatureBytes.slice(32)) >= ORDER) return false;
  return crypto.subtle.verify({ name: "Ed25519" }, await importedKey(keyHex), signatureBytes, message);
}

/** Whether a text was signed for this purpose in this federation; key and signature in hex. */
async function signedFor(purpose, federation, keyHex, source, signatureHex) {
  return verifies(keyHex, utf8(`parangon/v1/${purpose}\n${federation}\n${source}`), fromHex(signatureHex));
}

/** The key in multibase, as in `did:key`. */
function multikey(hex) {
  return "z" + toBase58(concat(Uint8Array.of(0xed, 0x01), fromHex(hex)));
}

function didOf(hex) {
  return "did:key:" + multikey(hex);
}

/** The key of a `did:key` in hex, or null. */
function keyOfDid(did) {
  if (!did.startsWith("did:key:z")) return null;
  const bytes = fromBase58(did.slice("did:key:z".length), 34);
  if (!bytes || bytes[0] !== 0xed || bytes[1] !== 0x01) return null;
  const hex = toHex(bytes.slice(2));
  return keyProblem(hex) ? null : hex;
}

// Key sets.

const keyRoles = (set) => [set.log, set.witness, set.issue, set.transport];

/** Whether a signed key set has its shape and is by this identity key. */
async function keySetVerifies(federation, signedSet, identity) {
  const { body } = signedSet;
  const keys = [identity, ...keyRoles(body)];
  if (new Set(keys).size !== keys.length || !/^age1[a-z0-9]{58}$/.test(body.sealing)) return false;
  const source = canonical(body);
  if (byteLength(source) > LIMITS.record) return false;
  return signedFor("keyset", federation, identity, source, signedSet.signature);
}

/** Whether a key set may stand behind those before it: `place` is "first", "within" or "epoch". */
function keySetFollows(set, place, earlier) {
  const last = earlier.at(-1);
  if ((place === "first") !== (set.number === 1) || set.number <= (last?.number ?? 0)) return false;
  if (!last) return true;
  if (place === "within" && set.log !== last.log) return false;
  const kept = keyRoles(last);
  const fresh = keyRoles(set).filter((key, role) => key !== kept[role]);
  const sealing = set.sealing !== last.sealing && earlier.some((before) => before.sealing === set.sealing);
  return !sealing && !fresh.some((key) => earlier.some((before) => keyRoles(before).includes(key)));
}
