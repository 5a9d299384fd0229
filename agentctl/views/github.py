"""Annotations as GitHub workflow commands, which a runner turns into remarks at the lines they are about."""

from __future__ import annotations

from collections.abc import Sequence

from agentctl.views import safe
from agentctl.views.annotations import Annotation, Level

_COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}
_MOST = 50              # a runner shows ten of a kind; more only makes the log long


def github(found: Sequence[Annotation]) -> str:
    """Return one command a line, and nothing else: no foreign text can end one or begin another."""
    lines = [_command(item) for item in found[:_MOST]]
    if more := len(found) - len(lines):
        lines.append(f"::notice title=agentctl::{more} more findings are left out: --format json has all of them.")
    return "".join(f"{line}\n" for line in lines)


def _command(item: Annotation) -> str:
    properties = {"title": f"{item.title} ({item.rule})"}
    if item.file:
        properties = {"file": item.file, "line": str(item.line), "col": str(item.column), **properties}
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{_COMMANDS[item.level]} {told}::{_data(item.text or item.title)}"


def _data(text: str) -> str:
    return safe.line(text).replace("%", "%25")      # newlines are visible escapes already


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
