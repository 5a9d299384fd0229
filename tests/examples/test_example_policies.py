"""The policy of every example, and of the demo, keeps what its cases promise and has every control it must."""

from __future__ import annotations

import json

import pytest

from agentctl.cli.boundary import run
from agentctl.demo.scratch import ASSETS, make
from tests.examples.screens import LOGIN
from tests.examples.test_examples import EXAMPLES, NAMES


@pytest.mark.parametrize("assets", [ASSETS, *(EXAMPLES / name for name in NAMES)], ids=lambda path: path.name)
def test_every_case_passes_and_every_rule_has_one(assets, workspace, capsys):
    make(assets, workspace, LOGIN)
    assert run(["-C", str(workspace), "policy", "test", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [rule for rule in document["rules"] if not rule["reached"]] == []
    assert run(["-C", str(workspace), "policy", "lint", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["error_count"] == 0
