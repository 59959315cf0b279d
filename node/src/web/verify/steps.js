// The steps of a verification, in the order that decides which outcome wins. The same order, words and codes as in
// `parangon verify`: tests/page compares the two.

const CODES = {
  valid: 0,
  "not-authentic": 10,
  "not-yet-valid": 11,
  expired: 11,
  withdrawn: 12,
  suspended: 12,
  replaced: 13,
  "unknown-signer": 14,
  "cannot-tell": 15,
  "no-label": 16,
  "not-entitled": 17,
};

/** Ends a verification early, with its outcome and cause. */
class Stop extends Error {
  constructor(outcome, cause) {
    super(outcome);
    this.outcome = outcome;
    this.cause = cause;
  }
}

const stop = (outcome, code, more = {}) => {
  throw new Stop(outcome, { code, ...more });
};
const mismatch = (part) => stop("not-authentic", "mismatch", { part });
const notEntitled = (flaw) => stop("not-entitled", "rule", { flaw });

/** Runs a reader; what it refuses is a part that does not fit. */
async function orMismatch(part, read) {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Refused) return mismatch(part);
    if (error instanceof MissingKeys) return stop("cannot-tell", "missing-keys", { agency: error.agency });
    throw error;
  }
}

const verdictOf = (outcome, cause) => ({ verdict: outcome, code: CODES[outcome], cause, checked: [], notChecked: [] });

/** The verdict that a failed step gives; other errors are ours and go on. */
function verdictOfStop(error) {
  if (error instanceof Stop) return verdictOf(error.outcome, error.cause);
  throw error;
}

/** One bundle in its federation's charter. Each step throws {@link Stop}. */
class Case {
  constructor(bundle, chain, at, verdict) {
    Object.assign(this, { bundle, chain, at, verdict });
    /** The roots of the heads that the file has shown, by log and size. */
    this.roots = new Map();
  }

  async check() {
    const book = await this.keys();
    const owner = this.owner();
    const placed = await this.open("label", book, owner, this.bundle.label);
    if (placed.record.kind !== "label") mismatch("label");
    const of = placed.record.body;
    const id = await labelId(of.common);
    const charter = this.chain.version(of.common.charter) ?? notEntitled("charter");
    await this.sound(book, owner, of, charter);
    this.placed(book, owner, placed.index, of);
    this.facts(of, id, charter, placed.head);
    await this.adopted(book, charter, owner, of);
    this.quorum(charter, owner, placed.head);
    await this.confirmed(book, charter, of, id);
    let ended;
    try {
      await this.standing(book, charter, owner, placed.index, id);
    } catch (error) {
      ended = error;
    }
    if (!ended || (ended instanceof Stop && ended.outcome === "cannot-tell")) this.dates(of, charter);
    if (ended) throw ended;
  }

  /** A record with its proof. One log has one root for each size, whoever cosigned another one. */
  async open(part, book, agency, proof) {
    const placed = await orMismatch(part, () => openProven(book, agency, proof));
    const { size, root } = placed.head.checkpoint;
    const place = `${agency} ${size}`;
    if ((this.roots.get(place) ?? root) !== root) stop("cannot-tell", "forked", { agency });
    this.roots.set(place, root);
    return placed;
  }

  async keys() {
    const book = new KeyBook(this.chain);
    for (const keyset of this.bundle.keysets) await orMismatch("key set", () => book.place(keyset));
    this.note("charter", { version: this.chain.newest.version, members: this.chain.newest.members.length });
    return book;
  }

  /** Whose log the label claims to stand in. */
  owner() {
    let claimed = this.bundle.label.record;
    for (const field of ["body", "common", "owner"]) claimed = claimed instanceof Map ? claimed.get(field) : undefined;
    return typeof claimed === "string" && /^[a-z0-9-]{3,32}$/.test(claimed) ? claimed : mismatch("label");
  }

  async sound(book, owner, of, charter) {
    const problem = await unsound(book, owner, of);
    if (problem?.waiting) stop("cannot-tell", "missing-keys", { agency: problem.waiting });
    if (problem && ["issuer-proof", "endorser-proof"].includes(problem.flaw)) mismatch("signature");
    if (problem) notEntitled(problem.flaw);
    const key = book.issueKey(owner, of.keyset);
    const document = labelDocument(await sheetOfLabel(book.federation, charter, of), key);
    if (canonical(this.bundle.credential) !== credentialText(document, of.issued, key, of.proof)) mismatch("credential");
    this.note("signatures", { count: of.endorsements.length });
  }

  /** The right and the key set that held where the label stands. */
  placed(book, owner, index, of) {
    if (book.inForce(owner, index) !== of.keyset) notEntitled("key-set");
    const { charter, scheme, level: wanted } = of.common;
    const right = this.chain.entitlement(owner, index, charter, scheme, wanted);
    if (right === "never") notEntitled("right");
    if (right === "ended") notEntitled("ended");
  }

