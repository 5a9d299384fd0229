"""The pages of the file and memory connectors state what the ActionSpecs state, action by action."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agentctl.connectors.base import ConnectorType
from agentctl.connectors.file import TYPE as FILE
from agentctl.connectors.file.actions import SPECS as FILE_SPECS
from agentctl.connectors.memory import TYPE as MEMORY
from agentctl.connectors.memory.actions import SPECS as MEMORY_SPECS
from agentctl.model.action import ActionSpec

PAGES = Path(__file__).parents[2] / "docs" / "connectors"


def row(spec: ActionSpec) -> str:
    required = spec.arguments.get("required", ())
    names = [f"`{name}`" if name in required else f"[`{name}`]" for name in spec.arguments.get("properties", {})]
    takes = ", ".join(names) or ("any fields" if spec.arguments.get("additionalProperties") else "nothing")
    only = " (rollback only)" if spec.inverse_only else ""
    facts = (
        f"`{spec.verb}`{only}", spec.summary, takes, spec.tier.value, spec.reversibility.value, spec.stays or "nothing",
        spec.preview.value, spec.precondition.value, spec.settlement.value,
    )
    return f"| {' | '.join(facts)} |"


@pytest.mark.parametrize("page, specs", [("file", FILE_SPECS), ("memory", MEMORY_SPECS)])
def test_the_page_lists_every_action_with_its_facts(page: str, specs: dict[str, ActionSpec]) -> None:
    lines = (PAGES / f"{page}.md").read_text().splitlines()
    listed = [line for line in lines if re.match(r"\| `[a-z]+\.[a-z]+`", line)]
    assert listed == [row(spec) for spec in specs.values()]


@pytest.mark.parametrize("page, type_", [("file", FILE), ("memory", MEMORY)])
def test_the_page_lists_every_setting(page: str, type_: ConnectorType) -> None:
    text = (PAGES / f"{page}.md").read_text()
    for name, setting in type_.settings.items():
        assert f"| `{name}` | {setting.summary} |" in text


@pytest.mark.parametrize("page, specs", [("file", FILE_SPECS), ("memory", MEMORY_SPECS)])
def test_the_page_names_every_record_field(page: str, specs: dict[str, ActionSpec]) -> None:
    text = (PAGES / f"{page}.md").read_text()
    for spec in specs.values():
        assert all(f"`{name}`" in text for name in spec.record.get("properties", ()))
