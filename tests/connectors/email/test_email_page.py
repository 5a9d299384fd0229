"""The page of the email connector states what its ActionSpecs and settings state, and its policy is one."""

from __future__ import annotations

import re
from pathlib import Path

from agentctl.connectors.email import TYPE
from agentctl.connectors.email.actions import SPECS
from tests.connectors.test_connector_pages_file_memory import row

PAGE = (Path(__file__).parents[3] / "docs/connectors/email.md").read_text("utf-8")


def test_the_page_lists_every_action_with_its_facts():
    listed = [line for line in PAGE.splitlines() if re.match(r"\| `message\.[a-z]+`", line)]
    assert listed == [row(spec) for spec in SPECS.values()]


def test_the_page_lists_every_setting_and_field():
    for name, setting in TYPE.settings.items():
        assert f"| `{name}` | {setting.summary} |" in PAGE
    for name in SPECS["message.send"].record["properties"]:
        assert f"`{name}`" in PAGE