  facts(of, id, charter, head) {
    const { cluster, scheme, level: wanted, owner, assessed, valid_until: until } = of.common;
    const nameOf = (agency) => memberOf(charter, agency)?.name;
    if (of.supersedes !== undefined) this.verdict.notChecked.push("supersedes");
    this.verdict.notChecked.push(...(of.draw ? ["draw", "eligible"] : []));
    this.verdict.label = {
      id,
      cluster,
      scheme,
      schemeName: charter.schemes.find((one) => one.id === scheme)?.name ?? scheme,
      level: wanted,
      issuer: nameOf(owner),
      country: memberOf(charter, owner).country,
      endorsers: of.endorsements.map(({ endorser }) => nameOf(endorser)).filter((found) => found !== undefined),
      assessed,
      issued: of.issued,
      witnessed: tallyOf(charter, owner, head.times).existedBy,
      validUntil: until,
      catalogue: of.common.catalogue.id,
      demonstration: charter.demonstration,
    };
  }

  async adopted(book, charter, owner, of) {
    const { version, placed } = await this.adoption(book, owner, this.bundle.adoption);
    if (placed.index !== BigInt(of.adoption) || version !== of.common.charter) stop("not-entitled", "not-adopted");
    this.quorum(charter, owner, placed.head);
  }

  /** A charter record of this log: which version it adopts. */
  async adoption(book, owner, proof) {
    const placed = await this.open("charter record", book, owner, proof);
    const { kind, body } = placed.record;
    const known = kind === "charter" ? this.chain.version(body.version) : undefined;
    if (!known || (await charterHash(known)) !== body.hash) stop("not-entitled", "not-adopted");
    return { version: body.version, placed };
  }

  /** The version that rules the head of the status. */
  async ruling(book, charter, owner, part, index) {
    if (!part.adoption) return charter;
    const { version, placed } = await this.adoption(book, owner, part.adoption);
    if (version <= charter.version) mismatch("charter record");
    if (placed.index < index) stop("not-entitled", "not-adopted");
    return this.chain.version(version);
  }

  quorum(charter, agency, head) {
    const tally = tallyOf(charter, agency, head.times);
    if (!tally.reached) stop("cannot-tell", "no-quorum", { agency, have: tally.have, needed: tally.needed });
    const { have, needed } = tally;
    const said = ({ what, agency: of, have: before }) => what === "quorum" && of === agency && before === have;
    if (!this.verdict.checked.some(said)) this.note("quorum", { agency, have, needed });
    return tally;
  }

  async confirmed(book, charter, of, id) {
    const entries = this.bundle.confirmations;
    const asked = new Set(of.endorsements.map(({ endorser }) => endorser));
    // What nobody looks at has no place in the file.
    if (entries.length > of.endorsements.length || !entries.every(({ agency }) => asked.has(agency))) mismatch("confirmation");
    for (const endorsement of of.endorsements) {
      const { endorser } = endorsement;
      const missing = () => stop("cannot-tell", "unconfirmed", { endorser });
      const entry = entries.find(({ agency }) => agency === endorser) ?? missing();
      const placed = await this.open("confirmation", book, endorser, entry.entry);
      if (placed.record.kind !== "endorsement") mismatch("confirmation");
      const end = this.chain.endOf(endorser);
      if (end !== undefined && placed.index >= end) missing();
      const expected = await endorsementId(endorsement, id);
      if (placed.record.about[0] !== id || placed.record.body.endorsement !== expected) missing();
      this.quorum(charter, endorser, placed.head);
    }
    this.note("confirmations", { count: of.endorsements.length });
  }

  /** What the issuer's status says of the label that stands at `index`. */
  async standing(book, charter, owner, index, id) {
    const part = this.bundle.status ?? stop("cannot-tell", "no-status");
    const placed = await this.open("status", book, owner, part.entry);
    if (placed.record.kind !== "status") mismatch("status");
    const status = placed.record.body;
    const state = await orMismatch("status", () => statusOf(part.path, status, id));
    const ruling = await this.ruling(book, charter, owner, part, index);
    const tally = this.quorum(ruling, owner, placed.head);
    const end = this.chain.endOf(owner);
    if (end !== undefined && placed.index >= end) stop("cannot-tell", "no-status");
    if (BigInt(status.covered) <= index || BigInt(status.covered) > placed.index) stop("cannot-tell", "earlier-status");
    if (state === null) stop("not-entitled", "not-listed");
    const asOf = tally.freshAsOf ?? stop("cannot-tell", "no-status");
    this.verdict.asOf = asOf;
    this.note("status", { asOf });
    if (state === "withdrawn") stop("withdrawn", "withdrawn", { asOf });
    if (state === "suspended") stop("suspended", "suspended", { asOf });
    if (state === "superseded") stop("replaced", "replaced", { asOf });
    // A log that the charter ended states nothing any more: what it said last stays.
    if (end !== undefined) return this.note("membership", { agency: owner });
    const age = Math.max(0, this.at - asOf);
    if (age > ruling.status_max_age_days * 86400) stop("cannot-tell", "stale-status", { asOf });
  }

  dates(of, charter) {
    const { valid_until: until, scheme, level: wanted } = of.common;
    checkDates(this.at, of.issued, until, ruleOf(charter, scheme, wanted));
  }

  note(what, result) {
    this.verdict.checked.push({ what, ...result });
  }
}

/** Whether a label is valid at the date asked for. The rule tells whether it could still be renewed. */
function checkDates(at, issued, until, rule) {
  if (at < secondsOf(issued)) stop("not-yet-valid", "early", { from: issued });
  const last = monthIndex(until);
  if (at <= lastSecond(last)) return;
  stop("expired", "late", { until, renewable: monthOf(at) - last <= (rule?.renewal_window_months ?? 0) });
}
