"""What is fuzzed, by name. Each target is a function of bytes that raises where a promise is broken."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Final

CORPUS: Final = Path(__file__).parent / "corpus"
TARGETS: Final = {
    "plan": "plans:load_plan",
    "argument": "plans:load_argument",
    "policy": "policies:load_policy",
    "condition": "policies:load_condition",
    "trace": "traces:damage",
    "history": "traces:forge",
    "record": "stores:read_record",
    "checkpoint": "stores:read_checkpoint",
    "statement": "stores:read_statement",
    "state": "stores:read_state",
    "changeset": "stores:read_changeset",
    "pack": "stores:read_pack",
    "text": "screens:show",
    "yaml-edit": "edits:edit_yaml",
    "json-edit": "edits:edit_json",
    "name": "names:name",
    "answer": "replies:answer",
    "answer-json": "replies:json",
    "link": "replies:link",
}


def target(name: str) -> Callable[[bytes], None]:
    """Return what ``name`` names."""
    module, _, function = TARGETS[name].partition(":")
    found: Callable[[bytes], None] = getattr(import_module(f"tests.fuzz.{module}"), function)
    return found


def seeds(name: str) -> list[Path]:
    """Return the corpus kept for a target."""
    return sorted(path for path in (CORPUS / name).iterdir() if path.is_file())
