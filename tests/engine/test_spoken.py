"""What a refusal says a value was and is: as people write it, and never in the tags of a wire form."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from agentctl.engine.moved import Moved
from agentctl.engine.records import in_words
from agentctl.engine.spoken import spoken
from agentctl.model.snapshot import Address
from agentctl.model.values import UNKNOWN, Hidden


@pytest.mark.parametrize(("value", "said"), [
    (None, "absent"),
    (True, "true"),
    (12, "12"),
    (2**70, "1180591620717411303424"),
    (Decimal("12.50"), "12.50"),
    ("12.50", '"12.50"'),
    ("two\nlines", r'"two\nlines"'),
    (date(2026, 3, 1), "2026-03-01"),
    (datetime(2026, 3, 1, 9, 30, tzinfo=UTC), "2026-03-01T09:30:00Z"),
    (b"hello", "b64 aGVsbG8="),
    (UNKNOWN, "(known after apply)"),
    (Hidden("hmac:0123"), "(hidden)"),
    ([Decimal("1.0"), "a", None], '[1.0, "a", null]'),
    ({"price": Decimal("9.90"), "of": {"$int": 3}}, '{"price": 9.90, "of": {"$int": 3}}'),
])
def test_a_value_is_said_as_people_write_it(value, said):
    assert spoken(value) == said


def test_a_long_value_is_cut_and_says_so():
    assert spoken("x" * 500) == '"' + "x" * 119 + "… (502 characters)"


def test_a_decimal_that_moved_is_told_without_its_tag():
    assert in_words((moved(Decimal("12.50"), Decimal("13.00")),)) == (
        "crm/orders/7: `total` was 12.50 when planned and is 13.00 now"
    )


def test_a_hidden_value_that_moved_is_told_without_either_value():
    assert in_words((moved(Hidden("hmac:01"), Hidden("hmac:02")),)) == (
        "crm/orders/7: `total` is another hidden value than when planned"
    )


def moved(planned, now):
    return Moved(address=Address("crm/orders/7"), field="total", side="before", planned=planned, now=now)
