// Labels and endorsements as W3C Verifiable Credentials. One is never parsed to be believed: it is made anew from typed fields,
// as JSON and as N-Quads, and has to be the same.

const CONTEXTS = [
  "https://www.w3.org/ns/credentials/v2",
  "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
  "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json",
];
const CREDENTIALS = "https://www.w3.org/2018/credentials#";
const BADGES = "https://purl.imsglobal.org/spec/vc/ob/vocab.html#";
const STATUS_WORDS = "https://www.w3.org/ns/credentials/status#";
const SCHEMAS = "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_";
const RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";
const DATE_TIME = "http://www.w3.org/2001/XMLSchema#dateTime";
const SECURITY = "https://w3id.org/security#";

/** What the contexts make of each property. */
const TERMS = {
  name: "https://schema.org/name",
  description: "https://schema.org/description",
  issuer: CREDENTIALS + "issuer",
  credentialSubject: CREDENTIALS + "credentialSubject",
  evidence: CREDENTIALS + "evidence",
  credentialStatus: CREDENTIALS + "credentialStatus",
  credentialSchema: CREDENTIALS + "credentialSchema",
  validFrom: CREDENTIALS + "validFrom",
  validUntil: CREDENTIALS + "validUntil",
  achievement: BADGES + "achievement",
  achievementType: BADGES + "achievementType",
  criteria: BADGES + "Criteria",
  version: BADGES + "version",
  endorsementComment: BADGES + "endorsementComment",
  statusPurpose: STATUS_WORDS + "statusPurpose",
  statusListIndex: STATUS_WORDS + "statusListIndex",
  statusListCredential: STATUS_WORDS + "statusListCredential",
};
const IRI_TERMS = ["statusListCredential"];
const DATE_TERMS = ["validFrom", "validUntil"];

/** And of each type. */
const CLASSES = {
  VerifiableCredential: CREDENTIALS + "VerifiableCredential",
  OpenBadgeCredential: BADGES + "OpenBadgeCredential",
  EndorsementCredential: BADGES + "EndorsementCredential",
  Profile: BADGES + "Profile",
  AchievementSubject: BADGES + "AchievementSubject",
  EndorsementSubject: BADGES + "EndorsementSubject",
  Achievement: BADGES + "Achievement",
  Evidence: BADGES + "Evidence",
  BitstringStatusListEntry: STATUS_WORDS + "BitstringStatusListEntry",
  "1EdTechJsonSchemaValidator2019": "https://purl.imsglobal.org/spec/vccs/v1p0/context.json#1EdTechJsonSchemaValidator2019",
};

/** Stands before every name in a demonstration. */
const MARK = "DEMONSTRATION: ";
const ASSESSED = "Assessed in ";
const ENDORSED = "Endorsement by ";

/** The hash of what a label stands on besides its common fields and endorsements. */
async function basisOf({ adoption, heads, keyset, supersedes }) {
  return sha256(canonicalWithin({ adoption, heads, keyset, supersedes }, LIMITS.record));
}

/** What the credential of a label prints. Names come from `charter`, the version that the label names. */
async function sheetOfLabel(federation, charter, of) {
  const { common: fields } = of;
  const id = await labelId(fields);
  const nameOf = (agency) => memberOf(charter, agency)?.name ?? agency;
  const endorsements = of.endorsements.map(async (endorsement) => ({
    id: await endorsementId(endorsement, id),
    endorser: endorsement.endorser,
    endorserName: nameOf(endorsement.endorser),
  }));
  return {
    federation,
    demonstration: charter.demonstration,
    label: id,
    scheme: fields.scheme,
    schemeName: charter.schemes.find((scheme) => scheme.id === fields.scheme)?.name ?? fields.scheme,
    level: fields.level,
    catalogue: fields.catalogue.id,
    catalogueHash: fields.catalogue.hash,
    cluster: fields.cluster.id,
    clusterName: fields.cluster.name,
    owner: fields.owner,
    ownerName: nameOf(fields.owner),
    assessed: fields.assessed,
    issued: of.issued,
    validUntil: fields.valid_until,
    statusIndex: of.status_index,
    endorsements: await Promise.all(endorsements),
    basis: await basisOf(of),
  };
}

/** The words that both documents share. */
function wordingOf({ federation, demonstration, schemeName, level: of }) {
  return {
    iri: (kind, rest) => `urn:parangon:${federation}:${kind}:${rest}`,
    award: `${schemeName} ${of}`,
    mark: demonstration ? MARK : "",
    caveat: demonstration ? " This is a demonstration: the scores are made up and nothing was awarded." : "",
  };
}

const schemaOf = (kind) => [{ id: `${SCHEMAS}${kind}credential_schema.json`, type: "1EdTechJsonSchemaValidator2019" }];
const profileOf = (profileName, key) => ({ id: didOf(key), type: ["Profile"], name: profileName });
const validUntil = (sheet) => stampOf(lastSecond(monthIndex(sheet.validUntil)));

