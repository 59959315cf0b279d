// A file that carries a label: which verdict it has. A credential or a code has none of the log's proofs; its signatures are checked
// with what the reader knows of the federation.

/** The verdict on a file at a time, in seconds. Whatever the bytes are, there is one. */
async function verifyFile(bytes, trust, at) {
  const carried = await openCarrier(bytes);
  const verdict = await verifyCarried(carried, bytes, trust, at);
  if (carried.drawn && verdict.label) verdict.notChecked.push("drawn");
  return verdict;
}

async function verifyCarried({ bundle, beside, credential, digits, proof, wrong }, bytes, trust, at) {
  if (bundle) return verifyBundle(bundle, beside, trust, at);
  if (credential) return verifyAlone((verdict) => checkCredential(credential, trust, verdict));
  if (digits) return verifyAlone((verdict) => checkCode(digits, trust, at, verdict));
  if (proof) return verdictOf("cannot-tell", { code: "proof-alone" });
  if (wrong === "too-large") return verdictOf("no-label", { code: "too-large" });
  return wrong === "several" ? verdictOf("cannot-tell", { code: "several" }) : unreadable(bytes);
}

/** What cannot be read: once a label, as far as one can see, or something else. */
function unreadable(bytes) {
  const isOurs = indexOfBytes(bytes, "parangon/") >= 0 || indexOfBytes(bytes, "urn:parangon:") >= 0;
  return isOurs ? verdictOf("not-authentic", { code: "damaged" }) : verdictOf("no-label", { code: "not-a-label" });
}

/** The federation of a chain, for people. */
function federationOf(chain, pinned) {
  return { name: chain.newest.name, fingerprint: chain.fingerprint, words: wordsOf(chain.fingerprint), pinned: pinned === true };
}

/** The verdict on the text of a label file, beside which these credentials lie. */
async function verifyBundle(bytes, beside, trust, at) {
  if (bytes.length > LIMITS.document) return verdictOf("no-label", { code: "too-large" });
  let bundle;
  try {
    const value = readJson(bytes);
    bundle = value instanceof Map ? bundleShape(value) : refuse("not an object");
    if (bundle.type !== "parangon-label") refuse("something else");
  } catch (error) {
    if (error instanceof Refused) return unreadable(bytes);
    throw error;
  }
  const own = canonical(bundle.credential);
  const isOwn = (value) => value !== null && canonical(value) === own;
  if (!beside.every((text) => isOwn(readOrNull(text)))) return verdictOf("cannot-tell", { code: "several" });
  if (bundle.v !== 1) return verdictOf("cannot-tell", { code: "other-version", version: bundle.v, known: 1 });
  let chain;
  try {
    chain = await orMismatch("charter", () => Chain.revised(bundle.founding, bundle.revisions));
  } catch (error) {
    return verdictOfStop(error);
  }
  const pinned = trust.pinned(chain.fingerprint);
  const federation = federationOf(chain, pinned);
  if (pinned === false) return { ...verdictOf("unknown-signer", foreignCause(chain, trust)), federation };
  let trusted;
  try {
    trusted = await trust.newest(chain);
  } catch (error) {
    return { ...verdictOfStop(error), federation };
  }
  const verdict = { ...verdictOf("valid"), federation };
  let ended;
  try {
    await new Case(bundle, trusted, at, verdict).check();
  } catch (error) {
    ended = verdictOfStop(error);
  }
  // All bets are off: nothing of the content is shown.
  if (ended?.verdict === "not-authentic") return ended;
  if (pinned === undefined) ended = verdictOf("cannot-tell", { code: "unpinned", words: federation.words });
  if (ended) Object.assign(verdict, { verdict: ended.verdict, code: ended.code, cause: ended.cause });
  verdict.notChecked.push("history", "objections");
  return verdict;
}

/** Why a federation is a foreign one: it may say that it continues one that is trusted. */
function foreignCause(chain, trust) {
  const former = chain.versions[0].refounds?.federation;
  if (former === undefined || trust.pinned(former) !== true) return { code: "other-federation" };
  return { code: "refounded", former: wordsOf(former), words: wordsOf(chain.fingerprint) };
}

/** Runs checks that end in a {@link Stop}: a label without its log is never valid. */
async function verifyAlone(check) {
  const verdict = verdictOf("valid");
  try {
    await check(verdict);
  } catch (error) {
    const { verdict: outcome, code, cause } = verdictOfStop(error);
    Object.assign(verdict, { verdict: outcome, code, cause });
  }
  if (verdict.label) verdict.notChecked.push("logs", "withdrawal", "rules");
  return verdict;
}

