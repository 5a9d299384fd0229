"""Whatever stands in a plan file, checking it ends in a Plan or in diagnostics, never in anything else."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from agentctl.model.diagnostic import Severity
from agentctl.planfile.load import check
from tests.planfile.shop import catalog
from tests.planfile.test_plan_load import GOOD
from tests.planfile.test_plan_roundtrip import trees, written

CORPUS = [GOOD, *(path.read_bytes() for path in sorted((Path(__file__).parent / "corpus").glob("*.*")))]
PIECES = [b"*x", b"&x ", b"!t ", b"<<: ", b"? ", b"{{", b"}}", b"[", b"]", b"'", b'"', b"\t", b"\n", b"---\n", b" #", b": ", b"- ", b"\x00", b"\xff",
          b"\xe2\x80\xa8", b".nan", b"1e999", b"{$from: steps.tier.after.tier}", b"{$secret: x}", b"{$literal: {}}", b"null", b"{}", b"[]", b"|", b">", b"%"]


def settled(data: bytes, file: str) -> None:
    found = check(data, file, catalog())
    errors = [item for item in found.diagnostics if item.severity is Severity.ERROR]
    assert (found.plan is None) == bool(errors)
    for item in found.diagnostics:
        assert item.span is not None
        assert item.span.line >= 1
        assert item.span.column >= 1
        (item.summary + item.detail + item.hint + item.source + (item.pointer or "")).encode()


@given(st.sampled_from(CORPUS), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 9), st.sampled_from(PIECES)), min_size=1, max_size=4), st.sampled_from(["x.yaml", "x.json"]))
def test_a_mangled_plan_is_told_or_taken(data, cuts, file):
    for where, drop, piece in cuts:
        at = int(where * len(data))
        data = data[:at] + piece + data[at + drop :]
    settled(data, file)


@given(st.binary(max_size=60), st.sampled_from(["x.yaml", "x.json"]))
def test_any_bytes_are_told_or_taken(data, file):
    settled(data, file)


_WORDS = st.sampled_from(["id", "action", "target", "with", "needs", "evidence", "steps", "uri", "sha256", "$from", "$format", "$secret", "$int", "tier", "seats", "x"])
_LEAVES = st.none() | st.booleans() | st.integers(-3, 10**20) | st.sampled_from(["", "a", "tier", "crm.row.update", "customers/new:a", "steps.a.after.tier", "{x}", "file:../x", "stop"])
_STEPS = st.lists(st.dictionaries(_WORDS, trees(_LEAVES) | st.dictionaries(_WORDS, _LEAVES, max_size=3), max_size=7), max_size=4)


@given(_STEPS, trees(_LEAVES))
def test_any_shape_is_told_or_taken(steps, evidence):
    plan = {"version": 1, "kind": "Plan", "intent": "i", "agent": "support", "steps": steps, "evidence": evidence}
    settled(written(plan).encode(), "plan.json")
