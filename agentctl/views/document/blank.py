"""Dictionaries of which a document has thousands, at a third of the memory. What is in them is not known here."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any


def blank(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a dictionary like ``values``, of some twenty to thirty keys, whose copies share one table of those.

    CPython keeps attributes in such dictionaries. One with the 27 keys of a step takes 330 bytes, where by itself it
    took 840; with 10,000 steps that was a thirtieth of what planning took. One of eight keys would take no less.
    """
    form = _class_with(tuple(values))()
    for name, value in values.items():
        setattr(form, name, value)
    found: dict[str, Any] = vars(form)
    return found


@cache
def _class_with(keys: tuple[str, ...]) -> type:
    """Return a class for each set of keys: objects of one class have one table, and that has thirty places."""
    return type("Form", (), {"__doc__": ", ".join(keys)})
