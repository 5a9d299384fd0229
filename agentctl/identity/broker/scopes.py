"""What a token may do, compared with what a step needs. Who says what it may do is not known here."""

from __future__ import annotations

from collections.abc import Iterable

_LEVELS = ("read", "write", "admin")


def missing(needed: Iterable[str], granted: Iterable[str]) -> tuple[str, ...]:
    """Return what of ``needed`` no scope of ``granted`` covers: ``issues:write`` covers ``issues:read``."""
    held = tuple(granted)
    return tuple(sorted({scope for scope in needed if not any(_covers(one, scope) for one in held)}))


def beyond(needed: Iterable[str], granted: Iterable[str]) -> tuple[str, ...]:
    """Return what of ``granted`` is more than ``needed``."""
    wanted = tuple(needed)
    return tuple(sorted({scope for scope in granted if not any(_covers(one, scope) for one in wanted)}))


def to_look(scopes: Iterable[str]) -> tuple[str, ...]:
    """Return what reading takes of the records that actions with ``scopes`` change."""
    return tuple(sorted({f"{name}:read" if level in _LEVELS else scope
                         for scope in scopes for name, level in [_split(scope)]}))


def _covers(held: str, scope: str) -> bool:
    if held == scope:
        return True
    (mine, one), (other, two) = _split(held), _split(scope)
    return mine == other and one in _LEVELS and two in _LEVELS and _LEVELS.index(one) >= _LEVELS.index(two)


def _split(scope: str) -> tuple[str, str]:
    name, _, level = scope.rpartition(":")
    return name, level
