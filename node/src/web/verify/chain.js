// The chain of charter versions with the votes that made each one the law.

/** Checks one vote for a version: "present" or "future", the electorate it counts in, and what it says of logs that end. */
async function checkVote({ body, signature: made }, federation, present, next, nextHash, concerned) {
  if (body.version !== next.version || body.charter !== nextHash) refuse("another ballot");
  const source = canonicalWithin(body, LIMITS.record);
  let voice;
  for (const [charter, electorate] of [
    [present, "present"],
    [next, "future"],
  ]) {
    const voter = voice ? undefined : memberOf(charter, body.agency);
    if (voter && (await signedFor("vote", federation, voter.identity, source, made))) voice = electorate;
  }
  if (!voice || !body.accept) refuse("not a vote for it");
  const watched = concerned.filter((agency) => voice === "present" && agency !== body.agency);
  const isOf = ({ log }, at) => log.agency === watched[at] && log.epoch === 1;
  if (watched.length !== body.heads.length || !body.heads.every(isOf)) refuse("heads");
  return { voice, sizes: new Map(body.heads.map((head) => [head.log.agency, sizeOf(head, federation)])) };
}

/** Records that a voter's last head of a log covers. */
function sizeOf({ log, note }, federation) {
  if (note.length === 0) return 0n;
  const head = parseCheckpoint(parseNote(note.join("\n")).text);
  return readOrigin(head.origin, federation)?.agency === log.agency ? head.size : refuse("another log's head");
}

/** Voices needed of all. */
function voicesNeeded(voices, isMajor) {
  return isMajor ? voices - Math.ceil(voices / 3) + 1 : Math.floor(voices / 2) + 1;
}

/** Groups of members, each with how many agencies it has and how many of them are among `agencies`. */
function countVoices(charter, agencies) {
  const groups = new Map();
  for (const { id } of charter.members) {
    const group = groups.get(groupOf(charter, id)) ?? { all: 0, among: 0 };
    group.all++;
    if (agencies.has(id)) group.among++;
    groups.set(groupOf(charter, id), group);
  }
  return { all: groups.size, have: [...groups.values()].filter(({ all, among: some }) => 2 * some > all).length };
}

/** Where a log ends for good, by what its witnesses among the voters saw. */
function cutOff(present, agency, votes) {
  const witnesses = witnessesOf(present, agency);
  const largest = new Map();
  for (const [voter, { sizes }] of votes) {
    const group = witnesses.get(voter);
    const size = sizes.get(agency);
    if (group === undefined || size === undefined) continue;
    if (!largest.has(group) || largest.get(group) < size) largest.set(group, size);
  }
  const sizes = [...largest.values()].sort((a, b) => (a < b ? 1 : a > b ? -1 : 0));
  return sizes[tolerated(new Set(witnesses.values()).size)] ?? refuse("too few saw the log");
}

/** Whether a version follows `present` with its votes: where logs end by it. Throws {@link Refused}. */
async function checkAmendment({ charter, votes }, federation, present) {
  const changes = await follows(present, charter);
  const concerned = [...new Set(changes.filter(({ kind }) => CUTS.includes(kind)).map(({ agency }) => agency))].sort(compare);
  const nextHash = await charterHash(charter);
  const seen = new Map();
  for (const vote of votes) {
    const checked = await checkVote(vote, federation, present, charter, nextHash, concerned);
    if (seen.has(vote.body.agency)) refuse("two votes");
    seen.set(vote.body.agency, checked);
  }
  const major = [...CHANGES_KEYS, ...CHANGES_WITNESSES, "loses", "resumed"];
  const isMajor = changes.some(({ kind }) => major.includes(kind));
  const ofPresent = new Set([...seen].filter(([, { voice }]) => voice === "present").map(([agency]) => agency));
  const [now, then] = [countVoices(present, ofPresent), countVoices(charter, new Set(seen.keys()))];
  if (now.have < voicesNeeded(now.all, isMajor) || then.have < voicesNeeded(then.all, false)) refuse("too few votes");
  return new Map(concerned.map((agency) => [agency, cutOff(present, agency, seen)]));
}

/** A verified chain of versions. */
class Chain {
  constructor(fingerprint, first) {
    this.fingerprint = fingerprint;
    this.versions = [first];
    /** Of each version after the first: its amendment, and where logs end by it (agency to size). */
    this.links = [];
  }

  /** Checks the founding document: its rules, and one signature of every founder. */
  static async found({ charter, signatures }) {
    if (!(await isSoundCharter(charter)) || charter.version !== 1) refuse("not a founding document");
    const source = canonicalWithin(charter, LIMITS.document);
    const fingerprint = await charterHash(charter);
    const missing = new Set(charter.members.map(({ id }) => id));
    for (const { agency, signature: made } of signatures) {
      const founder = memberOf(charter, agency) ?? refuse("not a founder");
      if (!(await signedFor("charter", fingerprint, founder.identity, source, made))) refuse("founder's signature");
      missing.delete(agency);
    }
    if (missing.size > 0) refuse("unsigned");
    return new Chain(fingerprint, charter);
  }

