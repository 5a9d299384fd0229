"""No text from a plan, a record, a name or an error reaches a terminal or a document as anything but visible text."""

from __future__ import annotations

import json
import re
import shlex
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.e2e.house import House, Told, step, update
from tests.promises.hostile import ANYTHING, CODE, MARK, SHORT, faults

FORMATS = ("terminal", "json", "markdown", "sarif", "junit", "github")
NEXT = re.compile(r"^ {4}(agentctl .*)$", re.MULTILINE)


@pytest.fixture
def run(request) -> Callable[..., Told]:
    """Run a command; forked from one that has everything imported, where this machine can do that."""
    try:
        zygote = request.getfixturevalue("zygote")
    except pytest.skip.Exception:
        return lambda house, *arguments: house.run(*arguments)
    return zygote.run


@pytest.fixture
def typed(request) -> Callable[..., Told]:
    try:
        zygote = request.getfixturevalue("zygote")
    except pytest.skip.Exception:
        return lambda house, *arguments, answers=("yes",): house.typed(*arguments, answers=answers)
    return zygote.typed


@pytest.fixture
def poisoned(house: House) -> House:
    """A workspace whose systems hold nothing but hostile text, wherever they can hold text."""
    world = json.loads((house.root / "world.json").read_text())
    world["records"]["customers/1"] = {"tier": ANYTHING, "name": SHORT, SHORT: ANYTHING, "deep": {SHORT: [ANYTHING, {SHORT: None}]}}
    (house.root / "world.json").write_text(json.dumps(world))
    with closing(sqlite3.connect(house.root / "crm.db")) as database:
        column = SHORT.replace("\x00", "")
        database.execute(f'CREATE TABLE "t{MARK}" (id INTEGER PRIMARY KEY, "{column}" TEXT, "plain" TEXT)')
        database.execute(f'INSERT INTO "t{MARK}" VALUES (1, ?, ?)', (ANYTHING, ANYTHING))
        text = ANYTHING.replace("\x00", "").replace("'", "''")
        database.execute(f"CREATE TRIGGER no BEFORE UPDATE ON customers BEGIN SELECT RAISE(ABORT, '{text}'); END")
        database.commit()
    (house.root / "code/site/index.html").write_text(ANYTHING.replace("\x00", "") + "\n$12\n", newline="")
    name = SHORT.replace("/", "")
    (house.root / "code/site" / name).write_text(ANYTHING)
    house.git("add", "--all")
    subprocess.run(
        ["git", "-c", f"user.name={SHORT}", "-c", "user.email=a@example.com", "-c", "i18n.commitEncoding=utf-8", "commit",
         "--quiet", "--message", ANYTHING.replace("\x00", "")],
        cwd=house.root / "code", check=True, env=house.environ(GIT_CONFIG_NOSYSTEM="1"), capture_output=True,
    )
    return house


def hostile_plan(house: House, *steps: dict[str, Any], name: str = "plan.yaml") -> Path:
    """Write a plan that says hostile things in every place it has for words."""
    (house.root / "ticket.md").write_text(CODE)
    wire = {
        "version": 1, "kind": "Plan", "intent": CODE, "agent": "helper", "requested_by": CODE[:200],
        "evidence": [{"id": "ticket", "uri": f"file:{CODE[:80]}", "quote": CODE[:300]}, {"id": "page", "uri": "https://" + "".join(CODE.split())[:200]}],
        "steps": [{**item, "because": CODE, "evidence": ["ticket", "page"]} for item in steps],
    }
    path = house.root / name
    path.write_text(json.dumps(wire))       # every character that is not ASCII as an escape
    return path


STEPS = (
    update("tier", tier=CODE, name=CODE),
    step("row", "crm.row.update", f"t{MARK}/1", {"plain": CODE}),
    step("page", "site.text.replace", "index.html", {"find": "$12", "replace": CODE, "count": 1}),
    step("file", "site.file.write", f"{MARK}\u202e.html", {"content": CODE}),
    step("commit", "code.commit.create", "main", {"paths": ["site/index.html"], "message": CODE}),
)


def assert_harmless(told: Told, *, colour: bool = False, annotated: bool = False) -> None:
    for stream in (told.out, told.err):
        assert faults(stream, colour=colour) == []
    # A runner of GitHub obeys what begins a line.
    obeyed = [line for line in told.all.splitlines() if re.match(r"\s*::[A-Za-z]", line)]
    assert annotated or obeyed == []


