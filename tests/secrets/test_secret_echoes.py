"""What a system tells of a secret it was given is masked before it is kept or shown."""

from __future__ import annotations

import base64
import html
import json
from decimal import Decimal
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.connectors.base import Receipt
from agentctl.engine.masking import Mask
from agentctl.errors import Exit
from agentctl.model.plan import Secret
from agentctl.model.values import UNKNOWN, Hidden
from tests.e2e.house import step
from tests.secrets.conftest import SMTP, account, traces_of

WRITTEN = {
    "plain": lambda value: value,
    "in a sentence": lambda value: f"535 {value}: no such password",
    "JSON": lambda value: json.dumps({"password": value}),
    "JSON in UTF-8": lambda value: json.dumps({"password": value}, ensure_ascii=False),
    "JSON in JSON": lambda value: json.dumps(json.dumps({"password": value})[:-1])[:0] + json.dumps({"p": value}),
    "Python": lambda value: repr({"password": value}),
    "Python bytes": lambda value: repr(value.encode()),
    "a URL": lambda value: f"smtp://user:{quote(value, safe='')}@host",
    "a path": lambda value: f"/login/{quote(value)}",
    "a form": lambda value: f"password={quote_plus(value)}&x=1",
    "a URL in small letters": lambda value: quote(value, safe="").lower(),
    "hex": lambda value: value.encode().hex(),
    "HEX": lambda value: value.encode().hex().upper(),
    "HTML": lambda value: f"<b>{html.escape(value)}</b>",
    "SQL": lambda value: "'" + value.replace("'", "''") + "'",
}
PASSWORDS = (SMTP, "correct horse battery staple", "pässwörd-ключ-密码", "it's \"quoted\" <&> 100%", "tab\tand\nline-of-it")


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize("how", WRITTEN)
def test_a_secret_is_masked_however_it_is_written(how, password):
    text = WRITTEN[how](password)
    masked = Mask().knowing({"smtp": password}).text(text)
    assert "[secret smtp]" in masked
    for form in (password, quote(password, safe=""), json.dumps(password)[1:-1], password.encode().hex(), password[:8]):
        assert form not in masked


@given(before=st.binary(max_size=20), after=st.binary(max_size=20), password=st.text(min_size=8, max_size=60))
def test_base64_of_anything_around_it_is_masked(before, after, password):
    encoded = base64.b64encode(before + password.encode("utf-8", "surrogatepass") + after).decode()
    try:
        mask = Mask().knowing({"smtp": password})
    except UnicodeEncodeError:
        return
    masked = mask.text(f"Authorization: Basic {encoded}")
    assert "[secret smtp]" in masked
    # Its edges depend on the neighbours: at most two characters of it on either side remain.
    whole = len(password.encode("utf-8", "surrogatepass")) * 4 / 3
    assert len(masked) <= len(f"Authorization: Basic {encoded}") - whole + 4 + len("[secret smtp]")


@given(before=st.text(max_size=40), after=st.text(max_size=40), password=st.text(min_size=1, max_size=60))
def test_no_text_holds_a_secret_once_it_is_masked(before, after, password):
    masked = Mask().knowing({"s": password}).text(before + password + after)
    assert password not in masked or password in "[secret s]" or password in before + after or not password.strip()


@pytest.mark.parametrize("kept", [8, 10, 15, 20])
def test_what_is_cut_short_is_masked_too(kept):
    password = "aVeryLongTokenOfABank"
    told = Mask().knowing({"bank": password}).text(f"token {password[:kept]}… is wrong")
    assert password[:8] not in told or kept < len(password) // 2
    assert "[secret bank]" in told or kept < len(password) // 2


def test_each_line_of_a_key_is_masked_and_what_every_key_begins_with_is_not():
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\nqwertyuiopasdfghjklzxcvbnm\n-----END KEY-----"
    told = Mask().knowing({"key": key}).text("at MIIEvQIBADANBgkqhkiG9w0BAQ and\nqwertyuiopasdfghjklzxcvbnm.")
    assert told == "at [secret key] and\n[secret key]."


def test_a_text_that_holds_a_very_short_secret_is_told_by_nothing_but_its_name():
    assert Mask().knowing({"pin": "12"}).text("pin 12 of 2012 is wrong") == "[secret pin]"


