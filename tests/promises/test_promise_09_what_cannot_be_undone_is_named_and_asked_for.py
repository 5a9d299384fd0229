"""What cannot be undone is named before consent, needs consent of its own, and is named again by rollback."""

from __future__ import annotations

import pytest

from agentctl.errors import Exit
from tests.e2e.house import House, step, update
from tests.e2e.signing import approve, planned, with_leads

MAILS = [step(f"mail{number}", "mem.note.send", "outbox", {"to": "ada@acme.example", "text": f"No. {number}"})
         for number in range(3)]
STEPS = (update("tier"), *MAILS)


@pytest.fixture
def signing(house) -> House:
    """A house where notes, too, are sent only with a lead's signature."""
    house = with_leads(house)
    house.change("policy.yaml", lambda policy: next(
        grant for grant in policy["roles"]["all"]["grants"] if grant["id"] == "notes"
    ).update(approvals={"count": 1, "from": ["leads"]}))
    return house


def test_it_is_named_and_counted_above_everything_else_before_anybody_consents(house):
    house.plan(*STEPS)
    told = house.run("plan", "plan.yaml")
    assert "! 3 steps cannot be undone" in told.out
    assert "A note that was sent has been read." in told.out
    assert told.out.index("cannot be undone") < told.out.index("The agent says")
    assert house.run("plan", "plan.yaml", "--format", "json").json["summary"]["irreversible"] == 3


@pytest.mark.parametrize("answers", [("yes",), ("yes", "yes"), ("yes", "send"), ("yes", "send 2"), ("send 3",)], ids=" ".join)
def test_a_yes_is_not_consent_to_it(house, answers):
    house.plan(*STEPS)
    with house.sitting("apply", "plan.yaml", answers=(*answers, "no", "no")) as sitting:
        told = sitting.ended()
    assert told.code == Exit.CONSENT, told.all
    assert (house.outbox(), house.runs()) == ([], [])


def test_its_name_and_number_are(house):
    house.plan(*STEPS)
    told = house.typed("apply", "plan.yaml", answers=("yes", "send 3"))
    assert told.code == Exit.OK, told.all
    assert "`mem.note.send` cannot be undone and happens 3 times." in told.all
    assert len(house.outbox()) == 3


def test_no_option_consents_to_it_even_where_policy_asks_for_nobody(house):
    house.change("policy.yaml", lambda policy: next(
        grant for grant in policy["roles"]["all"]["grants"] if grant["id"] == "notes"
    ).update(mode="auto"))
    house.plan(*MAILS)
    assert house.run("apply", "plan.yaml", "--auto-approve").code in (Exit.CONSENT, Exit.REFUSED)
    assert house.outbox() == []


def test_who_signs_is_asked_by_name_and_number_and_that_is_signed(signing):
    digest = planned(signing, *STEPS)
    for answers in (("yes",), ("yes", "send 2")):
        assert approve(signing, digest, "ann", answers=(*answers, "no")).code == Exit.CONSENT
    told = approve(signing, digest, "ann", "-o", "ann.approval", answers=("yes", "send 3"))
    assert told.code == Exit.OK, told.all
    assert b'"irreversible":{"mem.note.send":3}' in (signing.root / "ann.approval").read_bytes()
    told = signing.run("apply", digest)
    assert told.code == Exit.OK, told.all
    assert len(signing.outbox()) == 3


def test_consent_to_some_of_it_is_none_to_the_rest(signing):
    digest = planned(signing, *STEPS)
    told = approve(signing, digest, "ann", "--step", "tier", "--step", "mail0", answers=("yes", "send 1"))
    assert told.code == Exit.OK, told.all
    told = signing.run("apply", digest)
    assert told.code == Exit.CONSENT
    assert "Step `mail1`" in told.err
    assert signing.outbox() == []
    assert approve(signing, digest, "ben", "--step", "mail1", "--step", "mail2", answers=("yes", "send 2")).code == Exit.OK
    assert signing.run("apply", digest).code == Exit.OK
    assert len(signing.outbox()) == 3


def test_rollback_names_it_again_and_is_not_called_success(house):
    house.plan(*STEPS)
    assert house.typed("apply", "plan.yaml", answers=("yes", "send 3")).code == Exit.OK
    told = house.typed("rollback", "latest")
    assert told.code == Exit.INCOMPLETE
    for mail in MAILS:
        assert mail["id"] in told.all
    assert "A note that was sent has been read." in told.all
    assert house.memory()["customers/1"]["tier"] == "monthly", "what can be undone is"
    assert len(house.outbox()) == 3
    left = {item["step"]: item["status"] for item in house.run("show", "latest", "--format", "json").json["left"]}
    assert left == {mail["id"]: "irreversible" for mail in MAILS}
