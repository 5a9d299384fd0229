"""The page of the git connector states what its ActionSpecs state, action by action."""

from __future__ import annotations

import re
from pathlib import Path

from agentctl.connectors.git import TYPE
from agentctl.connectors.git.actions import SPECS
from agentctl.model.action import ActionSpec

TEXT = (Path(__file__).parents[2] / "docs" / "connectors" / "git.md").read_text()


def row(spec: ActionSpec) -> str:
    required = spec.arguments.get("required", ())
    names = [f"`{name}`" if name in required else f"[`{name}`]" for name in spec.arguments.get("properties", {})]
    facts = (
        f"`{spec.verb}`" + (" (rollback only)" if spec.inverse_only else ""), spec.summary,
        ", ".join(names) or "nothing", spec.tier.value, spec.reversibility.value, spec.stays or "nothing",
        spec.preview.value, spec.precondition.value, spec.settlement.value,
    )
    return f"| {' | '.join(facts)} |"


def test_the_git_page_lists_every_action_with_its_facts() -> None:
    listed = [line for line in TEXT.splitlines() if re.match(r"\| `[a-z]+\.[a-z]+`", line)]
    assert listed == [row(spec) for spec in SPECS.values()]


def test_the_git_page_lists_every_setting_and_every_record_field() -> None:
    for name, setting in TYPE.settings.items():
        assert f"| `{name}` | {setting.summary} |" in TEXT
    for spec in SPECS.values():
        assert all(f"`{name}`" in TEXT for name in spec.record["properties"])
