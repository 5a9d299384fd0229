"""The README is true: its first plan does what it shows, its tables list what there is."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from agentctl.cli.commands import COMMANDS
from agentctl.errors import Exit
from tests.examples.screens import LOGIN, normalised, play

PATH = Path(__file__).parents[2] / "README.md"
README = PATH.read_text("utf-8")
BLOCKS = re.findall(r"^```\w*\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
CUT = "\n…\n"


def test_the_first_plan_does_what_the_readme_shows(workspace, update_golden):
    workspace = workspace.with_name("acme")
    workspace.mkdir()
    readme = README
    for block in BLOCKS:
        if block.startswith("# plan.yaml"):
            (workspace / "plan.yaml").write_text(block, "utf-8")
        elif block.startswith("$ mkdir"):
            (prepare,) = (line[2:] for line in block.splitlines() if line.startswith("$ printf"))
            subprocess.run(prepare, shell=True, cwd=workspace, check=True)
            play(block, workspace)
            policy = workspace / "policy" / "policy.yaml"
            policy.write_text(policy.read_text("utf-8").replace("your-user-name", LOGIN), "utf-8")
        elif block.startswith("$ agentctl"):
            shown = play(block, workspace)
            if update_golden:
                readme = readme.replace(block, refreshed(block, shown))
                PATH.write_text(readme, "utf-8")
            else:
                for part in normalised(block).split(CUT):
                    assert part.strip("\n") in normalised(shown)
    assert (workspace / "pricing.md").read_text("utf-8") == "# Pricing\n\n- Monthly: $12\n- Annual: $12\n"


def refreshed(block: str, shown: str) -> str:
    """Return ``block`` with what is on the screen now; a lone command stays one, what was cut out stays cut out."""
    command, cut, rest = block.partition(CUT)
    if cut:
        return command + cut + shown[shown.index(rest.splitlines()[0]):].rstrip("\n") + "\n"
    return block if block.count("\n") == 1 else shown.rstrip("\n") + "\n"


def test_every_exit_code_and_command_is_in_the_readme():
    codes = {int(code) for cell in re.findall(r"^\| ([\d, ]+) \|", README, re.MULTILINE) for code in cell.split(",")}
    assert codes == {code.value for code in Exit}
    named = set(re.findall(r"`([a-z-]+)`", README))
    assert set(COMMANDS) - named == set()
