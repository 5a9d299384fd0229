"""The power goes at any moment, and what was not synced is gone or torn: what was announced as done is done and told."""

from __future__ import annotations

import pytest

from tests.crash.power import Disk, Loss, databases_last, outage_trial, outages_of, systems_last
from tests.crash.shim import Call
from tests.crash.stories import STORIES
from tests.crash.trial import begin

_OF_SO_MANY = 17        # the suite looks at one; scripts/crash looks at all
NAMED = {story.name: story for story in STORIES}


@pytest.mark.parametrize(("name", "lasting"), [
    ("apply", systems_last), ("apply", databases_last), ("resume", systems_last), ("apply-signed", systems_last),
], ids=["apply", "apply-on-the-same-disk", "resume", "apply-signed"])
def test_what_was_announced_as_done_outlives_a_power_loss_at_any_moment(ground, name, lasting):
    story = NAMED[name]
    begin(ground, story)
    found = outages_of(ground, story, [*Loss], lasting)
    trials = [outage_trial(ground, story, outage, thorough=number % 8 == 0) for number, outage in enumerate(found[::_OF_SO_MANY])]
    assert len({trial.mishap.how for trial in trials}) == len(Loss)
    assert not any(trial.faults for trial in trials), "\n".join(str(trial) for trial in trials if trial.faults)


def test_the_disk_of_these_trials_forgets_what_was_not_synced(tmp_path):
    """The instrument itself: without this a disk that forgets nothing would prove everything."""
    kept, path = tmp_path / "kept", str(tmp_path / "new")
    kept.write_bytes(b"long there")
    disk = Disk.of([tmp_path])
    for call in (
        Call(call="create", path=path),
        Call(call="write", path=path, size=4, result=4, data=b"abcd"),
        Call(call="write", path=str(kept), size=4, result=4, data=b"LONG"),
    ):
        disk.apply(call)
    nothing = {str(tmp_path): None, str(kept): b"long there"}
    assert disk.after(Loss.EVERYTHING, lambda name: False) == nothing
    assert disk.after(Loss.CONTENT, lambda name: False) == {**nothing, path: b""}
    assert disk.after(Loss.NAMES, lambda name: False) == {**nothing, str(kept): b"LONG there"}
    assert disk.after(Loss.HALVES, lambda name: False) == {**nothing, str(kept): b"LONG " , path: b"ab"}
    disk.apply(Call(call="sync", path=path))
    disk.apply(Call(call="sync", path=str(tmp_path)))
    assert disk.after(Loss.EVERYTHING, lambda name: False) == {**nothing, path: b"abcd"}
