from __future__ import annotations

import json
import stat
from dataclasses import replace

import pytest

from agentctl.errors import Tampered, Usage
from agentctl.model.action import Reversibility
from agentctl.model.canonical import canonical, digest
from agentctl.model.change import Change, Effect, Inverse, RecordChange
from agentctl.model.changeset import ChangeSet, Purpose, SystemIdentity
from agentctl.model.plan import Evidence, From, OnFailure, Plan, Secret, Step
from agentctl.model.snapshot import Address
from agentctl.model.values import Hidden, Unknown
from agentctl.store import changesets
from agentctl.store.changesets import ChangeSets

STEP = Step(
    id="tier",
    action="crm.row.update",
    target="customers/42",
    with_={"tier": "annual", "mail": From("read", "after", ("mail",)), "token": Secret("smtp"), "$odd": "x"},
    because="asked for",
    evidence=("ticket",),
    needs=("read",),
)
CHANGE = Change(
    step="tier",
    action="crm.row.update",
    target="customers/42",
    effect=Effect.UPDATE,
    arguments={"tier": "annual"},
    records=(
        RecordChange(
            address=Address("crm/customers/42"),
            before={"tier": "monthly", "ssn": Hidden("hmac:1"), "raw": b"\0"},
            after={"tier": "annual", "ssn": Hidden("hmac:1"), "raw": Unknown({"$from": "x"})},
        ),
    ),
    reads=(Address("crm/customers/7"),),
    inverse=Inverse(kind=Reversibility.EXACT, step=replace(STEP, with_={}), stays="a mail"),
    notes=("hooks are not run",),
    receipt={"id": 42},
)
CHANGESET = ChangeSet(
    lineage="l",
    tenant="acme",
    environment="staging",
    purpose=Purpose.APPLY,
    plan=Plan(
        intent="Umlauts: ä – and\nlines",
        agent="sales-ops",
        steps=(STEP,),
        evidence=(Evidence(id="ticket", uri="file:t.md"),),
        on_failure=OnFailure.CONTINUE,
    ),
    policy="sha256:p",
    specs={"crm.row.update": "sha256:s"},
    systems={"crm": SystemIdentity(type="sql", version="3", endpoint="sqlite:///crm.db")},
    changes=(CHANGE, replace(CHANGE, step="other", effect=Effect.DELETE)),
    repeat=1,
)


@pytest.fixture
def stored(tmp_path):
    kept = ChangeSets(tmp_path / "changesets")
    kept.folder.mkdir()
    return kept


def test_a_changeset_comes_back_by_digest_prefix_and_file(stored, tmp_path):
    path = stored.save(CHANGESET)
    assert path.stem == CHANGESET.digest.removeprefix("sha256:")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    changesets.write(tmp_path / "review.jsonl", CHANGESET, 0o600)
    for name in (CHANGESET.digest, path.stem, path.stem[:6], str(path), str(tmp_path / "review.jsonl")):
        assert stored.load(name) == CHANGESET
    assert stored.digests() == [CHANGESET.digest]


def test_the_digest_of_the_lines_is_the_digest_of_the_changeset():
    header, *lines = b"".join(changesets.encode(CHANGESET)).splitlines()
    assert len(lines) == 2
    stated = json.loads(header)
    assert (stated["digest"], stated["effects"]) == (CHANGESET.digest, CHANGESET.effects)


def test_any_byte_changed_anywhere_is_found(stored):
    path = stored.save(CHANGESET)
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        with pytest.raises(Tampered):
            stored.load(CHANGESET.digest)


def test_a_cut_anywhere_is_found(stored):
    path = stored.save(CHANGESET)
    whole = path.read_bytes()
    for length in range(0, len(whole), 17):
        path.write_bytes(whole[:length])
        with pytest.raises(Tampered):
            stored.load(CHANGESET.digest)


def _rewritten(path, edit):
    """Edit the lines and compute every digest in the file anew, as somebody would who knows the format."""
    header, *lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    edit(header, lines)
    for name in ("effects", "digest", "changes"):
        header.pop(name)
    effects = digest([digest(line) for line in lines])
    stated = {"effects": effects, "digest": digest({**header, "effects": effects}), "changes": len(lines)}
    path.write_bytes(b"".join(canonical(line) + b"\n" for line in [{**header, **stated}, *lines]))
    return stated["digest"]


def test_an_edit_with_new_digests_is_another_changeset_and_not_the_one_consented_to(stored):
    path = stored.save(CHANGESET)

    def edit(header, lines):
        lines[0]["records"][0]["after"]["tier"] = "free"

    forged = _rewritten(path, edit)
    assert forged != CHANGESET.digest
    with pytest.raises(Tampered, match="another changeset than its name says"):
        stored.load(CHANGESET.digest)
    assert stored.load(str(path)).digest == forged


@pytest.mark.parametrize(
    "edit",
    [
        lambda header, lines: header.update(extra=1),
        lambda header, lines: lines[0].update(extra=1),
        lambda header, lines: lines[0]["records"][0].update(extra=1),
        lambda header, lines: header["plan"].update(extra=1),
        lambda header, lines: header.update(version=2),
        lambda header, lines: header.update(kind="Plan"),
        lambda header, lines: lines[0].update(effect="forgery"),
        lambda header, lines: header.pop("tenant"),
        lambda header, lines: lines[0].update(records=7),
        lambda header, lines: header.update(plan=None),
    ],
)
def test_fields_that_are_no_changesets_are_refused_even_with_right_digests(stored, edit):
    path = stored.save(CHANGESET)
    _rewritten(path, edit)
    with pytest.raises(Tampered):
        stored.load(str(path))


def test_a_damaged_one_is_replaced_by_planning_again(stored):
    path = stored.save(CHANGESET)
    path.write_bytes(b"")
    stored.save(CHANGESET)
    assert stored.load(CHANGESET.digest) == CHANGESET


def test_a_changeset_is_told_from_a_plan_by_its_beginning(stored, tmp_path):
    assert changesets.is_changeset(stored.save(CHANGESET))
    for data in (b"", b"version: 1\nkind: Plan\n", b'{"version": 1, "kind": "Plan"}'):
        (tmp_path / "plan").write_bytes(data)
        assert not changesets.is_changeset(tmp_path / "plan")
    assert not changesets.is_changeset(tmp_path / "absent")


def test_an_unknown_or_ambiguous_name_is_a_usage_error(stored, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for digits in ("aaaa1" + "0" * 59, "aaaa2" + "0" * 59):
        (stored.folder / f"{digits}.jsonl").touch()
    with pytest.raises(Usage, match="not unique"):
        stored.load("aaaa")
    for name in ("bbbb", "no/such/file", "", "../x", "*"):
        with pytest.raises(Usage, match="No such changeset"):
            stored.load(name)


@pytest.mark.parametrize("data", [b"", b"\n", b"[]\n", b"null\n", b"\xff\n", b"{}\n", b"intent: x\n", b"[" * 99_999])
def test_a_file_that_is_no_changeset_is_refused(stored, tmp_path, data):
    path = tmp_path / "plan.yaml"
    path.write_bytes(data)
    with pytest.raises(Tampered):
        stored.load(str(path))
