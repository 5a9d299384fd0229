"""The constraints of grants, and freezes, in the words both drawings of a policy use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def constraint_facts(constraints: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what a grant asks for besides the record as pairs of a word and a text, empty where it does not."""
    undone = {"exact": "what can be undone", "compensating": "what can be undone or made up for", None: ""}
    foreseen = {"exact": "what can be foreseen", "partial": "what can be foreseen in part", None: ""}
    return [
        ("only in", ", ".join(constraints["environments"] or ())),
        ("to", ", ".join(constraints["recipients"] or ())),
        ("evidence", _evidence(constraints["evidence"])),
        ("only when", "; ".join(map(_window, constraints["windows"] or ()))),
        ("only", undone[constraints["reversibility"]]),
        ("only", foreseen[constraints["fidelity"]]),
    ]


def freeze_facts(freeze: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what a freeze says as pairs of a word and a text."""
    facts = [
        ("freezes", "everything but reads" if freeze["actions"] is None else ", ".join(freeze["actions"])),
        ("from", freeze["from"]),
        ("until", freeze["until"]),
        ("only in", ", ".join(freeze["environments"] or ())),
        ("message", freeze["message"]),
        ("not for", ", ".join(freeze["except"])),
    ]
    return [(word, text) for word, text in facts if text]


def _evidence(evidence: Mapping[str, Any] | None) -> str:
    if evidence is None:
        return ""
    kinds = f" of {' or '.join(evidence['kinds'])}" if evidence["kinds"] else ""
    sources = f"{evidence['count']} source{'s' * (evidence['count'] != 1)}"
    return f"{sources}{kinds}{', verified' * evidence['verified']}"


def _window(window: Mapping[str, Any]) -> str:
    days = "every day" if len(window["days"]) == 7 else " ".join(window["days"])
    return f"{days} {window['from']}-{window['to']} {window['zone']}"
