"""What we print for others is judged by their own schemas and readers: SARIF, JUnit, GitHub Actions, GitLab CI."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from check_jsonschema import main as check_jsonschema
from junitparser import Error, Failure, JUnitXml, Skipped
from sarif_kit.validate import validation_errors

from agentctl.views.report import Report
from tests.views.test_ci_reports import DOCUMENTS, hostile, written

ROOT = Path(__file__).parent.parent.parent
ACTIONS = sorted((ROOT / ".github/actions").glob("*/action.yml"))
WORKFLOWS = [ROOT / "examples/ci/github-workflow.yml"]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_sarif_is_what_its_standard_asks_for(name):
    for document in (DOCUMENTS[name](), hostile(name)):
        assert validation_errors(json.loads(written(document, Report.SARIF))) == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_reader_of_junit_finds_every_case_and_verdict_we_count(name):
    for document in (DOCUMENTS[name](), hostile(name)):
        read = JUnitXml.fromroot(JUnitXml.fromstring(written(document, Report.JUNIT).encode())._elem)
        stated = (read.tests, read.failures, read.errors)
        verdicts = [type(result) for suite in read for case in suite for result in case.result]
        assert stated == (sum(len(list(suite)) for suite in read), verdicts.count(Failure), verdicts.count(Error))
        assert sum(suite.skipped for suite in read) == verdicts.count(Skipped)
        read.update_statistics()
        assert stated == (read.tests, read.failures, read.errors)
        assert all(case.name and case.time == 0 for suite in read for case in suite)


@pytest.mark.parametrize(("schema", "files"), [
    ("vendor.github-workflows", WORKFLOWS),
    ("vendor.github-actions", ACTIONS),
    ("vendor.gitlab-ci", [ROOT / "examples/ci/gitlab-ci.yml"]),
])
def test_what_ci_systems_read_has_their_shape(schema, files, capsys):
    assert files
    with pytest.raises(SystemExit) as end:
        check_jsonschema(["--builtin-schema", schema, *map(str, files)])
    assert end.value.code == 0, capsys.readouterr().out


def test_a_linter_of_github_actions_finds_nothing_wrong_in_them():
    zizmor = Path(sys.executable).with_name("zizmor")
    done = subprocess.run(
        [zizmor, "--offline", "--persona=pedantic", "--no-progress", *ACTIONS, *WORKFLOWS],
        check=False, capture_output=True, text=True,
    )
    assert done.returncode == 0, done.stdout


def test_every_hook_for_pre_commit_names_a_command_there_is():
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    for hook in hooks:
        assert set(hook) <= {"id", "name", "description", "entry", "language", "files", "pass_filenames", "types"}
        asked = subprocess.run(
            [sys.executable, "-m", *hook["entry"].split(), "--help"], check=False, capture_output=True, text=True
        )
        assert asked.returncode == 0, asked.stderr
