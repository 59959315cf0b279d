// The charter's own rules, and what one version changes of the one before.

function memberOf(charter, agency) {
  return charter.members.find(({ id }) => id === agency);
}

function ruleOf(charter, scheme, wanted) {
  return charter.schemes.find(({ id }) => id === scheme)?.rules.find((rule) => rule.level === wanted);
}

function catalogueOf(charter, wanted) {
  return charter.catalogues.find(({ id }) => id === wanted);
}

function mayIssue(of, scheme, wanted) {
  return of.rights.some((right) => right.scheme === scheme && right.levels.includes(wanted));
}

const same = (a, b) => (a === undefined || b === undefined ? a === b : canonical(a) === canonical(b));
const among = (list, item) => list.some((other) => same(other, item));

const keyHashes = new Map();

async function hashOfKey(hex) {
  if (!keyHashes.has(hex)) keyHashes.set(hex, await sha256(fromHex(hex)));
  return keyHashes.get(hex);
}

/** Takes each item once; false for the first that was there before. */
function takesOnce(seen, item) {
  if (seen.has(item)) return false;
  seen.add(item);
  return true;
}

/** Whether a charter is one, apart from signatures. */
async function isSoundCharter(charter) {
  const { version, members } = charter;
  if (version === 0 || (version === 1) === (charter.previous !== undefined)) return false;
  if (members.length === 0 || members.length > LIMITS.members || !ascending(members, ({ id }) => id)) return false;
  const keys = new Set();
  for (const { identity, successor, rights } of members) {
    if (!takesOnce(keys, await hashOfKey(identity)) || !takesOnce(keys, successor)) return false;
    if (rights.some((right) => charter.schemes.every(({ id }) => id !== right.scheme))) return false;
  }
  const sound = hasSoundRules(charter) && hasSoundResumptions(charter) && hasSoundTies(charter) && hasSoundFormer(charter);
  if (!sound || !(await hasSoundRekeyings(charter, keys))) return false;
  const { retention, disclosure } = charter;
  const within = (number, least, most) => number >= least && number <= most;
  if (
    retention &&
    !(
      within(retention.dossier_days, 1, 365) &&
      within(retention.review_days, 30, 3650) &&
      within(retention.assessment_months, 6, 240)
    )
  ) {
    return false;
  }
  if (disclosure.pool && disclosure.pool.below < disclosure.minimum) {
    return false;
  }
  return disclosure.minimum >= 3 && disclosure.protection > 0 && hasSoundCounts(disclosure);
}

/** Noise or rounding, not both, each within its bounds; and no table twice. */
function hasSoundCounts({ minimum, noise, rounding, tables = [] }) {
  if (new Set(tables).size !== tables.length || (noise && rounding !== undefined)) return false;
  if (rounding !== undefined && ![3, 5, 10].includes(rounding)) return false;
  if (!noise) return true;
  const { maximum, tenths } = noise;
  const most = Math.floor((Math.min(minimum, maximum) * (maximum + 1) * 10) / 3);
  return maximum >= 1 && maximum <= 20 && tenths >= Math.ceil((maximum * maximum) / 2) && tenths <= most;
}

function hasSoundRules(charter) {
  const rules = charter.schemes.flatMap((scheme) => scheme.rules.map((rule) => ({ scheme, rule })));
  const names = [
    ...charter.catalogues.map(({ id }) => `catalogue ${id}`),
    ...charter.schemes.map(({ id }) => `scheme ${id}`),
    ...rules.map(({ scheme, rule }) => `${rule.level} of ${scheme.id}`),
  ];
  if (new Set(names).size !== names.length || charter.status_max_age_days === 0) return false;
  return rules.every(({ rule }) => {
    const span = rule.predecessor_months;
    const saysNothing = span && (rule.predecessor === undefined || span.from > span.to);
    const enough = rule.foreign <= rule.reviewers && rule.reviewers <= LIMITS.endorsements;
    return catalogueOf(charter, rule.catalogue) && enough && !saysNothing;
  });
}

