"""Promise 10: what is changed, cut or replaced of a real history is found, and graded no better than can be known."""

from __future__ import annotations

import json
import shutil
from functools import partial

import jsonschema
import pytest

from agentctl.errors import Exit
from agentctl.identity import sshsig
from agentctl.resources import schema
from agentctl.store import packs
from agentctl.trace.checkpoint import NAMESPACE
from agentctl.workspace.workspace import Workspace
from tests.e2e.conftest import _model
from tests.e2e.house import House, create
from tests.promises.tampering import (
    Judge,
    copied,
    files,
    flips,
    found,
    lived_in,
    restate,
    rewrite,
    without_checkpoints,
)

__all__ = ["_model"]
FORGED = "Harmless."


@pytest.fixture(scope="module")
def lived(_model: House, tmp_path_factory) -> House:
    return lived_in(copied(_model, tmp_path_factory.mktemp("lived") / "house"))


@pytest.fixture
def house(lived: House, tmp_path) -> House:
    return copied(lived, tmp_path / "copy")


def head_of(house: House) -> str:
    return house.run("verify", "--format", "json").json["head"]["digest"]


def said(told) -> str:
    return " ".join(told.all.split())


def test_the_history_that_is_tampered_with_is_a_real_one(house):
    kinds = {record["kind"] for record in house.records()}
    assert kinds >= {"init", "run_started", "step_started", "step_finished", "run_finished", "halt", "unhalt", "reject"}
    told = house.run("verify")
    assert (told.code, told.out.splitlines()[0]) == (Exit.OK, "intact, tail not witnessed")
    told = house.run("verify", "--strict", "--expect-head", head_of(house))
    assert (told.code, told.out.splitlines()[0]) == (Exit.OK, "intact")


def test_a_flip_in_any_part_of_any_file_is_found_at_its_line(house):
    """Every byte of it is flipped by `scripts/tamper`."""
    judge = Judge(house, head_of(house))
    missed, trials = [], 0
    for path in files(house):
        for line in flips(path, every=61, start=trials):
            trials += 1
            if not found(judge(), path, line):
                missed.append((path.name, line))
    assert (missed, trials > 300) == ([], True)
    assert judge().grade == "intact"


@pytest.mark.parametrize("way", ["dropped", "doubled", "swapped", "emptied"])
def test_every_line_that_is_dropped_doubled_swapped_or_emptied_is_found(house, way):
    judge, missed = Judge(house), []
    for path in sorted((house.ours / "trace").glob("*.jsonl")):
        whole = path.read_bytes().splitlines(keepends=True)
        for at, line in enumerate(whole):
            changed = {
                "dropped": whole[:at] + whole[at + 1 :],
                "doubled": [*whole[: at + 1], *whole[at:]],
                "swapped": [*whole[:at], *whole[at + 1 : at + 2], line, *whole[at + 2 :]],
                "emptied": [*whole[:at], b"\n", *whole[at + 1 :]],
            }[way]
            path.write_bytes(b"".join(changed))
            if changed != whole and judge().grade != "broken":
                missed.append((path.name, at + 1))
        path.write_bytes(b"".join(whole))
    assert missed == []


def test_cut_after_any_record_the_grade_never_says_more_than_is_known(house):
    """Whoever cuts takes every checkpoint of what is gone away as well, and the state."""
    head, graded = head_of(house), set()
    (house.ours / "state.json").unlink()
    (house.ours / "state.json.before").unlink(missing_ok=True)
    blind, knowing = Judge(house), Judge(house, head)
    for path in sorted((house.ours / "trace").glob("*.jsonl"), reverse=True):
        for lost in (house.ours / "checkpoints").glob(f"{path.stem}.*"):
            lost.unlink()
        lines = path.read_bytes().splitlines(keepends=True)
        for keep in range(len(lines) - 1, -1, -1):
            path.write_bytes(b"".join(lines[:keep]))
            if keep == 0:
                path.unlink()
            graded.add(blind().grade.value)
            assert knowing().grade == "broken", (path.name, keep)
    assert graded == {"intact, tail not witnessed", "broken"}, "broken: there is no trace left"