/** A label as an Open Badge, without its proof. */
function labelDocument(sheet, key) {
  const wording = wordingOf(sheet);
  const list = wording.iri("status", sheet.owner);
  const evidence = (kind, id, evidenceName) => ({ id: wording.iri(kind, id), type: ["Evidence"], name: evidenceName });
  return {
    id: wording.iri("label", sheet.label),
    type: ["VerifiableCredential", "OpenBadgeCredential"],
    credentialSchema: schemaOf("achievement"),
    credentialStatus: {
      id: `${list}#${sheet.statusIndex}`,
      type: "BitstringStatusListEntry",
      statusListCredential: list,
      statusListIndex: String(sheet.statusIndex),
      statusPurpose: "revocation",
    },
    credentialSubject: {
      id: wording.iri("cluster", sheet.cluster),
      type: ["AchievementSubject"],
      achievement: {
        id: wording.iri("level", `${sheet.scheme}:${sheet.level}`),
        type: ["Achievement"],
        achievementType: "QualityAssuranceCredential",
        criteria: { id: wording.iri("criteria", `${sheet.catalogue}:${sheet.catalogueHash}`) },
        description: `${wording.award}, by the catalogue ${sheet.catalogue}.${wording.caveat}`,
        name: `${wording.mark}${wording.award}`,
        version: sheet.catalogue,
      },
      name: sheet.clusterName,
    },
    description:
      `${ASSESSED}${sheet.assessed}. The signature shows who signed; only the proof from the issuer's log shows that ` +
      `the label counts.${wording.caveat}`,
    evidence: [
      ...sheet.endorsements.map(({ id, endorserName }) => evidence("endorsement", id, `${ENDORSED}${endorserName}`)),
      evidence("basis", sheet.basis, "Place in the log"),
    ],
    issuer: profileOf(sheet.ownerName, key),
    name: `${wording.mark}${wording.award}: ${sheet.clusterName}`,
    validFrom: sheet.issued,
    validUntil: validUntil(sheet),
  };
}

/** The endorsement `{id, endorserName}` of a label, made at `created`, without its proof. */
function endorsementDocument(sheet, { id, endorserName }, created, key) {
  const wording = wordingOf(sheet);
  return {
    id: wording.iri("endorsement", id),
    type: ["VerifiableCredential", "EndorsementCredential"],
    credentialSchema: schemaOf("endorsement"),
    credentialSubject: {
      id: wording.iri("label", sheet.label),
      type: ["EndorsementSubject"],
      endorsementComment:
        `We reviewed the dossier assessed in ${sheet.assessed} and endorse the label. ` +
        `No expert of ours coached, funds or works for the cluster.${wording.caveat}`,
    },
    issuer: profileOf(endorserName, key),
    name: `${wording.mark}Endorsement of ${wording.award}: ${sheet.clusterName}`,
    validFrom: created,
    validUntil: validUntil(sheet),
  };
}

/** Its statements as canonical N-Quads: sorted by code point, each once. */
function quadsOf(node, lines = new Set()) {
  const state = (term, object) => lines.add(`<${node.id}> <${term}> ${object} .\n`);
  for (const type of [node.type ?? []].flat()) state(RDF_TYPE, `<${CLASSES[type]}>`);
  for (const [term, iri] of Object.entries(TERMS)) {
    for (const value of [node[term] ?? []].flat()) {
      if (typeof value === "object") {
        state(iri, `<${value.id}>`);
        quadsOf(value, lines);
      } else if (IRI_TERMS.includes(term)) {
        state(iri, `<${value}>`);
      } else {
        state(iri, quote(value) + (DATE_TERMS.includes(term) ? `^^<${DATE_TIME}>` : ""));
      }
    }
  }
  return lines;
}

/** By code point, which UTF-16 does not keep for what lies beyond it. */
function byCodePoint(a, b) {
  const [left, right] = [[...a], [...b]];
  for (let at = 0; at < left.length && at < right.length; at++) {
    if (left[at] !== right[at]) return left[at].codePointAt(0) - right[at].codePointAt(0);
  }
  return left.length - right.length;
}

const methodOf = (key) => `${didOf(key)}#${multikey(key)}`;

/** The 64 bytes that are signed (eddsa-rdfc-2022): the hashes of the proof's options and of the document. */
async function hashToSign(document, created, key) {
  const options =
    `_:c14n0 <http://purl.org/dc/terms/created> "${created}"^^<${DATE_TIME}> .\n` +
    `_:c14n0 <${RDF_TYPE}> <${SECURITY}DataIntegrityProof> .\n` +
    `_:c14n0 <${SECURITY}cryptosuite> "eddsa-rdfc-2022"^^<${SECURITY}cryptosuiteString> .\n` +
    `_:c14n0 <${SECURITY}proofPurpose> <${SECURITY}assertionMethod> .\n` +
    `_:c14n0 <${SECURITY}verificationMethod> <${methodOf(key)}> .\n`;
  const lines = [...quadsOf(document)].sort(byCodePoint);
  return concat(await sha256Bytes(options), await sha256Bytes(lines.join("")));
}

/** Whether these 64 bytes are this key's signature over the document. */
async function proofVerifies(document, created, key, proof) {
  return verifies(key, await hashToSign(document, created, key), proof);
}

/** The bytes of a proof value that was read as one. */
const proofBytes = (proof) => fromBase58(proof.slice(1), 64);

/** The whole credential in JCS. */
function credentialText(document, created, key, proof) {
  return canonical({
    ...document,
    "@context": CONTEXTS,
    proof: {
      created,
      cryptosuite: "eddsa-rdfc-2022",
      proofPurpose: "assertionMethod",
      proofValue: proof,
      type: "DataIntegrityProof",
      verificationMethod: methodOf(key),
    },
  });
}
