"""Keeps Python's cycle collector out of the way while many values are made that hold no cycles."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused() -> Iterator[None]:
    """Collect nothing inside the block: walking a growing tree again and again would double its time.

    What was made by its end is looked at with what is oldest. Else all of it would be walked as soon as the block ends.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.freeze()     # both move lists as a whole, and together put all there is into the oldest generation
            gc.unfreeze()
            gc.enable()
