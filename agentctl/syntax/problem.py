"""One thing that is wrong with a value. Finding it is ``schema``'s part, its words ``explain``'s."""

from __future__ import annotations

from agentctl.facts import dataclass
from agentctl.syntax.document import Pointer


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing wrong with a value, not tied to a text. ``at_key``: it is the key, not the value, that is wrong.

    ``keyword`` is the JSON Schema keyword that was not met. ``within`` is the node whose alternatives or conditions
    brought that keyword in; None where it holds always.
    """

    pointer: Pointer
    code: str
    summary: str
    detail: str
    hint: str = ""
    at_key: bool = False
    keyword: str = ""
    within: Pointer | None = None