/** A federation of which the file tells no more than the fingerprint. */
function namedFederation(fingerprint, trust) {
  const known = trust.known.get(fingerprint);
  return { name: known?.chain.newest.name, fingerprint, words: wordsOf(fingerprint), pinned: known !== undefined };
}

async function checkCredential(bytes, trust, verdict) {
  const value = readOrNull(bytes);
  const refused = () => {
    const { verdict: outcome, cause } = unreadable(bytes);
    return outcome === "not-authentic" && value !== null ? mismatch("credential") : stop(outcome, cause.code);
  };
  if (value === null) refused();
  // Endorsements and lists of the same federation are no labels.
  const types = value instanceof Map ? value.get("type") : undefined;
  if (!Array.isArray(types) || !types.includes("OpenBadgeCredential")) stop("no-label", "not-a-label");
  const held = heldLabel(value) ?? refused();
  const { sheet, key, proof } = held;
  if (!(await proofVerifies(labelDocument(sheet, key), sheet.issued, key, proofBytes(proof)))) mismatch("signature");
  const pinned = trust.pinned(sheet.federation);
  verdict.federation = namedFederation(sheet.federation, trust);
  if (pinned === false) stop("unknown-signer", "other-federation");
  const known = trust.known.get(sheet.federation);
  const keys = known?.book.issueKeys(sheet.owner) ?? [];
  const stranger = known !== undefined && !known.chain.knows(sheet.owner);
  if (stranger || (keys.length > 0 && !keys.includes(key))) stop("unknown-signer", "unknown-key", { agency: sheet.owner });
  verdict.label = factsOf(sheet);
  verdict.checked.push({ what: "signature" });
  if (pinned === undefined) stop("cannot-tell", "unpinned", { words: wordsOf(sheet.federation) });
  stop("not-entitled", "not-in-log", { agency: sheet.owner });
}

async function checkCode(digits, trust, at, verdict) {
  const bytes = bytesOfDigits(digits);
  if (bytes?.[0] !== 1) stop("no-label", "not-a-label");
  const orDamaged = (read) => {
    try {
      return read();
    } catch (error) {
      if (error instanceof Refused) return stop("not-authentic", "damaged");
      throw error;
    }
  };
  const code = orDamaged(() => readCode(bytes.subarray(1)));
  const fingerprint = [...trust.known.keys()].find((pin) => pin.startsWith(code.federation));
  if (fingerprint === undefined) {
    const words = wordsOf(code.federation);
    verdict.federation = { words, pinned: false };
    if (trust.known.size === 0) stop("cannot-tell", "unpinned", { words });
    stop("unknown-signer", "other-federation");
  }
  verdict.federation = namedFederation(fingerprint, trust);
  const { chain, book } = trust.known.get(fingerprint);
  const charter = chain.version(code.charter) ?? stop("cannot-tell", "charter-unknown", { version: code.charter });
  const sheet = orDamaged(() => sheetOfCode(code, fingerprint, charter));
  await checkSignatures(code, sheet, book);
  verdict.label = factsOf(sheet);
  const [signed, endorsers] = [code.signatures.length, code.endorsements.length];
  verdict.checked.push({ what: "code", signed, endorsers }, { what: "charter", version: code.charter, members: charter.members.length });
  checkDates(at, sheet.issued, sheet.validUntil, ruleOf(charter, sheet.scheme, sheet.level));
  stop("cannot-tell", "code-alone", { signed, endorsers });
}

/** Each signature in a code is by an issue key that its agency has stated. */
async function checkSignatures(code, sheet, book) {
  const isBy = async (agency, documentFor, created, proof) => {
    const keys = book.issueKeys(agency);
    if (keys.length === 0) stop("cannot-tell", "missing-keys", { agency });
    for (const key of keys) if (await proofVerifies(documentFor(key), created, key, proof)) return;
    mismatch("signature");
  };
  await isBy(sheet.owner, (key) => labelDocument(sheet, key), sheet.issued, code.proof);
  for (const [at, { created, proof }] of code.signatures.entries()) {
    const endorsement = sheet.endorsements[at];
    await isBy(endorsement.endorser, (key) => endorsementDocument(sheet, endorsement, created, key), created, proof);
  }
}

/** What a credential prints, as facts of a verdict. */
function factsOf(sheet) {
  return {
    id: sheet.label,
    cluster: { id: sheet.cluster, name: sheet.clusterName },
    scheme: sheet.scheme,
    schemeName: sheet.schemeName,
    level: sheet.level,
    issuer: sheet.ownerName,
    endorsers: sheet.endorsements.map(({ endorserName }) => endorserName),
    assessed: sheet.assessed,
    issued: sheet.issued,
    validUntil: sheet.validUntil,
    catalogue: sheet.catalogue,
    demonstration: sheet.demonstration,
  };
}
