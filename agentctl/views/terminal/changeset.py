"""Draws the review of a plan: risks first, then the agent's claims, the changes, and what to do now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from agentctl.facts import replace
from agentctl.syntax.collector import paused
from agentctl.views import safe
from agentctl.views.document.changeset import stopped
from agentctl.views.look import Detail, Look
from agentctl.views.page import Ink, Inked, Page
from agentctl.views.symbols import EFFECTS
from agentctl.views.terminal.author import author_rows
from agentctl.views.terminal.claims import draw_claims
from agentctl.views.terminal.debts import draw_broken_glass, draw_debts
from agentctl.views.terminal.edits import draw_edits
from agentctl.views.terminal.left import draw_left
from agentctl.views.terminal.limits import draw_limits
from agentctl.views.terminal.next import draw_next
from agentctl.views.terminal.risks import draw_risks, listed
from agentctl.views.terminal.step import draw_step, draw_step_line
from agentctl.views.terminal.varying import draw_varying, label_of

_BLOCKS_SHOWN = 100
_LINES_SHOWN = 200
_NAMES_SHOWN = 4
_QUIET = ("no-op",)

_OUTCOMES = {
    "refused": (Ink.RISK, "Refused by policy: nothing of this {} can be executed."),
    "halted": (Ink.RISK, "Halted: nothing of this {} can be executed until that is lifted."),
    "rejected": (Ink.RISK, "Rejected: nothing of this {} can be executed while that stands."),
    "in_doubt": (Ink.RISK, "In doubt: nothing of this {} can be executed until it is known what was done already."),
    "held": (Ink.CAUTION, "Nothing happens before the consent that policy asks for."),
    "ready": (Ink.GOOD, "Policy allows this {}."),
    "no-changes": (Ink.GOOD, "Nothing to do: everything is already as the {} wants it."),
}


@paused()
def draw_changeset(document: Mapping[str, Any], look: Look) -> str:
    """Return the review of a ChangeSetDocument."""
    page = Page(look)
    draw_debts(page, document.get("debts", ()))
    _draw_head(page, document)
    draw_broken_glass(page, document["overrides"])
    draw_left(page, document["left"])
    draw_risks(page, document["risks"])
    draw_edits(page, document)
    draw_claims(page, document["claims"], undoing=document["purpose"] == "rollback")
    draw_steps(page, document)
    draw_limits(page, document["limits"])
    _draw_end(page, document)
    return page.text()


def draw_one_step(document: Mapping[str, Any], look: Look) -> str:
    """Return the steps of a ChangeSetDocument cut down to one, with everything."""
    page = Page(replace(look, detail=Detail.FULL))
    _draw_head(page, document)
    page.blank()
    for step in document["steps"]:
        draw_step(page, step)
    return page.text()


def _draw_head(page: Page, document: Mapping[str, Any]) -> None:
    where = f"{safe.line(document['tenant'])} / {safe.line(document['environment'])}"
    title = f"Rollback of {safe.line(document['undoes'])}" if document["purpose"] == "rollback" else "Plan"
    again = f"  --again {document['repeat']}" if document["repeat"] else ""
    page.line(Inked(f"{title}  {document['short']}", Ink.STRONG), f"  on {where}{again}")
    rows = author_rows(document)
    for name, system in document["systems"].items():
        who = f"  as {safe.line(system['whoami'])}" if system["whoami"] else ""
        what = f"{safe.line(system['type'])} {safe.line(system['version'])} at {safe.line(system['endpoint'])}{who}"
        rows.append((Inked(safe.line(name), Ink.FAINT), Inked(what, Ink.FAINT)))
    page.rows(rows, indent=2)
    if page.look.detail is Detail.FULL:
        names = ("digest", "effects", "plan", "policy", "lineage")
        page.rows([(Inked(name, Ink.FAINT), Inked(safe.line(document[name]), Ink.FAINT)) for name in names])


def draw_steps(page: Page, document: Mapping[str, Any]) -> None:
    """Draw what each step does, identical steps as one."""
    steps = {step["id"]: step for step in document["steps"]}
    page.blank()
    if page.look.detail is Detail.FULL:
        for step in document["steps"]:
            draw_step(page, step)
            page.blank()
        return
    varying = sorted((group for group in document["groups"] if group["varies"]), key=lambda group: group["count"])
    gathered: set[str] = {name for group in varying for name in group["steps"]}
    for group in document["groups"]:
        _draw_outliers(page, group, steps, gathered)
        if not group["varies"]:
            _draw_group(page, group, steps)
            gathered.update(group["steps"])
    rest = [step for step in document["steps"] if step["id"] not in gathered]
    quiet = [step for step in rest if step["effect"] in _QUIET and step["ruling"] != "refuse"]
    _draw_rest(page, [step for step in rest if step not in quiet] if quiet else rest)
    if quiet:
        symbol, ink = EFFECTS["no-op"]
        names = listed([step["id"] for step in quiet], 8)
        page.line(Inked(f"{symbol:<2} ", ink), f"already so: {names}", indent=2, hang=9)
    for group in varying:
        sample = steps[group["steps"][0]]
        see = f"agentctl show {document['short']} --step {safe.shell_word(sample['id']) or 'STEP'}"
        draw_varying(page, group, sample, see)
        page.blank()


def _draw_outliers(
    page: Page, group: Mapping[str, Any], steps: Mapping[str, Mapping[str, Any]], gathered: set[str]
) -> None:
    """Draw who differs from a group before it. Those who are many themselves are a group, and only named here."""
    differing = [name for name in group["outliers"] if name not in gathered]
    shown = _weightiest([steps[name] for name in differing], _BLOCKS_SHOWN)
    outliers = [name for name in differing if name in shown]
    if group["outliers"] and (outliers or group["stands_out"]):
        of = f"{len(group['outliers']):,} of {len(group['outliers']) + group['count']:,} {safe.line(group['action'])}"
        here = f", here are the {len(outliers):,} that weigh most" if len(outliers) < len(differing) else ""
        page.line(Inked(f"! {of} differ from the rest{here}:", Ink.CAUTION), indent=2, hang=2)
    for item in group["stands_out"][:_LINES_SHOWN]:
        names, where = listed(item["steps"], _NAMES_SHOWN), label_of(item, steps[item["steps"][0]])
        page.line(Inked(names, Ink.STRONG), f"  {where}: {safe.line(item['why'])}", indent=6, hang=10)
    if more := sum(len(item["steps"]) for item in group["stands_out"][_LINES_SHOWN:]):
        page.line(f"… {more:,} more: --diff full shows each", indent=6)
    for name in outliers:
        _draw_one(page, steps[name])
    gathered.update(outliers)


def _draw_group(page: Page, group: Mapping[str, Any], steps: Mapping[str, Mapping[str, Any]]) -> None:
    sample = steps[group["steps"][0]]
    if page.look.detail is Detail.SUMMARY:
        draw_step_line(page, {**sample, "id": f"{group['count']:,} ×", "target": listed(group["steps"], _NAMES_SHOWN)})
    else:
        targets = ", ".join(safe.line(steps[name]["target"]) for name in group["steps"][:_NAMES_SHOWN])
        more = f" and {group['count'] - _NAMES_SHOWN:,} more" if group["count"] > _NAMES_SHOWN else ""
        count = Inked(f"{group['count']:,} ×", Ink.STRONG)
        draw_step(page, _without_address(sample), title=(count, f"  {safe.line(group['action'])}  {targets}{more}"))
        page.blank()


def _without_address(step: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the sample of a group with nothing that is only true of the sample."""
    inverse = {**step["inverse"], "target": ""}
    if len(step["records"]) != 1:
        return {**step, "inverse": inverse}
    return {**step, "inverse": inverse, "records": [{**step["records"][0], "address": "/" + step["target"]}]}


