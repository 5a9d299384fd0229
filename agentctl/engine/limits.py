"""Which steps still fit into the limits of policy, going by what the trace says was used. What one takes is policy's.

There is no counter beside the trace: what was used is what runs reserved, less what is known not to have happened.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from agentctl.engine.ports import Commitments
from agentctl.facts import dataclass, field
from agentctl.model.clock import Correction, corrections, counted_at
from agentctl.model.decision import Finding, Outcome
from agentctl.model.limit import Account, Charge, Reserved, Standing
from agentctl.model.run import History, Run, RunStatus, StepRun, StepStatus

_GIVEN_BACK = {
    StepStatus.FAILED, StepStatus.REFUSED, StepStatus.HELD, StepStatus.SKIPPED, StepStatus.NO_OP,
    StepStatus.ALREADY_DONE,
}

Charges = Mapping[str, tuple[Charge, ...]]
"""What each step takes of each limit, in the order of the plan."""


@dataclass
class Usage:
    """What was taken of each account and when, and what runs that are not over hold of it."""

    happened: dict[Account, list[tuple[datetime, int]]] = field(default_factory=dict)
    held: dict[Account, dict[str, int]] = field(default_factory=dict)


def account(charge: Charge, commitments: Commitments) -> Account:
    """Return what ``charge`` is counted under. A key that may be anything is told by a commitment only."""
    key = charge.key if charge.plain else commitments.commit(charge.stream, "key", charge.key)
    return Account(charge.stream, key, charge.currency)


def reservation(charges: Charges, commitments: Commitments) -> tuple[Reserved, ...]:
    """Return what a run of these steps sets aside. Limits that share an account take from it once."""
    amounts: dict[Account, dict[str, int]] = {}
    limits: dict[Account, str] = {}
    for step, taken in charges.items():
        for charge in taken:
            name = account(charge, commitments)
            limits.setdefault(name, charge.limit)
            amounts.setdefault(name, {})[step] = charge.amount
    return tuple(Reserved(limit=limits[name], account=name, amounts=of) for name, of in amounts.items())


def usage(
    history: History, accounts: Collection[Account], now: datetime, window: timedelta, resumed: str = ""
) -> Usage:
    """Return what the trace says was taken of ``accounts`` within the ``window`` before ``now``, and maybe before that.

    A step counts from the latest moment at which it can have happened: when it was read back, when it was settled, or
    when its run was closed. What nobody knows to have failed counts. What a run set aside for steps it never began is
    held until it is over, or gone on with: ``resumed`` is the run that just now is. Of runs that were complete
    before the window the steps are not asked for.
    """
    found = Usage()
    corrected = corrections(history.acts)
    for run in history.runs:
        taken = [reserved for reserved in run.reserved if reserved.account in accounts]
        if taken and not _is_past(run, now, window, corrected):
            for reserved in taken:
                _count(found, run, reserved, corrected, over=run.id == resumed or bool(run.resumed_by))
    return found


def standings(charges: Charges, used: Usage, now: datetime, commitments: Commitments) -> tuple[Standing, ...]:
    """Return how each limit stands under each key that ``charges`` take of, with the steps that don't fit.

    Steps take their parts in order; one that doesn't fit takes none, so that what is left out makes room.
    """
    ledgers: dict[tuple[str, Account], _Ledger] = {}
    for step, taken in charges.items():
        asked = []
        for charge in taken:
            name = account(charge, commitments)
            ledger = ledgers.get((charge.limit, name))
            if ledger is None:
                ledger = ledgers[charge.limit, name] = _Ledger(charge, used, name, now)
            ledger.steps.append(step)
            ledger.asked += charge.amount
            asked.append((ledger, charge.amount))
        short = [ledger for ledger, amount in asked if not ledger.fits(amount)]
        for ledger, amount in asked:
            if ledger in short:
                ledger.refused.append(step)
            elif not short:
                ledger.taken += amount
    return tuple(ledger.standing() for ledger in ledgers.values())


def refusals(found: Iterable[Standing]) -> dict[str, Finding]:
    """Return for each step that doesn't fit the finding that denies it."""
    denials: dict[str, Finding] = {}
    for standing in found:
        denial = Finding(rule=standing.limit, place=standing.place, outcome=Outcome.DENIES, reason=standing.why)
        for step in standing.refused:
            denials.setdefault(step, denial)
    return denials


