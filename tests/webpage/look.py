"""What readers see and do: accessibility by axe-core, one sentence on top, the date, codes in the address, and nothing from elsewhere."""

import json

from .browser import Browser, Page
from .carriers import code_bytes, digits
from .rust import Case

LANGUAGES = {"en": "English", "de": "Deutsch", "es": "Español", "fr": "Français"}
AXE = """axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations"] })
    .then(({ violations }) => violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`))"""


class Looks:
    """Counts what is not as it should be."""

    def __init__(self):
        self.checks, self.failures = 0, 0

    def check(self, good: bool, what: str):
        self.checks += 1
        if not good:
            self.failures += 1
            print(f"  {what}")


# A day on which every label is over.
LATER = "2060-01-01"


def set_date(page: Page, day: str):
    page.ask(
        f"""(() => {{
        const date = document.getElementById("date");
        date.value = "{day}";
        document.documentElement.dataset.verdict = "";
        date.dispatchEvent(new Event("change", {{ bubbles: true }}));
    }})()"""
    )
    page.wait("document.documentElement.dataset.verdict")


def states(page: Page, case: Case):
    """The page empty, and with three answers."""
    day = case.at[:10]
    page.ask(f'document.getElementById("date").value = "{day}"')
    yield "empty"
    page.give(case.data)
    yield "valid"
    set_date(page, LATER)
    yield "expired"
    set_date(page, day)
    page.give(altered(case))
    yield "not-authentic"


def altered(case: Case) -> bytes:
    """The same label for a cluster of another name."""
    name = json.loads(case.data)["label"]["record"]["body"]["common"]["cluster"]["name"]
    return case.data.replace(json.dumps(name, ensure_ascii=False).encode(), b'"Altered Cluster"')


def accessibility(browser: Browser, url: str, axe: str, case: Case, looks: Looks):
    """No violation, in every language, both themes and every state."""
    for dark in (False, True):
        for language, called in LANGUAGES.items():
            page = browser.open(url, dark=dark)
            page.ask(f'document.querySelector("[data-language={language}]").click()')
            looks.check(page.ask("document.documentElement.lang") == language, f"the page is in {called}")
            page.ask(axe)
            version = page.ask("axe.version")
            looks.check(version.startswith("4."), f"axe-core {version}")
            for state in states(page, case):
                where = f"{called}, {'dark' if dark else 'light'}, {state}"
                if state != "empty":
                    looks.check(page.verdict()["verdict"] == state, f"{where}: {page.verdict()}")
                for violation in page.ask(AXE):
                    looks.check(False, f"{where}: {violation}")
                looks.checks += 1
            nothing_else(page, url, looks)
            page.close()


def nothing_else(page: Page, url: str, looks: Looks):
    """No URL to elsewhere was asked for, and the policy had nothing to refuse."""
    foreign = [asked for asked in page.requests() if not asked.startswith((url, "data:", "blob:"))]
    looks.check(foreign == [], f"asked for {foreign}")
    looks.check(page.complaints() == [], f"complaints: {page.complaints()}")


def narrow(browser: Browser, url: str, case: Case, looks: Looks):
    """320 pixels are enough, in the language with the longest words."""
    page = browser.open(url, width=320, height=640)
    page.ask('document.querySelector("[data-language=de]").click()')
    for state in states(page, case):
        width = page.ask("document.documentElement.scrollWidth")
        looks.check(width <= 320, f"{state} is {width} pixels wide")
    page.close()


def answers(browser: Browser, url: str, case: Case, looks: Looks):
    """What stands where, and what the reader's steps do."""
    page = browser.open(url)
    shown = lambda: page.ask("document.getElementById('output').innerText")
    page.ask(f'document.getElementById("date").value = "{case.at[:10]}"')
    page.give(case.data)
    common = json.loads(case.data)["label"]["record"]["body"]["common"]
    name = common["cluster"]["name"]
    first = shown().strip().split("\n")[0]
    looks.check(first == "Authentic and valid", f"the sentence on top is {first!r}")
    looks.check(name in shown(), "the cluster's name is not shown")
    top = page.ask("document.getElementById('output').getBoundingClientRect().top < document.getElementById('file').getBoundingClientRect().top")
    looks.check(top, "the answer does not stand above the question")
    set_date(page, LATER)
    looks.check(page.verdict()["verdict"] == "expired", "another date is not judged anew")
    page.ask('document.querySelector("[data-language=fr]").click()')
    looks.check("expiré" in shown(), "the answer does not change its language")
    page.ask('document.querySelector("[data-language=en]").click()')
    page.give(altered(case))
    looks.check("Altered" not in shown() and name not in shown() and common["owner"] not in shown(), f"content is shown: {shown()}")
    page.ask(f'document.getElementById("date").value = "{case.at[:10]}"')
    page.ask("[...document.querySelectorAll('#output button')].at(-1).click()")
    page.wait("document.getElementById('output').innerText === ''")
    looks.check(page.ask("document.activeElement.id") == "file", "the focus is lost")
    paste(page, case.data.decode(), looks)
    page.close()
    address(browser, url, case, looks)


