"""Draws one run on one screen: who, under what consent, what happened, what is in doubt, what to do now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from agentctl.views import safe
from agentctl.views.counted import counted
from agentctl.views.look import Detail, Look
from agentctl.views.page import Ink, Inked, Page, Part
from agentctl.views.symbols import RUNS, STEPS
from agentctl.views.terminal.author import author_rows
from agentctl.views.terminal.claims import draw_claims
from agentctl.views.terminal.debts import draw_debts
from agentctl.views.terminal.edits import draw_edits
from agentctl.views.terminal.executed import draw_executed, draw_executed_line
from agentctl.views.terminal.halts import draw_halts, trip_in_words
from agentctl.views.terminal.left import draw_left
from agentctl.views.terminal.limits import reserved
from agentctl.views.terminal.next import draw_next
from agentctl.views.terminal.retained import draw_lost, dropped_in_words, retained_rows
from agentctl.views.terminal.risks import listed
from agentctl.views.terminal.times import took, when

_BLOCKS_SHOWN = 40
_LIMITS_SHOWN = 4
_TROUBLED = {"started", "in-doubt", "deviated", "failed", "refused", "held"}
_QUIET = {"pending", "no-op", "already-done"}
_CONSENTS = {
    "none": "nobody was asked: policy asks for no consent",
    "auto-approve": "--auto-approve",
    "yes": "the literal yes on a terminal",
    "signatures": "signed approvals",
}


def draw_run(document: Mapping[str, Any], look: Look) -> str:
    """Return the one screen of a RunDocument."""
    page = Page(look)
    draw_halts(page, document["halts"])
    draw_debts(page, _owed(document))
    if document["others_open"]:
        others = document["others_open"]
        title = counted(len(others), "other run is open", "other runs are open")
        page.line(Inked(f"! {title}: ", Ink.RISK), listed(others, 5))
        page.blank()
    _draw_head(page, document)
    _draw_alarms(page, document)
    if not document["only"]:
        draw_edits(page, document)
        draw_claims(page, document["claims"], undoing=document["purpose"] == "rollback")
    page.blank()
    _draw_steps(page, document)
    draw_left(page, document["left"])
    _draw_end(page, document)
    return page.text()


def draw_ending(document: Mapping[str, Any], look: Look) -> str:
    """Return how a run that was just watched ended: what needs a person, the figures, and what to do now."""
    page = Page(look)
    draw_halts(page, document["halts"])
    draw_debts(page, _owed(document))
    _draw_alarms(page, document)
    if document["reason"] and not any(step["status"] in _TROUBLED for step in document["steps"]):
        page.line(Inked("! ended: ", Ink.CAUTION), safe.line(document["reason"]), indent=2, hang=4)
    draw_left(page, document["left"])
    page.blank()
    for step in document["steps"]:
        if step["status"] in _TROUBLED:
            draw_executed(page, step, whole=False)
            page.blank()
    _draw_end(page, document)
    return "\n" + page.text()


def _draw_head(page: Page, document: Mapping[str, Any]) -> None:
    what = f"rollback of {safe.line(document['undoes'])}" if document["undoes"] else document["purpose"]
    status: Part = Inked(document["status"], RUNS[document["status"]])
    where = f"{safe.line(document['tenant'])} / {safe.line(document['environment'])}"
    page.line(Inked(f"Run {safe.line(document['id'])}", Ink.STRONG), "  ", status, f"  {what} on {where}")
    duration = f", took {took(document['milliseconds'])}" if document["finished_at"] else ", not finished"
    if document["running"]:
        duration = ", running now"
    rows: list[tuple[Part, ...]] = [
        ("started", f"{when(document['started_at'])}{duration}"),
        ("by", _who(document["who"])),
        ("consent", _consent(document["consent"])),
        *_overrides(document["consent"]),
        ("plan", f"{document['short']}  under policy {safe.line(document['policy'].removeprefix('sha256:')[:12])}"),
    ]
    if document["resumes"]:
        rows.append(("resumes", safe.line(document["resumes"])))
    for name, system in document["systems"].items():
        who = f"  as {safe.line(system['whoami'])}" if system["whoami"] else ""
        rows.append((safe.line(name), f"{safe.line(system['type'])} at {safe.line(system['endpoint'])}{who}"))
    if document["limits"]:
        rows.append(("limits", "; ".join(map(reserved, document["limits"][:_LIMITS_SHOWN]))))
    if made := (document["review"] or {}).get("made"):
        rows.append(("reviewed", safe.line(f"by {made['person']}, {when(made['at'])}: {made['reason']}")))
    rows += retained_rows(document["retained"])
    if document["reason"]:
        rows.append(("ended", safe.line(document["reason"])))
    rows += [("tripped", trip_in_words(trip)) for trip in document["trips"]]
    page.rows([*((Inked(str(label), Ink.FAINT), text) for label, text in rows), *author_rows(document)], indent=2)


def _draw_alarms(page: Page, document: Mapping[str, Any]) -> None:
    page.blank()
    doubt, final = document["doubt"], document["irreversible"]
    if doubt:
        title = counted(len(doubt), "step may or may not have happened", "steps may or may not have happened")
        page.line(Inked(f"! {title}  ", Ink.RISK), listed(doubt, 10), indent=2)
    if final:
        title = f"{counted(len(final), 'step', 'steps')} cannot be undone"
        page.line(Inked(f"! {title}  ", Ink.RISK), listed(final, 10), indent=2)
    draw_lost(page, document["retained"])
    if not document["trace_complete"]:
        page.line(Inked("! the trace of this run is damaged: what follows may not be all of it", Ink.RISK), indent=2)
    for place in document["damage"]:
        page.line(Inked("! the trace is damaged  ", Ink.RISK), safe.line(place), indent=2)


def _draw_steps(page: Page, document: Mapping[str, Any]) -> None:
    steps: Sequence[Mapping[str, Any]] = document["steps"]
    full = page.look.detail is Detail.FULL or document["only"]
    shown = {step["id"] for step in (steps if full else sorted(steps, key=_weight)[:_BLOCKS_SHOWN])}
    for step in steps:
        if step["id"] not in shown:
            continue
        if not full and (page.look.detail is Detail.SUMMARY or step["status"] in _QUIET):
            draw_executed_line(page, step)
        else:
            draw_executed(page, step, whole=bool(document["only"]))
            page.blank()
    left = Counter((step["status"], step["action"]) for step in steps if step["id"] not in shown)
    if left:
        page.line(f"… {sum(left.values()):,} more steps (--diff full shows each):", indent=2)
        for (status, action), count in left.most_common():
            symbol, ink = STEPS[status]
            page.line(Inked(f"{symbol:<2} ", ink), f"{count:,} ×  {safe.line(action)}  {status}", indent=7)


def _weight(step: Mapping[str, Any]) -> tuple[bool, bool, bool]:
    """What went wrong comes before what is final, and that before what went well."""
    troubled = step["status"] in _TROUBLED
    final = step["inverse"] is not None and step["inverse"]["kind"] == "none"
    return not troubled, not final, step["status"] in _QUIET


def _draw_end(page: Page, document: Mapping[str, Any]) -> None:
    summary = document["summary"]
    statuses = ", ".join(f"{count:,} {status}" for status, count in summary["statuses"].items())
    page.blank()
    page.line(
        Inked(
            f"Run: {summary['added']:,} added, {summary['changed']:,} changed, {summary['destroyed']:,} destroyed, "
            f"{summary['side_effects']:,} side effects.", Ink.STRONG,
        ),
    )
    refused = sum(item["status"] != "not-needed" for item in document["left"])
    alone = f", and {refused:,} left alone: the rollback is not whole" if refused else ""
    page.line(f"{counted(summary['steps'], 'step', 'steps')}: {statuses}{alone}.")
    if document["hidden_values"]:
        title = counted(document["hidden_values"], "value is hidden", "values are hidden")
        gone = dropped_in_words(document["retained"])
        page.line(f"{title}: {f'dropped {gone}' if gone else 'secret, or readable only with the workspace key'}.")
    draw_next(page, document["next"])


def _who(who: Mapping[str, Any]) -> str:
    person = f"{who['person']} " if who.get("person") else ""
    place = f"@{who['host']}" if who.get("host") else ""
    process = f" (pid {who['pid']})" if who.get("pid") else ""
    return safe.line(f"{person}{who.get('user', 'nobody knows')}{place}{process}")


def _consent(consent: Mapping[str, Any]) -> str:
    by = f", by {consent['person']}" if consent["person"] else ""
    at = f", {when(consent['at'])}" if consent["at"] else ""
    groups = f", named {', '.join(consent['groups'])}" if consent["groups"] else ""
    people = dict.fromkeys(item["person"] for item in consent["approvals"])
    signed = f", signed by {', '.join(people)}" if people else ""
    return safe.line(_CONSENTS[consent["kind"]] + by + at + groups + signed)


def _owed(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    owed = (document["review"] or {}).get("owed")
    return [owed] if owed else []


def _overrides(consent: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return a row for each override the run stood under: which rules, by whom, until when, why."""
    rows = []
    for item in consent["overrides"]:
        parts = ["glass broken"] if item["break_glass"] else []
        parts += [f"{', '.join(item['rules'])} overridden"] if item["rules"] else []
        by = f"by {item['person']} until {when(item['until'])}: {item['reason']}"
        rows.append(("override", safe.line(f"{', '.join(parts)} {by}")))
    return rows