async function hasSoundRekeyings(charter, keys) {
  const waiting = charter.rekeyings ?? [];
  for (const { agency, identity, successor } of waiting) {
    const fresh = takesOnce(keys, await hashOfKey(identity)) && takesOnce(keys, successor);
    if (!fresh || charter.version === 1 || !memberOf(charter, agency)) return false;
  }
  return ascending(waiting, ({ agency }) => agency);
}

function hasSoundResumptions(charter) {
  const resumptions = charter.resumptions ?? [];
  const each = ({ agency, epoch }) => epoch >= 1 && epoch < 4294967295 && charter.version > 1 && memberOf(charter, agency);
  return resumptions.every(each) && ascending(resumptions, ({ agency }) => agency);
}

/** Agencies come before clusters. */
const tieKey = ({ agency, to }) => `${agency}\u0000${to.includes("/") ? "1" : "0"}${to}`;

function hasSoundTies(charter) {
  const ties = charter.ties ?? [];
  const each = ({ agency, to }) => memberOf(charter, agency) && to.split("/")[0] !== agency;
  return ties.every(each) && ascending(ties, tieKey);
}

function hasSoundFormer({ refounds: former }) {
  if (!former) return true;
  const sizes = former.heads.every(({ size }) => size > 0 && BigInt(size) <= LIMITS.logSize);
  const few = former.heads.length <= 4 * LIMITS.members;
  return former.version > 0 && sizes && few && ascending(former.heads, ({ agency }) => agency) && !/^0{64}$/.test(former.federation);
}

function resumedEpoch(charter, agency) {
  return (charter.resumptions ?? []).find((resumption) => resumption.agency === agency)?.epoch ?? 0;
}

function rekeyingOf(charter, agency) {
  return (charter.rekeyings ?? []).find((waiting) => waiting.agency === agency);
}

/** The re-keying of this agency that `next` carries out. */
function carriedOut(present, next, agency) {
  const waiting = rekeyingOf(present, agency);
  const after = memberOf(next, agency);
  const done = waiting && after && after.identity === waiting.identity && after.successor === waiting.successor;
  return done && !rekeyingOf(next, agency) ? waiting : undefined;
}

const rightsOf = ({ rights }) => new Set(rights.flatMap(({ scheme, levels }) => levels.map((of) => `${scheme} ${of}`)));

/**
 * What `next` changes of `present`: a list of `{kind, agency, …}`. Kinds that no rule depends on are all called "other".
 */
async function differences(present, next) {
  const all = [];
  for (const after of next.members) {
    const before = memberOf(present, after.id);
    if (!before) all.push({ kind: "joins", agency: after.id });
    else await memberDifferences(before, after, !!carriedOut(present, next, after.id), all);
  }
  for (const waiting of present.rekeyings ?? []) {
    if (among(next.rekeyings ?? [], waiting)) continue;
    const done = carriedOut(present, next, waiting.agency);
    all.push({ kind: done ? "rekeyed" : "other", agency: waiting.agency, waiting });
  }
  for (const waiting of next.rekeyings ?? []) {
    if (!among(present.rekeyings ?? [], waiting)) all.push({ kind: "announced", agency: waiting.agency, waiting });
  }
  for (const { agency, epoch } of next.resumptions ?? []) {
    if (epoch > resumedEpoch(present, agency)) all.push({ kind: "resumed", agency });
  }
  for (const { id } of present.members) {
    if (!memberOf(next, id)) all.push({ kind: "leaves", agency: id });
  }
  if (otherwiseDiffers(present, next)) all.push({ kind: "other" });
  return all;
}

