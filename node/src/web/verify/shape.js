// Readers of typed values, with the grammar of each name. A reader takes what `readJson` gives and returns plain objects whose
// canonical text is the one that was signed; anything else throws {@link Refused}.

/** A struct with these fields, in the order of their declaration: a list of them in that order is read, too. */
function struct(fields) {
  const names = Object.keys(fields);
  return (value) => {
    const isList = Array.isArray(value);
    if (!isList && !(value instanceof Map)) refuse("not an object");
    if (isList ? value.length > names.length : [...value.keys()].some((key) => !Object.hasOwn(fields, key))) refuse("unknown field");
    const read = {};
    names.forEach((name, at) => {
      const given = isList ? value[at] : value.get(name);
      if (given !== undefined) read[name] = fields[name](given);
      else if (!fields[name].optional) refuse("missing field");
    });
    return read;
  };
}

function optional(reader) {
  const read = (value) => reader(value);
  read.optional = true;
  return read;
}

/** A field that is not written when it holds this. */
function leftOut(reader, isEmpty) {
  const read = (value) => {
    const given = reader(value);
    return isEmpty(given) ? undefined : given;
  };
  read.optional = true;
  return read;
}

const listOf = (reader) => (value) => (Array.isArray(value) ? value.map(reader) : refuse("not a list"));
const listOrNone = (reader) => leftOut(listOf(reader), (list) => list.length === 0);

function text(value) {
  return typeof value === "string" ? value : refuse("not a text");
}

function flag(value) {
  return typeof value === "boolean" ? value : refuse("not a boolean");
}

const anything = (value) => value;

const integer = (least, most) => (value) =>
  typeof value === "number" && value >= least && value <= most ? value : refuse("not a number in range");

const u8 = integer(0, 255);
const u16 = integer(0, 65535);
const u32 = integer(0, 4294967295);
const u64 = integer(0, LIMITS.integer);
const i64 = integer(-LIMITS.integer, LIMITS.integer);

const matching = (pattern) => (value) => (pattern.test(text(value)) ? value : refuse("grammar"));
const oneOf = (...words) => (value) => (words.includes(text(value)) ? value : refuse("unknown word"));

const agencyId = matching(/^[a-z0-9-]{3,32}$/);
const schemeId = agencyId;
const catalogueId = matching(/^[a-z0-9-]{3,48}$/);
const indicatorId = matching(/^[A-Za-z0-9.-]{1,16}$/);
const country = matching(/^[A-Z]{2}$/);
const clusterId = matching(/^[a-z0-9-]{3,32}\/[0-9a-f]{24}$/);
const hash = matching(/^[0-9a-f]{64}$/);
const signature = matching(/^[0-9a-f]{128}$/);
const level = oneOf("BRONZE", "SILVER", "GOLD");
const period = matching(/^(?:19[7-9][0-9]|[2-9][0-9]{3})-Q[1-4]$/);

// White space as Unicode defines it, of which some are control characters.
const WHITE_SPACE = "\\u0009-\\u000d\\u0020\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const OUTER_SPACE = new RegExp(`^[${WHITE_SPACE}]|[${WHITE_SPACE}]$`, "u");
const UNPRINTABLE = new RegExp(
  "[\\u0000-\\u001f\\u007f-\\u009f\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufdd0-\\ufdef\\ufeff\\ufff9-\\ufffb" +
    Array.from({ length: 17 }, (_, plane) => `\\u{${(plane * 65536 + 65534).toString(16)}}\\u{${(plane * 65536 + 65535).toString(16)}}`).join("") +
    "]",
  "u",
);

function name(value) {
  const count = [...text(value)].length;
  const good = count >= 1 && count <= LIMITS.nameChars && !OUTER_SPACE.test(value) && !UNPRINTABLE.test(value);
  return good ? value : refuse("not a name");
}

/** A key, as 64 hex digits. */
function publicKey(value) {
  return keyProblem(hash(value)) ? refuse("not a key") : value;
}

/** A signature in multibase. */
function proofValue(value) {
  return text(value).startsWith("z") && fromBase58(value.slice(1), 64) ? value : refuse("not a proof value");
}

function month(value) {
  return monthIndex(text(value)) === null ? refuse("not a month") : value;
}

/** A quarter such as 2026-Q4, from 1970 on. */
function quarter(value) {
  return /^(19[7-9]\d|[2-9]\d{3})-Q[1-4]$/.test(text(value)) ? value : refuse("not a quarter");
}

function timestamp(value) {
  return secondsOf(text(value)) === null ? refuse("not a time") : value;
}

/** An agency, or one cluster of it. */
function tied(value) {
  return text(value).includes("/") ? clusterId(value) : agencyId(value);
}

const NUTS_VERSIONS = [2003, 2006, 2008, 2010, 2013, 2016, 2021, 2024];
const nuts = struct({
  code: matching(/^[A-Z]{2}[0-9A-Z]{1,3}$/),
  version: (value) => (NUTS_VERSIONS.includes(u16(value)) ? value : refuse("NUTS version")),
});

