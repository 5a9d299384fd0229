"""A rejection stands whatever else was said, until its own person takes exactly it back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agentctl.engine.rejections import Unreadable, rejected, standing
from agentctl.identity import sshsig
from agentctl.model.decision import ConsentKind, Decision, Hold, Mode, Need, Permit, Refuse, Verdict
from agentctl.model.halt import Halt, Reach, Scope
from agentctl.model.rejection import Rejected, Statement
from agentctl.model.statement import Attested
from agentctl.policy.document import load

SEEDS = {"ann": bytes([1] * 32), "ben": bytes([2] * 32), "bot": bytes([3] * 32)}
EFFECTS, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64
POLICY = load([("policy.yaml", f"""
version: 1
kind: Policy
agents: {{bot: {{roles: [r], keys: ["{sshsig.public_key(SEEDS["bot"])}"]}}}}
roles: {{r: {{grants: []}}}}
people:
  ann: {{keys: ["{sshsig.public_key(SEEDS["ann"])}"]}}
  ben: {{keys: ["{sshsig.public_key(SEEDS["ben"])}"]}}
""".encode())])
NO = Statement(
    digest="sha256:" + "0" * 64, effects=EFFECTS, lineage="l", person="ann", reason="no", from_="2026-02-03T09:00:00Z"
)


def signed(statement: Statement, by: str = "", namespace: str = Statement.NAMESPACE) -> Attested[Statement]:
    signature = sshsig.sign(statement.text, seed=SEEDS[by or statement.person], namespace=namespace).decode()
    return Attested(statement=statement, signature=signature)


def back(of: Statement = NO, person: str = "ann") -> Statement:
    return replace(of, person=person, reason="yes", withdraws=(of.id,))


@pytest.mark.parametrize(("recorded", "kept", "stands"), [
    ([], [], 0),
    ([NO], [], 1),
    ([], [signed(NO)], 1),
    ([NO], [signed(NO)], 1),                                            # told and still kept: it is one
    ([NO, back()], [], 0),
    ([NO], [signed(back())], 0),
    ([NO, back()], [signed(NO)], 0),                                    # an old copy of the file does not revive it
    ([NO, back(person="ben")], [], 1),
    ([NO], [signed(back(person="ben"))], 1),
    ([NO], [signed(back(), by="ben")], 1),                              # signed by somebody else
    ([NO], [signed(back(), by="bot")], 1),
    ([NO], [signed(back(), namespace="agentctl-approval")], 1),         # signed for another use
    ([NO, replace(NO, reason="still no"), back()], [], 1),              # only the one that is named
    ([], [signed(NO, by="ben")], 1),                                    # unproven, and meant to stop something
    ([replace(NO, person="eve")], [], 0),                               # nobody whom policy knows
    ([replace(NO, effects=OTHER)], [], 0),
    ([], [Unreadable(name="x", effects="a" * 16, why="?")], 1),
    ([], [Unreadable(name="x", effects="b" * 16, why="?")], 0),
    ([], [Unreadable(name="x", effects="", why="?")], 1),
])
def test_what_stands(recorded, kept, stands):
    assert len(standing(EFFECTS, recorded, kept, POLICY)) == stands


def test_no_ruling_outlives_a_rejection_and_policys_own_refusal_stays_its_own():
    decision = Decision(step="s", verdict=Verdict.ALLOW, mode=Mode.AUTO)
    halt = Halt(id="h", scope=Scope(Reach.ALL), by="ann", host="", at="", reason="why")
    denied = Refuse(decision, "no grant covers it")
    rulings = {
        "permitted": Permit(decision),
        "held": Hold(decision, (Need(what="yes", kind=ConsentKind.YES),)),
        "halted": Refuse(decision, halt.why, halt),
        "denied": denied,
    }
    no = Rejected(id="r", person="ann", at="then", reason="no")
    assert rejected(rulings, []) == rulings
    found = rejected(rulings, [no])
    assert found["denied"] is denied
    for step in ("permitted", "held", "halted"):
        assert found[step] == Refuse(decision, no.why, rejection=no)


@pytest.mark.parametrize("field", ["reason", "person", "from_", "effects", "digest", "lineage"])
def test_every_word_of_a_rejection_is_signed(field):
    assert replace(NO, **{field: "x"}).id != NO.id
