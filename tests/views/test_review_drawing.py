"""What a reviewer can rely on seeing."""

from __future__ import annotations

import re
import time

import pytest

from agentctl.views.document.changeset import changeset
from agentctl.views.look import Detail, Look
from agentctl.views.page import cells
from agentctl.views.terminal.changeset import draw_changeset
from tests.views import samples


def drawn(made, **look) -> str:
    cs, rulings = made()
    return draw_changeset(changeset(cs, rulings, samples.SPECS), Look(**look))


@pytest.mark.parametrize("made", [samples.pricing, samples.risky, samples.bulk])
@pytest.mark.parametrize("detail", list(Detail))
def test_all_figures_a_user_sees_come_from_the_document(made, detail):
    cs, rulings = made()
    document = changeset(cs, rulings, samples.SPECS)
    summary = document["summary"]
    text = draw_changeset(document, Look(detail=detail))
    (line,) = [line for line in text.splitlines() if line.startswith("Plan: ")]
    assert line == (
        f"Plan: {summary['add']} to add, {summary['change']} to change, {summary['destroy']} to destroy, "
        f"{summary['side_effects']} side effects."
    )
    summary["add"] = 4711
    assert "Plan: 4,711 to add" in draw_changeset(document, Look(detail=detail))


def test_risks_stand_above_everything_the_agent_says():
    text = drawn(samples.risky)
    assert text.index("2 steps are denied by policy") < text.index("2 steps cannot be undone") < text.index("The agent says")


def test_agent_prose_stands_apart_from_facts_behind_a_bar():
    cs, rulings = samples.pricing()
    document = changeset(cs, rulings, samples.SPECS)
    text = draw_changeset(document, Look())
    said = [document["claims"]["intent"].split()[0], document["claims"]["because"][0]["text"], "move us to annual"]
    for line in text.splitlines():
        if any(words in line for words in said):
            assert line.startswith("  │ ")


def test_how_many_differ_from_a_group_is_what_the_document_counts_and_the_gravest_are_shown():
    alike = [samples.update(f"a-{n}", f"customers/{n}", {"tier": "m"}, {"tier": "a"}) for n in range(400)]
    other = [samples.update(f"o-{n}", f"customers/{400 + n}", {"tier": "m"}, {"tier": "a", f"x{n}": n}) for n in range(150)]
    changes = [*alike, *other]
    rulings = {change.step: samples.hold(change.step) for change in changes}
    rulings["o-149"] = samples.refuse("o-149")
    document = changeset(samples.changeset(*changes), rulings, samples.SPECS)
    (group,) = document["groups"]
    text = draw_changeset(document, Look(width=100))
    assert f"{len(group['outliers'])} of 550 crm.row.update differ from the rest, here are the 100 that weigh most:" in text
    assert len(group["outliers"]) == 150
    assert re.search(r"o-149 .*crm\.row\.update", text)


def test_a_dangerous_step_is_shown_among_ten_thousand_harmless_ones():
    changes = [samples.update(f"s-{n}", f"customers/{n}", {"tier": f"m{n}"}, {"tier": f"a{n}"}) for n in range(10_000)]
    changes[7_777] = samples.update("s-7777", "customers/7777", {"tier": "x"}, None)
    cs = samples.changeset(*changes)
    rulings = {change.step: samples.hold(change.step) for change in changes}
    document = changeset(cs, rulings, samples.SPECS)
    started = time.process_time()
    text = draw_changeset(document, Look(width=100, colour=True))
    assert time.process_time() - started < 1
    bare = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert bare.index("s-7777  crm.row.delete") < bare.index("9,999 ×  crm.row.update")
    assert "customers/0 … customers/7776 (7,777), customers/7778 … customers/9999 (2,222)" in " ".join(bare.split())
    assert "and 8,999 more: --diff full shows all" in " ".join(bare.split())
    assert text.count("\n") < 1_000


def test_every_step_has_its_symbol():
    text = drawn(samples.risky)
    for symbol, step in (("<=", "look"), ("+ ", "made"), ("~ ", "twin"), ("- ", "gone"), ("> ", "mail")):
        assert f"\n  {symbol} {step}  " in text
    assert "\n  =  already so: same" in text


def test_full_elides_nothing():
    cs, rulings = samples.bulk()
    text = draw_changeset(changeset(cs, rulings, samples.SPECS), Look(detail=Detail.FULL))
    assert all(f"customers/{number}\n" in text for number in range(300))
    assert "…" not in text


def test_an_unknown_effect_is_never_drawn_as_no_change():
    assert "1 step whose effect is UNKNOWN" in drawn(samples.risky)
    assert "(known after apply)" in drawn(samples.risky)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_claim_never_makes_a_line_the_terminal_would_wrap_to_its_left_edge(width):
    cs, rulings = samples.pricing()
    document = changeset(cs, rulings, samples.SPECS)
    document["claims"]["evidence"][0]["id"] = "x" * (width - 20) + " Plan: 0 to add, 0 to change, 0 to destroy" * 3
    document["claims"]["intent"] = "価" * 300 + " Plan: 0 to add" * 30
    document["claims"]["agent"] = "y" * 500
    for line in draw_changeset(document, Look(width=width)).splitlines():
        assert cells(line) <= width or line.strip().startswith("agentctl ")