const logId = struct({ agency: agencyId, epoch: u32 });
const catalogueRef = struct({ hash, id: catalogueId });
const signed = (body) => struct({ body, signature });
const headRef = struct({ log: logId, root: hash, size: u64 });
const lastHead = struct({ log: logId, note: listOf(text) });

const member = struct({
  id: agencyId,
  name,
  country,
  parent: optional(name),
  rights: listOf(struct({ scheme: schemeId, levels: listOf(level) })),
  identity: publicKey,
  successor: hash,
  contacts: listOf(text),
});

const levelRule = struct({
  level,
  catalogue: catalogueId,
  reviewers: u8,
  foreign: u8,
  requirements: struct({ threshold_bp: optional(u32), minimum_level: optional(u8), complete: flag, improvements: u8 }),
  eligibility: struct({ eccp_listed: flag, management_fte_hundredths: u32, members: u32, member_types: u32 }),
  first_months: u16,
  renewal_months: u16,
  renewal_window_months: u16,
  predecessor: optional(level),
  predecessor_months: optional(struct({ from: u16, to: u16 })),
});

const charterShape = struct({
  version: u32,
  previous: optional(hash),
  name,
  created: timestamp,
  review_by: month,
  demonstration: flag,
  members: listOf(member),
  schemes: listOf(struct({ id: schemeId, name, rules: listOf(levelRule) })),
  catalogues: listOf(catalogueRef),
  conflicts: struct({ drawn: leftOut(flag, (drawn) => !drawn), swap_months: u16, swap_floor: u8, tie_months: u16 }),
  disclosure: struct({
    minimum: u32,
    noise: optional(struct({ maximum: u8, tenths: u32 })),
    pool: optional(struct({ below: u32, from: quarter })),
    protection: u32,
    rounding: optional(u32),
    tables: listOrNone(oneOf("country", "region", "field", "level")),
  }),
  retention: optional(struct({ dossier_days: u32, review_days: u32, assessment_months: u16 })),
  status_max_age_days: u32,
  refounds: optional(
    struct({ federation: hash, version: u32, charter: hash, heads: listOf(struct({ agency: agencyId, size: u64, root: hash })) }),
  ),
  rekeyings: listOrNone(struct({ agency: agencyId, announced: timestamp, identity: publicKey, successor: hash })),
  resumptions: listOrNone(struct({ agency: agencyId, epoch: u32 })),
  ties: listOrNone(struct({ agency: agencyId, to: tied, until: optional(month) })),
});

const founding = struct({ charter: charterShape, signatures: listOf(struct({ agency: agencyId, signature })) });

const vote = signed(struct({ version: u32, charter: hash, agency: agencyId, accept: flag, heads: listOf(lastHead) }));

const signedKeySet = signed(
  struct({
    agency: agencyId,
    number: u32,
    log: publicKey,
    witness: publicKey,
    issue: publicKey,
    sealing: text,
    transport: publicKey,
  }),
);

const share = struct({ place: integer(1, 255), value: hash });
const draw = struct({
  call: signed(
    struct({
      after: optional(hash),
      assessed: month,
      charter: u32,
      cluster: clusterId,
      created: timestamp,
      heads: listOf(headRef),
      level,
      owner: agencyId,
      salt: hash,
      scheme: schemeId,
      until: timestamp,
    }),
  ),
  commitments: listOf(signed(struct({ call: hash, contributor: agencyId, created: timestamp, shares: hash, value: hash }))),
  disclosed: listOf((value) => {
    const by = value instanceof Map ? value.get("by") : undefined;
    const opening = signed(struct({ call: hash, contributor: agencyId, selection: hash, value: hash }));
    const release = signed(struct({ call: hash, contributor: agencyId, holder: agencyId, selection: hash, share }));
    if (by === "contributor") return struct({ by: text, opening })(value);
    if (by === "holders") return struct({ by: text, releases: listOf(release), shares: listOf(hash) })(value);
    return refuse("unknown disclosure");
  }),
  selection: signed(struct({ call: hash, commitments: listOf(hash), created: timestamp, owner: agencyId })),
});

const common = struct({
  assessed: month,
  catalogue: catalogueRef,
  charter: u32,
  cluster: struct({ country, field: optional(name), id: clusterId, name, nuts: optional(nuts), region: optional(name) }),
  dossier: hash,
  level,
  offer: hash,
  owner: agencyId,
  scheme: schemeId,
  valid_until: month,
});

const label = struct({
  adoption: u64,
  common,
  draw: optional(draw),
  endorsements: listOf(
    struct({
      conflicts: oneOf("none"),
      copy: hash,
      created: timestamp,
      endorser: agencyId,
      expires: timestamp,
      keyset: u64,
      proof: proofValue,
      review: hash,
    }),
  ),
  heads: listOf(headRef),
  issued: timestamp,
  keyset: u64,
  proof: proofValue,
  status_index: u32,
  supersedes: optional(hash),
});

