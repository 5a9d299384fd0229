"""However a file of our own is damaged: what only reads never crashes, never waits, changes nothing, and tells of it."""

from __future__ import annotations

import pytest

from tests.damage.reading import ENDS, READERS, trials

# The complete matrix is scripts/damage; here every place meets each kind of damage, and each command every place.
QUICK = {"lost", "a pipe", "a link to itself", "a folder", "a file in its place", "foreign", "older", "empty", "cut at 5/10", "flipped at 2/10", "newer"}
QUICK_READERS = (
    ("runs",), ("show", "RUN", "--step", "tier"), ("show", "WAITING"), ("verify",), ("verify", "RUN"), ("plan", "next.yaml"),
    ("state", "list"), ("approvals",), ("lock", "show"),
)
PLACES = (
    "lineage", "state.json", "state.json.before", "lock", "trace/", "checkpoints/", "changesets/", "packs/", "approvals/",
    "rejections/", "halts/", "trace of init", "checkpoint of init", "trace of first run", "checkpoint of first run",
    "signature of first run", "trace of last run", "checkpoint of last run", "signature of last run", "pack of first run",
    "changeset plan", "changeset waiting", "pack of changeset", "approval of gone", "approval of waiting", "rejection",
    "halt", "key", "witness", "agentctl.yaml", "policy",
)


@pytest.mark.parametrize("place", PLACES)
def test_what_only_reads_never_crashes_and_tells_what_is_damaged(ground, other, place):
    tried = list(trials(ground, other, place, QUICK, QUICK_READERS))
    wrong = [f"{one.damage}: {' '.join(one.command)}: {one.wrong}\n{one.said.all[:600]}" for one in tried if one.wrong]
    assert len(tried) >= 4 * len(QUICK_READERS)
    assert wrong == []


@pytest.mark.parametrize("command", [reader for reader in READERS if reader not in QUICK_READERS], ids=" ".join)
def test_every_other_command_that_only_reads_stands_every_place_torn(ground, other, command):
    wrong = [
        f"{one.place}: {one.wrong}\n{one.said.all[:600]}"
        for place in PLACES
        for one in trials(ground, other, place, {"cut at 5/10"}, (command,))
        if one.wrong
    ]
    assert wrong == []


def test_every_kind_of_place_is_tried():
    assert {next(name for name in sorted(ENDS, reverse=True) if place.startswith(name)) for place in PLACES} == set(ENDS)
