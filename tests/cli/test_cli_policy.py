"""``agentctl policy`` on the command line: its exit codes, its formats, and that nothing passes by not being run."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

FAILS = """\
version: 1
kind: PolicyTest
cases:
  - name: "Nothing may be \\u200b<written>"
    given: {agent: assistant, action: files.file.create, target: a, after: {content: b, mode: "0644"}, because: c}
    expect: {decision: deny}
"""


@pytest.fixture
def failing(workspace):
    (workspace / "failing.yaml").write_text(FAILS)
    return workspace


def test_the_cases_init_wrote_pass(workspace, agentctl):
    said = agentctl("policy", "test")
    assert said.code == 0
    assert "0 not" in said.out
    assert "0 in none" in said.out


def test_an_answer_that_differs_ends_with_4_and_says_what_and_which_rule(failing, agentctl):
    said = agentctl("policy", "test", "failing.yaml")
    assert said.code == 4
    assert "decision: expected deny, got consent" in said.out
    assert "policy/policy.yaml:" in said.out
    assert "\u200b" not in said.out


def test_json_and_drawing_tell_the_same_figures(failing, agentctl):
    document = json.loads(agentctl("policy", "test", "failing.yaml", "--format", "json").out)
    assert (document["passed"], document["failed"], document["passes"]) == (0, 1, False)
    assert document["cases"][0]["place"] == "failing.yaml:4:5"


def test_junit_holds_the_case_and_its_failure_and_no_foreign_markup(failing, agentctl):
    said = agentctl("policy", "test", "failing.yaml", "--format", "junit")
    assert said.code == 4
    (suite,) = ET.fromstring(said.out)
    (case,) = suite
    assert suite.attrib["failures"] == "1"
    assert case.attrib["name"] == "Nothing may be \\u200b<written>"
    assert "expected deny, got consent" in case[0].attrib["message"]


def test_no_cases_are_no_success(workspace, agentctl):
    (workspace / "policy/tests/policy.yaml").unlink()
    assert agentctl("policy", "test").code == 64


def test_a_file_that_holds_no_cases_is_invalid(workspace, agentctl):
    (workspace / "broken.yaml").write_text("version: 1\nkind: PolicyTest\n")
    assert agentctl("policy", "test", "broken.yaml").code == 3
    assert agentctl("policy", "test", "absent.yaml").code == 3


def test_cases_beside_a_policy_are_not_read_as_policy(workspace, agentctl):
    (workspace / "policy/tests/more.yaml").write_text("kind: nothing at all\n")
    assert agentctl("validate", "plan.yaml").code == 0


def test_lint_names_what_the_first_policy_still_lacks_and_ends_with_4(workspace, agentctl):
    said = agentctl("policy", "lint")
    assert said.code == 4
    assert "missing per-object scope" in said.out
    assert "policy/policy.yaml:" in said.out
    assert said.out.splitlines()[-2].startswith("no-ship")


def test_lint_ends_with_0_once_nothing_is_missing(workspace, agentctl):
    path = workspace / "policy/policy.yaml"
    path.write_text(path.read_text().replace('- actions: ["*"]', '- {actions: ["*"], targets: ["pricing.md"]}'))
    said = agentctl("policy", "lint", "--format", "json")
    document = json.loads(said.out)
    assert said.code == 0
    assert (document["ships"], document["missing_count"], document["findings"]) == (True, 0, [])


def test_show_tells_each_rule_with_its_place_and_json_holds_the_same(workspace, agentctl):
    drawn = agentctl("policy", "show")
    document = json.loads(agentctl("policy", "show", "--format", "json").out)
    assert drawn.code == 0
    for role in document["roles"]:
        for grant in role["grants"]:
            assert grant["grant"] in drawn.out
            assert grant["place"] in drawn.out
    assert "files.file.read" not in drawn.out
    assert all(item["invariant"] in drawn.out for item in document["invariants"])


def test_markdown_of_a_policy_cannot_be_ended_by_what_the_policy_says(workspace, agentctl):
    path = workspace / "policy/policy.yaml"
    path.write_text(path.read_text().replace(
        "message: Agents delete nothing.", "message: '`</code> | <img src=x> ``` @everyone'"
    ))
    said = agentctl("policy", "show", "--format", "markdown")
    (row,) = [line for line in said.out.splitlines() if "no-deletes" in line]
    assert "message ```` `</code> \\| <img src=x> ``` @everyone ````" in row
    assert row.replace("\\|", "").count("|") == 4


@pytest.fixture
def stricter(workspace):
    """A copy of the policy that denies what the run in this workspace did."""
    text = (workspace / "policy/policy.yaml").read_text()
    (workspace / "stricter.yaml").write_text(text.replace("deny: 'effect == \"delete\"'", "deny: 'true'"))
    return workspace


def test_a_policy_that_would_have_allowed_more_ends_with_4_unless_that_is_wanted(stricter, agentctl):
    said = agentctl("policy", "replay", "--base", "stricter.yaml")
    assert said.code == 4
    assert "newly allowed: 2" in said.out
    assert "widens" in said.out
    assert agentctl("policy", "replay", "--base", "stricter.yaml", "--allow-widening").code == 0


def test_a_policy_that_would_have_denied_more_says_so_and_ends_with_0(stricter, agentctl):
    said = agentctl("policy", "replay", "--base", "policy", "--new", "stricter.yaml", "--format", "json")
    document = json.loads(said.out)
    assert said.code == 0
    assert document["counts"]["newly denied"] == document["changes"] == 2
    assert {item["rule"] for item in document["shifts"]} == {"no-deletes"}


def test_the_same_policy_answers_alike_for_each_run(workspace, agentctl):
    for runs in ((), ("--runs", "latest")):
        said = agentctl("policy", "replay", "--base", "policy", *runs)
        assert said.code == 0
        assert "2 answered alike" in said.out


def test_markdown_of_a_replay_holds_the_figures(stricter, agentctl):
    said = agentctl("policy", "replay", "--base", "stricter.yaml", "--format", "markdown")
    assert said.code == 4
    assert "| newly allowed | 2 |" in said.out


def test_a_policy_that_is_missing_or_broken_replays_nothing(workspace, agentctl):
    (workspace / "broken.yaml").write_text("version: 1\nkind: Policy\nroles: 3\n")
    assert agentctl("policy", "replay", "--base", "absent.yaml").code == 3
    assert agentctl("policy", "replay", "--base", "broken.yaml").code == 3
    (workspace / "empty").mkdir()
    assert agentctl("policy", "replay", "--base", "empty").code == 3
    assert agentctl("policy", "replay", "--base", "policy", "--runs", "nonesuch").code == 64


def test_a_stored_changeset_is_explained_as_it_stands_and_like_its_plan(workspace, agentctl):
    (workspace / "plan.yaml").write_text((workspace / "plan.yaml").read_text().replace("note.txt", "other.txt"))
    (workspace / "pricing.md").write_text("Annual: $12\n")
    live = agentctl("policy", "explain", "plan.yaml", "--format", "json")
    short = json.loads(agentctl("plan", "plan.yaml", "--format", "json").out)["short"]
    (workspace / "pricing.md").unlink()
    stored = agentctl("policy", "explain", short, "--format", "json")
    assert (live.code, stored.code) == (0, 0)
    assert json.loads(stored.out)["steps"] == json.loads(live.out)["steps"]
    assert {item["rule"] for item in json.loads(stored.out)["steps"][0]["considered"]} >= {"no-deletes", "nothing-executes"}
    only = agentctl("policy", "explain", short, "--step", "note", "--format", "json")
    assert [step["step"] for step in json.loads(only.out)["steps"]] == ["note"]
    assert agentctl("policy", "explain", short, "--step", "nope").code == 64
    assert agentctl("policy", "explain", "nope").code == 64


@pytest.mark.parametrize("command", ["test", "lint", "replay"])
@pytest.mark.parametrize("format", ["sarif", "junit", "github", "markdown", "json", "terminal"])
def test_every_ci_format_is_printed_for_policy_and_a_failure_is_never_an_empty_report(workspace, agentctl, command, format):
    more = ("--base", "policy") if command == "replay" else ()
    said = agentctl("policy", command, *more, "--format", format, "--json-into", "result.json")
    assert said.code in (0, 4)
    assert said.out or format == "github"
    assert json.loads((workspace / "result.json").read_text())["kind"] == f"Policy{command.capitalize()}Document"
    (workspace / "policy/policy.yaml").write_text("version: 1\n")
    broken = agentctl("policy", command, *more, "--format", format)
    assert broken.code == 3
    assert broken.out or format in ("json", "terminal")
    assert "policy/policy.yaml" in broken.out + broken.err


def test_annotations_of_a_policy_are_placed_from_the_checkout_wherever_the_command_runs(workspace, agentctl, monkeypatch):
    monkeypatch.setenv("GITHUB_WORKSPACE", str(workspace.parent))
    (workspace / "below").mkdir()
    monkeypatch.chdir(workspace / "below")
    said = agentctl("policy", "lint", "--format", "github")
    assert said.out.startswith(f"::error file={workspace.name}/policy/policy.yaml,line=")


def test_a_replay_of_nothing_is_no_success(workspace, agentctl, tmp_path, monkeypatch):
    monkeypatch.setenv("AGENTCTL_KEY_FILE", str(tmp_path / "fresh-key"))
    assert agentctl("init", str(tmp_path / "fresh")).code == 0
    monkeypatch.chdir(tmp_path / "fresh")
    said = agentctl("policy", "replay", "--base", "policy", "--format", "junit")
    assert said.code == 64
    assert 'errors="1"' in said.out
    assert "Nothing to replay" in said.err


def test_a_plan_that_waits_for_signatures_says_how_to_give_one_in_a_comment_too(workspace, agentctl):
    policy = workspace / "policy/policy.yaml"
    signed = "{actions: ['*'], mode: approve, approvals: {count: 1, from: [on-call]}}"
    policy.write_text(policy.read_text().replace('- actions: ["*"]\n', f"- {signed}\n"))
    (workspace / "plan.yaml").write_text((workspace / "plan.yaml").read_text().replace("note.txt", "other.txt"))
    (workspace / "pricing.md").write_text("Annual: $12\n")
    document = json.loads(agentctl("plan", "plan.yaml", "--format", "json").out)
    assert [item["command"] for item in document["next"]] == [
        f"agentctl approve {document['short']}", f"agentctl apply {document['short']}",
    ]
    assert f"agentctl approve {document['short']}" in agentctl("plan", "plan.yaml", "--format", "markdown").out
