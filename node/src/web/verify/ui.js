// The page: takes files, text and codes, and shows the verdict without a click. Nothing is sent, nothing is kept.

const LANGUAGES = Object.keys(TEXTS);

const state = { speech: undefined, trust: new Trust(), bytes: undefined, verdict: undefined, notice: undefined, turn: 0 };

const find = (id) => document.getElementById(id);
const nowSeconds = () => Math.floor(Date.now() / 1000);

/** The time asked for: the last second of the day in the field, or now. */
function askedFor() {
  return secondsOf(`${find("date").value}T23:59:59Z`) ?? nowSeconds();
}

/** Why this browser cannot check anything; null when it can. */
async function shortcoming() {
  if (!globalThis.crypto?.subtle) return globalThis.isSecureContext ? "old-browser" : "insecure";
  try {
    // RFC 8032, test 1.
    const key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    const made =
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";
    return (await verifies(key, new Uint8Array(), fromHex(made))) && typeof DecompressionStream === "function" ? null : "old-browser";
  } catch {
    return "old-browser";
  }
}

/** The verdict; undefined, with a notice, where this page fails: that must never look like an answer. */
async function verdictOn(bytes) {
  try {
    const cause = await shortcoming();
    if (cause) return { verdict: "unsupported", cause: { code: cause }, checked: [], notChecked: [] };
    return await verifyFile(bytes, state.trust, askedFor());
  } catch {
    state.notice = { key: "file.unreadable", values: {} };
    return undefined;
  }
}

/** Checks what was given last, at the date asked for. The newest question wins. */
async function judge() {
  const turn = ++state.turn;
  const { bytes } = state;
  const output = find("output");
  if (!bytes) {
    state.verdict = undefined;
    return render();
  }
  output.setAttribute("aria-busy", "true");
  const verdict = await verdictOn(bytes);
  if (turn !== state.turn) return;
  state.verdict = verdict;
  output.removeAttribute("aria-busy");
  render();
}

/** Takes what the reader gave: a trust file is remembered, anything else is judged. */
async function take(bytes) {
  state.notice = undefined;
  const value = bytes.length <= LIMITS.document ? readOrNull(bytes) : null;
  if (value instanceof Map && value.has("founding") && value.has("fingerprint") && !value.has("type")) await takeTrust(bytes);
  else state.bytes = bytes;
  return judge();
}

async function takeTrust(bytes) {
  try {
    const known = await Trust.read(bytes);
    await state.trust.add(known);
    const { fingerprint, newest } = known.chain;
    state.notice = { key: "trust.added", values: { name: newest.name, words: wordsOf(fingerprint) } };
  } catch (error) {
    state.notice = { key: "trust.refused", values: {} };
    if (!(error instanceof Refused)) throw error;
  }
}

async function takeFile(file) {
  if (!file) return;
  try {
    // One byte more than any file with a label: the verifier then says that it is too large.
    await take(new Uint8Array(await file.slice(0, LIMITS.file + 1).arrayBuffer()));
  } catch {
    state.notice = { key: "file.unreadable", values: {} };
    render();
  }
}

// What is shown.

function render() {
  const { speech, verdict, notice } = state;
  document.documentElement.lang = speech.language;
  document.title = `Parangon: ${speech.say("title")}`;
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = speech.say(node.dataset.text);
  for (const node of document.querySelectorAll("[data-label]")) node.setAttribute("aria-label", speech.say(node.dataset.label));
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === speech.language));
  }
  find("notice").textContent = notice ? speech.say(notice.key, notice.values) : "";
  find("output").replaceChildren(...(verdict ? [viewOf(verdict, speech, actions())] : []));
  find("spoken").textContent = verdict ? `${speech.verdict(verdict)}. ${speech.reason(verdict)}` : "";
  find("checked-on").textContent = speech.say("print.checked", days());
  renderTrust();
  // For programs that drive the page.
  const { dataset } = document.documentElement;
  dataset.verdict = verdict?.verdict ?? "";
  dataset.code = verdict?.code ?? "";
  dataset.cause = verdict?.cause?.code ?? "";
}

function days() {
  const { speech } = state;
  return { today: speech.day(nowSeconds()), day: speech.day(askedFor()) };
}

