"""The page of the sql connector states what its ActionSpecs state, action by action, and every setting."""

from __future__ import annotations

import re
from pathlib import Path

from agentctl.connectors.sql import TYPE
from agentctl.connectors.sql.actions import specs
from agentctl.model.action import ActionSpec

PAGE = Path(__file__).parents[2] / "docs" / "connectors" / "sql.md"


def row(spec: ActionSpec) -> str:
    required = spec.arguments.get("required", ())
    names = [f"`{name}`" if name in required else f"[`{name}`]" for name in spec.arguments.get("properties", {})]
    takes = ", ".join(names) or ("columns" if spec.arguments.get("additionalProperties") else "nothing")
    only = " (rollback only)" if spec.inverse_only else ""
    facts = (
        f"`{spec.verb}`{only}", spec.summary, takes, spec.tier.value, spec.reversibility.value, spec.stays or "nothing",
        spec.preview.value, spec.precondition.value, spec.settlement.value,
    )
    return f"| {' | '.join(facts)} |"


def test_the_page_lists_every_action_with_its_facts():
    lines = PAGE.read_text().splitlines()
    listed = [line for line in lines if re.match(r"\| `[a-z]+\.[a-z]+`", line)]
    assert listed == [row(spec) for spec in specs().values()]


def test_the_page_lists_every_setting():
    text = PAGE.read_text()
    for name, setting in TYPE.settings.items():
        assert f"| `{name}` | {setting.summary} |" in text
