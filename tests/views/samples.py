"""Realistic changesets and runs, built from model values, for the drawings to be looked at and compared."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from agentctl.model import edit
from agentctl.model.action import ActionSpec, Fidelity, Precondition, Readback, Reversibility, Settlement, Tier
from agentctl.model.change import IRREVERSIBLE, Change, Effect, Inverse, RecordChange
from agentctl.model.changeset import ChangeSet, Purpose, SystemIdentity
from agentctl.model.decision import (
    Consent,
    ConsentKind,
    Decision,
    Finding,
    Hold,
    Mode,
    Need,
    Outcome,
    Permit,
    Refuse,
    Ruling,
    Signatures,
    Verdict,
    decision_to_wire,
)
from agentctl.model.diagnostic import Span
from agentctl.model.plan import Evidence, Format, From, Plan, Secret, Step
from agentctl.model.run import History, Left, LeftStatus, Observed, Run, RunStatus, StepRun, StepStatus
from agentctl.model.snapshot import Address
from agentctl.model.values import UNKNOWN, Hidden, Unknown

_OBJECT = {"type": "object"}


def spec(verb: str, **facts: Any) -> ActionSpec:
    return ActionSpec(verb=verb, summary=facts.pop("summary", verb), target="customers/42", arguments=_OBJECT, record=_OBJECT, **facts)


_EXACT: dict[str, Any] = {
    "tier": Tier.WRITE, "reversibility": Reversibility.EXACT, "preview": Fidelity.EXACT, "readback": Readback.RECORD,
}
SPECS = {
    "crm.row.update": spec("row.update", precondition=Precondition.ENFORCED, settlement=Settlement.CONDITIONAL,
                           sensitive=frozenset({"password"}), **_EXACT),
    "crm.row.insert": spec("row.insert", precondition=Precondition.ENFORCED, settlement=Settlement.CONDITIONAL, **_EXACT),
    "crm.row.delete": spec("row.delete", precondition=Precondition.ENFORCED, settlement=Settlement.CONDITIONAL, **_EXACT),
    "crm.rows.update": spec("rows.update", precondition=Precondition.ENFORCED, settlement=Settlement.CONDITIONAL, **_EXACT),
    "crm.row.read": spec("row.read", tier=Tier.READ, preview=Fidelity.EXACT),
    "crm.migration.run": spec("migration.run"),
    "site.text.replace": spec("text.replace", precondition=Precondition.CHECKED, settlement=Settlement.LOCAL, **_EXACT),
    "site.yaml.set": spec("yaml.set", precondition=Precondition.CHECKED, settlement=Settlement.LOCAL, **_EXACT),
    "repo.commit.create": spec("commit.create", precondition=Precondition.ENFORCED, settlement=Settlement.LOCAL,
                               stays="clones made in between keep the commit", **_EXACT),
    "mail.message.draft": spec("message.draft", precondition=Precondition.CHECKED, settlement=Settlement.LOCAL, **_EXACT),
    "mail.message.send": spec("message.send", summary="Send a message", settlement=Settlement.FIND,
                              secret=frozenset({"password"}), preview=Fidelity.PARTIAL),
}
SYSTEMS = {
    "crm": SystemIdentity(type="sql", version="SQLite 3.40.1", endpoint="sqlite:///crm.db", whoami="main"),
    "site": SystemIdentity(type="file", version="1", endpoint="site/"),
    "repo": SystemIdentity(type="git", version="2.39.5", endpoint=".", whoami="agentctl"),
    "mail": SystemIdentity(type="smtp", version="1", endpoint="smtp://mail.acme.example:587", whoami="robot", tenant="acme"),
}


def finding(rule: str, outcome: Outcome = Outcome.GRANTS, reason: str = "", line: int = 12) -> Finding:
    return Finding(rule=rule, place=Span("policy/sales.yaml", line, 7), outcome=outcome, reason=reason)


def decision(step: str, verdict: Verdict = Verdict.CONSENT, mode: Mode = Mode.APPROVE, *findings: Finding, **facts: Any) -> Decision:
    return Decision(step=step, verdict=verdict, mode=mode, findings=findings or (finding("sales/2", reason="role sales may update customers/*"),), roles=("sales",), **facts)


def hold(step: str) -> Hold:
    return Hold(decision(step), (Need(what="`yes` on a terminal", kind=ConsentKind.YES),))


def permit(step: str) -> Permit:
    return Permit(decision(step, Verdict.ALLOW, Mode.AUTO, finding("sales/1", reason="role sales may read", line=9)))


def refuse(step: str, why: str = "Nothing is deleted in prod.") -> Refuse:
    rule = finding("never-delete-prod", Outcome.DENIES, why, 31)
    return Refuse(decision(step, Verdict.DENY, Mode.FORBID, rule), why)


def exact(action: str, target: str, stays: str = "") -> Inverse:
    return Inverse(kind=Reversibility.EXACT, step=Step(id="undo", action=action, target=target), stays=stays)


def update(step: str, target: str, before: dict[str, Any] | None, after: dict[str, Any] | None, **facts: Any) -> Change:
    record = RecordChange(address=Address(f"crm/{target}"), before=before, after=after)
    verb = {Effect.CREATE: "insert", Effect.DELETE: "delete"}.get(record.effect, "update")
    inverse = {"insert": "delete", "delete": "insert", "update": "update"}[verb]
    return Change(
        step=step, action=f"crm.row.{verb}", target=target, effect=record.effect, records=(record,),
        inverse=exact(f"crm.row.{inverse}", target), **facts,
    )


PAGE_BEFORE = """\
<!doctype html>
<title>Pricing</title>
<h1>Pricing</h1>
<ul>
  <li>Basic: $12 a month</li>
  <li>Team: $40 a month</li>
