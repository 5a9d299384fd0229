"""The policy of every example, and of the demo, keeps what its cases promise and has every control it must."""

from __future__ import annotations

import json

import pytest

from agentctl.cli.boundary import run
from agentctl.demo.scratch import ASSETS
from tests.examples.prepared import EXAMPLES, ready
from tests.examples.test_examples import NAMES


@pytest.mark.parametrize("assets", [ASSETS, *(EXAMPLES / name for name in NAMES)], ids=lambda path: path.name)
def test_every_case_passes_and_every_rule_has_one(assets, workspace, capsys):
    ready(assets, workspace)
    assert run(["-C", str(workspace), "policy", "test", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [rule for rule in document["rules"] if not rule["reached"]] == []
    assert run(["-C", str(workspace), "policy", "lint", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["error_count"] == 0
