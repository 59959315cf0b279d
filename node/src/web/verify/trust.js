// What the reader trusts: federations by fingerprint, each with its charter and the keys of its members.

/** The first 88 bits of a fingerprint as eight words. */
function wordsOf(fingerprint) {
  const bits = BigInt("0x" + fingerprint.slice(0, 22));
  const word = (_, place) => WORDS[Number((bits >> BigInt(77 - 11 * place)) & 2047n)];
  return Array.from({ length: 8 }, word).join("-");
}

class Trust {
  constructor() {
    /** Fingerprint to `{chain, keysets, book}`. */
    this.known = new Map();
  }

  /** Reads a trust file and checks everything it says. Throws {@link Refused}. */
  static async read(bytes) {
    const file = trustShape(readJson(bytes));
    if ((await charterHash(file.founding.charter)) !== file.fingerprint) refuse("another federation");
    const chain = await Chain.amended(file.founding, file.amendments);
    if (file.words !== wordsOf(file.fingerprint) || file.name !== chain.newest.name) refuse("name or words");
    return Trust.knowing(chain, file.keysets ?? []);
  }

  /** A federation with key sets of its members, in any order. */
  static async knowing(chain, keysets) {
    const byPlace = (a, b) => compare(a.keyset.body.agency, b.keyset.body.agency) || a.index - b.index;
    const sorted = [...keysets].sort(byPlace).filter((keyset, at, all) => at === 0 || !same(keyset, all[at - 1]));
    const book = new KeyBook(chain);
    for (const keyset of sorted) await book.place(keyset);
    return { chain, keysets: sorted, book };
  }

  /** Trusts a federation that was read; of one that is trusted already the longer charter and all keys count. */
  async add(given) {
    const { fingerprint } = given.chain;
    const before = this.known.get(fingerprint);
    if (!before) return this.known.set(fingerprint, given);
    if (given.chain.partsFrom(before.chain) !== undefined) refuse("another charter");
    const longer = before.chain.versions.length > given.chain.versions.length ? before.chain : given.chain;
    return this.known.set(fingerprint, await Trust.knowing(longer, [...before.keysets, ...given.keysets]));
  }

  /** Whether a federation is trusted; undefined where nothing is. */
  pinned(fingerprint) {
    return this.known.size === 0 ? undefined : this.known.has(fingerprint);
  }

  /** The longer one of a file's chain and the one trusted, with the votes of both. */
  async newest(chain) {
    const known = this.known.get(chain.fingerprint)?.chain;
    if (!known) return chain;
    const version = chain.partsFrom(known);
    if (version !== undefined) stop("cannot-tell", "other-charter", { version });
    const [longer, other] = known.versions.length > chain.versions.length ? [known, chain] : [chain, known];
    return longer.withVotes(other.links.flatMap(({ amendment }) => amendment.votes));
  }
}
