"""`verify` checks again what people signed and the trace records."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from agentctl.errors import Exit
from agentctl.model.override import Statement
from agentctl.trace.record import Kind
from agentctl.workspace.unlocking import locked, record_act
from agentctl.workspace.workspace import Workspace
from tests.e2e.conftest import _model, house
from tests.e2e.signing import planned, public, reject, with_leads

__all__ = ["_model", "house"]


@pytest.fixture
def leads(house):
    """A house whose trace records a rejection that Ann signed."""
    with_leads(house)
    told = reject(house, planned(house), "ann")
    assert told.code == Exit.OK, told.all
    return house


def record(house, kind, body):
    workspace = Workspace.open(house.root, {"AGENTCTL_KEY_FILE": str(house.key)})
    with locked(workspace, "", 0.0):
        record_act(workspace, kind, body)


def rejection(house):
    return next(record["body"] for record in house.records() if record["kind"] == "reject")


def test_a_signature_that_policy_knows_is_nothing_to_note(leads):
    assert leads.run("verify", "--format", "json").json["notes"] == []


@pytest.mark.parametrize(
    "change, why",
    [
        (lambda body: body["statement"].update(reason="it was asked for"), "is not of what it says"),
        (lambda body: body["statement"].update(person="ben"), "is not of what it says"),
        (lambda body: body.update(signature=body["signature"].replace("\n", " ")), "cannot be read"),
        (lambda body: body.update(id="sha256:" + "0" * 64), "under the id of something else"),
        (lambda body: body["statement"].update(withdraws=["x"]), "is not of what it says"),
    ],
    ids=["other words", "another person", "no signature", "another id", "something taken back"],
)
def test_a_person_made_to_say_something_else_by_who_holds_the_key_is_found(leads, change, why):
    """The workspace's key signs heads. It signs for nobody's consent."""
    body = json.loads(json.dumps(rejection(leads)))
    change(body)
    record(leads, Kind.REJECT, body)
    told = leads.run("verify")
    assert told.code == Exit.INTEGRITY
    assert why in " ".join(told.out.split())
    assert "-reject-" in told.out.splitlines()[0]


def test_a_signature_for_one_thing_is_none_for_another(leads):
    record(leads, Kind.OVERRIDE, rejection(leads))
    assert "the signature that its `override` records is not of what it says" in " ".join(leads.run("verify").out.split())


def test_who_signs_for_another_person_with_a_key_of_their_own_is_named(leads):
    """A good signature, and not by a key of Ann's: with today's policy nobody can tell whether it was hers once."""
    from agentctl.identity import statements

    statement = Statement(
        digest="sha256:" + "0" * 64, effects="sha256:" + "0" * 64, lineage=leads.ours.joinpath("lineage").read_text().strip(),
        rules={"r": ("s",)}, person="ann", reason="x", from_="2026-01-01T00:00:00Z", until="2026-01-02T00:00:00Z",
        shown="sha256:" + "0" * 64, break_glass=False,
    )
    for person in ("ann", "ben"):
        signed = statements.sign(replace(statement, person=person), leads.home / "ben")
        record(leads, Kind.OVERRIDE, {
            "id": signed.statement.id, "statement": signed.statement.to_wire(), "signature": signed.signature, "user": "u", "host": "h",
        })
    told = leads.run("verify", "--format", "json")
    assert told.code == Exit.OK
    (note,) = told.json["notes"]
    assert note.endswith(":1: what `ann` signed is by a key that policy does not list for them now")


def test_a_key_that_policy_no_longer_lists_is_noted_and_no_damage(leads):
    leads.change("policy.yaml", lambda policy: policy["people"]["ann"].update(keys=[public(leads, "ben")]))
    told = leads.run("verify", "--format", "json")
    assert (told.code, len(told.json["notes"])) == (Exit.OK, 1)


def test_without_a_policy_signatures_are_checked_and_who_made_them_is_not(leads):
    (leads.root / "policy.yaml").write_text("nonsense: [")
    told = leads.run("verify", "--format", "json")
    assert told.code == Exit.OK
    assert told.json["notes"][0].startswith("who signed what the trace records was not compared")
