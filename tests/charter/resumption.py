"""Logs that forked and go on (docs/protocol.md, "After a fork"): what the charter may say of them."""

from .amending import LATER
from .cases import case
from .desk import Desk
from .federation import NAMES, Change, founded, leaves, put
from .text import Json

OTHERS = NAMES[1:5]
NOT_SOUND = "it is of a member, in its order and of an epoch from 1 on"
TAKEN_BACK = "what was decided about the log of bergen cannot be taken back, nor for an earlier epoch"


def over(epoch: int, agency: str = "bergen") -> Json:
    """An epoch that is over."""
    return {"agency": agency, "epoch": epoch}


def resumes(*entries: Json) -> Change:
    """These and no others."""

    def change(text: Json) -> None:
        text["resumptions"] = list(entries)
        if not entries:
            del text["resumptions"]

    return change


@case("resume-by-two-thirds", "Two thirds declare an epoch over, without any word of its agency; fewer do not.")
def _(desk: Desk) -> None:
    chain = founded(5)
    desk.refuses(chain.amended(resumes(over(1)), by=OTHERS[:3]), 7, "version 2: 3 of 4 votes needed")
    desk.accepts(chain.amended(resumes(over(1)), by=OTHERS))


@case("resume-stays", "What was decided about a log stays while its agency is a member, for a later epoch at most.")
def _(desk: Desk) -> None:
    chain = founded(5).amended(resumes(over(3)), by=OTHERS)
    for wrong in (resumes(), resumes(over(2)), resumes(over(4, "cadiz"))):
        desk.refuses(chain.amended(wrong), 7, f"version 3: {TAKEN_BACK}")
    desk.refuses(chain.amended(resumes(over(3))), 7, "version 3: it changes nothing")
    chain = chain.amended(resumes(over(4), over(1, "cadiz"))).amended(LATER)
    desk.accepts(chain)
    desk.accepts(chain.amended(leaves("bergen"), resumes(over(1, "cadiz"))))


@case("resume-and-leave", "Whoever is no member is not listed.")
def _(desk: Desk) -> None:
    chain = founded(5).amended(resumes(over(3)), by=OTHERS)
    desk.refuses(chain.amended(leaves("bergen")), 7, f"version 3: the resumption of the log of bergen: {NOT_SOUND}")


@case("resume-unsound", "An entry is of a member, once and in order, and of an epoch that there can be.")
def _(desk: Desk) -> None:
    for entries in ([over(1, "oslo")], [over(0)], [over(1), over(1)], [over(1, "cadiz"), over(1)]):
        desk.refuses(founded(5).amended(resumes(*entries)), 7, NOT_SOUND)
    for wrong in (over(-1), over(4294967296), over(1) | {"more": 1}, {"agency": "bergen"}):
        desk.refuses(founded(5).amended(resumes(wrong)), 7, "not of the expected shape")
    desk.refuses(founded(5, put("resumptions", [over(1)])), 7, NOT_SOUND)