def paste(page: Page, text: str, looks: Looks):
    page.ask(
        f"""(() => {{
        const field = document.getElementById("paste");
        field.value = {json.dumps(text)};
        document.documentElement.dataset.verdict = "";
        field.dispatchEvent(new Event("input", {{ bubbles: true }}));
    }})()"""
    )
    page.wait("document.documentElement.dataset.verdict")
    looks.check(page.verdict()["verdict"] == "valid", f"pasted: {page.verdict()}")


def address(browser: Browser, url: str, case: Case, looks: Looks):
    """A printed code's address: its digits are judged, and asked for nowhere."""
    code = digits(code_bytes(json.loads(case.data), 1))
    page = browser.open(f"{url}#{code}")
    page.wait("document.documentElement.dataset.verdict")
    looks.check(page.verdict()["cause"] in ("code-alone", "missing-keys"), f"a code: {page.verdict()}")
    nothing_else(page, url, looks)
    page.close()


def trust(browser: Browser, url: str, case: Case, looks: Looks):
    """A page that trusts nobody says so and shows the words; a trust file that is dropped there is trusted."""
    page = browser.open(url)
    page.ask(f'document.getElementById("date").value = "{case.at[:10]}"')
    page.give(case.data)
    verdict = page.verdict()
    looks.check((verdict["code"], verdict["cause"]) == ("15", "unpinned"), f"without trust: {verdict}")
    with open(case.trust, "rb") as file:
        trusted = file.read()
    words = json.loads(trusted)["words"]
    looks.check(words in page.ask("document.getElementById('output').innerText"), "the words are not shown")
    page.give(trusted)
    page.wait("document.documentElement.dataset.verdict === 'valid'")
    looks.check(words in page.ask("document.getElementById('trusted').innerText"), "the federation is not listed")
    page.give(trusted.replace(words.encode(), b"no-such-words"))
    looks.check("damaged" in page.ask("document.getElementById('notice').innerText"), "a wrong trust file is taken")
    page.close()


def keyboard(browser: Browser, url: str, case: Case, looks: Looks):
    """Every control is reached by the tab key and shows that it is."""
    page = browser.open(url)
    page.give(case.data)
    page.ask("document.activeElement.blur()")
    reached = []
    for _ in range(40):
        for kind in ("keyDown", "keyUp"):
            page.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
        script = "(({ id, textContent, tagName }) => tagName === 'BODY' ? '' : id || textContent)(document.activeElement)"
        visible = page.ask("(() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2; })()")
        at = page.ask(script)
        if at in reached[:1]:
            break
        if at:
            looks.check(visible, f"no focus is seen on {at!r}")
            reached.append(at)
    wanted = ["Skip to the check", *LANGUAGES.values(), "date", "now", "Copy sentence", "Print", "Check another one", "file", "paste"]
    looks.check([at for at in wanted if at not in reached] == [], f"the tab key reaches {reached}")
    page.close()


def insecure(browser: Browser, url: str, looks: Looks):
    """Where the browser has no Ed25519 the page says so, and nothing else."""
    page = browser.open(url, ready=False)
    page.call("Page.addScriptToEvaluateOnNewDocument", source="Object.defineProperty(crypto, 'subtle', { value: undefined })")
    page.load(url)
    page.give(b"{}")
    looks.check(page.verdict()["verdict"] == "unsupported", f"without crypto.subtle: {page.verdict()}")
    page.close()


def pictures(browser: Browser, url: str, case: Case, folder: str):
    """Four pictures: valid and not authentic, light and dark."""
    for theme in ("light", "dark"):
        page = browser.open(url, dark=theme == "dark", width=900, height=760)
        page.ask(f'document.getElementById("date").value = "{case.at[:10]}"')
        for state, data in {"valid": case.data, "not-authentic": altered(case)}.items():
            page.give(data, f"{state}.label.json")
            page.picture(f"{folder}/verify-{theme}-{state}.png", whole=False)
        page.close()
