// The printed code: a label's fields with the signatures of its issuer and endorsers, as decimal digits.

const CODE_EPOCH = 1577836800;
const CODE_LEVELS = ["BRONZE", "SILVER", "GOLD"];
const FIRST_MONTH = 2000 * 12;
/** Digits of a last group of so many bytes. */
const REST_DIGITS = [0, 3, 5, 8, 10, 13, 15];

/** The bytes that digits stand for, seven in seventeen; null for what is no code. */
function bytesOfDigits(digits) {
  const groups = [];
  for (let at = 0; at < digits.length; at += 17) {
    const group = digits.slice(at, at + 17);
    const count = group.length === 17 ? 7 : REST_DIGITS.indexOf(group.length);
    const hex = BigInt(group).toString(16).padStart(2 * count, "0");
    if (count < 1 || hex.length > 2 * count) return null;
    groups.push(fromHex(hex));
  }
  return concat(...groups);
}

/** Takes fields from the start of bytes. Throws {@link Refused} where they end. */
class FieldReader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  take(count) {
    if (this.at + count > this.bytes.length) refuse("code ends");
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  number(count) {
    return this.take(count).reduce((sum, byte) => sum * 256 + byte, 0);
  }

  hex(count) {
    return toHex(this.take(count));
  }

  /** LEB128 in its shortest form, three bytes at most. */
  varint() {
    let number = 0;
    for (const shift of [0, 7, 14]) {
      const byte = this.number(1);
      number |= (byte & 127) << shift;
      if (byte < 128) return shift === 0 || byte !== 0 ? number : refuse("a longer form");
    }
    return refuse("a large number");
  }

  month() {
    return monthText(monthsLater(FIRST_MONTH, this.number(2)));
  }

  time() {
    return stampOf(CODE_EPOCH + this.number(4));
  }

  times(count, read) {
    return Array.from({ length: count }, read);
  }
}

/** Reads the bytes of a code, behind its version. */
function readCode(bytes) {
  const reader = new FieldReader(bytes);
  const code = {
    federation: reader.hex(11),
    charter: reader.varint(),
    scheme: reader.number(1),
    level: CODE_LEVELS[reader.number(1)] ?? refuse("level"),
    catalogue: reader.number(1),
    owner: reader.varint(),
    cluster: reader.hex(12),
    assessed: reader.month(),
    validUntil: reader.month(),
    issued: reader.time(),
    statusIndex: reader.number(3),
    label: reader.hex(32),
    basis: reader.hex(32),
  };
  const counts = reader.number(1);
  const [count, signed] = [counts >> 4, counts & 15];
  if (count > LIMITS.endorsements || signed > count) refuse("counts");
  code.endorsements = reader.times(count, () => ({ member: reader.varint(), id: reader.hex(32) }));
  code.clusterName = name(fromUtf8(reader.take(reader.varint())) ?? refuse("name"));
  code.proof = reader.take(64);
  code.signatures = reader.times(signed, () => ({ created: reader.time(), proof: reader.take(64) }));
  return reader.at === bytes.length ? code : refuse("more behind it");
}

/** What the label's credential prints, by the charter that the code names. Throws {@link Refused} where a number stands for nothing. */
function sheetOfCode(code, federation, charter) {
  const at = (list, index) => list[index] ?? refuse("a number without meaning");
  const [scheme, catalogue] = [at(charter.schemes, code.scheme), at(charter.catalogues, code.catalogue)];
  const owner = at(charter.members, code.owner);
  return {
    federation,
    demonstration: charter.demonstration,
    label: code.label,
    scheme: scheme.id,
    schemeName: scheme.name,
    level: code.level,
    catalogue: catalogue.id,
    catalogueHash: catalogue.hash,
    cluster: `${owner.id}/${code.cluster}`,
    clusterName: code.clusterName,
    owner: owner.id,
    ownerName: owner.name,
    assessed: code.assessed,
    issued: code.issued,
    validUntil: code.validUntil,
    statusIndex: code.statusIndex,
    endorsements: code.endorsements.map(({ member: index, id }) => {
      const endorser = at(charter.members, index);
      return { id, endorser: endorser.id, endorserName: endorser.name };
    }),
    basis: code.basis,
  };
}
