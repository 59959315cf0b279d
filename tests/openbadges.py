"""Labels of a running demonstration in openbadgeslib and in `parangon verify`: as they are, and with each of 16 changes.

Called by tests/openbadges with the program and the working directory. What openbadgeslib says rests on the issuer's did:key alone: it is
that the credential is whole, not that its signer was entitled.
"""

import concurrent.futures
import copy
import json
import pathlib
import socket
import subprocess
import sys

from openbadgeslib.ob3.ldp import OB3LdpVerifier
from openbadgeslib.ob3.verifier import OB3VerificationError

LEAST = 100
OTHER = "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"


def at(*path):
    """Sets what stands at the end of a path to what `new` makes of it."""
    def change(new):
        def apply(credential):
            inner = credential
            for step in path[:-1]:
                inner = inner[step]
            inner[path[-1]] = new(inner[path[-1]])
        return apply
    return change


def turned(text):
    """One character of a base58 text is another."""
    return text[:40] + ("2" if text[40] != "2" else "3") + text[41:]


# What every verifier has to refuse: the statements are others than those signed, the proof is, or what it is checked with.
CHANGES = {
    "another name": at("credentialSubject", "name")(lambda name: name + " e.V."),
    "another level": at("credentialSubject", "achievement", "name")(lambda name: name.replace("BRONZE", "GOLD") + "+"),
    "a later end": at("validUntil")(lambda time: "2099" + time[4:]),
    "another issuer": at("issuer", "id")(lambda _: "did:key:" + OTHER),
    "another status index": at("credentialStatus", "statusListIndex")(lambda index: str(int(index) + 1)),
    "a context more": at("@context")(lambda contexts: [*contexts, "https://example.org/context.json"]),
    "contexts swapped": at("@context")(lambda contexts: [contexts[1], contexts[0], *contexts[2:]]),
    "no proof": lambda credential: credential.pop("proof"),
    "another proof value": at("proof", "proofValue")(turned),
    "another time of the proof": at("proof", "created")(lambda time: "2020" + time[4:]),
    "another verification method": at("proof", "verificationMethod")(lambda _: f"did:key:{OTHER}#{OTHER}"),
    "another cryptosuite": at("proof", "cryptosuite")(lambda _: "eddsa-jcs-2022"),
    "evidence more": at("evidence")(lambda list: [*list, {"id": "urn:uuid:1b4e28ba-2fa1-11d2-883f-0016d3cca427", "type": ["Evidence"],
                                                        "name": "Endorsement by another agency"}]),
    "another endorsement": at("evidence", 0, "id")(lambda id: id[:-4] + ("0000" if id[-4:] != "0000" else "1111")),
    "another subject": at("credentialSubject", "id")(lambda id: id[:-4] + ("0000" if id[-4:] != "0000" else "1111")),
    "another type": at("type")(lambda _: ["VerifiableCredential", "EndorsementCredential"]),
}


def no_network(*_, **__):
    raise OSError("the network is not there")


def accepts(credential):
    """What openbadgeslib says."""
    try:
        OB3LdpVerifier().verify(json.dumps(credential))
    except OB3VerificationError:
        return False
    return True


class Program:
    def __init__(self, program, work):
        self.program, self.work = program, pathlib.Path(work)
        self.trust = self.work / "trust.json"

    def run(self, *words, data=None):
        return subprocess.run([self.program, *map(str, words)], input=data, capture_output=True, check=False)

    def json(self, *words):
        done = self.run(*words, "--json")
        if done.returncode:
            sys.exit(f"{' '.join(map(str, words))}: {done.returncode} {done.stderr.decode()}")
        return json.loads(done.stdout)

    def code(self, value):
        """The exit code of `verify`."""
        return self.run("verify", "-", "--trust", self.trust, data=json.dumps(value).encode()).returncode

    def labels(self):
        """Each label file of the demonstration, with its credential, from the agency that issued it."""
        nodes = sorted(path for path in (self.work / "demo").iterdir() if path.name.startswith("demo-"))
        self.run("trust", "export", "--data", nodes[0], "-o", self.trust)
        for node in nodes:
            for label in self.json("label", "list", "--agency", node.name, "--data", node):
                names = {kind: self.work / f"{label['id']}.{kind}" for kind in ("bundle", "openbadge")}
                for kind, name in names.items():
                    done = self.run("label", "export", label["id"], "--format", kind, "--data", node, "-o", name)
                    if done.returncode:
                        sys.exit(done.stderr.decode())
                yield tuple(json.loads(name.read_bytes()) for name in names.values())


def judge(program, bundle, credential):
    """What is wrong with one label: nothing is what is wanted."""
    wrong = []
    if bundle["credential"] != credential:
        wrong.append("the badge is not the credential in the label file")
    whole, alone = program.code(bundle), program.code(credential)
    if whole not in (0, 12, 13) or alone != 17:
        wrong.append(f"unchanged: {whole} and {alone}, expected 0, 12 or 13, and 17")
    for name, change in CHANGES.items():
        changed = copy.deepcopy(credential)
        change(changed)
        codes = program.code(bundle | {"credential": changed}), program.code(changed)
        if codes[0] != 10 or codes[1] not in (10, 16):
            wrong.append(f"{name}: parangon verify says {codes}")
    return wrong


def main():
    program = Program(*sys.argv[1:])
    labels = list(program.labels())
    if len(labels) < LEAST or len(CHANGES) != 16:
        sys.exit(f"{len(labels)} labels and {len(CHANGES)} changes, {LEAST} and 16 are asked for")
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        ours = pool.map(lambda label: judge(program, *label), labels)
        socket.socket.connect = socket.getaddrinfo = socket.create_connection = no_network
        wrong, accepted = [], dict.fromkeys(CHANGES, 0)
        for _, credential in labels:
            if not accepts(credential):
                wrong.append(f"openbadgeslib refuses {credential['id']}")
            for name, change in CHANGES.items():
                changed = copy.deepcopy(credential)
                change(changed)
                accepted[name] += accepts(changed)
        wrong += [f"openbadgeslib accepts {count} badges with {name}" for name, count in accepted.items() if count]
        wrong += [f"{label[1]['id']}: {line}" for label, lines in zip(labels, ours) for line in lines]
    print("\n".join(wrong[:20] + [f"{len(labels)} labels, {len(CHANGES)} changes of each: {len(wrong)} wrong"]))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
