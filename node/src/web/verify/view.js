// What a verdict looks like. All texts of files are put in as text, never as markup.

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [attribute, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(attribute, value);
  made.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
  return made;
}

/** Texts and dates in one language. */
class Speech {
  constructor(language) {
    this.language = language;
    this.texts = TEXTS[language];
  }

  /** The text of a key, with `{names}` filled in. */
  say(key, values = {}) {
    return this.texts[key].replace(/\{(\w+)\}/g, (_, field) => values[field] ?? "");
  }

  /** The first of these keys that there is. */
  first(keys, values) {
    return this.say(keys.find((key) => Object.hasOwn(this.texts, key)), values);
  }

  day(seconds) {
    return this.format(seconds, { dateStyle: "long" });
  }

  month(text) {
    return this.format(lastSecond(monthIndex(text)), { month: "long", year: "numeric" });
  }

  format(seconds, options) {
    return new Intl.DateTimeFormat(this.language === "en" ? "en-GB" : this.language, { timeZone: "UTC", ...options }).format(new Date(seconds * 1000));
  }

  country(code) {
    try {
      return new Intl.DisplayNames(this.language, { type: "region" }).of(code);
    } catch {
      return code;
    }
  }

  list(names) {
    return new Intl.ListFormat(this.language).format(names);
  }

  level(of) {
    return this.say(`level.${of}`);
  }

  /** One sentence: the verdict. */
  verdict({ verdict, cause, label, asOf }) {
    const at = { early: () => secondsOf(cause.from), late: () => lastSecond(monthIndex(cause.until)) }[cause?.code]?.() ?? cause?.asOf ?? asOf;
    return this.first([`verdict.${verdict}.${cause?.code}`, `verdict.${verdict}`], { date: at === undefined ? "" : this.day(at) });
  }

  /** A second one: why, or what it rests on. */
  reason({ verdict, cause, asOf }) {
    if (!cause) return this.say("explain.valid", { asOf: this.day(asOf) });
    const flaw = cause.flaw && this.say(`flaw.${cause.flaw}`);
    const values = { ...cause, flaw, asOf: cause.asOf === undefined ? "" : this.day(cause.asOf) };
    const why = this.first([`cause.${cause.code}${cause.renewable ? ".renewable" : ""}`, `cause.${cause.code}`], values);
    return verdict === "not-authentic" ? `${why} ${this.say("explain.altered")}` : why;
  }
}

/** How each outcome is marked. */
const TONES = {
  valid: "ok",
  "not-yet-valid": "wait",
  expired: "wait",
  replaced: "warn",
  suspended: "warn",
  withdrawn: "bad",
  "not-authentic": "bad",
  "not-entitled": "bad",
  "unknown-signer": "warn",
  "cannot-tell": "warn",
  "no-label": "none",
  unsupported: "bad",
};

/** The whole answer. `actions` are buttons. */
function viewOf(verdict, speech, actions) {
  const { label: facts, federation } = verdict;
  const tone = TONES[verdict.verdict];
  const isValid = verdict.verdict === "valid";
  const sentence = speech.verdict(verdict);
  const head = element(
    "div",
    { class: "head" },
    element("h2", { class: "sentence", id: "sentence", tabindex: "-1" }, signOf(tone), element("span", {}, sentence)),
    element("p", { class: "reason" }, speech.reason(verdict)),
    facts?.demonstration && element("p", { class: "demonstration" }, speech.say("demonstration")),
    verdict.cause?.words && element("p", { class: "words" }, verdict.cause.words.replaceAll("-", " ")),
  );
  const word = facts && speech.level(facts.level);
  const says = facts && { title: speech.say("seal", { level: word, state: sentence }), word, caption: captionOf(facts) };
  const seal = facts && element("div", { class: "plate" }, sealOf(facts, isValid, says));
  return element(
    "article",
    { class: `answer ${tone}`, "aria-labelledby": "sentence" },
    element("div", { class: "top" }, head, seal),
    facts && section(speech.say("facts.title"), factsList(facts, speech)),
    federation && section(speech.say("federation.title"), federationView(federation, speech)),
    verdict.checked.length > 0 && section(speech.say("checked.title"), checkedList(verdict, speech)),
    verdict.notChecked.length > 0 && section(speech.say("unchecked.title"), uncheckedList(verdict, speech)),
    element("div", { class: "actions" }, actions),
  );
}

