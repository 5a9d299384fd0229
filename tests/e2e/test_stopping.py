"""Runs that are stopped: by Ctrl-C, by `stop` from another terminal, by force."""

from __future__ import annotations

import io
import os
import signal
import sys

from agentctl.cli.interrupt import Handbrake
from agentctl.errors import Exit
from tests.e2e.house import create, update


class Interrupting(io.RawIOBase):
    """A stream that is interrupted in the middle of being written to."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def write(self, data) -> int:
        signal.raise_signal(signal.SIGINT)
        return len(data)


def test_a_signal_in_the_middle_of_a_line_of_progress_is_heard_and_breaks_nothing(monkeypatch):
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as said, io.TextIOWrapper(io.BufferedWriter(Interrupting(writing))) as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        with Handbrake() as brake:
            stream.write("tier …\n")
            stream.flush()
            assert brake.asked() == "interrupted"
        os.close(writing)
        assert b"Stopping after the step in flight" in said.read()
        monkeypatch.undo()


def test_stop_from_another_terminal_ends_the_run_after_the_step_in_flight(house):
    house.plan(update("tier"), create("after"))
    with house.memory_is_busy() as over, house.sitting("apply", "plan.yaml") as sitting:
        sitting.until("tier  mem.record.update  customers/1 …")
        (run,) = house.runs()
        told = house.run("stop", run)
        assert told.code == Exit.OK, told.all
        assert house.run("show").code == Exit.OK, "show works during an apply"
        sitting.until("Stopping after the step in flight")
        over()
        ended = sitting.ended()
    assert ended.code == Exit.INTERRUPTED
    assert f"agentctl apply --resume {run}" in ended.err
    assert house.memory() == {"customers/1": {"tier": "annual", "seats": 3}}
    assert house.typed("apply", "--resume", run).code == Exit.OK
    assert len(house.memory()) == 2


def test_stop_now_leaves_the_step_in_doubt_and_resume_settles_it_without_repeating_it(house):
    house.plan(create("one"), create("two"))
    with house.memory_is_busy() as over, house.sitting("apply", "plan.yaml") as sitting:
        sitting.until("one  mem.record.create  customers …")
        (run,) = house.runs()
        sitting.signal(signal.SIGSTOP)      # as a busy machine would: both signals wait, and one sent twice is one
        assert house.run("stop", run, "--now").code == Exit.OK
        sitting.signal(signal.SIGCONT)
        ended = sitting.ended()
        over()
    assert ended.code == Exit.INTERRUPTED
    assert "in doubt" in house.run("show", run).out.replace("in-doubt", "in doubt")
    told = house.typed("apply", "--resume", run)
    assert told.code == Exit.OK, told.all
    assert sorted(house.memory()) == ["customers/1", "customers/2", "customers/3"], "each was made exactly once"


def test_ctrl_c_twice_marks_the_step_in_doubt_and_a_side_effect_waits_for_a_persons_word(house):
    house.plan({"id": "note", "action": "mem.note.send", "target": "outbox", "with": {"to": "a@example.com", "text": "hi"}},
               create("after"))
    answers = ("yes", "send 1")
    with house.memory_is_busy() as over, house.sitting("apply", "plan.yaml", answers=answers) as sitting:
        sitting.until("note  mem.note.send  outbox …")
        sitting.signal(signal.SIGINT)
        sitting.until("Stopping after the step in flight")
        sitting.signal(signal.SIGINT)
        ended = sitting.ended()
        over()
    assert ended.code == Exit.INTERRUPTED
    (run,) = house.runs()
    doubtful = house.typed("apply", "--resume", run)
    assert doubtful.code == Exit.INCOMPLETE
    assert f"agentctl resolve {run} note --happened" in doubtful.err
    sent = len(house.outbox())
    assert house.run("resolve", run, "note", "--happened", "--reason", "a has it").code == Exit.OK
    assert house.typed("apply", "--resume", run).code == Exit.OK
    assert len(house.outbox()) == sent, "never a silent repeat"
    assert len(house.memory()) == 2


def test_stop_of_a_run_that_is_over_says_so(house):
    house.plan(update("tier"))
    house.typed("apply", "plan.yaml")
    told = house.run("stop", "latest")
    assert told.code == Exit.USAGE
    assert "not running" in told.err
