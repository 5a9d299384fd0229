"""docs/TRACE-FORMAT.md and schemas/trace.schema.json, held against real traces."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest

from agentctl.identity import sshsig
from agentctl.resources import schema
from agentctl.trace.record import Kind

DOCUMENT = Path(__file__).parents[2] / "docs" / "TRACE-FORMAT.md"
MISSING = [tool for tool in ("bash", "jq", "sha256sum", "ssh-keygen") if shutil.which(tool) is None]

needs_tools = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")


def run(name, folder, **environ):
    """Run the document's command block called ``name`` as it stands there."""
    (command,) = re.findall(rf"^```bash {name}\n(.*?)^```$", DOCUMENT.read_text(), re.DOTALL | re.MULTILINE)
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, env={**os.environ, **environ}, capture_output=True, text=True, check=False
    )


@needs_tools
def test_the_documented_chain_command_accepts_a_real_trace_and_finds_an_edit(history):
    done = run("chain", history.root)
    assert (done.returncode, done.stdout) == (0, f"{history.scan().length} records, head {history.head()}\n")
    path = history.files()[1]
    path.write_bytes(path.read_bytes().replace(b"customer 42", b"customer 43"))
    assert run("chain", history.root).stdout == "broken at record 3\n"


@needs_tools
def test_the_documented_chain_command_leaves_out_a_line_being_written(history):
    (history.trace / "000005-run-r9.jsonl").write_bytes(b'{"body":')
    assert run("chain", history.root).stdout == f"{history.scan().length} records, head {history.head()}\n"


@needs_tools
def test_the_documented_checkpoint_command_accepts_a_real_trace_and_finds_a_cut(history):
    assert run("checkpoint", history.root).returncode == 0
    path = history.files()[-1]
    path.write_bytes(path.read_bytes().removesuffix(path.read_bytes().splitlines(keepends=True)[-1]))
    assert "is not what it was" in run("checkpoint", history.root).stdout


@needs_tools
def test_the_documented_signature_command_accepts_ours_and_finds_a_forged_one(history):
    done = run("signature", history.root)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Good ") == 4
    statement = next(iter(sorted(history.checkpoints.glob("*.json"))))
    forged = sshsig.sign(statement.read_bytes(), seed=bytes(32), namespace="agentctl-checkpoint")
    statement.with_name(statement.name + ".sig").write_bytes(forged)
    assert run("signature", history.root).returncode != 0


@needs_tools
def test_the_documented_interim_command_accepts_ours_and_finds_a_rewritten_beginning(ground):
    ground.init()
    with ground.open("run", "r1") as journal:
        journal.append(Kind.RUN_STARTED, {"intent": "x" * 600_000}, sync=True)
        journal.append(Kind.STEP_STARTED, {"step": "s0", "x": "y" * 600_000}, sync=True)
    done = run("interim", ground.root)
    assert (done.returncode, done.stdout.count("Good ")) == (0, 1), done.stderr
    path = ground.files()[1]
    path.write_bytes(path.read_bytes().replace(b"xxx", b"xyx", 1))
    assert "does not begin as it did" in run("interim", ground.root).stdout


@needs_tools
def test_the_documented_ancestor_command_finds_a_cut_tail(history):
    noted = history.head()
    history.run("r3")
    assert run("ancestor", history.root, NOTED=noted).returncode == 0
    for path in history.files()[-2:]:
        path.unlink()
    assert run("ancestor", history.root, NOTED=noted).returncode == 1


def test_records_and_checkpoints_fit_the_schema(ground):
    shape = schema("trace")
    ground.act("init", "i1", {"lineage": "l", "public_key": sshsig.public_key(bytes(32)), "by": "root"})
    path = ground.trace / "000002-run-r1.jsonl"
    path.write_bytes(b'{"torn')
    halt = {"id": "h", "scope": {"reach": "all", "name": ""}, "by": "ann", "host": "ops", "at": "", "reason": "2 a.m."}
    ground.act("halt", "h1", halt)
    records = [json.loads(line) for file in ground.files() for line in file.read_bytes().splitlines()]
    assert [record["body"].get("torn", {}).get("bytes") for record in records] == [None, 6]
    judge = jsonschema.Draft202012Validator(shape)
    for record in records:
        judge.validate(record)
    checkpoint = jsonschema.Draft202012Validator({**shape["$defs"]["checkpoint"], "$defs": shape["$defs"]})
    for statement in ground.checkpoints.glob("*.json"):
        checkpoint.validate(json.loads(statement.read_bytes()))


@pytest.mark.parametrize("change", [{"v": 2}, {"extra": 1}, {"kind": "x"}, {"prev": "0"}, {"seq": 0}, {"run": "../x"}])
def test_what_is_no_record_does_not_fit_the_schema(history, change):
    record = json.loads(history.files()[2].read_bytes())
    judge = jsonschema.Draft202012Validator(schema("trace"))
    judge.validate(record)
    with pytest.raises(jsonschema.ValidationError):
        judge.validate({**record, **change})


def test_the_schema_and_the_code_know_the_same_kinds():
    assert schema("trace")["properties"]["kind"]["enum"] == list(Kind)


def test_every_key_that_the_schema_gives_a_body_is_told_under_its_kind_and_no_other():
    """A key with `?` is one that the schema does not require."""
    told: dict[str, set[str]] = {}
    for kinds, body in re.findall(r"^\| (`[a-z_` ]+`) \| (.+) \|$", _part("What each kind says"), re.MULTILINE):
        for kind in re.findall(r"`(\w+)`", kinds):
            told[kind] = set(re.findall(r"`([a-z_]+\??)`", body))
    assert set(told) == {kind.value for kind in Kind} - {"resolve"}, "the file of a `resolve` holds a step_resolved"
    known: dict[str, set[str]] = {}
    for name, rule in schema("trace")["$defs"].items():
        if name.startswith("when_"):
            which, body = rule["if"]["properties"]["kind"], rule["then"]["properties"]["body"]
            keys = {key if key in body["required"] else f"{key}?" for key in (*body.get("properties", ()), *body["required"])} - {"torn?"}
            known |= {kind: known.get(kind, set()) | keys for kind in which.get("enum", [which.get("const")])}
    for kind, keys in known.items():
        assert keys <= told[kind], f"{kind}: {sorted(keys - told[kind])} are not told"
        if kind not in TOGETHER:
            assert told[kind] <= keys, f"{kind}: {sorted(told[kind] - keys)} are of no schema"


TOGETHER = {"hold", "release"}      # one row for two kinds, of which one has a key more


def _part(title: str) -> str:
    return DOCUMENT.read_text().partition(f"## {title}\n")[2].partition("\n## ")[0]
