"""What init writes for editors: each file names the schema it is checked by, and that schema lies there."""

from __future__ import annotations

import json
import re

import pytest
from jsonschema import Draft202012Validator

from agentctl.policy import baselines
from agentctl.resources import schema
from agentctl.syntax.yaml import parse
from agentctl.workspace.making import make


@pytest.mark.parametrize("policy", baselines.names())
def test_each_file_names_a_schema_that_lies_there_and_is_valid_by_it(tmp_path, policy):
    make(tmp_path / "ws", {"AGENTCTL_KEY_FILE": str(tmp_path / "key")}, policy=policy, group="")
    for name in ("agentctl.yaml", "policy/policy.yaml", "policy/tests/policy.yaml"):
        file = tmp_path / "ws" / name
        first, rest = file.read_text("utf-8").split("\n", 1)
        (named,) = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first).groups()
        found = json.loads((file.parent / named).read_text("utf-8"))
        document = parse(rest.encode(), name)       # YAML 1.2, as editors read it: `on` is a name, not a truth value
        read = document.wire(document.value)
        Draft202012Validator(found).validate(read)
        with pytest.raises(Exception, match="teh_typo"):
            Draft202012Validator(found).validate({**read, "teh_typo": 1})


def test_a_later_init_brings_the_schemas_up_to_date_and_keeps_all_else(tmp_path):
    environ = {"AGENTCTL_KEY_FILE": str(tmp_path / "key")}
    make(tmp_path / "ws", environ, policy="read-only", group="")
    plan = tmp_path / "ws/.agentctl/schemas/plan.schema.json"
    plan.write_text("{}")
    make(tmp_path / "ws", environ, policy="read-only", group="")
    assert json.loads(plan.read_text("utf-8")) == schema("plan")
