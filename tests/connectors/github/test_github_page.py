"""The page of the GitHub connector states what its ActionSpecs and settings state, and its App asks for what they need."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from agentctl.connectors.base import Instance
from agentctl.connectors.github import TYPE
from agentctl.model.action import ActionSpec

PAGE = (Path(__file__).parents[3] / "docs/GITHUB.md").read_text("utf-8")


def row(spec: ActionSpec) -> str:
    required = spec.arguments.get("required", ())
    takes = [f"`{name}`" if name in required else f"[`{name}`]" for name in spec.arguments.get("properties", {})]
    only = " (rollback only)" if spec.inverse_only else ""
    facts = (
        f"`{spec.verb}`{only}", spec.summary, ", ".join(takes) or "nothing", ", ".join(spec.scopes), spec.tier.value,
        spec.precondition.value, spec.settlement.value, spec.reversibility.value, spec.stays or "nothing",
    )
    return f"| {' | '.join(facts)} |"


@pytest.fixture
def actions() -> Mapping[str, ActionSpec]:
    return TYPE.open(Instance(name="github", settings={}, root="/")).actions


def test_the_page_lists_every_action_with_its_facts(actions) -> None:
    listed = [line for line in PAGE.splitlines() if re.match(r"\| `[a-z]+\.[a-z_]+`", line)]
    assert sorted(listed) == sorted(row(spec) for spec in actions.values())


def test_the_page_lists_every_setting() -> None:
    for name, setting in TYPE.settings.items():
        assert f"| `{name}` | {setting.summary} |" in PAGE


def test_the_app_of_the_page_asks_for_what_the_actions_need_and_no_more(actions) -> None:
    (link,) = re.findall(r"https://github\.com/organizations/\S+/settings/apps/new\?\S+", PAGE)
    asked = {name: level for name, (level,) in parse_qs(urlsplit(link).query).items()
             if name not in {"name", "url", "public", "webhook_active"}}
    needed: dict[str, str] = {}
    for scope in sorted(scope for spec in actions.values() for scope in spec.scopes):       # read before write
        name, _, level = scope.partition(":")
        needed[name] = level
    assert asked == needed
