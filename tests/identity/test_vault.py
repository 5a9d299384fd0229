from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.identity.keys import Key
from agentctl.identity.vault import NotSealed, Vault


def vault(last: int = 0) -> Vault:
    return Vault(
        Key(
            lineage="l",
            encryption=bytes([1] * 31 + [last]),
            commitment=bytes([2] * 31 + [last]),
            signing=bytes([3] * 32),
        )
    )


def test_equal_values_at_one_place_have_equal_commitments_and_nowhere_else():
    one = vault()
    assert one.commit("crm/customers/42", "ssn", "123") == one.commit("crm/customers/42", "ssn", "123")
    others = {
        one.commit("crm/customers/42", "ssn", "123"),
        one.commit("crm/customers/42", "ssn", 123),
        one.commit("crm/customers/42", "ssn", ["123"]),
        one.commit("crm/customers/42", "ss", "n123"),
        one.commit("crm/customers/43", "ssn", "123"),
        vault(1).commit("crm/customers/42", "ssn", "123"),
    }
    assert len(others) == 6
    assert all(len(commitment) == len("hmac:") + 64 for commitment in others)


def test_an_idempotency_key_is_of_one_lineage_plan_step_and_repeat():
    one = vault()
    keys = {
        one.idempotency_key(lineage, plan, step, repeat)
        for lineage in ("a", "b")
        for plan in ("sha256:1", "sha256:2")
        for step in ("s", "t")
        for repeat in (0, 1)
    }
    assert len(keys) == 16
    assert one.idempotency_key("a", "p", "s", 0) not in one.commit("a", "p", "s")


@given(data=st.binary(max_size=200), context=st.binary(max_size=20))
def test_what_is_sealed_opens_in_its_context_only(data, context):
    one = vault()
    sealed = one.seal(data, context)
    assert one.open(sealed, context) == data
    for other, where in ((one, context + b"x"), (vault(1), context)):
        with pytest.raises(NotSealed):
            other.open(sealed, where)


def test_a_flip_of_any_bit_of_sealed_bytes_is_found():
    one = vault()
    sealed = one.seal(b"the before-image", b"c")
    for place in range(len(sealed) * 8):
        damaged = bytearray(sealed)
        damaged[place // 8] ^= 1 << place % 8
        with pytest.raises(NotSealed):
            one.open(bytes(damaged), b"c")


@pytest.mark.parametrize("cut", [0, 5, 12, 20])
def test_sealed_bytes_that_were_cut_do_not_open(cut):
    with pytest.raises(NotSealed):
        vault().open(vault().seal(b"data", b"c")[:cut], b"c")


def test_sealing_twice_gives_different_bytes():
    assert vault().seal(b"same", b"c") != vault().seal(b"same", b"c")


def test_the_key_id_names_the_key_and_nothing_else():
    assert vault().key_id == vault().key_id != vault(1).key_id


def test_commitments_need_no_cryptography_package():
    program = (
        "import sys; from agentctl.identity.keys import Key; from agentctl.identity.vault import Vault;"
        "Vault(Key(lineage='l', encryption=b'', commitment=b'c', signing=b'')).commit('a', 'p', 1);"
        "sys.exit('cryptography' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
