"""kill -9 at any write of an apply: after `apply --resume` no effect is missing, none is doubled, or it is in doubt."""

from __future__ import annotations

import pytest

from tests.crash.matrix import moments, under
from tests.crash.shim import Mishap
from tests.crash.stories import STORIES
from tests.crash.trial import begin, tell, trial

NAMED = {story.name: story for story in STORIES}
_OF_SO_MANY = 13        # the promise looks at one write; tests/crash at one of each kind; scripts/crash at all


@pytest.mark.parametrize("name", ["apply-systems", "resume-systems"])
def test_after_a_kill_at_any_write_resuming_brings_all_about_once(ground, name):
    story = NAMED[name]
    begin(ground, story)
    deaths = [Mishap(how="kill", at=moment.at, under=under(ground, story)) for moment in moments(ground, story)[::_OF_SO_MANY]]
    trials = [trial(ground, story, death, thorough=False) for death in deaths]
    assert all(one.ended.code == -9 for one in trials)
    assert not any(one.faults for one in trials), "\n".join(str(one) for one in trials if one.faults)


def test_a_kill_at_any_write_of_the_state_never_leaves_an_empty_one(ground):
    story = NAMED["apply"]
    begin(ground, story)
    writes = [moment for moment in moments(ground, story) if "state.json" in moment.kind]
    assert len(writes) > 4
    for moment in writes:
        for how in ("kill", "kill-after", "torn"):
            tell(ground, story, Mishap(how=how, at=moment.at, under=under(ground, story)))
            assert (ground.house.ours / "state.json").read_bytes().endswith(b"}\n"), moment
