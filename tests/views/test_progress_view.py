"""Telling a run while it happens: complete, readable, and never in its way."""

from __future__ import annotations

import io
import json
from enum import StrEnum
from types import SimpleNamespace

from agentctl.model.change import change_to_wire
from agentctl.views import progress
from agentctl.views.look import Look
from tests.views import samples


class Kind(StrEnum):
    RUN_STARTED = "run_started"
    DECISION = "decision"
    STEP_STARTED = "step_started"
    STEP_FINISHED = "step_finished"
    STEP_IN_DOUBT = "step_in_doubt"
    STEP_SKIPPED = "step_skipped"
    ESCALATION = "escalation"
    RUN_FINISHED = "run_finished"


def records():
    cs, _ = samples.pricing()
    steps = [{"id": change.step} for change in cs.changes]

    def record(kind, second, **body):
        return SimpleNamespace(kind=kind, time=f"2026-02-03T09:15:{second:02}.000000Z", run=samples.RUN_ID, body=body)

    receipt = {"ids": {}, "links": ["https://crm.example/42"], "addresses": {}}
    return [
        record(Kind.RUN_STARTED, 0, plan={"steps": steps}, purpose="apply", digest=cs.digest, undoes="", resumes=""),
        record(Kind.DECISION, 0, step="tier", verdict="allow"),
        record(Kind.STEP_STARTED, 1, step="tier", change=change_to_wire(cs.changes[0])),
        record(Kind.STEP_FINISHED, 3, step="tier", status="confirmed", reason="", receipt=receipt),
        record(Kind.STEP_STARTED, 3, step="page", change=change_to_wire(cs.changes[1])),
        record(Kind.STEP_IN_DOUBT, 4, step="page", reason="the line went dead\x1b[2J"),
        record(Kind.ESCALATION, 4, step="commit", needs=[{"what": "2 signatures", "kind": "signatures", "command": ""}], change=change_to_wire(cs.changes[2])),
        record(Kind.STEP_SKIPPED, 4, step="commit", reason="`page` is in doubt"),
        record(Kind.RUN_FINISHED, 4, status="incomplete", counts={"confirmed": 1}, reason="stopped"),
    ]


def told(observe, stream) -> str:
    for record in records():
        observe(record)
    return stream.getvalue()


def test_people_get_a_line_when_a_step_starts_and_one_when_it_ends():
    stream = io.StringIO()
    assert told(progress.lines(stream, Look()), stream).splitlines() == [
        f"Run {samples.RUN_ID}  3 steps",
        "     tier  crm.row.update  customers/42 …",
        "  ok tier  confirmed  2.00 s",
        "     page  site.text.replace  pricing.html …",
        "  ?  page  in-doubt  1.00 s  the line went dead\\x1b[2J",
        "  .. commit  waits for 2 signatures",
        "  .  commit  skipped  `page` is in doubt",
    ]


def test_machines_get_one_event_a_line_that_begins_with_the_version():
    stream = io.StringIO()
    events = [json.loads(line) for line in told(progress.events(stream, "1.2.3"), stream).splitlines()]
    assert events[0] == {"type": "version", "agentctl": "1.2.3", "format": 1}
    assert [event["type"] for event in events[1:]] == [
        "run_started", "step_started", "step_finished", "step_started", "step_in_doubt", "escalation", "step_skipped", "run_finished",
    ]
    assert all(event["@timestamp"].endswith("Z") and event["run"] == samples.RUN_ID for event in events[1:])
    assert events[3]["links"] == ["https://crm.example/42"]


class Gone(io.StringIO):
    """A pipe whose reader left after the first line."""

    def write(self, text: str) -> int:
        if self.getvalue():
            raise BrokenPipeError("nobody reads")
        return super().write(text)


def test_a_reader_that_left_never_reaches_the_run():
    for make in (lambda stream: progress.lines(stream, Look()), lambda stream: progress.events(stream, "1")):
        stream = Gone()
        assert told(make(stream), stream).count("\n") == 1


def test_a_record_nobody_foresaw_never_reaches_the_run():
    stream = io.StringIO()
    observe = progress.lines(stream, Look())
    observe(SimpleNamespace(kind=Kind.STEP_FINISHED, time="?", run="r", body={}))
    observe(records()[0])
    assert stream.getvalue() == ""