@pytest.mark.parametrize("format", FORMATS)
def test_a_plan_of_hostile_words_about_hostile_records_is_shown_as_text(poisoned, run, format):
    hostile_plan(poisoned, *STEPS)
    into = ("--json-into", "review.json")
    for words in (("plan", "plan.yaml", "--diff", "full", *into), ("validate", "plan.yaml"), ("policy", "explain", "plan.yaml")):
        told = run(poisoned, *words, "--format", format)
        if told.code == 64:         # explain has no format for CI
            continue
        assert told.code in (0, 4), told.err
        assert MARK in told.out or words[0] == "validate"
        assert_harmless(told, annotated=format == "github")
        assert_keeps_its_form(format, told.out)
    assert faults((poisoned.root / "review.json").read_text()) == []


def assert_keeps_its_form(format: str, out: str) -> None:
    """A reader of the format finds what we said in it, and nothing that a stranger added."""
    match format:
        case "terminal":
            assert sum(line.startswith(("Plan: ", "error: ", "Run: ")) for line in out.splitlines()) <= 2
        case "json" | "sarif":
            json.loads(out)
        case "junit":
            assert {item.tag for item in ET.fromstring(out).iter()} <= {
                "testsuites", "testsuite", "testcase", "failure", "error", "skipped", "system-out", "properties", "property",
            }
        case "github":
            assert all(re.match(r"::(error|warning|notice) ", line) for line in out.splitlines())
        case "markdown":
            assert_only_code(out)


def assert_only_code(markdown: str) -> None:
    """Take fences and code spans away as CommonMark does: nothing of a stranger's is left outside of them."""
    outside, fence = [], ""
    for line in markdown.splitlines():
        opened = re.match(r" {0,3}(`{3,}|~{3,})", line)
        if fence:
            if opened and opened[1].startswith(fence) and not line.strip("` "):
                fence = ""
            continue
        if opened:
            fence = opened[1]
            continue
        outside.append(re.sub(r"(?<!`)(`+)(?!`)(.*?[^`])\1(?!`)", "", line))
    assert not fence
    left = "\n".join(outside)
    assert MARK not in left
    for sign in ("javascript:", "<img", "http://evil", "@all", "onerror"):
        assert sign not in left


def test_a_run_over_hostile_records_is_asked_for_told_and_undone_as_text(poisoned, run, typed):
    hostile_plan(poisoned, *(item for item in STEPS if item["id"] != "row"))
    told = typed(poisoned, "apply", "plan.yaml")
    assert_harmless(told)
    assert told.code == 0, told.err[-2000:]
    for words in (
        ("show",), ("show", "--step", "tier"), ("show", "--format", "json"), ("show", "--format", "markdown"), ("runs",),
        ("runs", "--format", "json"), ("drift",), ("state", "list"), ("verify",), ("approvals",), ("state", "show", "mem/customers/1"),
        ("state", "show", f"site/{MARK}\u202e.html"), ("connectors", "list"), ("show", poisoned.runs()[0], "--json-into", "run.json"),
    ):
        told = run(poisoned, *words)
        assert_harmless(told)
        assert told.code in (0, 2, 64), (words, told.err)
    assert faults((poisoned.root / "run.json").read_text()) == []
    world = json.loads((poisoned.root / "world.json").read_text())
    world["records"]["customers/1"]["tier"] = ANYTHING + "later"
    (poisoned.root / "world.json").write_text(json.dumps(world))
    assert_harmless(run(poisoned, "drift"))
    told = typed(poisoned, "rollback", "latest")
    assert_harmless(told)
    assert told.code == 7, "somebody changed a record meanwhile"
    assert_harmless(run(poisoned, "show"))


def test_what_a_system_says_in_refusing_is_shown_as_text(poisoned, run, typed):
    """The database answers with a message of its own, in the middle of a run."""
    hostile_plan(poisoned, step("row", "crm.row.update", "customers/1", {"tier": "annual"}), update("after"))
    told = typed(poisoned, "apply", "plan.yaml")
    assert told.code == 10, "the system refused before anything had happened"
    assert MARK in told.err
    assert_harmless(told)
    for words in (("show",), ("show", "--format", "json"), ("show", "--format", "markdown"), ("runs",)):
        told = run(poisoned, *words)
        assert_harmless(told)


def test_events_for_programs_are_one_line_each_whatever_they_tell(poisoned, typed):
    hostile_plan(poisoned, update("tier", tier=CODE))
    told = typed(poisoned, "apply", "plan.yaml", "--json")
    assert_harmless(told)
    events = [json.loads(line) for line in told.err.splitlines() if line.startswith("{")]
    assert len(events) >= 3


