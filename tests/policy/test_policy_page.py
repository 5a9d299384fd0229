"""The admin's page is true: its policy loads, its cases pass, and its tables name what there is."""

from __future__ import annotations

import re
from pathlib import Path

from agentctl.connectors.sql.actions import specs
from agentctl.policy import cases
from agentctl.policy.document import load
from agentctl.policy.expressions import FACTS
from agentctl.policy.lint import lint
from agentctl.policy.testing import run
from agentctl.policy.uses import VARIABLES
from agentctl.policy.wide import Ground

PAGE = (Path(__file__).parents[2] / "docs" / "POLICY.md").read_text("utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
POLICY, CASES = (next(block for block in BLOCKS if f"kind: {kind}\n" in block) for kind in ("Policy", "PolicyTest"))
GROUND = Ground(
    specs={f"crm.{verb}": spec for verb, spec in specs().items()}, tenant="acme", environment="staging"
)


def test_the_pages_policy_keeps_what_the_pages_cases_promise():
    policy = load([("policy.yaml", POLICY.encode())])
    report = run(cases.load([("cases.yaml", CASES.encode())], GROUND), policy)
    assert [item for item in report.cases if not item.passes] == []
    assert [item.rule for item in report.rules if not item.reached] == []
    assert lint(policy, GROUND) == ()


def test_the_page_names_everything_conditions_see():
    section = PAGE.partition("## Conditions")[2].partition("## Looking")[0]
    named = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`([^`]*)`", section))))
    assert named >= VARIABLES
    for fields in FACTS.values():
        assert fields <= named