def exceeding(
    step: str, charges: Iterable[Charge], reserved: Mapping[Account, Reserved], commitments: Commitments
) -> str:
    """Return why ``step``, as it stands just before its effect, takes more than was set aside for it, or nothing."""
    for charge in charges:
        held = reserved.get(account(charge, commitments))
        kept = 0 if held is None else held.amounts.get(step, 0)
        if charge.amount > kept:
            return (
                f"limit {charge.limit} ({charge.place}): it would take {charge.amount:,} now, and {kept:,} was set "
                "aside for it"
            )
    return ""


def _count(used: Usage, run: Run, reserved: Reserved, corrected: Sequence[Correction], *, over: bool) -> None:
    steps = {step.id: step for step in run.steps if step.id in reserved.amounts}
    for identifier, amount in reserved.amounts.items():
        step = steps.get(identifier)
        at = _when(step, run)
        if at:
            moment = counted_at(datetime.fromisoformat(at), run.number, corrected)
            used.happened.setdefault(reserved.account, []).append((moment, amount))
        elif run.status is RunStatus.OPEN and not _is_given_back(step) and not (over and _is_pending(step)):
            held = used.held.setdefault(reserved.account, {})
            held[run.id] = held.get(run.id, 0) + amount


def _is_past(run: Run, now: datetime, window: timedelta, corrected: Sequence[Correction]) -> bool:
    """Whether all that ``run`` did is out of the window: of a run that is complete nothing is found out later."""
    if run.status is not RunStatus.COMPLETE:
        return False
    return now - counted_at(datetime.fromisoformat(run.finished_at), run.number, corrected) >= window


def _when(step: StepRun | None, run: Run) -> str:
    """Return the latest moment at which ``step`` can have happened; empty where it didn't, or still may."""
    if _is_given_back(step) or _is_pending(step):
        return ""
    if step is None or step.status is StepStatus.STARTED or not step.finished_at:
        return run.finished_at
    return step.finished_at


def _is_given_back(step: StepRun | None) -> bool:
    """Whether it is known that nothing happened. A person who lets a step be does not say that it didn't happen."""
    return step is not None and step.status in _GIVEN_BACK and not (step.resolved == "skip" and step.started_at)


def _is_pending(step: StepRun | None) -> bool:
    return step is not None and step.status is StepStatus.PENDING


class _Ledger:
    """One limit under one key while the steps of a changeset take their parts."""

    def __init__(self, charge: Charge, used: Usage, name: Account, now: datetime) -> None:
        self.charge = charge
        self.asked = 0
        self.taken = 0
        self.steps: list[str] = []
        self.refused: list[str] = []
        window = timedelta(seconds=charge.seconds)
        self._uses = sorted(
            (at, amount) for at, amount in used.happened.get(name, ()) if charge.seconds and now - at < window
        )
        self._held = used.held.get(name, {}) if charge.seconds else {}
        self._window = window
        self._used = sum(amount for _, amount in self._uses)
        self._reserved = sum(self._held.values())

    def fits(self, amount: int) -> bool:
        return self._used + self._reserved + self.taken + amount <= self.charge.most

    def standing(self) -> Standing:
        charge = self.charge
        return Standing(
            limit=charge.limit,
            place=charge.place,
            measure=charge.measure,
            by=charge.by,
            key=charge.key if charge.shown else "",
            currency=charge.currency,
            most=charge.most,
            per=charge.per,
            used=self._used,
            reserved=self._reserved,
            asked=self.asked,
            steps=tuple(self.steps),
            refused=tuple(self.refused),
            holders=tuple(self._held),
            frees=_text(self._uses[0][0] + self._window) if self._uses else "",
            fits=self._fits_at(),
        )

    def _fits_at(self) -> str:
        """Return when enough of what was used is out of the window for all that is asked; held parts set aside."""
        short = self._used + self.asked - self.charge.most
        if self.asked > self.charge.most:
            return ""
        if self.asked + self._reserved <= self.charge.most:     # then waiting alone is enough
            short += self._reserved
        if short <= 0:
            return ""
        for at, amount in self._uses:
            short -= amount
            if short <= 0:
                return _text(at + self._window)
        return ""


def _text(moment: datetime) -> str:
    """Return the first whole second by which ``moment`` is reached."""
    whole = moment.replace(microsecond=0)
    return (whole if whole == moment else whole + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