function objection(value) {
  const codes = ["endorsement-withdrawn", "conflict-of-interest", "rule-broken", "misrepresentation"];
  const said = struct({ action: oneOf("raise", "lift"), at: timestamp, endorsement: optional(hash), ground: optional(text) })(value);
  const raises = codes.includes(said.ground) && (said.ground === codes[0]) === (said.endorsement !== undefined);
  const lifts = said.ground === undefined && said.endorsement === undefined;
  return (said.action === "lift" ? lifts : raises) ? said : refuse("objection");
}

const cell = (value) => (typeof value === "number" ? u32(value) : oneOf("population", "small", "group")(value));
const cells = (value) => (Array.isArray(value) && value.length === 5 ? value.map(cell) : refuse("five cells"));

/** What may stand in a log, by type: the shape of the body, and whether the record is about one label. */
const RECORDS = {
  keyset: [signedKeySet],
  charter: [struct({ version: u32, hash })],
  epoch: [struct({ keyset: optional(signedKeySet), number: u32 })],
  label: [label, "own"],
  endorsement: [struct({ endorsement: hash }), "one"],
  standing: [
    struct({
      action: oneOf("withdraw", "suspend", "reinstate"),
      reason: oneOf("at-request", "no-longer-met", "error", "misrepresentation", "dissolved", "under-review"),
      at: timestamp,
    }),
    "one",
  ],
  objection: [objection, "one"],
  status: [struct({ covered: u64, count: u64, root: hash })],
  release: [
    struct({
      catalogue: catalogueRef,
      period,
      version: u32,
      reason: optional(name),
      population: u32,
      rows: listOf(struct({ indicator: indicatorId, cells, unknown: cell })),
    }),
  ],
  anchor: [struct({ day: timestamp, root: hash })],
  vote: [vote],
};

/** A text that must be canonical, and whose typed value must give it again. */
function decodeStrict(source, reader, limit) {
  if (byteLength(source) > limit) refuse("too large");
  const value = readText(source);
  const read = reader(value);
  if (canonical(value) !== source || canonical(read) !== source) refuse("not canonical");
  return read;
}

/** Reads the canonical text of a record: `{kind, about, body}`. Of types that are not known here only whom they are about. */
async function readRecord(source) {
  const value = readText(source);
  const kind = value instanceof Map ? value.get("type") : undefined;
  const version = value instanceof Map ? value.get("v") : undefined;
  if (typeof kind !== "string" || typeof version !== "number") refuse("untyped");
  const known = version === 1 && Object.hasOwn(RECORDS, kind) ? RECORDS[kind] : undefined;
  if (!known) {
    return { kind: "unknown", about: value.has("about") ? listOf(hash)(value.get("about")) : [] };
  }
  const [body, scope] = known;
  const envelope = decodeStrict(source, struct({ about: listOrNone(hash), body, type: text, v: i64 }), LIMITS.record);
  const about = envelope.about ?? [];
  if (about.length !== (scope ? 1 : 0)) refuse("about");
  if (scope === "own" && about[0] !== (await labelId(envelope.body.common))) refuse("about another label");
  return { kind, about, body: envelope.body };
}

const proven = struct({ record: anything, proof: listOf(text) });
const placedKeySet = struct({ epoch: optional(u32), index: u64, keyset: signedKeySet });
const presence = struct({ state: oneOf("active", "withdrawn", "suspended", "superseded"), index: u64, hashes: listOf(hash) });
const neighbour = struct({ label: hash, place: presence });
const absence = struct({ left: optional(neighbour), right: optional(neighbour) });

function statusProof(value) {
  if (!(value instanceof Map) || value.size !== 1) refuse("status proof");
  const [[kind, of]] = value;
  if (kind === "presence") return { presence: presence(of) };
  return kind === "absence" ? { absence: absence(of) } : refuse("status proof");
}

const revision = struct({
  set: (value) => (value instanceof Map ? value : refuse("not an object")),
  unset: optional(listOf(text)),
  members: optional(listOf(member)),
  gone: optional(listOf(agencyId)),
  votes: listOf(struct({ agency: agencyId, heads: optional(listOf(lastHead)), signature })),
});

const bundleShape = struct({
  type: text,
  v: u32,
  founding,
  revisions: optional(listOf(revision)),
  keysets: listOf(placedKeySet),
  label: proven,
  adoption: proven,
  confirmations: listOf(struct({ agency: agencyId, entry: proven })),
  status: optional(struct({ entry: proven, path: statusProof, adoption: optional(proven) })),
  credential: anything,
});

const trustShape = struct({
  name,
  fingerprint: hash,
  words: text,
  founding,
  amendments: optional(listOf(struct({ charter: charterShape, votes: listOf(vote) }))),
  keysets: optional(listOf(placedKeySet)),
});