  /** The chain of a label file. */
  static async revised(document, revisions) {
    const chain = await Chain.found(document);
    for (const one of revisions ?? []) await chain.extend(await assemble(one, chain.newest));
    return chain;
  }

  /** The chain of a trust file. */
  static async amended(document, amendments) {
    const chain = await Chain.found(document);
    for (const amendment of amendments ?? []) await chain.extend(amendment);
    return chain;
  }

  get newest() {
    return this.versions.at(-1);
  }

  version(number) {
    return this.versions[number - 1];
  }

  knows(agency) {
    return this.versions.some((charter) => memberOf(charter, agency));
  }

  async extend(amendment) {
    const ends = await checkAmendment(amendment, this.fingerprint, this.newest);
    await this.refuseReused(amendment.charter);
    this.links.push({ amendment, ends });
    this.versions.push(amendment.charter);
  }

  /** Ids and identity keys are never given to another agency, nor back to one that gave them up. */
  async refuseReused(next) {
    const holders = new Map();
    for (const charter of this.versions) {
      for (const { id, identity } of charter.members) holders.set(await hashOfKey(identity), id);
    }
    const taken = async (key, owner) => {
      const holder = holders.get(key);
      const present = memberOf(this.newest, owner);
      const inUse = present && (await hashOfKey(present.identity)) === key;
      return holder !== undefined && (holder !== owner || !inUse);
    };
    const members = next.members.map(({ id, identity, successor }) => [id, identity, successor]);
    const announced = (next.rekeyings ?? []).map(({ agency, identity, successor }) => [agency, identity, successor]);
    for (const [agency, identity, successor] of [...members, ...announced]) {
      const cameBack = !memberOf(this.newest, agency) && this.knows(agency);
      if (cameBack || (await taken(await hashOfKey(identity), agency)) || (await taken(successor, agency))) refuse("used before");
    }
  }

  /** The first version of which two chains have different texts. */
  partsFrom(other) {
    const count = Math.min(this.versions.length, other.versions.length);
    for (let at = 0; at < count; at++) {
      if (!same(this.versions[at], other.versions[at])) return at + 1;
    }
    return undefined;
  }

  copy() {
    const copy = new Chain(this.fingerprint, this.versions[0]);
    copy.versions = [...this.versions];
    copy.links = [...this.links];
    return copy;
  }

  /** The chain with votes that came later, where they say where a log ends. */
  async withVotes(votes) {
    let chain = this;
    for (const vote of votes) {
      const at = chain.links.findIndex(({ amendment, ends }) => amendment.charter.version === vote.body.version && ends.size > 0);
      const present = at >= 0 ? chain.version(vote.body.version - 1) : undefined;
      const known = at >= 0 ? chain.links[at].amendment : undefined;
      if (!present || known.votes.some(({ body }) => body.agency === vote.body.agency)) continue;
      const voted = [...known.votes, vote].sort((a, b) => compare(a.body.agency, b.body.agency));
      try {
        const amendment = { charter: known.charter, votes: voted };
        const ends = await checkAmendment(amendment, this.fingerprint, present);
        chain = chain.copy();
        chain.links[at] = { amendment, ends };
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
      }
    }
    return chain;
  }

  /** What a record at `index` of an agency's log under this version may say: "holds", "never" or "ended". */
  entitlement(agency, index, version, scheme, wanted) {
    const may = (charter) => {
      const of = charter && memberOf(charter, agency);
      return of && mayIssue(of, scheme, wanted);
    };
    if (!may(this.version(version))) return "never";
    const cut = ({ amendment, ends }) => amendment.charter.version > version && ends.has(agency) && index >= ends.get(agency);
    return this.links.filter(cut).every(({ amendment }) => may(amendment.charter)) ? "holds" : "ended";
  }

  /** Where the members ended an agency's log; undefined where they did not. */
  endOf(agency) {
    const gone = this.links.filter(({ amendment, ends }) => !memberOf(amendment.charter, agency) && ends.has(agency));
    return gone.map(({ ends }) => ends.get(agency)).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))[0];
  }
}

const DERIVED = ["version", "previous", "members"];

/** Puts a version together again that a label file carries as what it changes. */
async function assemble({ set, unset = [], members = [], gone = [], votes }, before) {
  if ([...set.keys(), ...unset].some((field) => DERIVED.includes(field))) refuse("a derived field");
  const fields = readText(canonical(before));
  for (const field of unset) fields.delete(field);
  for (const [field, value] of set) fields.set(field, value);
  const charter = charterShape(fields);
  charter.version = before.version + 1;
  if (charter.version > 4294967295) refuse("version");
  charter.previous = await charterHash(before);
  const kept = charter.members.filter(({ id }) => !gone.includes(id) && members.every((other) => other.id !== id));
  charter.members = [...kept, ...members].sort((a, b) => compare(a.id, b.id));
  const voted = await charterHash(charter);
  const ballot = ({ agency, heads = [], signature: made }) => ({
    body: { version: charter.version, charter: voted, agency, accept: true, heads },
    signature: made,
  });
  return { charter, votes: votes.map(ballot) };
}