def _draw_rest(page: Page, steps: Sequence[Mapping[str, Any]]) -> None:
    most = _LINES_SHOWN if page.look.detail is Detail.SUMMARY else _BLOCKS_SHOWN
    shown = _weightiest(steps, most)
    for step in steps:
        if step["id"] in shown:
            _draw_one(page, step)
    left = Counter((step["effect"], step["action"]) for step in steps if step["id"] not in shown)
    if left:
        page.line(f"… {sum(left.values()):,} more steps (--diff full shows each):", indent=2)
        for (effect, action), count in left.most_common():
            symbol, ink = EFFECTS[effect]
            page.line(Inked(f"{symbol:<2} ", ink), f"{count:,} ×  {safe.line(action)}", indent=7)


def _weightiest(steps: Sequence[Mapping[str, Any]], most: int) -> set[str]:
    """Return which steps to show where not all can be: what is denied, final or destroys comes before the harmless."""
    ranked = sorted(steps, key=lambda step: (
        step["ruling"] != "refuse", step["inverse"]["kind"] != "none", step["effect"] != "delete",
        step["effect"] in ("read", "no-op"),
    ))
    return {step["id"] for step in ranked[:most]}


def _draw_one(page: Page, step: Mapping[str, Any]) -> None:
    a_line_will_do = page.look.detail is Detail.SUMMARY and step["preview"] != "none"
    if a_line_will_do or (step["effect"] == "read" and step["ruling"] == "permit"):
        draw_step_line(page, step)
    else:
        draw_step(page, step)
        page.blank()


def _draw_end(page: Page, document: Mapping[str, Any]) -> None:
    summary = document["summary"]
    noun = "rollback" if document["purpose"] == "rollback" else "plan"
    page.blank()
    others = [
        f"{summary[key]:,} {word}" for key, word in (
            ("denied", "denied"), ("halted", "halted"), ("rejected", "rejected"), ("in_doubt", "in doubt"),
            ("held", "waiting for consent"),
            ("irreversible", "irreversible"),
            ("reads", "read only"), ("no_ops", "already so"),
        ) if summary[key]
    ]
    page.line(
        Inked(
            f"{noun.capitalize()}: {summary['add']:,} to add, {summary['change']:,} to change, "
            f"{summary['destroy']:,} to destroy, {summary['side_effects']:,} side effects.", Ink.STRONG,
        ),
    )
    if summary["unknown"]:
        unit = "value" if summary["unknown"] == 1 else "values"
        others.append(f"{summary['unknown']:,} {unit} known only after apply")
    if others:
        page.line(f"{summary['steps']:,} {'step' if summary['steps'] == 1 else 'steps'}: {', '.join(others)}.")
    ink, sentence = _OUTCOMES[stopped(document)]
    page.line(Inked(sentence.format(noun), ink))
    draw_next(page, document["next"])
