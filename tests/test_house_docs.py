"""What the pages point at exists: files, and tests of the promises' names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")])
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    broken = [link for link in LINK.findall(page.read_text("utf-8")) if not (page.parent / link).exists()]
    assert broken == []


def test_each_promise_names_a_test_there_is():
    named = TEST.findall((ROOT / "docs" / "PROMISES.md").read_text("utf-8"))
    assert len(named) >= 8
    missing = [f"{path}::{name}" for path, name in named if f"def {name}(" not in source(ROOT / path)]
    assert missing == []


def test_each_threat_names_a_test_there_is():
    """Every row of every table of attacks: without its defence, that test fails."""
    page = (ROOT / "docs" / "THREATS.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if re.match(r"\| *([0-9]+)? *\| .* \| .* \| ", line) and "attack |" not in line]
    numbers = [int(found[1]) for row in rows if (found := re.match(r"\| ([0-9]+) \|", row))]
    assert numbers == list(range(1, 38))
    for row in rows:
        named = TEST.findall(row)
        assert named, row
        assert [f"{path}::{name}" for path, name in named if f"def {name}(" not in source(ROOT / path)] == []


def source(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""
