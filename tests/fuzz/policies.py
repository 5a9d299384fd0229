"""The policy loader, its conditions and its judge, given any bytes: a Policy that answers, or reasons it is none."""

from __future__ import annotations

from agentctl.errors import Invalid
from agentctl.model.decision import Decision, Verdict
from agentctl.policy.document import load
from agentctl.policy.evaluate import decide, decide_plainly
from agentctl.policy.rules import Policy
from tests.policy import ground

_CHANGES = (
    ground.update(tier="annual"),
    ground.update(discount=7, note="x\u202ey"),
    ground.change(ground.record(None, ground.ROW)),
    ground.change(ground.record(ground.ROW, None)),
    ground.change(),
)
_CONDITION = (
    b"version: 1\nkind: Policy\nagents: {bot: {roles: [role]}}\n"
    b"roles: {role: {grants: [{actions: ['*'], mode: auto}]}}\ninvariants:\n  - id: x\n    require: |-\n      "
)


def load_policy(data: bytes) -> None:
    """Read a whole policy, and ask it about every kind of change."""
    try:
        policy = load([("policy.yaml", data)])
    except Invalid as error:
        assert error.summary
        assert error.detail or error.diagnostics
        for item in error.diagnostics:
            assert item.span is not None
            assert item.span.line >= 1
        return
    _answers(policy)


def load_condition(data: bytes) -> None:
    """Read one condition. Whatever it says, it never allows by failing."""
    text = data.decode("utf-8", "ignore").replace("\n", " ").replace("\r", " ")
    try:
        policy = load([("policy.yaml", _CONDITION + text.encode() + b"\n")])
    except Invalid as error:
        assert error.diagnostics or error.detail
        return
    _answers(policy)


def _answers(policy: Policy) -> None:
    for change in _CHANGES:
        context = ground.context(policy, change)
        decision = decide(change, context)
        assert isinstance(decision, Decision)
        assert decision.verdict in Verdict
        assert decision.verdict is not Verdict.DENY or decision.findings, "denied without a reason"
        # The quick way through common rules gives the thorough one's answer.
        assert decide_plainly(change, context).verdict is decision.verdict