def test_an_older_copy_of_everything_is_found_by_a_head_from_outside(house, tmp_path):
    shutil.copytree(house.ours, tmp_path / "older")
    house.plan(create("later", "9"))
    assert house.typed("apply", "plan.yaml").code == Exit.OK
    head = head_of(house)
    shutil.rmtree(house.ours)
    shutil.copytree(tmp_path / "older", house.ours)
    assert house.run("verify").out.startswith("intact, tail not witnessed")
    assert house.run("verify", "--strict").code == Exit.INTEGRITY
    told = house.run("verify", "--expect-head", head)
    assert (told.code, "the trace was cut, or is an older copy" in said(told)) == (Exit.INTEGRITY, True)


def forge(record) -> None:
    if record["kind"] == "run_started":
        record["body"]["plan"]["intent"] = FORGED


def their_key(house: House):
    """An attacker's: it takes the place of the workspace's in the record that tells it."""
    seed = bytes(32)

    def replace(record) -> None:
        forge(record)
        if record["kind"] == "init":
            record["body"]["public_key"] = sshsig.public_key(seed)

    return replace, partial(sshsig.sign, seed=seed, namespace=NAMESPACE)


@pytest.mark.parametrize("way", ["kept", "restated", "gone", "their own"])
def test_a_history_written_anew_by_who_has_all_files_and_no_key_is_found(house, way):
    public = house.home / "lineage.pub"
    public.write_text(house.records()[0]["body"]["public_key"] + "\n")
    head = head_of(house)
    change, sign = their_key(house) if way == "their own" else (forge, None)
    rewrite(house, change)
    if way == "gone":
        without_checkpoints(house)
    elif way != "kept":
        restate(house, sign)
    told = house.run("verify")
    assert told.code == Exit.INTEGRITY, "the key is on this machine"
    if way == "their own":
        assert "not by this lineage's key" in said(told)
    assert house.run("verify", "--key", public).code == Exit.INTEGRITY
    away = {"AGENTCTL_KEY_FILE": "/nowhere"}
    assert house.run("verify", "--key", public, **away).code == Exit.INTEGRITY, "an auditor has the public key alone"
    told = house.run("verify", "--expect-head", head, **away)
    assert told.code == Exit.INTEGRITY, "and who has a head needs no key"


def test_without_key_and_head_a_forgery_is_never_called_more_than_unwitnessed(house):
    """All files are the attacker's, and nothing else is known: nobody could tell."""
    (house.ours / "state.json").unlink()
    change, sign = their_key(house)
    rewrite(house, change)
    restate(house, sign)
    told = house.run("verify", AGENTCTL_KEY_FILE="/nowhere")
    assert told.out.startswith("intact, tail not witnessed")
    assert "signatures were not checked" in said(told)
    assert house.run("verify", "--strict", AGENTCTL_KEY_FILE="/nowhere").code == Exit.INTEGRITY


@pytest.mark.parametrize(
    "spelled, why",
    [
        (lambda line: line.replace(b'"v":1}', b'"v":1,"x":1}'), "exactly the fields of a record"),
        (lambda line: line.replace(b'{"body"', b'{ "body"'), "not in canonical form"),
        (lambda line: line.replace(b'"intent":"Try it."', b'"intent":"\\u0054ry it."'), "not in canonical form"),
        (lambda line: line.replace(b'"v":1}', b'"v":1.0}'), "is a float"),
        (lambda line: line.replace(b'"body":{', b'"body":{"x":1,"x":1,'), "not in canonical form"),
    ],
    ids=["a field nobody knows", "a space", "an escape", "a float", "a name twice"],
)
def test_a_record_has_one_spelling_and_no_field_but_its_own(house, spelled, why):
    """Whatever signs and hashes it: one meaning has one line, so what is verified is what others read."""
    path = min((house.ours / "trace").glob("*-run-*.jsonl"))
    first, *rest = path.read_bytes().splitlines(keepends=True)
    assert spelled(first) != first
    path.write_bytes(b"".join([spelled(first), *rest]))
    told = house.run("verify")
    assert (told.code, why in said(told), f"broken at {path.name}:1" in told.out) == (Exit.INTEGRITY, True, True)