REASONED = (
    ("halt", "--agent", "helper", "--reason", CODE), ("unhalt", "--agent", "helper", "--reason", CODE), ("runs",), ("show",),
    ("lock", "show"), ("clock", "show"), ("policy", "show"), ("policy", "lint"), ("plan", "plan.yaml"),
)


def test_what_people_give_as_reasons_is_shown_as_text(poisoned, run):
    hostile_plan(poisoned, update("tier", tier="annual"))
    for words in REASONED:
        assert_harmless(run(poisoned, *words))


ARGUMENTS = (
    ("show", ANYTHING), ("show", "--step", ANYTHING), ("plan", ANYTHING), ("validate", ANYTHING), ("apply", ANYTHING), ("apply", "--resume", ANYTHING),
    ("rollback", ANYTHING), ("rollback", "latest", "--step", ANYTHING), ("resolve", ANYTHING, ANYTHING, "--skip", "--reason", ANYTHING), ("stop", ANYTHING),
    ("approve", ANYTHING), ("reject", ANYTHING, "--reason", ANYTHING), ("state", "show", ANYTHING), ("runs", "--since", ANYTHING), ("runs", "--status", ANYTHING),
    ("runs", "--agent", ANYTHING), ("verify", "--expect-head", ANYTHING), ("verify", "--key", ANYTHING), ("halt", "--connector", ANYTHING, "--reason", "x"),
    ("schema", ANYTHING), ("init", "elsewhere", "--policy", ANYTHING), ("edit", ANYTHING, "x"), (ANYTHING,), ("plan", f"--{SHORT}"), ("-C", ANYTHING, "runs"),
    ("policy", "test", ANYTHING), ("policy", "replay", "--since", ANYTHING), ("drift", ANYTHING), ("connectors", "show", ANYTHING), ("--policy", ANYTHING),
    ("apply", "plan.yaml", "--lock-timeout", ANYTHING), ("show", "-o", ANYTHING), ("plan", "plan.yaml", "--format", ANYTHING), ("review", ANYTHING, "--reason", "x"),
    ("override", ANYTHING, "--rule", ANYTHING, "--reason", "x"), ("break-glass", ANYTHING, "--reason", "x"), ("unhalt", "--agent", ANYTHING, "--reason", "x"),
    ("apply", "plan.yaml", "--approval", ANYTHING), ("keygen", f"/nowhere/{SHORT}".replace("\x00", "")),
)


def test_what_is_typed_comes_back_as_text(poisoned, run):
    """A name that somebody pastes from a ticket is echoed in the error; that is a stranger's text as well."""
    hostile_plan(poisoned, update("tier", tier="annual"))
    for words in ARGUMENTS:
        told = run(poisoned, *(word.replace("\x00", "") for word in words))
        assert told.code not in (0, 1) or words[0] in ("runs", "show", "drift", "halt"), (words[0], told.all[-2000:])
        assert_harmless(told)


def test_what_the_environment_says_comes_back_as_text(poisoned, run):
    strange = ANYTHING.replace("\x00", "")
    hostile = House(root=poisoned.root, home=poisoned.home, extra={
        "LOGNAME": strange, "USER": strange, "EDITOR": strange, "VISUAL": strange, "TERM": strange, "AGENTCTL_FORMAT": strange,
    })
    hostile_plan(poisoned, update("tier", tier="annual"))
    for words in (("plan", "plan.yaml"), ("halt", "--all", "--reason", "x"), ("runs",), ("unhalt", "--all", "--reason", "x"), ("show",), ("edit", "plan.yaml", "tier")):
        assert_harmless(run(hostile, *words))
    missing = House(root=poisoned.root, home=poisoned.home, extra={"AGENTCTL_KEY_FILE": f"/nowhere/{strange}"})
    assert_harmless(run(missing, "plan", "plan.yaml"))
    assert_harmless(run(missing, "verify"))


@pytest.mark.parametrize("name", ["x; touch pwned.yaml", "$(touch pwned).yaml", "`touch pwned`.yaml", "-o.yaml", "a 'b' \"c\".yaml", "\u202eb.yaml", "new\nline.yaml", "\x1b[2J.yaml"])
def test_a_command_to_paste_does_what_it_says_and_no_more(house, run, name):
    path = house.plan(update("tier", tier="annual"), name=name)
    told = run(house, "plan", f"./{name}")
    assert told.code == 0, told.err
    assert_harmless(told)
    commands = NEXT.findall(told.out)
    assert commands
    for command in commands:
        words = shlex.split(command)
        assert not any(sign in words for sign in (";", "&&", "|")), command
        subprocess.run(["bash", "-nc", command], check=True)
        subprocess.run(["bash", "-c", f"agentctl() {{ :; }}; {command}"], check=True, cwd=house.root)
        assert not (house.root / "pwned").exists()
        assert not (house.root / "pwned.yaml").exists()
        if any(word.endswith(".yaml") for word in words):
            assert (house.root / words[2]).resolve() == path.resolve()