async function memberDifferences(before, after, rekeyed, all) {
  const agency = after.id;
  if (before.identity !== after.identity && !rekeyed) {
    all.push({ kind: "identity", agency, committed: before.successor === (await hashOfKey(after.identity)) });
  }
  if (before.successor !== after.successor && !rekeyed) all.push({ kind: "successor", agency });
  if (before.parent !== after.parent) all.push({ kind: "parent", agency });
  const [had, has] = [rightsOf(before), rightsOf(after)];
  for (const right of has) if (!had.has(right)) all.push({ kind: "other", agency });
  for (const right of had) if (!has.has(right)) all.push({ kind: "loses", agency });
  const described = before.name !== after.name || before.country !== after.country;
  if (described || !same(before.contacts, after.contacts)) all.push({ kind: "other", agency });
}

/** Differences in what is no member's: an order, or a part of a rule that says the same, is none. */
function otherwiseDiffers(present, next) {
  const ids = (list) => new Set(list.map(({ id }) => id));
  const schemes = new Set([...ids(present.schemes), ...ids(next.schemes)]);
  for (const id of schemes) {
    const [before, after] = [present, next].map((charter) => charter.schemes.find((scheme) => scheme.id === id));
    if (!before || !after || before.name !== after.name) return true;
    for (const of of ["BRONZE", "SILVER", "GOLD"]) {
      if (!same(ruleOf(present, id, of), ruleOf(next, id, of))) return true;
    }
  }
  for (const id of new Set([...ids(present.catalogues), ...ids(next.catalogues)])) {
    if (!same(catalogueOf(present, id), catalogueOf(next, id))) return true;
  }
  const pair = ({ agency, to }) => `${agency} ${to}`;
  const [ties, nextTies] = [present.ties ?? [], next.ties ?? []];
  if (nextTies.some((tie) => !among(ties, tie)) || ties.some((tie) => !nextTies.some((other) => pair(other) === pair(tie)))) {
    return true;
  }
  const fields = ["conflicts", "disclosure", "retention", "status_max_age_days", "review_by", "name"];
  return fields.some((field) => !same(present[field], next[field]));
}

const CHANGES_KEYS = ["identity", "successor", "announced", "rekeyed"];
const CHANGES_WITNESSES = ["joins", "leaves", "parent"];
const CUTS = ["leaves", "loses"];

/** The rules of a text that follows `present`, whoever agrees to it: what it changes. Throws {@link Refused}. */
async function follows(present, next) {
  if (!(await isSoundCharter(next))) refuse("not a charter");
  if (next.version !== present.version + 1 || next.previous !== (await charterHash(present))) refuse("another version");
  if (present.demonstration !== next.demonstration || !same(present.refounds, next.refounds)) refuse("what cannot change");
  for (const { agency, epoch } of present.resumptions ?? []) {
    if (memberOf(next, agency) && resumedEpoch(next, agency) < epoch) refuse("a resumption taken back");
  }
  const changes = await differences(present, next);
  if (changes.length === 0) refuse("nothing changes");
  const created = secondsOf(next.created);
  for (const { kind, agency, committed, waiting } of changes) {
    if (kind === "identity" && !committed) refuse("a key that was not committed to");
    if (kind === "announced" && waiting.announced !== next.created) refuse("announced at another time");
    const due = waiting && Math.min(secondsOf(waiting.announced) + LIMITS.rekeyingSeconds, LAST_SECOND);
    if (kind === "rekeyed" && created < due) refuse("too soon");
    if ((kind === "identity" || kind === "successor") && rekeyingOf(next, agency)) refuse("overtaken");
  }
  const any = (kinds) => changes.some(({ kind }) => kinds.includes(kind));
  if (any(CHANGES_WITNESSES) && ((next.rekeyings ?? []).length > 0 || any(CHANGES_KEYS))) refuse("keys and witnesses");
  return changes;
}

const charterTexts = new WeakMap();

/** The hash of a charter's canonical text. */
async function charterHash(charter) {
  if (!charterTexts.has(charter)) charterTexts.set(charter, await sha256(canonicalWithin(charter, LIMITS.document)));
  return charterTexts.get(charter);
}
