"""What the admin's page shows of constraints loads and does what it says."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from agentctl.model.action import Fidelity, Tier
from agentctl.model.change import Effect
from agentctl.model.decision import Verdict
from agentctl.model.plan import Evidence, Plan, Step
from agentctl.policy.restricting import KEYS
from tests.policy.ground import SPEC, change, judge, policy, update, why

PAGE = (Path(__file__).parents[2] / "docs" / "POLICY.md").read_text("utf-8")
SECTION = PAGE.partition("## Constraints")[2].partition("\n## ")[0]
(SHOWN,) = re.findall(r"^```yaml\n(.*?)^```$", SECTION, re.DOTALL | re.MULTILINE)
RULES = policy(f"agents: {{bot: {{roles: [support]}}}}\n{SHOWN}")
MAIL = replace(SPEC, tier=Tier.DRAFT, recipients=("to",))
WEDNESDAY, YEAR_END = datetime(2026, 1, 7, 10, tzinfo=UTC), datetime(2026, 12, 24, 10, tzinfo=UTC)


def send(to: str = "maria@acme.example", text: str = "Done.", **more):
    plan = Plan(intent="i", agent="bot", steps=(), evidence=(Evidence(id="t", uri="file:t", sha256="a" * 64),))
    sending = change(effect=Effect.SIDE_EFFECT, action="mail.message.send", arguments={"to": to, "text": text})
    step = Step(id="s", action=sending.action, target="outbox", evidence=("t",))
    around = {"plan": plan, "step": step, "spec": MAIL, "now": WEDNESDAY, "environment": "prod", "final": True}
    return judge(RULES, sending, **(around | {"checked": lambda _: True} | more))


def test_the_pages_constraints_do_what_they_say():
    assert send().verdict is Verdict.ALLOW
    assert "which *@acme.example and ops@partner.example do not name" in why(send("eve@evil.example"))
    assert "counts only in prod" in why(send(environment="staging"))
    assert "could not be checked" in why(send(checked=lambda _: False))
    assert "mon-fri 09:00-17:00" in why(send(now=WEDNESDAY.replace(hour=20)))
    assert "The books are being closed." in why(send(now=YEAR_END))
    assert "what looks like a password or token" in why(send(text="password: x7Kp2mQ9z"))
    assert "can't be undone" in why(judge(RULES, update(tier="x"), spec=replace(SPEC, preview=Fidelity.EXACT)))


def test_the_page_names_every_constraint():
    assert all(f"{key}:" in SHOWN for key in KEYS)
