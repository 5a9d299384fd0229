"""Drawings as people see them, kept as files: narrow and wide, with colour and without."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from agentctl.errors import Invalid, Stale
from agentctl.model.authorship import Authorship
from agentctl.model.changeset import Purpose
from agentctl.model.diagnostic import Diagnostic, Severity, Span
from agentctl.model.run import Left, LeftStatus
from agentctl.model.state import Head, Known, State
from agentctl.trace.verify import Grade
from agentctl.views.document.changeset import changeset
from agentctl.views.document.connectors import connector, connectors
from agentctl.views.document.diagnostics import diagnostics
from agentctl.views.document.drift import drift
from agentctl.views.document.errors import error
from agentctl.views.document.explain import explain
from agentctl.views.document.lock import lock
from agentctl.views.document.run import run
from agentctl.views.document.runs import runs
from agentctl.views.document.state import known, state
from agentctl.views.document.untouched import untouched
from agentctl.views.document.verify import verification
from agentctl.views.look import Detail, Look
from agentctl.views.terminal.changeset import draw_changeset
from agentctl.views.terminal.connectors import draw_connector, draw_connectors
from agentctl.views.terminal.diagnostics import draw_diagnostics
from agentctl.views.terminal.drift import draw_drift
from agentctl.views.terminal.errors import draw_error
from agentctl.views.terminal.explain import draw_explain
from agentctl.views.terminal.lock import draw_lock
from agentctl.views.terminal.run import draw_ending, draw_run
from agentctl.views.terminal.runs import draw_runs
from agentctl.views.terminal.state import draw_known, draw_state
from agentctl.views.terminal.untouched import draw_untouched
from agentctl.views.terminal.verify import draw_verification
from tests.views import samples

FOLDER = Path(__file__).parent.parent / "golden" / "views"

DIAGNOSTICS = (
    Diagnostic(
        severity=Severity.ERROR, code="unknown-action", summary="Unknown action",
        detail="`crm.row.updat` is not an action of connector `crm`.", hint="Did you mean `crm.row.update`?",
        span=Span("plan.yaml", 14, 13), pointer="/steps/0/action", source="    action: crm.row.updat",
    ),
    Diagnostic(
        severity=Severity.WARNING, code="cut-short", summary="A comment cuts the text short",
        detail="What follows ` #` is a comment.", hint="Put the text in quotes.",
        span=Span("plan.yaml", 3, 31), pointer="/intent", source="intent: 東京の価格\tfix the price # 4711 and more " + "x" * 200,
    ),
)
STATE = State(
    lineage="b7c1", serial=4, head=Head(digest="sha256:" + "0c" * 32, seq=31, file="000003-run-a.jsonl"),
    records={
        "crm/customers/42": Known(fields={"tier": "c1", "price": "c2"}, run=samples.RUN_ID, step="tier"),
        "crm/customers/9": Known(fields=None, run=samples.RUN_ID, step="gone"),
    },
)
DRIFT = SimpleNamespace(
    looked_at=4, orphans=("old/records/1",),
    drifts=(
        SimpleNamespace(address="crm/customers/42", field="tier", ours="annual", now="monthly", run=samples.RUN_ID, step="tier"),
        SimpleNamespace(address="site/pricing.html", field="", ours={"content": "x"}, now=None, run=samples.RUN_ID, step="page"),
    ),
)
HOLDER = SimpleNamespace(run=samples.RUN_ID, person="mia", host="ops-1", pid=4711, since="2026-02-03T09:15:02Z", alive=None)
VERDICT = SimpleNamespace(
    grade=Grade.UNWITNESSED, head=STATE.head, records=31, files=3, witnessed=0, fault=None, notes=("a run is in progress",),
)


class Fault(SimpleNamespace):
    def __str__(self) -> str:
        return "000002-run-b.jsonl:7"


BROKEN = SimpleNamespace(
    grade=Grade.BROKEN, head=None, records=12, files=2, witnessed=0, notes=(),
    fault=Fault(why="its `prev` is not the digest of the line before it"),
)


PART = SimpleNamespace(
    id="b", file="000002-run-b.jsonl", first=2, last=30, records=29, closed=True, signed=True, witnessed=True, fault=None,
    elsewhere=None, before=False,
)
WHOLE_BESIDE_BROKEN = SimpleNamespace(
    id="c", file="000003-run-c.jsonl", first=13, last=20, records=8, closed=True, signed=True, witnessed=False, fault=None,
    elsewhere=BROKEN.fault, before=True,
)
BROKEN_PART = SimpleNamespace(
    id="b", file="000002-run-b.jsonl", first=2, last=7, records=6, closed=False, signed=False, witnessed=False,
    fault=BROKEN.fault, elsewhere=None, before=False,
)
PACKED = SimpleNamespace(values=4, missing=0, wrong=0, why="", damage=False)
UNREADABLE = SimpleNamespace(values=4, missing=4, wrong=0, why="hidden: this machine has no key for the workspace", damage=False)
WRONG = SimpleNamespace(values=1400, missing=3, wrong=1, why="hidden: frame 2 of the pack is damaged", damage=True)


def verified(verdict, part=None, packed=None):
    return SimpleNamespace(verdict=verdict, part=part, packed=packed)


def review(made):
    cs, rulings = made()
    return changeset(cs, rulings, samples.SPECS)


def rewritten():
    cs, rulings = samples.edited()
    author = Authorship(key=cs.signed_by, signature="sha256:" + "12" * 32, editors=("maria", "tom"), requester="ann")
    return changeset(cs, rulings, samples.SPECS, author=author)


def explained():
    cs, rulings = samples.risky()
    considered = (
        samples.finding("never-delete-prod", samples.Outcome.DENIES, "Nothing is deleted in prod.", 31),
        samples.finding("sales/2", samples.Outcome.NOT_APPLICABLE, "it grants crm.row.update", 12),
    )
    one = samples.decision("gone", samples.Verdict.DENY, samples.Mode.FORBID, considered[0], considered=considered)
    return explain(cs, [one, rulings["mail"].decision])


STALE = Stale(
    "The world moved", 'step `tier`: crm/customers/42: `tier` was "monthly" when planned and is "trial" now.',
    hint="To see the plan against what is there now, run:", command="agentctl plan plan.yaml",
)

UNDOING = {
    "page": Left(status=LeftStatus.REFUSED, reason='changed since: site/pricing.html: `content` was "a", we made it "b", now it is "c"'),
    "note": Left(status=LeftStatus.NOT_NEEDED, reason="everything is as it was before"),
}


def undoing():
    cs, rulings = samples.pricing()
    return changeset(dataclasses.replace(cs, purpose=Purpose.ROLLBACK, undoes=samples.RUN_ID), rulings, samples.SPECS, UNDOING)


DRAWINGS = {
    "review-rollback": lambda: (undoing(), draw_changeset),
    "rollback-of-nothing": lambda: (untouched(samples.RUN_ID, UNDOING), draw_untouched),
    "error-many": lambda: (error(Invalid("The plan cannot be carried out", diagnostics=DIAGNOSTICS + DIAGNOSTICS[:1] * 2)), draw_error),
    "review-pricing": lambda: (review(samples.pricing), draw_changeset),
    "review-risky": lambda: (review(samples.risky), draw_changeset),
    "review-edited": lambda: (rewritten(), draw_changeset),
    "review-bulk": lambda: (review(lambda: samples.bulk(60)), draw_changeset),
    "review-mailing": lambda: (review(samples.mailing), draw_changeset),
    "run-finished": lambda: (run(samples.history(), samples.finished_run()), draw_run),
    "run-troubled": lambda: (run(samples.history(), samples.troubled_run()), draw_run),
    "run-open": lambda: (run(samples.history(), samples.open_run(), running=True), draw_run),
    "run-rollback": lambda: (run(samples.history(), samples.rollback_run()), draw_run),
    "run-one-step": lambda: (run(samples.history(), samples.troubled_run(), only="mail"), draw_run),
    "run-ending": lambda: (run(samples.history(), samples.troubled_run()), draw_ending),
    "runs": lambda: (runs(samples.history().runs), draw_runs),
    "diagnostics": lambda: (diagnostics(DIAGNOSTICS, ["plan.yaml"]), draw_diagnostics),
    "error": lambda: (error(STALE), draw_error),
    "explain": lambda: (explained(), draw_explain),
    "connectors": lambda: (connectors([("crm", "sql", samples.SPECS)], ["file", "git", "sql"]), draw_connectors),
    "connector": lambda: (connector("mail", "smtp", {"message.send": samples.SPECS["mail.message.send"]}), draw_connector),
    "state": lambda: (state(STATE, samples.history()), draw_state),
    "state-record": lambda: (known("crm/customers/42", STATE.records["crm/customers/42"], {"c1": "annual"}), draw_known),
    "drift": lambda: (drift(DRIFT), draw_drift),
    "lock": lambda: (lock(HOLDER), draw_lock),
    "lock-of-the-dead": lambda: (lock(SimpleNamespace(**{**vars(HOLDER), "alive": False}), [SimpleNamespace(pid=4712, name="git")]), draw_lock),
    "verify": lambda: (verification(verified(VERDICT)), draw_verification),
    "verify-broken": lambda: (verification(verified(BROKEN)), draw_verification),
    "verify-run": lambda: (verification(verified(VERDICT, PART, PACKED)), draw_verification),
    "verify-run-elsewhere": lambda: (verification(verified(BROKEN, WHOLE_BESIDE_BROKEN, UNREADABLE)), draw_verification),
    "verify-run-broken": lambda: (verification(verified(BROKEN, BROKEN_PART, WRONG)), draw_verification),
}
LOOKS = {
    "80": Look(width=80), "200": Look(width=200), "80-colour": Look(width=80, colour=True), "80-full": Look(width=80, detail=Detail.FULL),
    "80-summary": Look(width=80, detail=Detail.SUMMARY),
}


DETAILED = ("review", "run-")
PICTURES = [
    (name, look) for name in DRAWINGS for look in LOOKS if name.startswith(DETAILED) or look not in ("80-full", "80-summary")
]


@pytest.mark.parametrize(("name", "look"), PICTURES)
def test_a_drawing_is_as_it_was_last_looked_at(name, look, update_golden):
    document, draw = DRAWINGS[name]()
    drawn = draw(document, LOOKS[look])
    path = FOLDER / f"{name}.{look}.txt"
    if update_golden:
        path.write_text(drawn, encoding="utf-8")
    assert drawn == path.read_text(encoding="utf-8"), f"if this is better, run with --update-golden: {path.name}"


@pytest.mark.parametrize("name", DRAWINGS)
def test_no_line_is_wider_than_the_terminal_but_commands(name):
    document, draw = DRAWINGS[name]()
    for line in draw(document, Look(width=80)).splitlines():
        assert len(line) <= 80 or line.strip().startswith("agentctl ")


@pytest.mark.parametrize("name", DRAWINGS)
def test_colour_adds_nothing_that_is_not_there_without_it(name):
    document, draw = DRAWINGS[name]()
    coloured = draw(document, Look(width=80, colour=True))
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == draw(document, Look(width=80))
