"""Python's cycle collector stays out of the way where told to, and misses nothing for it."""

from __future__ import annotations

import gc
import weakref

from agentctl.syntax.collector import paused


class Cycle:
    def __init__(self) -> None:
        self.itself = self


def test_what_was_made_meanwhile_is_not_walked_as_soon_as_the_pause_ends():
    with paused():
        made = [[] for _ in range(200_000)]
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_count()[0] < len(made) / 2
    assert not any(one is made for one in gc.get_objects(generation=0))


def test_a_cycle_that_was_made_meanwhile_is_found_all_the_same():
    with paused():
        found = weakref.ref(Cycle())
    gc.collect()
    assert found() is None


def test_a_pause_within_a_pause_ends_with_the_outer_one():
    with paused():
        with paused():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