</ul>
<p>All prices without tax.</p>
"""
PAGE_AFTER = PAGE_BEFORE.replace("$12", "$10")


def page_change() -> Change:
    return Change(
        step="page", action="site.text.replace", target="pricing.html", effect=Effect.UPDATE,
        arguments={"find": "$12", "replace": "$10", "count": 1},
        records=(RecordChange(
            address=Address("site/pricing.html"), before={"content": PAGE_BEFORE}, after={"content": PAGE_AFTER},
        ),),
        inverse=exact("site.file.write", "pricing.html", stays="the modification time"),
    )


def commit_change() -> Change:
    return Change(
        step="commit", action="repo.commit.create", target="main", effect=Effect.UPDATE,
        arguments={
            "paths": ["site/pricing.html"],
            "message": Format("Pricing for tier {tier}", {"tier": From("tier", "after", ("tier",))}),
        },
        records=(
            RecordChange(
                address=Address("repo/branches/main"), before={"head": "8ac1f0de" * 5}, after={"head": UNKNOWN},
            ),
            RecordChange(
                address=Address("repo/files/main/site/pricing.html"), before={"content": PAGE_BEFORE},
                after={"content": PAGE_AFTER},
            ),
        ),
        reads=(Address("repo/files/main/site/pricing.html"),),
        inverse=exact("repo.branch.move", "main", stays="clones made in between keep the commit"),
        notes=("repository hooks are not run",),
        receipt={"sha": UNKNOWN},
    )


def mail_change() -> Change:
    return Change(
        step="mail", action="mail.message.send", target="account-desk@acme.example", effect=Effect.SIDE_EFFECT,
        arguments={
            "to": ["account-desk@acme.example", "cfo@acme.example"],
            "subject": Format("Your tier is {tier}", {"tier": From("tier", "after", ("tier",))}),
            "body": "Dear account desk,\n\nthe tier has changed.\n",
            "password": Secret("smtp"),
        },
        inverse=IRREVERSIBLE,
    )


def plan(changes: tuple[Change, ...], **facts: Any) -> Plan:
    steps = tuple(
        Step(
            id=change.step, action=change.action, target=change.target, with_=change.arguments,
            because="The customer asked for it." if number == 0 else "",
            evidence=("ticket",) if number == 0 else (),
            needs=(changes[number - 1].step,) if number else (),
        )
        for number, change in enumerate(changes)
    )
    return Plan(**{
        "intent": "Move customer 42 to the annual tier, as asked in ticket 4711, and fix the price on the pricing page.",
        "agent": "sales-ops", "requested_by": "account-desk@acme.example", "steps": steps, "source": "plan.yaml",
        "evidence": (Evidence(id="ticket", uri="file:tickets/4711.md", quote="move us to annual", sha256="3b" * 32),),
        **facts,
    })


def changeset(*changes: Change, **facts: Any) -> ChangeSet:
    return ChangeSet(**{
        "lineage": "b7c1e6f2a9d04c55", "tenant": "acme", "environment": "staging", "purpose": Purpose.APPLY,
        "plan": plan(changes), "policy": "sha256:" + "ab" * 32,
        "specs": {change.action: SPECS[change.action].digest for change in changes},
        "systems": {name: SYSTEMS[name] for name in sorted({change.instance for change in changes})},
        "changes": changes, **facts,
    })


def pricing() -> tuple[ChangeSet, dict[str, Ruling]]:
    """The story of the README: a row, a page, a commit, waiting for a yes."""
    changes = (
        update("tier", "customers/42", {"tier": "monthly", "price": Decimal("12.50"), "renews": datetime(2026, 1, 1, tzinfo=UTC)},
               {"tier": "annual", "price": Decimal("120.00"), "renews": datetime(2027, 1, 1, tzinfo=UTC)}),
        page_change(),
        commit_change(),
    )
    return changeset(*changes), {change.step: hold(change.step) for change in changes}


def risky() -> tuple[ChangeSet, dict[str, Ruling]]:
    """One of every kind of risk, and the odd values."""
    migration = Change(
        step="schema", action="crm.migration.run", target="schema", effect=Effect.SIDE_EFFECT,
        arguments={"up": ["alter table customers add column tier text"]}, notes=("runs as one transaction",),
    )
    twin = update("twin", "customers/7", {"owner": "paypal", "tags": ["a", "b"]}, {"owner": "p\u0430ypal", "tags": ["b", "a", "c"]})
    secret = update("secret", "customers/8", {"password": "old-secret", "id_note": None}, {"password": "new-secret", "id_note": Unknown("steps.tier.after.id")})
    gone = update("gone", "customers/9", {"tier": "free", "name": "Zoë"}, None)
    made = update("made", "customers/new:made", None, {"name": "Ada", "photo": b"\x00\x01" * 900, "limit": 10**17, "lines": [{"sku": "a-1", "n": 2}]})
    lines = update(
        "lines", "orders/5",
        {"lines": [{"sku": "a-1", "id": 1, "price": Decimal("1.50")}, {"sku": "b-2", "id": 2, "price": Decimal(3)}]},
        {"lines": [{"sku": "b-2", "id": 2, "price": Decimal(4)}, {"sku": "a-1", "id": 1, "price": Decimal("1.50")}, {"sku": "c-3", "id": 3, "price": Decimal(9)}]},
    )
    same = Change(step="same", action="crm.row.update", target="customers/1", effect=Effect.NO_OP, records=())
    read = Change(step="look", action="crm.row.read", target="customers/42", effect=Effect.READ, reads=(Address("crm/customers/42"),))
    undecided = Hold(
        decision("secret", Verdict.CONSENT, Mode.APPROVE, finding("limit-notes", Outcome.UNDECIDED, "after.id_note is not known before apply", 40)),
        (Need(what="a value that is known only after apply", kind=ConsentKind.NONE),),
    )
    signed = Hold(
        decision("mail", signatures=Signatures(count=2, groups=("finance",))),
        (Need(what="2 signatures of finance", kind=ConsentKind.SIGNATURES, command="agentctl approve 3f9a1c --group finance"),),
    )
    changes = (read, same, made, twin, secret, lines, gone, mail_change(), migration)
    rulings: dict[str, Ruling] = {
        "look": permit("look"), "same": permit("same"), "made": hold("made"), "twin": hold("twin"), "secret": undecided,
        "lines": hold("lines"), "gone": refuse("gone"), "mail": signed, "schema": refuse("schema", "No grant of sales allows crm.migration.run."),
    }
    return changeset(*changes), rulings


def bulk(count: int = 300) -> tuple[ChangeSet, dict[str, Ruling]]:
    """Many identical updates with two that differ."""
    changes = [
        update(f"tier-{number}", f"customers/{number}", {"tier": "monthly"}, {"tier": "annual"}) for number in range(count)
    ]
    changes[17] = update("tier-17", "customers/17", {"tier": "monthly"}, {"tier": "lifetime"})
    changes[23] = update("tier-23", "customers/23", {"tier": None}, {"tier": "annual"})
    return changeset(*changes), {change.step: hold(change.step) for change in changes}


NAMES = ("Ada", "Alan", "Barbara", "Donald", "Edsger", "Frances", "Grace", "Ken", "Margaret", "Niklaus")
HOSTS = ("mail.example", "post.example", "inbox.example")


def letter(number: int, **said: Any) -> Change:
    """A letter that differs from its like in recipient and greeting only, but for what is ``said``."""
    name, host = NAMES[number % len(NAMES)], HOSTS[number % len(HOSTS)]
    attached = {"path": "may/prices.pdf", "name": "prices.pdf", "type": "application/pdf", "size": 29, "digest": "sha256:" + "eb" * 32}
    after = {
        "to": [f"{name.lower()}.{number}@{host}"], "subject": "Prices from 1 May", "from": "Acme Sales <sales@acme.example>",
        "cc": [], "bcc": [], "attachments": [attached], "recipient_count": 1,
        "body": f"Hello {name},\n\nthe annual tier costs 10 EUR a month from 1 May.\n", **said,
    }
    target = f"drafts/may-{number}"
    return Change(
        step=f"letter-{number}", action="mail.message.draft", target=target, effect=Effect.CREATE,
        records=(RecordChange(address=Address(f"mail/{target}"), before=None, after=after),),
        inverse=exact("mail.message.delete", target),
    )


def letters(count: int = 300, **other: Change) -> tuple[ChangeSet, dict[str, Ruling]]:
    """A mailing, with ``other`` letters in place of those of their ids."""
    changes = [letter(number) for number in range(1, count + 1)]
    changes = [other.get(change.step.replace("-", "_"), change) for change in changes]
    return changeset(*changes), {change.step: hold(change.step) for change in changes}


def mailing() -> tuple[ChangeSet, dict[str, Ruling]]:
    """Sixty letters, four of which do not belong among them, and a row that is deleted on the way."""
    found, rulings = letters(
        60,
        letter_9=letter(9, to=["niklaus.9@rnail.example"]),
        letter_22=letter(22, **{"from": "The Boss <boss@acme.example>"}),
        letter_31=letter(31, bcc=["archive@inbox.example"]),
        letter_47=letter(47, body="Hello Ken,\n\nthe annual tier costs 99 EUR a month from 1 May.\n"),
    )
    gone = update("gone", "customers/9", {"tier": "free", "name": "Zoë"}, None)
    return changeset(*found.changes, gone), {**rulings, "gone": hold("gone")}


def edited() -> tuple[ChangeSet, dict[str, Ruling]]:
    """A letter a person rewrote, and a step left out that another one waited for."""
    letter = mail_change()
    spam = replace(letter, step="spam", target="everybody@acme.example")
    wrote = plan((letter, spam, page_change()))
    body = "Dear account desk,\n\nyour account has been cancelled.\n"
    rewritten = replace(wrote.steps[0], with_={**letter.arguments, "body": body})
    agents = replace(wrote, steps=(rewritten, *wrote.steps[1:]))
    kept = (wrote.steps[0], replace(wrote.steps[2], needs=(letter.step,)))
    made = edit.edited(agents, kept, ("maria", "tom"), "sha256:" + "ef" * 32)
    found = changeset(letter, page_change(), plan=made, signed_by="SHA256:0bWO5auJcgC9i0Fxus5AXSGfI5BQ0dS7Ex0dYY33MLQ")
    return found, {change.step: hold(change.step) for change in found.changes}


CONSENT = Consent(kind=ConsentKind.YES, digest="sha256:" + "cd" * 32, person="mia", at="2026-02-03T09:15:00Z")


RUN_ID = "20260203-091502-a1b2c3"


def step_run(change: Change, status: StepStatus, second: int = 2, **facts: Any) -> StepRun:
    started = status not in (StepStatus.PENDING, StepStatus.SKIPPED, StepStatus.REFUSED)
    finished = started and status is not StepStatus.STARTED
    observed = tuple(
        Observed(address=item.address, value=item.after) for item in change.records
    ) if status is StepStatus.CONFIRMED else ()
    return StepRun(**{
        "id": change.step, "action": change.action, "target": change.target, "status": status,
        "change": change if started else None, "inverse": change.inverse if started else None,
        "decision": decision_to_wire(decision(change.step)) if started else {}, "observed": observed,
        "key": "6f" * 16 if started else "", "started_at": f"2026-02-03T09:15:0{second}.100000Z" if started else "",
        "finished_at": f"2026-02-03T09:15:0{second}.220000Z" if finished else "", **facts,
    })


def run_of(cs: ChangeSet, *steps: StepRun, **facts: Any) -> Run:
    return Run(**{
        "id": RUN_ID, "number": 3, "purpose": cs.purpose, "status": RunStatus.COMPLETE, "digest": cs.digest,
        "effects": cs.effects, "plan": cs.plan, "tenant": cs.tenant, "environment": cs.environment,
        "policy": cs.policy, "systems": cs.systems, "who": {"user": "mia", "host": "ops-1", "pid": 4711},
        "consent": CONSENT, "steps": steps, "started_at": "2026-02-03T09:15:02.000000Z",
        "finished_at": "2026-02-03T09:15:04.300000Z", "undoes": cs.undoes, **facts,
    })


def finished_run() -> Run:
    """Everything went well."""
    cs, _ = pricing()
    tier, page, commit = cs.changes
    return run_of(
        cs, step_run(tier, StepStatus.CONFIRMED), step_run(page, StepStatus.CONFIRMED, 3),
        step_run(
            commit, StepStatus.CONFIRMED, 3, ids={"sha": "8ac1f0de" * 5},
            links=("https://git.acme.example/site/commit/8ac1f0de",),
            credential={"id": "tok-1", "scopes": ["repo:write"], "expires": "2026-02-03T09:16:02Z"},
        ),
    )


def troubled_run() -> Run:
    """A deviation, a doubt, a mail that can't be unsent, a hidden value, and steps that never ran."""
    hidden = update("secret", "customers/8", {"note": Hidden("hmac:aa")}, {"note": Hidden("hmac:bb")})
    off = update("off", "customers/3", {"name": "ada"}, {"name": "Ada "})
    cs = changeset(hidden, off, mail_change(), page_change())
    return run_of(
        cs,
        step_run(hidden, StepStatus.CONFIRMED),
        step_run(off, StepStatus.DEVIATED, observed=(Observed(address=Address("crm/customers/3"), value={"name": "Ada"}),),
                 reason="crm shows something else than planned"),
        step_run(mail_change(), StepStatus.IN_DOUBT, 3, reason="the connection was lost while the message was sent"),
        step_run(page_change(), StepStatus.PENDING),
        status=RunStatus.INCOMPLETE, reason="stopped at `mail`: it may have happened",
    )


def open_run() -> Run:
    """Killed in the middle, or running."""
    cs, _ = pricing()
    tier, page, commit = cs.changes
    return run_of(
        cs, step_run(tier, StepStatus.CONFIRMED), step_run(page, StepStatus.STARTED, 3),
        step_run(commit, StepStatus.PENDING), id="20260203-100000-ffee00", number=5, status=RunStatus.OPEN, finished_at="",
    )


def rollback_run() -> Run:
    """A rollback that left one step alone because somebody changed the record since."""
    undo = update("undo-tier", "customers/42", {"tier": "annual"}, {"tier": "monthly"})
    cs = changeset(undo, purpose=Purpose.ROLLBACK, undoes=RUN_ID)
    return run_of(
        cs, step_run(undo, StepStatus.CONFIRMED), id="20260203-110000-0badcafe", number=6, status=RunStatus.INCOMPLETE,
        left={"page": Left(status=LeftStatus.REFUSED, reason="changed since: site/pricing.html: `content` was changed by somebody else"),
              "commit": Left(status=LeftStatus.NOT_NEEDED, reason="everything is as it was before")},
    )


def history() -> History:
    return History(runs=(finished_run(), troubled_run(), open_run(), rollback_run()))
