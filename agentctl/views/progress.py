"""Says what a run is doing while it does it: a line a step for people, an event a line for machines.

Records are told after they are durable. Whatever goes wrong here (a closed pipe, a terminal that is gone) ends the
telling, never the run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Protocol, TextIO, TypeAlias

from agentctl.model.diagnostic import Span
from agentctl.model.halt import halt_from_wire
from agentctl.views import safe
from agentctl.views.document.halts import halted
from agentctl.views.document.times import milliseconds
from agentctl.views.emit import write
from agentctl.views.jsontext import one_line
from agentctl.views.look import Look
from agentctl.views.page import Ink, Inked, Page, Part
from agentctl.views.symbols import STEPS
from agentctl.views.terminal.times import took


class Record(Protocol):
    """A line of the trace, as far as telling it needs."""

    @property
    def kind(self) -> StrEnum: ...

    @property
    def time(self) -> str: ...

    @property
    def run(self) -> str: ...

    @property
    def body(self) -> Mapping[str, Any]: ...


Observer: TypeAlias = Callable[[Any], None]

_FAILED = "step_failed"
_NOWHERE: Mapping[str, Span] = {}
_EVENTS = {
    "run_started", "escalation", "step_started", "step_finished", "step_failed", "step_in_doubt", "step_skipped",
    "step_resolved", "run_finished",
}


def lines(stream: TextIO, look: Look, places: Mapping[str, Span] = _NOWHERE) -> Observer:
    """Return an observer that writes a line when a step starts and one when it ends.

    ``places`` say where steps stand in the plan's file: of one that failed it is told where to mend it.
    """
    started: dict[str, str] = {}

    def tell(record: Record) -> None:
        text = _line(record, look, started, places)
        if text:
            write(text, stream)

    return _until_it_breaks(tell)


def events(stream: TextIO, version: str, places: Mapping[str, Span] = _NOWHERE) -> Observer:
    """Return an observer that writes one JSON event a line; the first says which agentctl speaks.

    A step that failed has its place in the plan's file, where ``places`` say it.
    """
    silent = _until_it_breaks(lambda event: write(one_line(event), stream))
    silent({"type": "version", "agentctl": version, "format": 1})

    def tell(record: Record) -> None:
        if record.kind.value == "halt":
            silent({"type": "halt", "@timestamp": record.time, **halted(halt_from_wire(record.body))})
        elif record.kind.value in _EVENTS:
            silent(_event(record, places))

    return tell


def _until_it_breaks(tell: Callable[[Any], None]) -> Observer:
    broken = False

    def observe(record: Any) -> None:
        nonlocal broken
        if broken:
            return
        try:
            tell(record)
        except Exception:  # noqa: BLE001  # nobody is listening any more; the run goes on and its trace has it all
            broken = True

    return observe


def _event(record: Record, places: Mapping[str, Span]) -> dict[str, Any]:
    body = record.body
    event: dict[str, Any] = {"type": record.kind.value, "@timestamp": record.time, "run": record.run}
    kept = ("step", "status", "reason", "purpose", "digest", "undoes", "resumes", "counts", "needs", "answer")
    event |= {name: body[name] for name in kept if name in body}
    if "change" in body:
        event |= {name: body["change"][name] for name in ("action", "target", "effect")}
    if "receipt" in body:
        event |= {"links": body["receipt"]["links"]}
    if record.kind.value == _FAILED and (place := places.get(body["step"])):
        event |= {"place": {"file": place.file, "line": place.line, "column": place.column}}
    return event


def _line(record: Record, look: Look, started: dict[str, str], places: Mapping[str, Span]) -> str:
    body, page = record.body, Page(look)
    match record.kind.value:
        case "run_started":
            count = len(body["plan"]["steps"])
            page.line(Inked(f"Run {safe.line(record.run)}", Ink.STRONG), f"  {count:,} step{'' if count == 1 else 's'}")
        case "step_started":
            started[body["step"]] = record.time
            change = body["change"]
            what = f"{safe.line(change['action'])}  {safe.line(change['target'])}"
            page.line(f"   {body['step']}  {what} …", indent=2, hang=9)
        case "step_finished" | "step_failed":
            _end(page, body["status"], record, started)
            if record.kind.value == _FAILED and (place := places.get(body["step"])):
                page.line(Inked(f"at {safe.line(str(place))}", Ink.FAINT), indent=9)
        case "step_in_doubt":
            _end(page, "in-doubt", record, started)
        case "step_skipped":
            _end(page, "skipped", record, started)
        case "step_resolved":
            _end(page, body["status"], record, started)
        case "escalation":
            needs = "; ".join(need["what"] for need in body["needs"])
            page.line(Inked(".. ", Ink.CAUTION), f"{body['step']}  waits for {safe.line(needs)}", indent=2, hang=9)
    return page.text()


def _end(page: Page, status: str, record: Record, started: Mapping[str, str]) -> None:
    symbol, ink = STEPS[status]
    step = record.body["step"]
    duration = took(milliseconds(started.get(step, ""), record.time))
    reason = record.body.get("reason", "")
    why: Part = f"  {safe.line(reason)}" if reason else ""
    lead, said = Inked(f"{symbol:<2} ", ink), Inked(status, ink)
    page.line(lead, f"{step}  ", said, f"  {duration}".rstrip(), why, indent=2, hang=9)
