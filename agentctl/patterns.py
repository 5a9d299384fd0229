"""Patterns that are compiled when they are first asked: a command asks a third of those it imports. None lives here."""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast


def regex(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return what can be asked whatever ``re.compile`` gives can be asked. A pattern that is none fails then."""
    return cast("re.Pattern[AnyStr]", _Later(text, flags))


class _Later:
    """Stands for a pattern; what was asked of it once is its own from then on, and as quick."""

    def __init__(self, text: Any, flags: int) -> None:
        self._said = text, flags

    def __getattr__(self, name: str) -> Any:
        asked = getattr(re.compile(*self._said), name)
        vars(self)[name] = asked
        return asked
