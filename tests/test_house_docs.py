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


def source(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""
