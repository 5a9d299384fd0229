"""Annotations as SARIF 2.1.0, which code scanning shows at the lines they are about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from agentctl import __version__
from agentctl.views import safe
from agentctl.views.annotations import Annotation
from agentctl.views.jsontext import pretty

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_MOST = 5_000           # what code scanning shows of one run


def sarif(found: Sequence[Annotation]) -> str:
    """Return one run of the tool ``agentctl``, with a result for each annotation; beyond the most, how many more."""
    shown = found[:_MOST]
    rules = list(dict.fromkeys(item.rule for item in shown))
    index = {rule: number for number, rule in enumerate(rules)}
    run: dict[str, Any] = {
        "tool": {"driver": {
            "name": "agentctl",
            "version": __version__,
            "rules": [{"id": safe.line(rule)} for rule in rules],
        }},
        "columnKind": "unicodeCodePoints",
        "results": [_result(item, index[item.rule]) for item in shown],
    }
    if more := len(found) - len(shown):
        note = {"text": f"{more} more findings are left out: --format json has all of them."}
        run["invocations"] = [{
            "executionSuccessful": True,
            "toolExecutionNotifications": [{"level": "warning", "message": note}],
        }]
    return pretty({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, ascii_only=True)


def _result(item: Annotation, rule: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": safe.line(item.rule),
        "ruleIndex": rule,
        "level": item.level.value,
        "message": {"text": _plain(f"{item.title}. {item.text}".strip())},
    }
    if item.file:
        region = {"startLine": max(item.line, 1), "startColumn": max(item.column, 1)}
        uri = quote(item.file, safe="/", errors="surrogatepass")
        result["locations"] = [{"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}]
    return result


def _plain(text: str) -> str:
    # In a message, `[text](1)` is a link and `{0}` a placeholder.
    return safe.line(text).replace("](", "\\](").replace("{", "{{").replace("}", "}}")
