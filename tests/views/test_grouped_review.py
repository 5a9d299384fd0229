"""What an author who chooses three hundred values tries, to have one of them signed unseen."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentctl.model.change import IRREVERSIBLE
from agentctl.model.snapshot import Address
from agentctl.resources import schema
from agentctl.views.document.changeset import changeset
from agentctl.views.look import Detail, Look
from agentctl.views.markdown import markdown
from agentctl.views.terminal.changeset import draw_changeset
from tests.views import samples
from tests.views.samples import letter, letters


def reviewed(found, rulings):
    document = changeset(found, rulings, samples.SPECS)
    jsonschema.Draft202012Validator(schema("changeset-document")).validate(document)
    return document


def drawn(document, width=100, **look) -> str:
    """Return the drawing as one line, so that it does not matter where it was wrapped."""
    return " ".join(draw_changeset(document, Look(width=width, **look)).split())


def rows(count=300, **other):
    """Rows whose values all differ, with ``other`` changes in place of those of their ids."""
    changes = []
    for n in range(count):
        before, after = Decimal("12.50") + n % 97, Decimal("10.00") + n % 97 + Decimal(n) / 1000
        change = samples.update(f"row-{n}", f"customers/{n}", {"price": before}, {"price": after})
        changes.append(other.get(f"row_{n}", change))
    return samples.changeset(*changes), {change.step: samples.hold(change.step) for change in changes}


def test_three_hundred_letters_are_one_group_with_every_recipient():
    document = reviewed(*letters())
    (group,) = document["groups"]
    assert (group["count"], group["outliers"], group["stands_out"]) == (300, [], [])
    text = drawn(document)
    assert "300 × mail.message.draft on drafts/may-1 … drafts/may-300 (300)" in text
    assert all(text.count(f'"{step["records"][0]["changes"][0]["after"][0]}"') == 1 for step in document["steps"])
    assert "leads to inbox.example × 100, mail.example × 100, post.example × 100" in text
    assert text.count("the annual tier costs 10 EUR") == text.count("Prices from 1 May") == 1
    assert "more steps" not in text
    assert draw_changeset(document, Look(width=100)).count("\n") < 200


ODD = {
    "another domain": ({"to": ["ada.150@elsewhere.example"]}, "to: leads to elsewhere.example"),
    "a domain that looks right": ({"to": ["ada.150@rnail.example"]}, "to: rnail.example looks like mail.example"),
    "a domain below ours": ({"to": ["ada.150@mail.example.evil.example"]}, "leads to mail.example.evil.example"),
    "another sender": ({"from": "The Boss <boss@acme.example>"}, 'from: "The Boss <boss@acme.example>", unlike'),
    "another subject": ({"subject": "Prices from 1 May "}, 'subject: "Prices from 1 May " looks like'),
    "a look-alike subject": ({"subject": "Prices from l May"}, 'subject: "Prices from l May" looks like'),
    "a copy": ({"bcc": ["spy@mail.example"]}, "bcc: of another form than the rest"),
    "one more recipient": ({"to": ["ada.150@mail.example", "spy@mail.example"]}, "to: of another form"),
    "another attachment": ({"attachments": []}, "attachments: of another form"),
    "a line more": ({"body": "Hello Ada,\n\nthe annual tier costs 10 EUR a month from 1 May.\nBut pay now.\n"}, "body: of another form"),
    "another amount": ({"body": "Hello Ada,\n\nthe annual tier costs 99 EUR a month from 1 May.\n"}, "body line 3:"),
    "a link": ({"body": "Hello Ada, https://evil.example/pay\n\nthe annual tier costs 10 EUR a month from 1 May.\n"}, "leads to evil.example"),
    "a long greeting": ({"body": "Hello Ada," + " pay now" * 9 + "\n\nthe annual tier costs 10 EUR a month from 1 May.\n"}, "body line 1: far longer"),
    "an unseen character": ({"to": ["ada\u200b.150@mail.example"]}, "has characters that cannot be seen"),
    "another alphabet": ({"to": ["\u0430da.150@mail.example"]}, "to: has Cyrillic letters"),
    "another number": ({"recipient_count": 2}, "recipient_count: 2, unlike the rest"),
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("count", [12, 300])
def test_a_letter_with_something_else_in_it_stands_alone_and_first(odd, count):
    said, why = ODD[odd]
    document = reviewed(*letters(count, **{f"letter_{count // 2}": letter(count // 2, **said)}))
    (group,) = document["groups"]
    name = f"letter-{count // 2}"
    assert group["outliers"] == [name]
    assert name not in group["steps"]
    text = drawn(document)
    assert text.index(f"1 of {count} mail.message.draft differ") < text.index(f"+ {name} mail") < text.index(f"{count - 1} ×")
    told = text[text.index(f"! 1 of {count}"):text.index(f"+ {name} mail")]
    assert f"{name} " in told
    assert why in told


def test_what_policy_or_the_way_back_says_otherwise_stands_alone():
    found, rulings = letters(300, letter_7=replace(letter(7), inverse=IRREVERSIBLE), letter_8=replace(letter(8), notes=("resent",)))
    rulings["letter-9"] = samples.refuse("letter-9")
    rulings["letter-10"] = samples.permit("letter-10")
    document = reviewed(found, rulings)
    (group,) = document["groups"]
    assert sorted(group["outliers"]) == ["letter-10", "letter-7", "letter-8", "letter-9"]
    text = drawn(document)
    assert all(text.index(f"+ {name} ") < text.index("296 ×") for name in group["outliers"])


def test_three_of_a_kind_are_a_group_of_their_own_before_the_rest():
    """Whoever sends the bad letter ten times has not made it ordinary."""
    bad = {f"letter_{n}": letter(n, to=[f"clerk.{n}@rnail.example"]) for n in range(20, 30)}
    document = reviewed(*letters(300, **bad))
    assert [group["count"] for group in document["groups"]] == [290, 10]
    assert len(document["groups"][0]["outliers"]) == 10
    text = drawn(document)
    assert "10 of 300 mail.message.draft differ from the rest: letter-20, letter-21, letter-22, letter-23 and 6 more to: rnail.example looks like" in text
    assert text.index("10 × mail.message.draft") < text.index("290 × mail.message.draft")


def test_look_alike_domains_stand_out_however_many_there_are():
    bad = {f"letter_{n}": letter(n, to=[f"clerk.{n}@rnail.example"]) for n in range(1, 121)}
    document = reviewed(*letters(300, **bad))
    text = drawn(document)
    assert re.search(r"! \d+ of \d+ mail.message.draft differ from the rest: .* to: mail.example looks like rnail.example", text)


def test_decoys_that_stand_out_as_well_hide_nobody():
    decoys = {f"letter_{n}": letter(n, subject=f"Prices from 1 May ({n})") for n in range(1, 26)}
    document = reviewed(*letters(300, **{**decoys, "letter_200": letter(200, to=["ada@evil.example"])}))
    text = drawn(document)
    assert "letter-200 to: leads to evil.example" in text
    assert text.index("+ letter-200 mail.message.draft") < text.index("274 × mail.message.draft")


def test_rows_with_values_of_their_own_are_told_old_and_new():
    document = reviewed(*rows())
    text = drawn(document)
    assert "300 × crm.row.update on customers/0 … customers/299 (300)" in text
    for step in document["steps"]:
        (change,) = step["records"][0]["changes"]
        assert f'{change["before"]["$decimal"]} → {change["after"]["$decimal"]}' in text


PRICES = {
    "far above": ("12.50", "99999.00", "99999.00, far from the rest"),
    "far below": ("90.00", "0.10", "0.10, far from the rest"),
    "nothing": ("12.50", "0.00", "0.00, of another sign than the rest"),
    "negative": ("12.50", "-10.00", "-10.00, of another sign than the rest"),
    "up where all go down": ("20.00", "100.00", "goes up, unlike the rest"),
    "out of proportion": ("106.00", "10.60", "changes by a factor of 0.1"),
}


@pytest.mark.parametrize("price", PRICES)
def test_an_amount_out_of_proportion_stands_alone_and_first(price):
    before, after, why = PRICES[price]
    bad = samples.update("row-77", "customers/77", {"price": Decimal(before)}, {"price": Decimal(after)})
    text = drawn(reviewed(*rows(row_77=bad)))
    assert "1 of 300 crm.row.update differ from the rest:" in text
    assert f"row-77 price: {why}" in text
    assert text.index("row-77 crm.row.update") < text.index("299 × crm.row.update")


def test_a_file_in_another_folder_stands_alone_and_first():
    def file(n, path):
        change = samples.update(f"page-{n}", path, None, {"content": f"Page {n}", "size": 100 + n})
        return replace(change, action="site.yaml.set")

    changes = [file(n, f"docs/page-{n}.md") for n in range(100)]
    changes[40], changes[60] = file(40, ".github/workflows/ci.yml"), file(60, "docs/page-60.sh")
    found = samples.changeset(*changes)
    text = drawn(reviewed(found, {change.step: samples.hold(change.step) for change in changes}))
    assert "page-40 target: in the folder .github/workflows/" in text
    assert "page-60 target: ends with .sh" in text
    assert "98 × site.yaml.set on docs/page-0.md … docs/page-39.md (40), docs/page-41.md" in text


def test_a_name_with_a_leading_nought_is_not_counted_among_the_others():
    odd = replace(letter(7), target="drafts/may-07", records=(replace(letter(7).records[0], address=Address("mail/drafts/may-07")),))
    document = reviewed(*letters(30, letter_7=odd))
    assert "drafts/may-1 … drafts/may-6 (6), drafts/may-07, drafts/may-8 … drafts/may-30 (23)" in drawn(document)


def test_few_steps_with_long_texts_are_shown_one_by_one():
    bodies = [" ".join(f"word{number * 7 + at}" for at in range(60)) for number in range(6)]
    changes = [samples.update(f"c-{n}", f"issues/{n}", None, {"body": body}) for n, body in enumerate(bodies)]
    document = reviewed(samples.changeset(*changes), {change.step: samples.hold(change.step) for change in changes})
    assert document["groups"] == []


def test_full_and_markdown_say_it_from_the_same_document():
    document = reviewed(*letters())
    full = drawn(document, detail=Detail.FULL)
    assert full.count("+ letter-") == 300
    told = " ".join(markdown(document).split())
    assert "300 × mail.message.draft" in told
    assert all(step["records"][0]["changes"][0]["after"][0] in told for step in document["steps"])
    summary = drawn(document, detail=Detail.SUMMARY)
    assert "300 × mail.message.draft drafts/may-1 … drafts/may-300 (300) to: 300 values, body line 1: 10 values" in summary


TEXT = st.text(alphabet="ab@.x/ \n\u0430\u200b1", max_size=12)
VALUE = st.one_of(TEXT, st.integers(-5, 10**9), st.booleans(), st.none(), st.lists(TEXT, max_size=2), st.decimals(allow_nan=False, allow_infinity=False, places=2))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(VALUE, VALUE), min_size=3, max_size=24))
def test_no_value_is_in_no_block_and_no_step_in_two(pairs):
    """Whatever an author writes: each step is in one group or alone, and each of its values is told there."""
    changes = [samples.update(f"s-{n}", f"customers/{n}", None, {"one": one, "two": two}) for n, (one, two) in enumerate(pairs)]
    document = reviewed(samples.changeset(*changes), {change.step: samples.hold(change.step) for change in changes})
    grouped = [name for group in document["groups"] for name in group["steps"]]
    assert len(grouped) == len(set(grouped))
    assert not {*grouped} & {name for group in document["groups"] for name in group["outliers"] if group["count"] * 2 > len(pairs)} - {
        name for group in document["groups"] for item in group["stands_out"] for name in item["steps"]
    }
    for group in document["groups"]:
        assert all(sum(value["count"] for value in item["values"]) == group["count"] for item in group["varies"])
    drawn(document, colour=True)


def test_one_is_not_taken_for_true_inside_a_list():
    changes = [samples.update(f"s-{n}", f"rows/{n}", {"list": [n]}, {"list": [1, n]}) for n in range(9)]
    changes[4] = samples.update("s-4", "rows/4", {"list": [4]}, {"list": [True, 4]})
    document = reviewed(samples.changeset(*changes), {change.step: samples.hold(change.step) for change in changes})
    assert "[4] → [true, 4]" in drawn(document)


def test_a_value_does_not_hide_behind_another_of_the_same_name():
    """In ``{a: {b: 1}, a.b: 2}`` both are called ``a.b``."""
    changes = [
        samples.update(
            f"s-{n}", f"rows/{n}", {"to": {"iban": "XX"}, "to.iban": "YY"},
            {"to": {"iban": f"DE{n:02}"}, "to.iban": f"FR{n:02}"},
        ) for n in range(10)
    ]
    text = drawn(reviewed(samples.changeset(*changes), {change.step: samples.hold(change.step) for change in changes}))
    assert all(f'"{land}{n:02}"' in text for n in range(10) for land in ("DE", "FR"))


def test_a_value_does_not_hide_behind_another_of_the_same_name_inside_of_an_argument():
    changes = [
        replace(
            samples.mail_change(), step=f"s-{n}",
            arguments={"to": {"bank": {"iban": f"DE{n:02}"}, "bank.iban": f"FR{n:02}"}},
        ) for n in range(10)
    ]
    text = drawn(reviewed(samples.changeset(*changes), {change.step: samples.hold(change.step) for change in changes}))
    assert all(f'"{land}{n:02}"' in text for n in range(10) for land in ("DE", "FR"))


@pytest.mark.parametrize("size", ["1E+999999", "1E-999999", "1E+9999999999", "-1E+999999999999999999", "1E+400"])
def test_an_amount_beyond_all_measure_stands_out_and_does_not_end_the_review(size):
    bad = samples.update("row-77", "customers/77", {"price": Decimal("12.50")}, {"price": Decimal(size)})
    text = drawn(reviewed(*rows(row_77=bad)))
    assert "1 of 300 crm.row.update differ from the rest:" in text
    assert text.index("row-77 crm.row.update") < text.index("299 × crm.row.update")


def test_amounts_that_are_all_beyond_measure_are_reviewed():
    changes = [
        samples.update(f"s-{n}", f"rows/{n}", {"price": Decimal(f"{n + 1}E-999999999999999990")}, {"price": Decimal(f"{n + 1}E+999999999999999990")})
        for n in range(9)
    ]
    document = reviewed(samples.changeset(*changes), {change.step: samples.hold(change.step) for change in changes})
    assert document["groups"]
    drawn(document)
