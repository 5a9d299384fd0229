"""``agentctl policy``: its subcommands, each of them in a file of its own."""

from __future__ import annotations

from agentctl.cli.declared import Group
from agentctl.cli.policy_explain import explain
from agentctl.cli.policy_lint import lint
from agentctl.cli.policy_replay import replay
from agentctl.cli.policy_show import show
from agentctl.cli.policy_test import judge_cases

COMMANDS: Group = {"explain": explain, "show": show, "test": judge_cases, "lint": lint, "replay": replay}
