"""A failed run can be resumed under the same consent."""

from __future__ import annotations

from agentctl.errors import Exit
from tests.crash.matrix import moments, under
from tests.crash.shim import Mishap
from tests.crash.stories import STORIES
from tests.crash.trial import begin, next_command, tell

SIGNED = next(story for story in STORIES if story.name == "apply-signed")


def test_a_run_that_failed_at_any_record_goes_on_under_the_approval_it_used(ground):
    begin(ground, SIGNED)
    records = [moment for moment in moments(ground, SIGNED) if (moment.kind, moment.call) == (".agentctl/trace/run.jsonl", "write")]
    failed = 0
    for moment in records:
        told = tell(ground, SIGNED, Mishap(how="eio", at=moment.at, under=under(ground, SIGNED)))
        if told.code != Exit.INCOMPLETE:
            continue
        failed += 1
        resumed = ground.run(*next_command(told))       # with no terminal: nobody could consent to anything anew
        assert resumed.code == Exit.OK, resumed.all
        assert SIGNED.effects(ground) == SIGNED.goal
        first, later = [record["body"] for record in ground.house.records() if record["kind"] == "run_started"]
        assert later["resumes"]
        assert later["consent"]["approvals"] == first["consent"]["approvals"] != []
    assert failed > 5
