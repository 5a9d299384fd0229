"""Which overrides count: a table over time, use, words and persons, with real signatures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agentctl.engine.overrides import longest, weigh_overrides
from agentctl.identity import sshsig
from agentctl.model.override import Statement
from agentctl.model.statement import Attested
from agentctl.policy.document import load
from agentctl.policy.rules import Policy
from tests.views import samples

ANN, OLGA, BOT = bytes(range(32)), bytes(range(1, 33)), bytes(range(2, 34))
FROM = datetime(2026, 2, 3, 9, 0, tzinfo=UTC)
MAIL = samples.changeset(samples.mail_change())
STEP = MAIL.changes[0].step


def policy(glass: str = "break_glass: {from: [on-call], expires: 30m, review_within: 24h}") -> Policy:
    return load([("policy.yaml", f"""
version: 1
kind: Policy
agents: {{}}
roles: {{}}
people:
  ann: {{groups: [leads], keys: ["{sshsig.public_key(ANN)}"]}}
  olga: {{groups: [on-call], keys: ["{sshsig.public_key(OLGA)}"]}}
  desk: {{groups: [leads, on-call], aliases: [account-desk@acme.example], keys: ["{sshsig.public_key(BOT)}"]}}
invariants:
  - {{id: soft, deny: 'true', level: soft, override: {{from: [leads], expires: 4h}}}}
  - {{id: short, deny: 'true', level: soft, override: {{from: [leads], expires: 1h}}}}
  - {{id: bare, deny: 'true', level: soft}}
  - {{id: hard, deny: 'true'}}
  - {{id: hint, deny: 'true', level: advisory}}
{glass}
""".encode())])


POLICY = policy()
STATEMENT = Statement(
    digest=MAIL.digest, effects=MAIL.effects, lineage=MAIL.lineage, rules={"soft": (STEP,)}, person="ann",
    reason="ticket 4711", from_="2026-02-03T09:00:00Z", until="2026-02-03T13:00:00Z", shown="sha256:" + "0" * 64,
    break_glass=False,
)
BROKEN = replace(STATEMENT, person="olga", until="2026-02-03T09:30:00Z", break_glass=True)
SEEDS = {"ann": ANN, "olga": OLGA, "desk": BOT}


def objection(statement: Statement, now: datetime = FROM, rules: Policy = POLICY, **more) -> str:
    seed = SEEDS.get(statement.person, ANN)
    signature = sshsig.sign(statement.text, seed=seed, namespace=Statement.NAMESPACE).decode()
    weighed = weigh_overrides(
        [Attested(statement=statement, signature=signature)], MAIL, rules, now, more.pop("used", {}), **more
    )
    assert len(weighed.counted) + len(weighed.refused) == 1
    return weighed.refused[0][1] if weighed.refused else ""


@pytest.mark.parametrize("statement", [STATEMENT, BROKEN], ids=["override", "break-glass"])
@pytest.mark.parametrize(("after", "why"), [
    (timedelta(minutes=-2), "only from"),
    (timedelta(seconds=-30), ""),               # the signer's clock may be a little ahead
    (timedelta(0), ""),
    (timedelta(minutes=30, seconds=-1), ""),
    (timedelta(hours=4), "good until"),
])
def test_an_override_counts_in_its_time_only(statement, after, why):
    said = objection(statement, FROM + after)
    assert why in said
    assert bool(said) == bool(why)


def test_an_override_signed_before_a_clock_went_back_does_not_live_twice():
    assert "might live twice" in objection(STATEMENT, void_before=FROM + timedelta(minutes=1))


def test_an_override_that_a_run_names_is_used_up():
    assert "run 7k2m used it up" in objection(STATEMENT, used={STATEMENT.id: "7k2m"})


@pytest.mark.parametrize("statement", [STATEMENT, BROKEN], ids=["override", "break-glass"])
@pytest.mark.parametrize(("other", "why"), [
    ({"digest": "sha256:" + "1" * 64}, "the effects are the same"),
    ({"digest": "sha256:" + "1" * 64, "effects": "sha256:" + "2" * 64}, "for another changeset"),
    ({"lineage": "other"}, "another workspace"),
    ({"person": "eve"}, "nobody"),
    ({"person": "desk"}, "requested it"),
    ({"rules": {"soft": ("nowhere",)}}, "step `nowhere`"),
    ({"rules": {"hard": (STEP,)}}, "is hard, and nobody overrides that"),
    ({"rules": {"soft": (STEP,), "hard": (STEP,)}}, "is hard, and nobody overrides that"),
    ({"rules": {"hint": (STEP,)}}, "is advisory"),
    ({"rules": {"default-deny": (STEP,)}}, "no invariant `default-deny`"),
    ({"until": "2026-02-03T13:00:01Z"}, "longer than policy lets"),
])
def test_an_override_of_anything_else_does_not_count(statement, other, why):
    assert why in objection(replace(statement, **other))


def test_a_rule_without_overriders_is_for_broken_glass_only():
    assert "only break-glass" in objection(replace(STATEMENT, rules={"bare": (STEP,)}))
    assert objection(replace(BROKEN, rules={"bare": (STEP,)})) == ""


def test_the_shortest_of_several_rules_bounds_an_override():
    both = {"soft": (STEP,), "short": (STEP,)}
    assert longest(POLICY, both, break_glass=False) == 3600
    assert "longer than policy lets" in objection(replace(STATEMENT, rules=both))


def test_leads_break_no_glass_and_on_call_overrides_nothing_by_itself():
    assert "whom `break_glass:` lets" in objection(replace(BROKEN, person="ann"))
    assert "whom rule `soft` lets override it" in objection(replace(STATEMENT, person="olga"))


def test_broken_glass_counts_under_no_policy_that_has_none():
    assert "no `break_glass:`" in objection(BROKEN, rules=policy(glass=""))


@pytest.mark.parametrize("namespace", ["agentctl-approval", "agentctl-review", "git"])
def test_a_signature_for_another_use_does_not_count(namespace):
    signature = sshsig.sign(STATEMENT.text, seed=ANN, namespace=namespace).decode()
    override = Attested(statement=STATEMENT, signature=signature)
    assert weigh_overrides([override], MAIL, POLICY, FROM, {}).counted == ()
