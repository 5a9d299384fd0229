"""Draws one executed step: what was sent, what changed, how it was allowed, how it can be undone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.views import safe, values
from agentctl.views.diff import rows, text_of
from agentctl.views.document.groups import alike
from agentctl.views.look import Detail
from agentctl.views.page import Ink, Inked, Page, Part
from agentctl.views.symbols import EFFECTS, STEPS
from agentctl.views.terminal.retained import by_which
from agentctl.views.terminal.risks import listed
from agentctl.views.terminal.rows import draw_changes
from agentctl.views.terminal.step import draw_arguments, draw_undo, rule
from agentctl.views.terminal.times import took, when

_ALIKE_SHOWN = 12


def draw_executed(page: Page, step: Mapping[str, Any], *, whole: bool) -> None:
    """Draw a step as a block; ``whole`` adds what only an investigation needs."""
    full = whole or page.look.detail is Detail.FULL
    _draw_title(page, step)
    if step["reason"]:
        ink = Ink.RISK if step["status"] in ("in-doubt", "deviated", "failed", "refused") else Ink.PLAIN
        _fact(page, "reason", Inked(safe.line(step["reason"]), ink))
    if step["resolved"]:
        _fact(page, "settled", safe.line(step["resolved"]), Inked(_answered(step["answered"]), Ink.FAINT))
    _draw_records(page, step, full=full)
    if step["decision"] and (full or step["status"] not in ("confirmed", "accepted")):
        _fact(page, "policy", f"{step['decision']['verdict']}, mode {step['decision']['mode']}", *_rules(step))
    elif step["decision"]:
        _fact(page, "policy", step["decision"]["verdict"], *_rules(step))
    _draw_traffic(page, step, full=full)
    for name, value in step["ids"].items():
        _fact(page, "id", f"{safe.line(name)} {values.inline(value, 80)}")
    for link in step["links"]:
        _fact(page, "link", safe.line(link))
    if step["inverse"] and step["inverse"]["dropped"]:
        gone = by_which(step["inverse"]["dropped"])
        _fact(page, "undo", Inked("NO MORE", Ink.RISK), f": what it would put back was dropped {gone}")
    elif step["inverse"] and step["effect"] not in ("read", "no-op", ""):
        draw_undo(page, step["inverse"], full=full)
    if full:
        _draw_forensics(page, step)


def draw_executed_line(page: Page, step: Mapping[str, Any]) -> None:
    """Draw a step on a single line."""
    what = ""
    if len(step["records"]) == 1:
        what = text_of([row for change in step["records"][0]["changes"][:3] for row in rows(change, Detail.SUMMARY)])
    _draw_title(page, step, Inked(what, Ink.FAINT))


def _draw_title(page: Page, step: Mapping[str, Any], *more: Part) -> None:
    symbol, ink = STEPS[step["status"]]
    status = step["status"] + (f" in {safe.line(step['carried_from'])}" if step["carried_from"] else "")
    duration = f" {took(step['milliseconds'])}" if step["milliseconds"] is not None else ""
    page.line(
        Inked(f"{symbol:<2} ", ink), Inked(step["id"], Ink.STRONG),
        f"  {safe.line(step['action'])}  {safe.line(step['target'])}  ", Inked(f"{status}{duration}  ", ink), *more,
        indent=2, hang=9,
    )


def _draw_records(page: Page, step: Mapping[str, Any], *, full: bool) -> None:
    for record in step["records"]:
        if record["became"] != record["address"]:
            _fact(page, "became", safe.line(record["became"]))
    found = alike({**record, "address": record["became"]} for record in step["records"])
    shown = found if full else found[:_ALIKE_SHOWN]
    single = len(step["records"]) == 1 and step["records"][0]["address"].endswith("/" + step["target"])
    for group in shown:
        symbol, ink = EFFECTS[group["effect"]]
        count = len(group["addresses"])
        if not single:
            times = f"{count:,} × " if count > 1 else ""
            addresses = listed(group["addresses"], None if full else 4)
            page.line(Inked(f"{symbol} {times}", ink), addresses, indent=7, hang=11)
        draw_changes(page, group["changes"], 7 if single else 9, symbol)
    if more := sum(len(group["addresses"]) for group in found[len(shown):]):
        page.line(f"… {more:,} more records: --diff full shows all", indent=7)
    for record in step["records"]:
        if step["status"] == "deviated" and record["deviations"]:
            page.line(Inked(f"planned → found in {safe.line(record['became'])}", Ink.RISK), indent=7)
            draw_changes(page, record["deviations"], 9)
        if not record["observed"] and step["status"] in ("started", "in-doubt"):
            page.line(Inked("planned, not read back", Ink.CAUTION), indent=7)


def _draw_traffic(page: Page, step: Mapping[str, Any], *, full: bool) -> None:
    """What was read, and what left the boundary."""
    if step["reads"]:
        _fact(page, "read", listed(step["reads"], None if full else 4))
    sent = step["sent"]["arguments"]
    if not step["started_at"] or not sent:
        return
    to = safe.line(step["sent"]["to"]) or "the system"
    if full:
        _fact(page, "sent", f"to {to}:")
        draw_arguments(page, sent, 15)
    else:
        _fact(page, "sent", f"{', '.join(map(safe.line, sent))} to {to}")


def _draw_forensics(page: Page, step: Mapping[str, Any]) -> None:
    if step["started_at"]:
        _fact(page, "times", f"{when(step['started_at'])} to {when(step['finished_at']) or 'nobody knows'}")
    if step["key"]:
        _fact(page, "key", safe.line(step["key"]))
    if step["credential"]:
        credential = ", ".join(f"{name} {values.inline(value, 80)}" for name, value in step["credential"].items())
        _fact(page, "token", credential)
    for item in step["decision"].get("findings", ()):
        _fact(page, "rule", f"{safe.line(item['rule'])} {item['outcome']}: {safe.line(item['reason'])}")
    for note in step["notes"]:
        _fact(page, "note", safe.line(note))


def _answered(answered: Mapping[str, Any] | None) -> str:
    """Return who answered a doubt, and when; nothing where the step was sent again instead."""
    if answered is None:
        return ""
    by = safe.line(f"said {answered['by']}") if answered["by"] else "the system told"
    return f"  {by}, {when(answered['at'])}"


def _rules(step: Mapping[str, Any]) -> tuple[Part, ...]:
    return (Inked(rule(step["decision"]["findings"]), Ink.FAINT),)


def _fact(page: Page, label: str, *parts: Part) -> None:
    page.line(Inked(f"{label:<7} ", Ink.FAINT), *parts, indent=7, hang=15)
