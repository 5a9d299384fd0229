"""The banner of a halt: who or which breaker, what it was for, what to look at, how to lift it; on any width."""

from __future__ import annotations

import pytest

from agentctl.model.breaker import Breaker, Gauge, Trouble
from agentctl.model.halt import Event, Halt, Reach, Scope, Tripped
from agentctl.views.document.breakers import breakers
from agentctl.views.document.halts import halts
from agentctl.views.look import Look
from agentctl.views.page import Page
from agentctl.views.terminal.breakers import draw_breakers
from agentctl.views.terminal.halts import draw_halts, trip_in_words

BY_BREAKER = Halt(
    id="breaker-1", scope=Scope(Reach.AGENT, "sales-ops"), by="breaker agent-fails", host="", at="2026-02-03T09:15:00Z",
    reason="30 failures within 1h",
    tripped=Tripped(
        breaker="agent-fails",
        counted=30,
        events=tuple(Event(run="7k2m", step=f"s{n}", at="t") for n in range(19)) + (Event(run="9x1c", step="", at="t"),),
    ),
)
BY_HAND = Halt(
    id="h", scope=Scope(Reach.ALL), by="mia", host="ops", at="2026-02-03T09:15:00Z", reason="evil \x1b[2J\u202e\n| `agentctl`",
)


def drawn(width: int, *found: Halt) -> str:
    page = Page(Look(width=width))
    draw_halts(page, halts(found))
    return page.text()


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_breakers_halt_says_what_tripped_it_what_to_look_at_and_how_it_is_lifted(width):
    said = drawn(width, BY_BREAKER)
    lines = said.splitlines()
    assert "    agentctl show 9x1c" in lines, "the command is alone on its line, and whole"
    assert "    agentctl unhalt --agent sales-ops --reason …" in lines
    assert "rollback 9x1c, step s18 of run 7k2m" in " ".join(said.split())
    assert "and 25 more" in " ".join(said.split())
    assert all(len(line) <= width for line in lines if "agentctl" not in line)


def test_a_persons_halt_says_why_in_their_words_made_harmless():
    said = drawn(80, BY_HAND)
    assert "by mia: evil" in said
    assert not {"\x1b", "\u202e"} & set(said)
    assert "show" not in said


@pytest.mark.parametrize(("counted", "tripped", "words"), [
    (0, False, "0 counted now, 3 more halt it"),
    (2, False, "2 counted now, 1 more halts it"),
    (3, False, "the next one halts it"),
    (3, True, "tripped: it is halted"),
])
def test_how_far_a_breaker_is_from_halting_is_said_in_words(counted, tripped, words):
    breaker = Breaker(id="b", on=Trouble.FAILURES, count=3, seconds=5400, halt=Reach.ALL)
    gauge = Gauge(breaker=breaker, scope=Scope(Reach.ALL), counted=counted, tripped=tripped, steps=("s",))
    page = Page(Look(width=80))
    draw_breakers(page, breakers([gauge]))
    assert words in page.text()
    assert "3 failures within 90m halt everything" in page.text()


def test_a_run_says_in_one_line_what_it_tripped_and_who_lifted_it():
    trip = {"breaker": "b", "reason": "2 doubts within 1d", "halted": "connector `crm`", "at": "", "lifted": None}
    assert trip_in_words(trip) == "breaker b, 2 doubts within 1d: connector `crm` halted"
    over = {"by": "mia", "at": "2026-02-03T09:15:00.000000Z", "reason": "ok\x1b"}
    said = trip_in_words({**trip, "lifted": over})
    assert "halted, lifted by mia, 2026-02-03 09:15:00 UTC: ok" in said
    assert "\x1b" not in said