def test_values_that_hold_one_are_found_at_any_depth_and_others_are_left():
    mask = Mask().knowing({"s": "hunter2-hunter2"})
    for value in ("x hunter2-hunter2", ["a", {"b": "hunter2-hunter2"}], {"hunter2-hunter2": 1}, b"..hunter2-hunter2.."):
        assert mask.holds(value), value
        assert not mask.holds(mask.value(value))
    for value in (None, True, 12, Decimal("1.2"), "hunter", [], {}, UNKNOWN, Hidden("hmac:x"), Secret("hunter2-hunter2")):
        assert not mask.holds(value)
    receipt = mask.receipt(Receipt(ids={"id": "1", "token": "hunter2-hunter2"}, links=("https://x/?t=hunter2-hunter2",)))
    assert receipt == Receipt(ids={"id": "1", "token": "[secret s]"}, links=("https://x/?t=[secret s]",))
    assert "hunter2" not in repr(mask)


def test_a_mask_that_knows_nothing_changes_nothing():
    receipt = Receipt(ids={"id": "1"})
    assert Mask().receipt(receipt) is receipt
    assert Mask().text("hunter2") == "hunter2"


# ---- through the command line

LOOKS = (("show", "--format", "json"), ("state", "show", "relay/accounts/ada"), ("drift",))
FORMS = (SMTP, quote(SMTP, safe=""), json.dumps(SMTP)[1:-1], SMTP.encode().hex(), base64.b64encode(f"user:{SMTP}".encode()).decode()[8:-4])


def nowhere(house, told) -> None:
    for form in FORMS:
        assert traces_of(house, form, [one.all for one in told]) == [], form


@pytest.mark.parametrize(("place", "code"), [
    ("ids", Exit.OK), ("links", Exit.OK), ("record", Exit.OK), ("doubt", Exit.INCOMPLETE), ("exception", Exit.INCOMPLETE),
])
def test_a_system_that_tells_the_secret_is_not_repeated(relayed, place, code):
    house = relayed.house
    relayed.tells(place)
    house.plan(account())
    told = [house.typed("apply", "plan.yaml", "--json-into", "run.json")]
    assert told[0].code == code, told[0].all
    told += [house.run(*command) for command in LOOKS]
    nowhere(house, told)


def test_a_refusal_that_quotes_the_password_in_clear_and_in_a_header_is_recorded_without_it(relayed):
    house = relayed.house
    relayed.breaks()
    house.plan(account())
    told = [house.typed("apply", "plan.yaml"), *(house.run(*command) for command in LOOKS)]
    (step_,) = house.run("show", "--format", "json").json["steps"]
    assert step_["status"] == "failed"
    assert "535 [secret smtp] is not the password" in step_["reason"]
    nowhere(house, told)


def test_what_holds_a_secret_is_not_handed_on_to_another_step(relayed):
    house = relayed.house
    relayed.tells("ids", "record")
    for part in ("after.dsn", "receipt.session"):
        house.plan(account(), step("copy", "mem.record.update", "customers/1", {"note": {"$from": f"steps.make.{part}"}}))
        told = house.typed("apply", "plan.yaml")
        assert SMTP not in (house.root / "world.json").read_text()
        nowhere(house, [told])
        house.typed("rollback", "latest", answers=("yes", "delete 1"))


def test_a_later_step_that_meets_the_secret_in_a_record_keeps_it_in_the_pack_only(relayed):
    house = relayed.house
    relayed.tells("record")
    house.plan(account(), step("more", "relay.account.update", "accounts/ada", {"quota": "5"}))
    told = [house.typed("apply", "plan.yaml")]
    assert told[0].code == Exit.OK, told[0].all
    assert relayed.world()["accounts"]["accounts/ada"]["quota"] == "5"
    told += [house.run(*command) for command in LOOKS]
    nowhere(house, told)


def test_no_other_secret_of_the_workspace_is_fetched(relayed):
    house = relayed.house
    relayed.secrets(smtp={"env": "SMTP_PASSWORD"}, other={"command": ["touch", "fetched"]})
    house.plan(account())
    assert house.typed("apply", "plan.yaml").code == Exit.OK
    assert not (house.root / "fetched").exists()
