"""Draws which keys a workspace has had."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agentctl.views import safe
from agentctl.views.look import Look
from agentctl.views.page import Ink, Inked, Page, Part
from agentctl.views.terminal.next import draw_next
from agentctl.views.terminal.times import when


def draw_keys(document: Mapping[str, Any], look: Look) -> str:
    """Return the keys of a KeyDocument, the one in force last."""
    page = Page(look)
    page.rows([
        (Inked("lineage", Ink.FAINT), document["lineage"]),
        (Inked("key file", Ink.FAINT), safe.line(document["file"])),
        (Inked("usable", Ink.FAINT), Inked("yes", Ink.GOOD) if document["usable"] else Inked("no", Ink.RISK)),
    ])
    for key in document["keys"]:
        page.blank()
        name, standing = key["fingerprint"], "in force" if key["in_force"] else "replaced"
        page.line(Inked(name, Ink.STRONG if key["in_force"] else Ink.PLAIN), f"  {standing}")
        page.rows([(Inked(name, Ink.FAINT), value) for name, value in _told(key)], indent=2)
    if document["foreign_packs"]:
        page.blank()
        page.line(Inked(f"{document['foreign_packs']} packs were sealed with none of these.", Ink.RISK))
    if document["problem"]:
        page.blank()
        page.line(safe.line(document["problem"]))
        draw_next(page, document["next"])
    return page.text()


def _told(key: Mapping[str, Any]) -> Iterator[tuple[str, Part]]:
    came = key["replaced_the_one_before"]
    yield "since", f"{when(came['at'])}, by {safe.line(came['by'])}" if came else "the workspace was made"
    if came:
        yield "because", safe.line(came["reason"])
    if came and came["compromised"]:
        yield "warning", Inked("somebody else may have the key before it", Ink.RISK)
    packs = "not known without it" if key["packs"] is None else str(key["packs"])
    yield "packs", f"{packs}{'' if key['here'] else '; this machine cannot read what it sealed'}"