def test_no_newline_in_a_value_makes_a_line_of_the_trace(house):
    (halt,) = (record for record in house.records() if record["kind"] == "halt")
    assert halt["body"]["reason"] == '2 a.m.\n{"forged":1}'
    assert not [record for record in house.records() if "forged" in record]


def test_a_run_is_told_whole_while_the_trace_is_broken_elsewhere(house):
    first, undone, last = house.runs()
    told = house.run("verify", first, "--format", "json")
    jsonschema.Draft202012Validator(schema("verify-document")).validate(told.json)
    run = told.json["run"]
    assert (told.code, run["intact"], run["signed"], run["hidden"]["values"] > 1, run["hidden"]["missing"]) == (Exit.OK, True, True, True, 0)
    path = next((house.ours / "trace").glob(f"*-{undone}.jsonl"))
    path.write_bytes(path.read_bytes().replace(b"confirmed", b"confirmeD"))
    for name, side in ((first, "after"), (last, "before")):
        told = house.run("verify", name, "--format", "json")
        run = told.json["run"]
        assert (told.code, run["intact"], run["elsewhere"]["side"]) == (Exit.OK, True, side)
        assert house.run("verify", name).out.startswith(f"run {name} is intact\n")
    told = house.run("verify", undone)
    assert (told.code, told.out.startswith(f"run {undone} is damaged\n")) == (Exit.INTEGRITY, True)
    assert house.run("verify").code == Exit.INTEGRITY
    assert house.run("verify", last, AGENTCTL_KEY_FILE="/nowhere").code == Exit.INTEGRITY, "nothing that can be checked ties it to us"
    assert house.run("verify", first, AGENTCTL_KEY_FILE="/nowhere").code == Exit.OK


@pytest.mark.parametrize("way", ["lost", "cut", "flipped", "another's"])
def test_a_run_whose_hidden_values_are_gone_or_changed_is_damaged(house, way):
    first, undone, _ = house.runs()
    pack = house.ours / "packs" / first
    data = pack.read_bytes()
    match way:
        case "lost":
            pack.unlink()
        case "cut":
            pack.write_bytes(data[:-20])
        case "flipped":
            pack.write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
        case "another's":
            shutil.copy(house.ours / "packs" / undone, pack)
    told = house.run("verify", first, "--format", "json")
    assert (told.code, told.json["run"]["hidden"]["damage"]) == (Exit.INTEGRITY, True)
    assert told.json["run"]["fault"] is None
    told = house.run("verify", first, AGENTCTL_KEY_FILE="/nowhere")
    assert (told.code, "this machine has no key" in said(told)) == (Exit.OK, True)


def test_a_pack_that_holds_other_values_than_were_committed_to_is_damage(house):
    """Only who has the key can make one."""
    first = house.runs()[0]
    workspace = Workspace.open(house.root, {"AGENTCTL_KEY_FILE": str(house.key)})
    folder = workspace.layout.packs
    values = packs.read(folder, first, workspace.vault).values
    packs.save(folder, first, {**values, next(iter(values)): "another"}, workspace.vault, 0o600)
    told = house.run("verify", first)
    assert (told.code, "1 are not what the trace committed to" in said(told)) == (Exit.INTEGRITY, True)


@pytest.mark.parametrize("name", ["nope", "", "latest"])
def test_a_run_is_named_as_everywhere(house, name):
    told = house.run("verify", name, "--format", "json")
    if name == "nope":
        assert (told.code, "`agentctl runs` lists them" in told.err) == (Exit.USAGE, True)
    else:
        assert (told.json["run"] or {}).get("id") == (house.runs()[-1] if name else None)


def test_a_run_and_everything_are_not_asked_about_at_once(house):
    assert house.run("verify", "latest", "--all").code == Exit.USAGE
    assert json.loads(house.run("verify", "--all", "--format", "json").out) == house.run("verify", "--format", "json").json
