"""Which mishaps there are: at each call of a command, each way that call can end badly."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from pathlib import Path

from tests.crash.ground import Ground
from tests.crash.shim import Call, Mishap
from tests.crash.stories import Story
from tests.crash.trial import tell

_SPACE = {"write", "create", "allocate", "mkdir", "link", "symlink"}
_SLOW = {"write", "create", "allocate", "sync", "truncate"}
_DEATHS = 6
_OF_THE_CALL = {"term", "eintr", "orphan"}
_SYSTEMS = r"^(code/\.git|code|crm|world).*"     # whose files are their own business: one kind each


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One call of a story, and the ways it can go wrong."""

    at: int
    call: str
    kind: str
    hows: tuple[str, ...]

def moments(ground: Ground, story: Story) -> list[Moment]:
    """Run the story once with nothing going wrong, and return every call it makes."""
    ended = tell(ground, story, Mishap(under=under(ground, story)), log=True)
    assert ended.code == 0, ended.all
    calls = [call for call in ended.log if call.call != "said"]
    assert len(calls) == ended.calls, "the log is not whole"
    return [_moment(ground, at, call) for at, call in enumerate(calls, start=1)]


def under(ground: Ground, story: Story) -> tuple[Path, ...]:
    return ground.everything() if story.systems else ground.ours()


def every(ground: Ground, story: Story) -> list[Mishap]:
    """Return every mishap at every call. A kill after one is a kill before the next, and tried as that."""
    where, found = under(ground, story), moments(ground, story)
    return [
        Mishap(how=how, at=moment.at, under=where)
        for moment in found for how in moment.hows if how != "kill-after" or moment is found[-1]
    ]


def sample(ground: Ground, story: Story, covered: set[tuple[str, str, str]]) -> list[Mishap]:
    """Return each mishap once for every kind of file and call it can befall, spread over the moments that are alike.

    Signals do not ask which file it is: of those, one for every call. What other stories ``covered`` is left out, but
    for a few deaths.
    """
    found = moments(ground, story)
    alike: dict[tuple[str, str, str], list[int]] = {}
    for moment in found:
        for how in moment.hows:
            kind = "" if how in _OF_THE_CALL else re.sub(_SYSTEMS, r"\1", moment.kind)
            # A kill before the next call leaves the same on disk as one after; our own files are other stories' part.
            if how != "kill-after" and not (story.systems and kind.startswith((".agentctl", "key"))):
                alike.setdefault((kind, moment.call, how), []).append(moment.at)
    spread = random.Random(story.name)
    where = under(ground, story)
    chosen = [(how, spread.choice(places)) for (kind, call, how), places in alike.items() if (kind, call, how) not in covered]
    covered.update(alike)
    deaths = [("kill", moment.at) for moment in spread.sample(found, _DEATHS)]
    return [Mishap(how=how, at=at, under=where) for how, at in [*chosen, *deaths]]


def _moment(ground: Ground, at: int, call: Call) -> Moment:
    hows = ["kill", "kill-after", "term", "eio"]
    hows += ["enospc"] if call.call in _SPACE else []
    kind = ground.kind(call.name)
    hows += ["eintr"] if call.call in _SLOW and "/.git/" not in kind else []        # git takes it for a broken disk
    hows += ["torn"] if call.call == "write" else []
    hows += ["orphan"] if "/.git/" in kind else []
    return Moment(at=at, call=call.call, kind=kind, hows=tuple(hows))
