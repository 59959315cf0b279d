// A label's credential that somebody holds without its record.

/**
 * What a held credential prints, by which key, and the proof: null when it is not what the template prints. It is read, rendered anew
 * and compared, so nothing is believed that the template would not print.
 */
function heldLabel(value) {
  try {
    const held = heldFields(value);
    const { sheet, key, proof } = held;
    return credentialText(labelDocument(sheet, key), sheet.issued, key, proof) === canonical(value) ? held : null;
  } catch (error) {
    if (error instanceof Refused) return null;
    throw error;
  }
}

/** Where each field stands. What does not fit is left to the comparison. */
function heldFields(value) {
  const at = (node, ...path) => path.reduce((of, field) => (of instanceof Map ? of.get(field) : undefined), node);
  const textAt = (node, ...path) => text(at(node, ...path));
  const without = (source, prefix) => (source.startsWith(prefix) ? source.slice(prefix.length) : refuse("another text"));
  const iri = (source, kind) => {
    const parts = /^urn:parangon:([0-9a-f]{64}):([^:]*):(.*)$/s.exec(source);
    return parts?.[2] === kind ? parts.slice(1) : refuse("another IRI");
  };
  const split = (source, separator, place) => (place < 0 ? refuse("no " + separator) : [source.slice(0, place), source.slice(place + 1)]);
  const [federation, , id] = iri(textAt(value, "id"), "label");
  const holder = at(value, "credentialSubject");
  const achievement = at(holder, "achievement");
  const award = iri(textAt(achievement, "id"), "level")[2];
  const [scheme, of] = split(award, ":", award.indexOf(":"));
  const awardName = textAt(achievement, "name");
  const demonstration = awardName.startsWith(MARK);
  const unmarked = demonstration ? awardName.slice(MARK.length) : awardName;
  const criteria = iri(textAt(achievement, "criteria", "id"), "criteria")[2];
  const [catalogue, catalogueHash] = split(criteria, ":", criteria.lastIndexOf(":"));
  const status = iri(textAt(value, "credentialStatus", "id"), "status")[2];
  const [owner, statusIndex] = split(status, "#", status.indexOf("#"));
  const evidence = at(value, "evidence");
  if (!Array.isArray(evidence) || evidence.length === 0 || !unmarked.endsWith(` ${level(of)}`)) refuse("evidence or name");
  const sheet = {
    federation,
    demonstration,
    label: hash(id),
    scheme: schemeId(scheme),
    schemeName: name(unmarked.slice(0, -of.length - 1)),
    level: of,
    catalogue,
    catalogueHash: hash(catalogueHash),
    cluster: clusterId(iri(textAt(holder, "id"), "cluster")[2]),
    clusterName: name(textAt(holder, "name")),
    owner: agencyId(owner),
    ownerName: name(textAt(value, "issuer", "name")),
    assessed: month(without(textAt(value, "description"), ASSESSED).slice(0, 7)),
    issued: timestamp(textAt(value, "validFrom")),
    validUntil: month(textAt(value, "validUntil").slice(0, 7)),
    statusIndex: /^(?:0|[1-9][0-9]{0,9})$/.test(statusIndex) ? u32(Number(statusIndex)) : refuse("status index"),
    endorsements: evidence.slice(0, -1).map((node) => ({
      id: hash(iri(textAt(node, "id"), "endorsement")[2]),
      endorserName: name(without(textAt(node, "name"), ENDORSED)),
    })),
    basis: hash(iri(textAt(evidence.at(-1), "id"), "basis")[2]),
  };
  return { sheet, key: keyOfDid(textAt(value, "issuer", "id")) ?? refuse("key"), proof: proofValue(textAt(value, "proof", "proofValue")) };
}