def test_a_bug_is_reported_without_a_byte_of_a_strangers(poisoned):
    """The log of a crash is opened in a terminal, too."""
    (poisoned.root / "sitecustomize.py").write_text(
        "import agentctl.workspace.workspace as w\n"
        f"def broken(*a): raise RuntimeError({ANYTHING!r})\nw.Workspace.history = broken\n"
    )
    told = poisoned.run("show", PYTHONPATH=f"{poisoned.root}:{Path(__file__).parents[2]}", XDG_STATE_HOME=str(poisoned.home / "state"))
    assert told.code == 1, told.all
    assert_harmless(told)
    logs = [path for path in poisoned.home.rglob("*") if path.is_file() and "RuntimeError" in path.read_text(errors="replace")]
    assert logs
    for log in logs:
        assert faults(log.read_text()) == []


def test_completion_offers_nothing_that_a_shell_would_run(poisoned, typed):
    hostile_plan(poisoned, update("tier", tier="annual"))
    assert typed(poisoned, "apply", "plan.yaml").code == 0
    words = {"_AGENTCTL_COMPLETE": "complete_bash", "COMP_WORDS": "agentctl show ", "COMP_CWORD": "2"}
    told = poisoned.run(**words)
    assert poisoned.runs()[0] in told.out
    assert_harmless(told)
    for offered in told.out.splitlines():
        assert re.fullmatch(r"[A-Za-z0-9_.:@/-]+", offered), offered


def test_a_colourful_terminal_gets_no_more_than_colours_of_ours(poisoned):
    """On a real terminal with colour: every escape sequence that leaves is one of ours, in a list of ours."""
    hostile_plan(poisoned, *STEPS)
    told = poisoned.typed("plan", "plan.yaml", answers=(), NO_COLOR="", FORCE_COLOR="1", TERM="xterm-256color", COLUMNS="80")
    assert "\x1b[" in told.err
    assert_harmless(told, colour=True)


def test_what_a_policy_says_is_shown_as_text(poisoned, run):
    """In a pull request the policy may be the proposer's, too."""

    def reword(policy: dict[str, Any]) -> None:
        policy["invariants"] = [{"id": "no", "deny": "true", "level": "soft", "message": CODE, "override": {"from": ["on-call"], "expires": "1h"}}]
        policy["freezes"] = [{"id": "frozen", "from": "2020-01-01T00:00:00Z", "until": "2090-01-01T00:00:00Z", "message": CODE}]

    poisoned.change("policy.yaml", reword)
    hostile_plan(poisoned, *STEPS)
    shown = 0
    for words in (("plan", "plan.yaml"), ("policy", "explain", "plan.yaml"), ("policy", "show"), ("policy", "lint"), ("validate", "plan.yaml")):
        for format in FORMATS:
            told = run(poisoned, *words, "--format", format)
            if told.code != 64:
                shown += MARK in told.out
                assert_harmless(told, annotated=format == "github")
                assert_keeps_its_form(format, told.out)
    assert shown >= 10


def test_what_a_remote_says_to_a_witnessed_head_is_shown_as_text(poisoned, run, typed):
    """A server may refuse a push with whatever it likes to say."""
    remote = poisoned.home / "remote.git"
    subprocess.run(["git", "init", "--quiet", "--bare", str(remote)], check=True)
    said = poisoned.home / "said"
    said.write_text(ANYTHING.replace("\x00", ""))
    (remote / "hooks").mkdir(exist_ok=True)
    (remote / "hooks/pre-receive").write_text(f"#!/bin/sh\ncat {said}\ncat {said} >&2\nexit 1\n")
    (remote / "hooks/pre-receive").chmod(0o755)
    subprocess.run(["git", "init", "--quiet", str(poisoned.root)], check=True)
    subprocess.run(["git", "-C", str(poisoned.root), "remote", "add", "origin", str(remote)], check=True)
    poisoned.change("agentctl.yaml", lambda file: file.update(witness={"git": "origin"}))
    hostile_plan(poisoned, update("tier", tier="annual"))
    told = typed(poisoned, "apply", "plan.yaml")
    assert MARK in told.err
    assert_harmless(told)
    assert_harmless(run(poisoned, "verify", "--witness"))
