"""Whatever befalls a write of a system, or of a program it starts: the same holds, and no child of ours lives on."""

from __future__ import annotations

import pytest

from tests.crash.matrix import sample
from tests.crash.stories import STORIES
from tests.crash.trial import begin, trial

SYSTEMS = [story for story in STORIES if story.systems]
_THOROUGH = 6       # of so many trials one looks with every command there is


@pytest.fixture(scope="module")
def covered() -> set[tuple[str, str, str]]:
    """What the stories told before have tried."""
    return set()


@pytest.mark.parametrize("story", SYSTEMS, ids=lambda story: story.name)
def test_whatever_befalls_a_system_nothing_is_lost_doubled_or_hidden(ground, covered, story):
    begin(ground, story)
    mishaps = sample(ground, story, covered)
    trials = [trial(ground, story, mishap, thorough=number % _THOROUGH == 0) for number, mishap in enumerate(mishaps)]
    assert len(trials) > 5
    assert not any(one.faults for one in trials), "\n".join(str(one) for one in trials if one.faults)