function renderTrust() {
  const { speech, trust } = state;
  const entry = ({ chain }) =>
    element(
      "li",
      {},
      element("strong", {}, chain.newest.name),
      element("br"),
      element("span", { class: "inline-words", translate: "no" }, wordsOf(chain.fingerprint)),
      element("br"),
      speech.say("trust.entry", { members: chain.newest.members.length, version: chain.newest.version }),
    );
  const entries = [...trust.known.values()].map(entry);
  find("trusted").replaceChildren(entries.length > 0 ? element("ul", {}, entries) : element("p", {}, speech.say("trust.none")));
}

function actions() {
  const { speech } = state;
  const button = (key, act) => {
    const made = element("button", { type: "button" }, speech.say(key));
    made.addEventListener("click", act);
    return made;
  };
  const copied = element("span", { class: "small", role: "status" });
  const copy = async () => {
    const { today, day } = days();
    try {
      await navigator.clipboard.writeText(quotation(state.verdict, speech, today, day));
      copied.textContent = speech.say("action.copied");
    } catch {
      copied.textContent = speech.say("action.uncopied");
    }
  };
  const shows = state.verdict?.verdict !== "unsupported";
  return [
    shows && button("action.copy", copy),
    shows && button("action.print", () => globalThis.print()),
    button("action.clear", clear),
    copied,
    shows && state.verdict?.label && element("p", { class: "quotation" }, quotation(state.verdict, speech, days().today, days().day)),
  ];
}

function clear() {
  state.bytes = undefined;
  state.notice = undefined;
  find("paste").value = "";
  find("file").value = "";
  if (location.hash) history.replaceState(null, "", location.pathname + location.search);
  judge();
  find("file").focus();
}

function choose(language) {
  state.speech = new Speech(language);
  render();
}

// What the reader does.

function listen() {
  find("languages").replaceChildren(
    ...LANGUAGES.map((language) => {
      const attributes = { type: "button", lang: language, "data-language": language };
      const button = element("button", attributes, TEXTS[language].language);
      button.addEventListener("click", () => choose(language));
      return button;
    }),
  );
  find("file").addEventListener("change", ({ target }) => takeFile(target.files[0]));
  find("date").addEventListener("change", judge);
  find("now").addEventListener("click", () => {
    find("date").value = "";
    judge();
  });
  find("paste").addEventListener("input", ({ target }) => target.value.trim() && take(utf8(target.value)));
  document.addEventListener("paste", ({ target, clipboardData }) => {
    const [file] = clipboardData.files;
    const source = clipboardData.getData("text/plain");
    if (file) takeFile(file);
    else if (target.id !== "paste" && source.trim()) take(utf8(source));
  });
  const over = (is) => document.body.classList.toggle("over", is);
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    over(true);
  });
  document.addEventListener("dragleave", ({ relatedTarget }) => over(relatedTarget !== null));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    over(false);
    const [file] = event.dataTransfer.files;
    const source = event.dataTransfer.getData("text/plain");
    if (file) takeFile(file);
    else if (source) take(utf8(source));
  });
  addEventListener("hashchange", takeAddress);
}

/** The code in this page's own address. What stands behind `#` never leaves the browser. */
function takeAddress() {
  if (digitsOf(location.hash.slice(1)) !== null) take(utf8(location.hash));
}

function preferredLanguage() {
  const wanted = (navigator.languages ?? []).map((tag) => tag.slice(0, 2));
  return wanted.find((language) => LANGUAGES.includes(language)) ?? "en";
}

async function start() {
  listen();
  choose(preferredLanguage());
  const embedded = find("trust").textContent.trim();
  if (embedded !== "null" && !(await shortcoming())) {
    await takeTrust(utf8(embedded));
    if (state.notice?.key === "trust.added") state.notice = undefined;
  }
  document.documentElement.dataset.ready = "true";
  takeAddress();
  if (!state.bytes) await judge();
}

/** For programs: the verdict on bytes, with these trust files (texts) and no others, at a time such as 2026-11-24T05:00:00Z. */
globalThis.parangon = Object.freeze({
  async verify(bytes, trustFiles, at) {
    const trust = new Trust();
    for (const file of trustFiles) await trust.add(await Trust.read(utf8(file)));
    return verifyFile(bytes, trust, secondsOf(at) ?? nowSeconds());
  },
});

start();
