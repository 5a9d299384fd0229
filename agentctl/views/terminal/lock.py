"""Draws who holds the workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agentctl.views import safe
from agentctl.views.look import Look
from agentctl.views.page import Ink, Inked, Page
from agentctl.views.terminal.times import when

_ALIVE = {
    True: (Ink.GOOD, "it is running"),
    False: (Ink.RISK, "its process is gone: the next apply breaks the lock and records it"),
    None: (Ink.CAUTION, "whether it runs cannot be told from here"),
}


def draw_lock(document: Mapping[str, Any], look: Look) -> str:
    """Return who holds the lock of a LockDocument."""
    page = Page(look)
    holder, heirs = document["holder"], document["heirs"]
    if holder is None:
        page.line("The lock names no owner." if heirs else "Nobody holds the lock.")
        _draw_heirs(page, heirs)
        return page.text()
    ink, words = (Ink.RISK, "its process is gone") if heirs else _ALIVE[holder["alive"]]
    page.line(Inked("Locked", Ink.STRONG), f" by run {safe.line(holder['run'])}")
    page.rows(
        [
            (Inked("person", Ink.FAINT), safe.line(holder["person"])),
            (Inked("process", Ink.FAINT), f"{holder['pid']} on {safe.line(holder['host'])}"),
            (Inked("since", Ink.FAINT), when(holder["since"])),
            (Inked("alive", Ink.FAINT), Inked(words, ink)),
        ],
        indent=2,
    )
    if holder["alive"] is None:
        page.line("If you know that it is gone, break the lock:")
        page.line(Inked("agentctl lock break --reason '…'", Ink.COMMAND), indent=4, whole=True)
    _draw_heirs(page, heirs)
    return page.text()


def _draw_heirs(page: Page, heirs: Sequence[Mapping[str, Any]]) -> None:
    for heir in heirs:
        page.line(f"{safe.line(heir['name'])} (process {heir['pid']}), which it started, lives on and holds the lock.")
    if heirs:
        page.line("It may still be at work in a system. Wait until it has ended, or end it:")
        page.line(Inked(f"kill {' '.join(str(heir['pid']) for heir in heirs)}", Ink.COMMAND), indent=4, whole=True)
