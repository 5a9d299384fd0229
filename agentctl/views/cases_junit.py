"""The cases of a PolicyTestDocument as JUnit XML, which CI systems show beside other tests."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from agentctl.views import safe


def cases_junit(document: Mapping[str, Any]) -> str:
    """Return one test suite with a test case for each case; what differs is its failure."""
    count, failed = len(document["cases"]), document["failed"]
    figures = f'tests="{count}" failures="{failed}" errors="0"'
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="agentctl policy test" {figures}>',
        f'  <testsuite name="policy" {figures} skipped="0" time="0">',
    ]
    for case in document["cases"]:
        opening = f'    <testcase name="{_text(case["name"])}" classname="{_text(case["place"])}" time="0"'
        if case["passes"]:
            lines.append(f"{opening}/>")
            continue
        told = [
            f"{item['part']}: expected {item['expected']}, got {item['actual'] or 'nothing'}"
            for item in case["differences"]
        ]
        why = [f"{item['rule']} {item['place']}: {item['reason']}" for item in case["findings"]]
        lines += [
            f"{opening}>",
            f'      <failure message="{_text("; ".join(told))}" type="PolicyTest">{_text("; ".join(why))}</failure>',
            "    </testcase>",
        ]
    return "\n".join([*lines, "  </testsuite>", "</testsuites>"]) + "\n"


def _text(text: str) -> str:
    # What shows itself only: XML holds no control characters, not even escaped ones.
    return escape(safe.line(text))