function section(title, ...content) {
  return element("section", {}, element("h3", {}, title), ...content);
}

/** Where and when, for the seal. */
function captionOf({ country: code, cluster, assessed, validUntil: until }) {
  const years = `${assessed.slice(0, 4)}\u2013${until.slice(0, 4)}`;
  return [code ?? cluster.country, years].filter(Boolean).join(" \u00b7 ");
}

function factsList(facts, speech) {
  const { cluster } = facts;
  const region = [cluster.region, cluster.nuts?.code, cluster.country && speech.country(cluster.country)].filter(Boolean).join(", ");
  const issued = speech.day(secondsOf(facts.issued));
  const witnessed = facts.witnessed === undefined ? undefined : speech.day(facts.witnessed);
  const rows = [
    ["cluster", element("strong", {}, cluster.name)],
    ["place", region],
    ["field", cluster.field],
    ["level", speech.say("facts.level.value", { level: speech.level(facts.level), scheme: facts.schemeName })],
    ["issuer", facts.issuer],
    ["endorsers", facts.endorsers.length > 0 ? speech.list(facts.endorsers) : speech.say("facts.nobody")],
    ["assessed", speech.month(facts.assessed)],
    ["issued", witnessed === undefined ? issued : speech.say("facts.issued.witnessed", { issued, witnessed })],
    ["until", speech.month(facts.validUntil)],
    ["catalogue", facts.catalogue],
    ["id", element("code", {}, facts.id)],
  ];
  const row = ([key, value]) => element("div", {}, element("dt", {}, speech.say(`facts.${key}`)), element("dd", {}, value));
  return element("dl", {}, rows.filter(([, value]) => value).map(row));
}

function federationView({ name: called, words, pinned }, speech) {
  const state = element("span", { class: `tag ${pinned ? "ok" : "warn"}` }, speech.say(pinned ? "federation.pinned" : "federation.foreign"));
  return element(
    "div",
    {},
    element("p", {}, element("strong", {}, called ?? speech.say("federation.unnamed")), " ", state),
    element("p", { class: "small" }, speech.say("federation.words"), ": ", element("span", { class: "inline-words", translate: "no" }, words)),
  );
}

function checkedList({ checked, cause, label: facts, notChecked }, speech) {
  const said = checked.map(({ what, ...values }) => {
    const isOther = what === "status" && ["withdrawn", "suspended", "replaced"].includes(cause?.code);
    const asOf = values.asOf === undefined ? undefined : speech.day(values.asOf);
    return speech.say(`checked.${what}${isOther ? ".other" : ""}`, { ...values, asOf });
  });
  if (facts && !notChecked.includes("rules")) said.splice(2, 0, speech.say("checked.rules"));
  return element("ul", { class: "checked" }, said.map((line) => element("li", {}, line)));
}

function uncheckedList({ notChecked }, speech) {
  return element("ul", { class: "unchecked" }, notChecked.map((what) => element("li", {}, speech.say(`unchecked.${what}`))));
}

/** The sentence to be pasted into an article or a letter. */
function quotation(verdict, speech, today, day) {
  const { label: facts, federation } = verdict;
  const said = { verdict: speech.verdict(verdict), today, day };
  if (!facts) return speech.say("copy.plain", said);
  return speech.say("copy.label", {
    ...said,
    level: speech.level(facts.level),
    scheme: facts.schemeName,
    cluster: facts.cluster.name,
    issuer: facts.issuer,
    until: speech.month(facts.validUntil),
    words: federation.words,
  });
}
