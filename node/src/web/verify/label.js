// What can be told about a label from keys and charter alone.

/** The label's id: the hash of its common fields. */
async function labelId(commonFields) {
  return sha256(canonicalWithin(commonFields, LIMITS.record));
}

/** An endorsement's id: the hash of its own fields with the label's id, without the proof. */
async function endorsementId({ proof, ...own }, id) {
  return sha256(canonicalWithin({ ...own, label: id }, LIMITS.record));
}

/** The first rule that a label breaks, by name; null for none. The rules need no key. */
function brokenRule(charter, issuer, of) {
  const { common: fields, endorsements } = of;
  if (fields.owner !== issuer || fields.cluster.id.split("/")[0] !== issuer) return "owner";
  const issuing = memberOf(charter, issuer);
  if (!issuing || !mayIssue(issuing, fields.scheme, fields.level)) return "right";
  const rule = ruleOf(charter, fields.scheme, fields.level);
  if (!rule || !same(catalogueOf(charter, rule.catalogue), fields.catalogue)) return "rule";
  if (!hasRightValidity(rule, of)) return "validity";
  if (of.draw ? !concerns(of.draw.call.body, fields) : charter.conflicts.drawn) return "draw";
  const issued = secondsOf(of.issued);
  const alive = endorsements.every(({ expires }) => secondsOf(expires) >= issued);
  if (!ascending(endorsements, ({ endorser }) => endorser) || !alive || endorsements.length > LIMITS.endorsements) {
    return "endorsements";
  }
  return isPanel(charter, rule, fields, endorsements.map(({ endorser }) => endorser)) ? null : "panel";
}

function hasRightValidity(rule, { common: fields, issued, supersedes }) {
  const [assessed, until] = [monthIndex(fields.assessed), monthIndex(fields.valid_until)];
  const first = monthsLater(assessed, rule.first_months);
  const latest = monthsLater(monthsLater(assessed, Math.max(rule.first_months, rule.renewal_months)), rule.renewal_months);
  const renewed = supersedes !== undefined && until <= latest;
  return assessed <= monthOf(secondsOf(issued)) && (until === first || renewed);
}

/** Whether a call for a draw is for this label. */
function concerns(call, fields) {
  const isSame = call.owner === fields.owner && call.cluster === fields.cluster.id && call.scheme === fields.scheme;
  return isSame && call.level === fields.level && monthIndex(fields.assessed) >= monthIndex(call.assessed);
}

/** Whether these endorsers carry a label of this rule. */
function isPanel(charter, rule, fields, endorsers) {
  const home = memberOf(charter, fields.owner)?.country;
  const groups = new Map();
  for (const endorser of endorsers) {
    if (!isEligible(charter, fields, endorser)) return false;
    const abroad = memberOf(charter, endorser).country !== home;
    const group = groupOf(charter, endorser);
    groups.set(group, groups.get(group) || abroad);
  }
  const foreign = [...groups.values()].filter((abroad) => abroad).length;
  return new Set(endorsers).size === endorsers.length && groups.size >= rule.reviewers && foreign >= rule.foreign;
}

function isEligible(charter, fields, candidate) {
  const { owner } = fields;
  if (!memberOf(charter, candidate) || candidate === owner) return false;
  const shared = groupOf(charter, owner) === groupOf(charter, candidate);
  return !shared && !isTied(charter, fields, candidate);
}

/** Whether a tie keeps a candidate from reviewing for this owner, cluster and month. */
function isTied(charter, { owner, cluster, assessed }, candidate) {
  const [ours, theirs] = [groupOf(charter, owner), groupOf(charter, candidate)];
  const month = monthIndex(assessed);
  return (charter.ties ?? []).some(({ agency, to, until }) => {
    const weighs = until === undefined || month - monthIndex(until) <= charter.conflicts.tie_months;
    const declared = groupOf(charter, agency);
    if (to.includes("/")) return weighs && declared === theirs && to === cluster.id;
    const other = groupOf(charter, to);
    return weighs && ((declared === theirs && other === ours) || (declared === ours && other === theirs));
  });
}

/**
 * Checks everything about a label that keys and charter tell: null when it is sound, else `{flaw}` or `{waiting}`, the agency
 * whose key set is missing.
 */
async function unsound(book, agency, of) {
  const charter = book.chain.version(of.common.charter);
  if (!charter) return { flaw: "charter" };
  const flaw = brokenRule(charter, agency, of);
  if (flaw) return { flaw };
  const needed = [...of.endorsements.map(({ endorser, keyset }) => [endorser, keyset]), [agency, of.keyset]];
  const waiting = needed.find(([whose, index]) => !book.issueKey(whose, index));
  if (waiting) return { waiting: waiting[0] };
  const issuerKey = book.issueKey(agency, of.keyset);
  const sheet = await sheetOfLabel(book.federation, charter, of);
  const document = labelDocument(sheet, issuerKey);
  if (!(await proofVerifies(document, of.issued, issuerKey, proofBytes(of.proof)))) return { flaw: "issuer-proof" };
  for (const [at, { endorser, keyset, created, proof }] of of.endorsements.entries()) {
    const key = book.issueKey(endorser, keyset);
    const endorsed = endorsementDocument(sheet, sheet.endorsements[at], created, key);
    if (!(await proofVerifies(endorsed, created, key, proofBytes(proof)))) return { flaw: "endorser-proof" };
  }
  return null;
}

// Status.

const statusLeaf = (id, state) => leafHash(`{"label":"${id}","state":"${state}"}`);

/** What a status says about a label: its state, or null when it is proven not to be there. Throws {@link Refused}. */
async function statusOf(path, status, id) {
  const holds = async (of, { state, index, hashes }) =>
    isIncluded(await statusLeaf(of, state), BigInt(index), BigInt(status.count), hashes, status.root);
  if (path.presence) return (await holds(id, path.presence)) ? path.presence.state : refuse("status path");
  const { left, right } = path.absence;
  for (const beside of [left, right]) {
    if (beside && !(await holds(beside.label, beside.place))) refuse("status path");
  }
  const before = left ? left.place.index + 1 : 0;
  const after = right ? right.place.index : status.count;
  const ordered = (!left || left.label < id) && (!right || id < right.label);
  if (!ordered || before !== after || (status.count === 0 && status.root !== EMPTY_ROOT)) refuse("no neighbours");
  return null;
}
