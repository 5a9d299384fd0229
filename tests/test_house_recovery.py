"""The page for whoever is on call is true: agentctl prints the summaries it names, and has the commands it tells to type."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest

from agentctl.cli.app import root

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/RECOVERY.md").read_text("utf-8")
SUMMARY = re.compile(r"^\| `([^`…]+)` \|", re.MULTILINE)
IN_TEXT = re.compile(r"`((?:The|A|No) [^`]+)`")
COMMAND = re.compile(r"(?:^|`)(agentctl [^`\n]+)", re.MULTILINE)


def said() -> set[str]:
    """Return every text constant of the product."""
    return {
        node.value
        for path in (ROOT / "agentctl").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_every_summary_on_the_page_is_printed_word_by_word():
    named = set(SUMMARY.findall(PAGE)) | set(IN_TEXT.findall(PAGE))
    assert len(named) >= 25
    assert named - said() == set()


def test_every_way_a_state_can_be_bad_is_on_the_page():
    from agentctl.store.state import _SAID

    assert {summary for summary, _, _ in _SAID.values()} <= set(SUMMARY.findall(PAGE))


@pytest.mark.parametrize("line", sorted(set(COMMAND.findall(PAGE))))
def test_every_command_on_the_page_parses(line):
    words = shlex.split(line)[1:]
    command = root()
    context = command.make_context("agentctl", ["--version"], resilient_parsing=True)
    while words and hasattr(command, "get_command") and not words[0].startswith("-"):
        command = command.get_command(context, words.pop(0))
        assert command is not None, line
    if words != ["--version"]:
        command.make_context(line, words)       # raises for an option or argument there is not
