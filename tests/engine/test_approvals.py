"""Which approvals count: a table over time, use and words, with real signatures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agentctl.engine.approvals import weigh
from agentctl.identity import sshsig
from agentctl.model.approval import Statement
from agentctl.model.statement import Attested
from agentctl.policy.document import load
from tests.views import samples

SEED = bytes(range(32))
FROM = datetime(2026, 2, 3, 9, 0, tzinfo=UTC)
MAIL = samples.changeset(samples.mail_change())
POLICY = load([("policy.yaml", f"""
version: 1
kind: Policy
agents: {{}}
roles: {{}}
people:
  ann: {{groups: [leads], keys: ["{sshsig.public_key(SEED)}"]}}
  desk: {{aliases: [account-desk@acme.example]}}
""".encode())])
STATEMENT = Statement(
    digest=MAIL.digest, effects=MAIL.effects, lineage=MAIL.lineage, person="ann", from_="2026-02-03T09:00:00Z",
    until="2026-02-03T13:00:00Z", shown="sha256:" + "0" * 64, irreversible={MAIL.changes[0].action: 1},
)


def objection(statement: Statement, now: datetime = FROM, used: dict[str, str] | None = None) -> str:
    signature = sshsig.sign(statement.text, seed=SEED, namespace=Statement.NAMESPACE).decode()
    weighed = weigh([Attested(statement=statement, signature=signature)], MAIL, POLICY, now, used or {})
    assert len(weighed.counted) + len(weighed.refused) == 1
    return weighed.refused[0][1] if weighed.refused else ""


@pytest.mark.parametrize(("after", "why"), [
    (timedelta(minutes=-2), "only from"),
    (timedelta(seconds=-30), ""),               # the signer's clock may be a little ahead
    (timedelta(0), ""),
    (timedelta(hours=4, seconds=-1), ""),
    (timedelta(hours=4), "good until"),
])
def test_an_approval_counts_in_its_time_only(after, why):
    said = objection(STATEMENT, FROM + after)
    assert why in said
    assert bool(said) == bool(why)


@pytest.mark.parametrize(("other", "why"), [
    ({"digest": "sha256:" + "1" * 64}, "the effects are the same"),
    ({"digest": "sha256:" + "1" * 64, "effects": "sha256:" + "2" * 64}, "for another changeset"),
    ({"lineage": "other"}, "another workspace"),
    ({"person": "eve"}, "nobody"),
    ({"group": "finance"}, "not in `finance`"),
    ({"steps": ("nowhere",)}, "step `nowhere`"),
    ({"irreversible": {}}, "cannot be undone"),
    ({"irreversible": {MAIL.changes[0].action: 2}}, "cannot be undone"),
])
def test_an_approval_of_anything_else_does_not_count(other, why):
    assert why in objection(replace(STATEMENT, **other))


def test_an_approval_that_a_run_names_is_used_up():
    assert "run 7k2m used it up" in objection(STATEMENT, used={STATEMENT.id: "7k2m"})


def test_a_signature_for_another_use_does_not_count():
    signature = sshsig.sign(STATEMENT.text, seed=SEED, namespace="git").decode()
    weighed = weigh([Attested(statement=STATEMENT, signature=signature)], MAIL, POLICY, FROM, {})
    assert weighed.counted == ()


def test_nobodys_signature_counts_where_the_requester_might_be_anybody():
    policy = replace(POLICY, people={"ann": POLICY.people["ann"]})
    signature = sshsig.sign(STATEMENT.text, seed=SEED, namespace=Statement.NAMESPACE).decode()
    ((_, why),) = weigh([Attested(statement=STATEMENT, signature=signature)], MAIL, policy, FROM, {}).refused
    assert "might be who signed" in why


@pytest.mark.parametrize(("back", "counts"), [
    (FROM - timedelta(hours=1), True), (FROM, True), (FROM + timedelta(seconds=1), False), (FROM + timedelta(hours=1), False),
])
def test_what_was_signed_before_a_clock_was_set_back_does_not_live_through_that_time_twice(back, counts):
    signature = sshsig.sign(STATEMENT.text, seed=SEED, namespace=Statement.NAMESPACE).decode()
    weighed = weigh([Attested(statement=STATEMENT, signature=signature)], MAIL, POLICY, FROM, {}, back)
    assert bool(weighed.counted) == counts
    assert counts or "before the clock was set back" in weighed.refused[0][1]
