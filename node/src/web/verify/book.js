// The keys that a file brings, checked against the charter's identity keys, and the heads and records that they open.

class KeyBook {
  constructor(chain) {
    this.chain = chain;
    this.federation = chain.fingerprint;
    /** Agency to its key sets `{index, set, since, epoch}`, oldest first. */
    this.sets = new Map();
    /** Witness name to `{agency, keys: [{id, key}]}`, the newest key last. */
    this.witnesses = new Map();
  }

  of(agency) {
    return this.sets.get(agency) ?? [];
  }

  setAt(agency, index) {
    return this.of(agency).find((placed) => placed.index === index)?.set;
  }

  issueKey(agency, index) {
    return this.setAt(agency, index)?.issue;
  }

  /** The epoch that the first `size` records of a log lead into, as far as its key sets tell. */
  epochOf(agency, size) {
    return Math.max(1, ...this.of(agency).filter((placed) => placed.epoch !== undefined && BigInt(placed.index) < BigInt(size)).map(({ epoch }) => epoch));
  }

  /** Every issue key that an agency is known to have had. */
  issueKeys(agency) {
    return [...new Set(this.of(agency).map(({ set }) => set.issue))];
  }

  /** The index of the key set that holds for a record at `index`. */
  inForce(agency, index) {
    return this.of(agency).filter((placed) => placed.index < index).at(-1)?.index;
  }

  /** The first charter version that lists the identity key which signed this set. */
  async signedSince(signedSet) {
    const { agency } = signedSet.body;
    const earliest = this.of(agency).at(-1)?.since ?? 0;
    let tried;
    for (const charter of this.chain.versions) {
      const identity = memberOf(charter, agency)?.identity;
      if (!identity || identity === tried) continue;
      tried = identity;
      if (charter.version >= earliest && (await keySetVerifies(this.federation, signedSet, identity))) return charter.version;
    }
    return refuse("key set");
  }

  /** Adds a key set that stands in its agency's log. Throws {@link Refused}. */
  async place({ index, epoch, keyset }) {
    const set = keyset.body;
    const { agency } = set;
    if (same(this.setAt(agency, index), set)) return;
    const since = await this.signedSince(keyset);
    const sets = this.of(agency);
    this.sets.set(agency, sets);
    if (sets.length > 0 && sets.at(-1).index >= index) return;
    const where = index === 0 ? "first" : epoch === undefined ? "within" : "epoch";
    if (!keySetFollows(set, where, sets.map((placed) => placed.set))) refuse("key set does not follow");
    const witness = witnessName(this.federation, agency);
    const known = this.witnesses.get(witness) ?? { agency, keys: [] };
    this.witnesses.set(witness, known);
    if (known.keys.at(-1)?.key !== set.witness) {
      known.keys.push({ id: await keyId(witness, WITNESS_KEY, set.witness), key: set.witness });
    }
    sets.push({ index, set, since, epoch });
  }

  /** The key that signs an agency's checkpoints in an epoch; a head may state a later key set than those known. */
  async logKey(agency, epoch, stated) {
    const sets = this.of(agency);
    const begins = sets.filter((placed) => placed.epoch !== undefined && placed.epoch <= epoch).at(-1);
    const known = (begins ?? sets[0])?.set;
    if (!known || !stated || stated.body.agency !== agency || stated.body.number <= known.number) return known?.log;
    const isNew = sets.every(({ set }) => set.number !== stated.body.number || same(set, stated.body));
    if (!isNew) return known.log;
    try {
      await this.signedSince(stated);
      return stated.body.log;
    } catch (error) {
      if (error instanceof Refused) return known.log;
      throw error;
    }
  }

  witnessOf(line) {
    const witness = this.witnesses.get(line.name);
    const key = witness?.keys.find(({ id }) => id === line.id)?.key;
    return key && { agency: witness.agency, key };
  }
}

const STATED_NAME = "parangon-keyset";

/** The key set that a note states, unverified. */
async function statedKeySet(note) {
  const id = (await sha256(STATED_NAME, "\n", Uint8Array.of(0xff), "parangon/v1/keyset")).slice(0, 8);
  for (const line of note.signatures.filter((line) => line.name === STATED_NAME && line.id === id)) {
    try {
      return decodeStrict(fromUtf8(line.bytes) ?? refuse("not UTF-8"), signedKeySet, LIMITS.keysetLine);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
  }
  return undefined;
}

/** What an agency's keys are missing for. */
class MissingKeys extends Error {
  constructor(agency) {
    super("missing keys");
    this.agency = agency;
  }
}

/** Checks a head of an agency's log with all its lines: `{checkpoint, note, times}`. */
async function checkHead(book, agency, source) {
  if (!book.chain.knows(agency)) refuse("not a member");
  if (book.of(agency).length === 0) throw new MissingKeys(agency);
  const named = readOrigin(source.split("\n", 1)[0], book.federation);
  const epoch = named?.agency === agency ? named.epoch : 1;
  const note = parseNote(source);
  const key = await book.logKey(agency, epoch, await statedKeySet(note));
  const origin = originOf(book.federation, agency, epoch);
  const id = await keyId(origin, LOG_KEY, key);
  const own = note.signatures.filter((line) => line.name === origin && line.id === id);
  for (const line of own) {
    if (!(await verifies(key, utf8(note.text), line.bytes))) refuse("the log's signature");
  }
  if (own.length === 0) refuse("unsigned head");
  const checkpoint = parseCheckpoint(note.text);
  if (checkpoint.origin !== origin) refuse("another log");
  const times = new Map();
  for (const line of note.signatures) {
    const witness = book.witnessOf(line);
    if (!witness || witness.agency === agency) continue;
    if (await cosignatureProblem(checkpoint, witness.key, line.bytes)) refuse("cosignature");
    times.set(witness.agency, cosignatureParts(line.bytes).time);
  }
  return { checkpoint, epoch, note, times };
}

/** Whether a member's cosignature stands under another name or key id. */
async function hasAlteredLine(book, { checkpoint, note }) {
  const known = [];
  for (const agency of new Set(book.chain.versions.flatMap(({ members }) => members.map(({ id }) => id)))) {
    const keyName = witnessName(book.federation, agency);
    const newest = book.witnesses.get(keyName)?.keys.at(-1);
    if (newest) known.push({ keyName, ...newest });
  }
  for (const line of note.signatures) {
    for (const { keyName, id, key } of known) {
      if ((line.id === id) === (line.name === keyName)) continue;
      const problem = await cosignatureProblem(checkpoint, key, line.bytes);
      if (!problem || (line.name === keyName && problem !== "forged")) return true;
    }
  }
  return false;
}

/** Opens a record with its proof in an agency's log: `{record, index, head}`. Throws {@link Refused} or {@link MissingKeys}. */
async function openProven(book, agency, { record: value, proof: lines }) {
  const source = canonicalWithin(value, LIMITS.record);
  const record = await readRecord(source);
  const proof = parseProof(lines.join("\n"));
  const head = await checkHead(book, agency, proof.checkpoint);
  const { size, root } = head.checkpoint;
  if (!(await isIncluded(await leafHash(source), proof.index, size, proof.hashes, root))) refuse("not included");
  // Nothing authenticates an extra line, so it has no place in the file.
  if (lines.some((line) => line.startsWith("extra ")) || (await hasAlteredLine(book, head))) refuse("altered lines");
  // A head over the beginning of a later epoch than its own leads to nothing.
  if (head.epoch < book.epochOf(agency, size)) refuse("a head of an epoch that was over");
  return { record, index: proof.index, head };
}
