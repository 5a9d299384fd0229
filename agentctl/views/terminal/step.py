"""Draws one step of a changeset: what it does to which records, what policy says, what undoes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.views import safe, values
from agentctl.views.document.groups import alike
from agentctl.views.document.records import told_by_records, untold
from agentctl.views.look import Detail
from agentctl.views.page import Ink, Inked, Page, Part
from agentctl.views.symbols import EFFECTS
from agentctl.views.terminal.risks import listed, where
from agentctl.views.terminal.rows import draw_changes

_ADDRESSES_SHOWN = 4
_ALIKE_SHOWN = 12


def draw_step(page: Page, step: Mapping[str, Any], *, title: tuple[Part, ...] = ()) -> None:
    """Draw a step as a block; ``title`` stands where a group of steps is drawn by one of them."""
    symbol, ink = EFFECTS[step["effect"]]
    head = title or (Inked(step["id"], Ink.STRONG), f"  {safe.line(step['action'])}  {safe.line(step['target'])}")
    page.line(Inked(f"{symbol:<2} ", ink), *head, indent=2, hang=9)
    if page.look.detail is Detail.FULL or not told_by_records(step):
        draw_arguments(page, untold(step), 7, whole=step["preview"] == "none")
    elif secrets := [
        f"{values.inline(wire)} as {safe.line(name)}"
        for name, wire in step["arguments"].items() if isinstance(wire, dict) and wire.keys() == {"$secret"}
    ]:
        page.line(Inked("uses  ", Ink.FAINT), ", ".join(secrets), indent=7, hang=13)
    _draw_records(page, step)
    for note in step["notes"]:
        page.line(Inked(f"note  {safe.line(note)}", Ink.FAINT), indent=7, hang=13)
    full = page.look.detail is Detail.FULL
    page.line(*policy(step, full=full), indent=7, hang=15)
    if step["effect"] not in ("read", "no-op"):
        draw_undo(page, step["inverse"], full=full)
    if full:
        if step["records"] and step["effect"] not in ("read", "no-op") and step["precondition"] != "enforced":
            page.line(*_window(step), indent=7, hang=15)
        _draw_facts(page, step)


def draw_step_line(page: Page, step: Mapping[str, Any]) -> None:
    """Draw a step on a single line."""
    symbol, ink = EFFECTS[step["effect"]]
    what = ""
    if len(step["records"]) == 1:
        from agentctl.views.diff import rows, text_of

        what = text_of([row for change in step["records"][0]["changes"][:3] for row in rows(change, Detail.SUMMARY)])
    elif step["records"]:
        what = f"{len(step['records']):,} records"
    ruling: Part = Inked(f"  {_refused(step)}", Ink.RISK) if step["ruling"] == "refuse" else ""
    who = f"  {safe.line(step['action'])}  {safe.line(step['target'])}  "
    name = Inked(step["id"], Ink.STRONG)
    page.line(Inked(f"{symbol:<2} ", ink), name, who, Inked(what, Ink.FAINT), ruling, indent=2, hang=9)


def draw_arguments(page: Page, arguments: Mapping[str, Any], indent: int, *, whole: bool = False) -> None:
    """Draw what a step was given, an argument a line, long ones cut unless ``whole``."""
    limit = None if whole or page.look.detail is Detail.FULL else 200
    for name, wire in arguments.items():
        page.line(Inked(f"{safe.line(name)}: ", Ink.FAINT), values.inline(wire, limit), indent=indent, hang=indent + 4)


def _refused(step: Mapping[str, Any]) -> str:
    if step["rejection"]:
        return "REJECTED"
    if step["doubt"]:
        return "IN DOUBT"
    return "HALTED" if step["halt"] else "DENIED"


def policy(step: Mapping[str, Any], *, full: bool) -> list[Part]:
    """Return what the gate says of a step, with the rule and its place. Why it denies stands above, in the banner."""
    match step["ruling"]:
        case "refuse":
            says: list[Part] = [Inked(_refused(step), Ink.RISK), f": {safe.line(step['why'])}" if full else ""]
        case "hold":
            needs = "; ".join(safe.line(need["what"]) for need in step["needs"])
            says = [Inked("waits", Ink.CAUTION), f": {needs}" if needs else ""]
        case _:
            says = ["allowed"]
    return [Inked("policy  ", Ink.FAINT), *says, Inked(rule(step["decision"]["findings"]), Ink.FAINT)]


def rule(findings: Any) -> str:
    """Return the rules that decided, each with file and line."""
    named = [
        f"{safe.line(item['rule'])}{where(item['place'])}{' (overridden)' if item['outcome'] == 'overridden' else ''}"
        for item in findings
    ]
    return f"  · {', '.join(named)}" if named else ""


def draw_undo(page: Page, inverse: Mapping[str, Any], *, full: bool) -> None:
    """Draw how a step is undone and what stays; where all that matters is restored, in one line unless ``full``."""
    page.line(*_undo(inverse, full=full), indent=7, hang=15, cut=inverse["kind"] == "exact" and not full)


def _undo(inverse: Mapping[str, Any], *, full: bool) -> list[Part]:
    stays = f"; stays: {safe.line(inverse['stays'])}" if inverse["stays"] else ""
    if inverse["kind"] == "none":
        return [Inked("undo    ", Ink.FAINT), Inked("IMPOSSIBLE", Ink.RISK), stays]
    exact = inverse["kind"] == "exact"
    named = inverse["action"] and (full or not exact)
    by = f" by {safe.line(inverse['action'])} {safe.line(inverse['target'])}".rstrip() if named else ""
    words, ink = ("restores exactly", Ink.PLAIN) if exact else ("makes amends only", Ink.CAUTION)
    return [Inked("undo    ", Ink.FAINT), Inked(words, ink), Inked(by, Ink.FAINT), stays]


def _window(step: Mapping[str, Any]) -> list[Part]:
    if step["precondition"] == "none":
        return [Inked("window  ", Ink.FAINT), "nothing is compared: it acts on whatever it finds"]
    return [Inked("window  ", Ink.FAINT), "a change in the moment between reading and writing is overwritten"]


def _draw_records(page: Page, step: Mapping[str, Any]) -> None:
    records = step["records"]
    if len(records) == 1:
        record = records[0]
        symbol, ink = EFFECTS[record["effect"]]
        if not record["address"].endswith("/" + step["target"]):
            page.line(Inked(f"{symbol} ", ink), safe.line(record["address"]), indent=7)
        draw_changes(page, record["changes"], 7, symbol)
        return
    found = alike(records)
    full = page.look.detail is Detail.FULL
    shown = found if full else found[:_ALIKE_SHOWN]
    for group in shown:
        symbol, ink = EFFECTS[group["effect"]]
        count = len(group["addresses"])
        times = f"{count:,} × " if count > 1 else ""
        addresses = listed(group["addresses"], None if full else _ADDRESSES_SHOWN)
        page.line(Inked(f"{symbol} {times}", ink), addresses, indent=7, hang=11)
        draw_changes(page, group["changes"], 9, symbol)
    if more := sum(len(group["addresses"]) for group in found[len(shown):]):
        page.line(f"… {more:,} more records: --diff full shows all", indent=7)


def _draw_facts(page: Page, step: Mapping[str, Any]) -> None:
    facts = ", ".join([
        step["tier"], f"preview {step['preview']}", f"precondition {step['precondition']}",
        f"settled by {step['settlement']}", f"read back {step['readback']}",
    ])
    page.line(Inked(f"spec    {facts}", Ink.FAINT), indent=7, hang=15)
    if step["reads"]:
        page.line(Inked(f"reads   {listed(step['reads'], None)}", Ink.FAINT), indent=7, hang=15)
    if step["needs_steps"]:
        page.line(Inked(f"after   {listed(step['needs_steps'], None)}", Ink.FAINT), indent=7, hang=15)
