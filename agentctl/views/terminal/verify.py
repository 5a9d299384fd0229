"""Draws what may be said of the trace, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.views import safe
from agentctl.views.look import Look
from agentctl.views.page import Ink, Inked, Page


def draw_verification(document: Mapping[str, Any], look: Look) -> str:
    """Return the grade of a VerifyDocument, what it rests on, and how to know more."""
    page = Page(look)
    if document["run"] is not None:
        _draw_run(page, document["run"])
        page.blank()
    fault, head = document["fault"], document["head"]
    if fault is not None and document["run"] is not None and document["run"]["fault"] == fault:
        page.line("What comes after that was not checked.")
    elif fault is not None:
        page.line(Inked(f"broken at {safe.line(fault['place'])}", Ink.RISK))
        page.line(safe.line(fault["why"]), indent=2, hang=2)
    else:
        whole = document["witnessed"] >= document["records"]
        page.line(Inked(safe.line(document["grade"]), Ink.GOOD if whole else Ink.CAUTION))
    page.line(f"{document['records']:,} records in {document['files']:,} files were checked.", indent=2)
    if fault is None and document["witnessed"] < document["records"]:
        page.line(_not_witnessed(document["witnessed"]), indent=2, hang=2)
    for note in document["notes"]:
        page.line(f"note: {safe.line(note)}", indent=2, hang=8)
    if head is not None and fault is None:
        page.line("Keep this head somewhere else; later, check against it:")
        command = f"agentctl verify --expect-head {safe.line(head['digest'])}"
        page.line(Inked(command, Ink.COMMAND), indent=4, whole=True)
    return page.text()


def _draw_run(page: Page, run: Mapping[str, Any]) -> None:
    """Draw what holds for the run by itself; whoever undoes it at 2 a.m. asks nothing else first."""
    fault, elsewhere = run["fault"], run["elsewhere"]
    verb = "is intact" if run["intact"] else "is damaged"
    page.line(Inked(f"run {safe.line(run['id'])} {verb}", Ink.GOOD if run["intact"] else Ink.RISK))
    if fault is not None:
        page.line(f"at {safe.line(fault['place'])}: {safe.line(fault['why'])}", indent=2, hang=2)
    if run["records"]:
        numbers = f"records {run['first']:,} to {run['last']:,}"
        page.line(f"It is {numbers} of the trace, in {safe.line(run['file'])}.", indent=2, hang=2)
    page.line(_closing(run), indent=2, hang=2)
    page.line(_hidden(run["hidden"]), indent=2, hang=2)
    if run["witnessed"]:
        page.line("A head from outside vouches for all of it.", indent=2)
    if elsewhere is not None:
        side = "Before" if elsewhere["side"] == "before" else "After"
        page.line(
            Inked(f"{side} it the trace is broken; what that says of other runs is not to be relied on.", Ink.CAUTION),
            indent=2, hang=2,
        )


def _closing(run: Mapping[str, Any]) -> str:
    if not run["closed"]:
        return "It is not closed: it is going on, or its process died. Nothing signed says how it ended."
    if run["signed"] is None:
        return "It is closed. Its signature was not checked: no public key of this lineage is known here."
    return "It is closed, and its signature is good." if run["signed"] else "It is closed, and not by a good signature."


def _hidden(hidden: Mapping[str, Any]) -> str:
    values, missing, wrong = hidden["values"], hidden["missing"], hidden["wrong"]
    if not values:
        return "It hides no values."
    if not missing and not wrong:
        rest = f" After them, {safe.line(hidden['why']).removeprefix('hidden: ')}." if hidden["why"] else ""
        each = "The value it hides" if values == 1 else f"Each of the {values:,} values it hides"
        return f"{each} is what the trace committed to.{rest}"
    bad = ((missing, "cannot be read"), (wrong, "are not what the trace committed to"))
    said = [f"{count:,} {what}" for count, what in bad if count]
    why = f" ({safe.line(hidden['why']).removeprefix('hidden: ')})" if hidden["why"] else ""
    return f"Of the {values:,} values it hides {' and '.join(said)}{why}."


def _not_witnessed(records: int) -> str:
    if records:
        return f"A head from outside vouches for it up to record {records:,}; what came later could have been cut off."
    return "No head from outside vouches for it: from here nobody can tell whether its end was cut off."
