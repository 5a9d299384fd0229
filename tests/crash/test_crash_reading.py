"""A disk that cannot be read: what only looks says so, beside what is still readable, and never crashes."""

from __future__ import annotations

import pytest

from agentctl.errors import Exit
from tests.crash.shim import Mishap
from tests.crash.stories import STORIES
from tests.crash.trial import begin

COMMANDS = (
    ("show",), ("runs",), ("verify",), ("approvals",), ("state", "list"), ("drift",), ("lock", "show"), ("plan", "plan.yaml"),
)


@pytest.fixture(scope="module")
def lived_in(ground):
    """A workspace with a run under a signed approval behind it."""
    (story,) = (story for story in STORIES if story.name == "apply-signed")
    begin(ground, story)
    ground.restore(story.name)
    assert ground.run(*story.command(ground)).code == Exit.OK
    ground.keep("lived-in")
    return ground


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_what_cannot_be_read_is_said_and_never_hidden(lived_in, command):
    mishap = Mishap(under=lived_in.ours(), reads=True)
    lived_in.restore("lived-in")
    clean = lived_in.run(*command, mishap=mishap)
    assert clean.code == Exit.OK, clean.all
    wrong = []
    for at in range(1, clean.calls + 1):
        told = lived_in.run(*command, mishap=Mishap(how="eio", at=at, under=mishap.under, reads=True))
        if told.code == Exit.UNEXPECTED or "Traceback" in told.all:
            wrong.append(f"eio at {at}: crashed: {told.err}")
        elif told.out != clean.out and not _said(told.all):
            wrong.append(f"eio at {at}: exit {told.code}, and no word of it:\n{told.all[-500:]}")
        elif told.code != Exit.OK and "error: " not in told.err and "cannot be read" not in told.all:
            wrong.append(f"eio at {at}: exit {told.code}:\n{told.all[-500:]}")
    interrupted = [lived_in.run(*command, mishap=Mishap(how="eintr", at=at, under=mishap.under, reads=True)) for at in range(1, clean.calls + 1, 5)]
    wrong += [f"eintr: {told.all[-300:]}" for told in interrupted if (told.code, told.out) != (clean.code, clean.out)]
    assert clean.calls > 0
    assert not wrong, f"{len(wrong)} of {clean.calls}:\n" + "\n".join(wrong)


def _said(text: str) -> bool:
    return any(word in text for word in ("Input/output error", "cannot be read", "damaged", "hidden", "not checked", "error: "))
