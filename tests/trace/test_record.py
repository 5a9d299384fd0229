from __future__ import annotations

import json
import math
import time
from dataclasses import replace

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from agentctl.model.canonical import canonical
from agentctl.model.values import SAFE_INTEGER, NotAValue
from agentctl.trace.record import GENESIS, Kind, NotARecord, Record, decode, encode, moment, timestamp

RECORD = Record(
    seq=7, time="2026-01-01T12:00:00.000000Z", kind=Kind.DECISION, prev=GENESIS, run="r1", body={"step": "tier"}
)

texts = st.text(st.characters(exclude_categories=["Cs"]))
wires = st.recursive(
    st.none() | st.booleans() | st.integers(-SAFE_INTEGER, SAFE_INTEGER) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@given(body=st.dictionaries(texts, wires, max_size=4))
def test_a_record_comes_back_from_its_bytes_which_are_those_of_rfc_8785(body):
    record = replace(RECORD, body=body)
    line = encode(record)
    assert decode(line) == record
    assert line == rfc8785.dumps(json.loads(line))
    assert b"\n" not in line


@given(fields=st.dictionaries(texts, wires, max_size=6))
def test_the_fast_encoder_of_decode_accepts_exactly_what_canonical_writes(fields):
    # Whatever JSON bytes come in, being canonical is decided as `canonical` decides it.
    for line in (canonical(fields), json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()):
        try:
            decode(line)
            judged = True
        except NotARecord as error:
            judged = "canonical" not in str(error)
        assert judged == (canonical(json.loads(line)) == line)


@pytest.mark.parametrize(
    "line, why",
    [
        (b"", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"{}", "version 1"),
        (b"\xff", "not JSON"),
        (encode(RECORD) + b" ", "canonical"),
        (b" " + encode(RECORD), "canonical"),
        (encode(RECORD) + b"\r", "canonical"),
        (encode(RECORD)[:-1], "not JSON"),
        (encode(RECORD).replace(b'"seq":7', b'"seq":7.0'), "7.0 is a float"),
        (encode(RECORD).replace(b'"seq":7', b'"seq":7e0'), "float"),
        (encode(RECORD).replace(b'"seq":7', b'"seq":NaN'), "float"),
        (encode(RECORD).replace(b'"seq":7', b'"seq":-0'), "canonical"),
        (encode(RECORD).replace(b'"seq":7', b'"seq":-7'), "positive"),
        (encode(RECORD).replace(b'"seq":7', b'"seq":true'), "positive"),
        (encode(RECORD).replace(b'"seq":7', b'"seq":9007199254740993'), "2^53"),
        (encode(RECORD).replace(b'"seq":7', b'"seq":' + b"9" * 10_000), "2^53"),
        (encode(RECORD).replace(b'"v":1', b'"v":2'), "version 1"),
        (encode(RECORD).replace(b'"v":1', b'"v":true'), "version 1"),
        (encode(RECORD).replace(b'"v":1', b'"v":1,"w":1'), "fields"),
        (encode(RECORD).replace(b'"seq":7', b'"seq":7,"seq":7'), "canonical"),
        (encode(RECORD).replace(b'"decision"', b'"forgery"'), "kind"),
        (encode(RECORD).replace(b'"decision"', b'["decision"]'), "kind"),
        (encode(RECORD).replace(b"12:00:00.000000Z", b"12:00:00Z"), "time"),
        (encode(RECORD).replace(b"2026-01-01", b"2026-13-01"), "time"),
        (encode(RECORD).replace(b"sha256:0", b"sha256:G"), "prev"),
        (encode(RECORD).replace(b'"r1"', b'"../r1"'), "run"),
        (encode(RECORD).replace(b'"tier"', b'"\\u0074ier"'), "canonical"),
        (encode(RECORD).replace(b'"tier"', b'"\\ud800"'), "surrogate"),
        (encode(RECORD).replace(b'{"step":"tier"}', b"[]"), "body"),
        (encode(RECORD).replace(b'"tier"', b"[" * 100_000 + b"]" * 100_000), "deep"),
    ],
)
def test_nothing_but_the_exact_bytes_of_a_record_is_one(line, why):
    with pytest.raises(NotARecord, match=why.replace("^", r"\^")):
        decode(line)


def test_a_newline_in_a_value_forges_no_second_record():
    forged = encode(RECORD).decode()
    line = encode(replace(RECORD, body={"quote": f"x\n{forged}\r\u2028"}))
    assert len(line.splitlines()) == 1
    assert decode(line).body == {"quote": f"x\n{forged}\r\u2028"}


@pytest.mark.parametrize("value", [1.5, math.nan, 2**53, "\ud800", object()])
def test_a_body_without_a_canonical_form_is_not_written(value):
    with pytest.raises(NotAValue):
        encode(replace(RECORD, body={"value": value}))


def test_times_sort_as_text_and_survive_the_trip():
    early, late = moment("2026-01-01T12:00:00.000000Z"), moment("2026-01-01T12:00:00.000001Z")
    assert timestamp(early) < timestamp(late)
    assert moment(timestamp(late)) == late


def test_ten_thousand_records_take_about_a_second_or_less():
    body = {"change": {"before": {"tier": "monthly"}, "after": {"tier": "annual"}, "notes": ["x" * 300]}}
    started = time.process_time()
    for seq in range(1, 2_001):
        decode(encode(replace(RECORD, seq=seq, body=body)))
    assert time.process_time() - started < 2       # measured: 0.13; a machine ten times slower still passes
