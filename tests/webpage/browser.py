"""Chromium by the DevTools protocol over a pipe: no driver, no port, no package. It runs without a network of its own."""

import base64
import json
import os
import shutil
import subprocess
import tempfile

FLAGS = [
    "--headless=new",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--mute-audio",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
]


class Failed(Exception):
    """What the browser answered instead."""


def without_network(command: list[str]) -> list[str]:
    """The command in a network namespace in which only loopback is up. Where that is not allowed, the test cannot be done."""
    mapped = [] if os.geteuid() == 0 else ["--map-root-user"]
    return ["unshare", *mapped, "--net", "--", "sh", "-c", 'ip link set lo up 2>/dev/null || ifconfig lo up 2>/dev/null; exec "$@"', "sh", *command]


class Browser:
    """One browser; each page is a target of its own."""

    def __init__(self):
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        if program is None:
            raise Failed("there is no chromium: apt-get install chromium")
        self.profile = tempfile.TemporaryDirectory(prefix="page-", ignore_cleanup_errors=True)
        to_browser, self.out = os.pipe()
        self.into, from_browser = os.pipe()
        flags = [*FLAGS, f"--user-data-dir={self.profile.name}", "about:blank"]
        # In its network namespace it is root, or takes itself for it.
        flags.insert(0, "--no-sandbox")
        # The browser reads from 3 and writes to 4.
        shell = f'exec 3<&{to_browser} 4>&{from_browser}; exec "$@"'
        command = without_network(["bash", "-c", shell, "bash", program, *flags])
        pipes = (to_browser, from_browser)
        log = open(os.path.join(self.profile.name, "log"), "wb")
        self.process = subprocess.Popen(command, pass_fds=pipes, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        for pipe in pipes:
            os.close(pipe)
        self.read_from = os.fdopen(self.into, "rb", buffering=1 << 20)
        self.pending = b""
        self.number = 0
        self.events = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.call("Browser.close")
        except (Failed, OSError):
            self.process.terminate()
        self.process.wait(timeout=30)
        os.close(self.out)
        self.read_from.close()
        self.profile.cleanup()

    def call(self, method: str, session: str | None = None, **params):
        """Asks for something and waits for the answer. Events that come before it are kept."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.out, data) :]
        while True:
            answer = self.next_message()
            if answer.get("id") != self.number:
                self.events.append(answer)
            elif "error" in answer:
                raise Failed(f"{method}: {answer['error']['message']}")
            else:
                return answer["result"]

    def next_message(self) -> dict:
        while b"\0" not in self.pending:
            chunk = self.read_from.raw.read(1 << 20)
            if not chunk:
                raise Failed("the browser ended")
            self.pending += chunk
        text, self.pending = self.pending.split(b"\0", 1)
        return json.loads(text)

    def open(self, url: str, **emulated) -> "Page":
        return Page(self, url, **emulated)


class Page:
    """One page, with everything that it asked the network for."""

    def __init__(self, browser: Browser, url: str, dark: bool = False, width: int = 1100, height: int = 900, locale: str = "en-GB", ready: bool = True):
        self.browser = browser
        self.target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Network", "Log"]:
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}, {"name": "prefers-reduced-motion", "value": "reduce"}]
        self.call("Emulation.setEmulatedMedia", features=features)
        agent = browser.call("Browser.getVersion")["userAgent"]
        self.call("Network.setUserAgentOverride", userAgent=agent, acceptLanguage=locale)
        if ready:
            self.load(url)

    def call(self, method: str, **params):
        return self.browser.call(method, self.session, **params)

    def load(self, url: str):
        self.call("Page.navigate", url=url)
        self.ask("new Promise((done) => document.readyState === 'complete' ? done() : addEventListener('load', () => done()))")
        self.wait("document.documentElement.dataset.ready === 'true'")

    def ask(self, expression: str):
        """The value of an expression in the page; a promise is waited for."""
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise Failed(details.get("exception", {}).get("description") or details["text"])
        return answer["result"].get("value")

    def wait(self, condition: str, milliseconds: int = 20000):
        """Until a condition holds, looked at whenever the page is drawn."""
        script = f"""new Promise((done, failed) => {{
            const end = performance.now() + {milliseconds};
            const look = () => ({condition}) ? done(true) : performance.now() > end ? failed(new Error({json.dumps(condition)})) : setTimeout(look, 5);
            look();
        }})"""
        self.ask(script)

    def give(self, data: bytes, name: str = "file"):
        """Chooses a file, as a reader does, and waits for the verdict."""
        encoded = base64.b64encode(data).decode()
        self.ask(
            f"""(async () => {{
            const bytes = Uint8Array.from(atob("{encoded}"), (byte) => byte.charCodeAt(0));
            const files = new DataTransfer();
            files.items.add(new File([bytes], {json.dumps(name)}));
            const input = document.getElementById("file");
            input.files = files.files;
            document.documentElement.dataset.verdict = "";
            document.getElementById("notice").textContent = "";
            input.dispatchEvent(new Event("change", {{ bubbles: true }}));
        }})()"""
        )
        self.wait("document.documentElement.dataset.verdict || document.getElementById('notice').textContent")

    def verdict(self) -> dict:
        return self.ask("({ ...document.documentElement.dataset })")

    def picture(self, path: str, whole: bool = True):
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        with open(path, "wb") as file:
            file.write(base64.b64decode(shot["data"]))

    def requests(self) -> list[str]:
        """Every URL that this page asked for."""
        events = [event for event in self.browser.events if event.get("sessionId") == self.session]
        return [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]

    def complaints(self) -> list[str]:
        """Errors and what the policy refused."""
        events = [event for event in self.browser.events if event.get("sessionId") == self.session]
        logged = [event["params"]["entry"]["text"] for event in events if event["method"] == "Log.entryAdded"]
        thrown = [event["params"]["exceptionDetails"]["text"] for event in events if event["method"] == "Runtime.exceptionThrown"]
        return logged + thrown

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)
