"""What the gate makes of every mode, tier, state of consent and state of the limit: one table."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product
from types import SimpleNamespace

import pytest

from agentctl.engine.gate import judge as rule_all
from agentctl.engine.limits import refusals, standings, usage
from agentctl.engine.ports import Systems
from agentctl.model.action import Reversibility, Tier
from agentctl.model.authorship import CLAIMED
from agentctl.model.change import Inverse
from agentctl.model.changeset import ChangeSet, Purpose
from agentctl.model.decision import Consent, ConsentKind, Hold, Permit, Refuse, Signed
from agentctl.model.run import History
from tests.policy.ground import NOW, PLAN, SPEC, grants, judge, update

ANN, BEN = (
    Signed(approval=name, person=name, groups=("leads",), steps=(), until="2100-01-01T00:00:00Z") for name in ("ann", "ben")
)
WAY_BACK = Inverse(kind=Reversibility.EXACT)
CONSENTS = {
    "nobody": Consent(),
    "flag": Consent(kind=ConsentKind.AUTO_APPROVE),
    "yes": Consent(kind=ConsentKind.YES),
    "one signature": Consent(kind=ConsentKind.SIGNATURES, signed=(ANN,)),
    "one person twice, and yes": Consent(kind=ConsentKind.YES, signed=(ANN, replace(ANN, approval="again"))),
    "two signatures": Consent(kind=ConsentKind.SIGNATURES, signed=(ANN, BEN)),
    "two signatures and yes": Consent(kind=ConsentKind.YES, signed=(ANN, BEN)),
}
ANY = CONSENTS.keys() - {"nobody"}
ALL = {"two signatures and yes"}
A_PERSON = ANY - {"flag"}

# mode and tier → the consents that are enough; an agent is not proven, so that `auto` asks a person for what writes
ENOUGH = {
    ("", "read"): ANY, ("", "draft"): ANY, ("", "write"): A_PERSON, ("", "execute"): ALL,
    ("auto", "read"): ANY, ("auto", "draft"): ANY, ("auto", "write"): A_PERSON, ("auto", "execute"): A_PERSON,
    ("approve", "read"): A_PERSON, ("approve", "draft"): A_PERSON, ("approve", "write"): A_PERSON,
    ("approve", "execute"): A_PERSON,
    ("manual", "read"): ALL, ("manual", "draft"): ALL, ("manual", "write"): ALL, ("manual", "execute"): ALL,
    ("forbid", "read"): None, ("forbid", "draft"): None, ("forbid", "write"): None, ("forbid", "execute"): None,
}
LIMITS = {"": True, "limits: [{count: 2, per: 1h}]": True, "limits: [{count: 1, per: 1h}]": False}


@pytest.mark.parametrize(("mode", "tier"), ENOUGH, ids=str)
def test_every_mode_tier_consent_and_limit(mode, tier):
    for limit, (name, consent) in product(LIMITS, CONSENTS.items()):
        ruling = ruled(mode, Tier(tier), limit, consent)
        enough = ENOUGH[mode, tier]
        if enough is None or not LIMITS[limit]:
            expected = Refuse
        else:
            expected = Permit if name in enough else Hold
        assert type(ruling) is expected, (limit, name, ruling)


def ruled(mode: str, tier: Tier, limit: str, consent: Consent):
    """Rule on the second of two steps, each of which takes one of the limit."""
    limited = limit if mode != "forbid" else ""
    parts = [part for part in ("id: g", "actions: ['*']", mode and f"mode: {mode}", limited) if part]
    spec = replace(SPEC, tier=tier)
    rules = grants("{" + ", ".join(parts) + "}")
    changes = tuple(replace(update(tier="x"), step=step, inverse=WAY_BACK) for step in ("first", "second"))
    decisions = [judge(rules, change, spec=spec, author=CLAIMED) for change in changes]
    charges = {decision.step: decision.charges for decision in decisions if decision.charges}
    beyond = refusals(standings(charges, usage(History(), set(), NOW, timedelta()), NOW, SimpleNamespace()))
    changeset = ChangeSet(
        lineage="l", tenant="acme", environment="staging", purpose=Purpose.APPLY, plan=PLAN, policy=rules.digest,
        specs={}, systems={}, changes=changes,
    )
    systems = Systems({"crm": SimpleNamespace(actions={"row.update": spec})})
    given = replace(consent, digest=changeset.digest)
    return rule_all(changeset, decisions, given, systems, (), beyond)["second"]
