"""A key through its replacements, and what puts one in force."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from agentctl.identity import keyring, keys, sshsig
from agentctl.identity.keyring import Copy
from agentctl.identity.succession import NotASuccession, Succession, accepted, signed
from agentctl.identity.vault import NotSealed, Vault

LINEAGE = "lineage-1"
AFTER = "sha256:" + "a" * 64


@pytest.fixture
def first(tmp_path) -> keys.Key:
    return keys.create(tmp_path / "key", LINEAGE)


def after(key: keys.Key, times: int) -> keys.Key:
    for _ in range(times):
        key = keyring.renewed(keyring.prepared(key))
    return key


def test_each_key_opens_what_those_before_it_sealed_and_none_what_came_later(first):
    line = itertools.accumulate(range(3), lambda key, _: after(key, 1), initial=first)
    vaults = [Vault(key) for key in line]
    for number, sealing in enumerate(vaults):
        sealed = sealing.seal(b"value", b"place")
        for later, opening in enumerate(vaults):
            if later >= number:
                assert opening.open(sealed, b"place") == b"value"
                assert sealing.key_id in opening.key_ids
            else:
                with pytest.raises(NotSealed):
                    opening.open(sealed, b"place")
                assert sealing.key_id not in opening.key_ids


def test_what_is_equal_and_what_was_done_is_told_by_the_same_marks_before_and_after(first):
    before, now = Vault(first), Vault(after(first, 2))
    assert before.commit("a", "b", 1) == now.commit("a", "b", 1)
    assert before.idempotency_key(LINEAGE, "p", "s", 0) == now.idempotency_key(LINEAGE, "p", "s", 0)
    assert before.key_id != now.key_id


def test_new_roots_that_are_at_hand_stay_until_they_are_in_force(first):
    ready = keyring.prepared(first)
    assert keyring.prepared(ready) == ready
    assert keyring.renewed(first) == first, "nothing is at hand"
    assert Vault(ready).open(Vault(keyring.renewed(ready)).seal(b"x", b""), b"") == b"x"


def test_every_form_comes_back_from_its_file_and_tells_nothing(tmp_path, first):
    for key in (first, keyring.prepared(first), after(first, 1), keyring.prepared(after(first, 2))):
        path = tmp_path / "copy"
        path.unlink(missing_ok=True)
        keys.store(path, key)
        assert keys.load(path, LINEAGE) == key
        assert not any(str(root)[2:-1] in repr(key) for root in (key.encryption, key.commitment, key.signing))


def test_what_a_killed_writer_left_is_cleared_away_and_nothing_else(tmp_path, first):
    names = [".key.0123456789abcdef", ".key.old", ".key.0123456789abcde", ".yek.0123456789abcdef", "0123456789abcdef"]
    for name in names:
        (tmp_path / name).touch()
    keys.clear(tmp_path / "key")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*names[1:], "key"])
    keys.clear(tmp_path / "nowhere/key")


def test_copies_are_told_apart(tmp_path, first):
    other = keys.create(tmp_path / "other", LINEAGE)
    assert keyring.compare(first, keyring.prepared(first)) is Copy.SAME
    assert keyring.compare(first, after(first, 1)) is Copy.NEWER
    assert keyring.compare(after(first, 2), first) is Copy.OLDER
    assert keyring.compare(after(first, 1), after(first, 1)) is Copy.OTHER
    assert keyring.compare(first, other) is Copy.OTHER
    assert keyring.compare(first, replace(first, commitment=other.commitment)) is Copy.OTHER


def test_only_what_both_keys_signed_for_this_place_puts_a_key_in_force(first):
    new, thief = after(first, 1), bytes(range(32))
    told = Succession(
        lineage=LINEAGE, after=AFTER, old=sshsig.public_key(first.signing), new=sshsig.public_key(new.signing),
        sealing=Vault(new).key_id, compromised=False, by="ann", host="here", reason="yearly", time="2026-01-01T00:00:00Z",
    )
    place = {"lineage": LINEAGE, "after": AFTER, "old": told.old}
    body = signed(told, old=first.signing, new=new.signing)
    assert accepted(body, **place) == told
    for wrong in ({"lineage": "other"}, {"after": "sha256:" + "b" * 64}, {"old": told.new}):
        with pytest.raises(NotASuccession):
            accepted(body, **{**place, **wrong})
    for_checkpoints = sshsig.sign(told.text.encode(), seed=first.signing, namespace="agentctl-checkpoint").decode()
    for changed in (
        signed(told, old=thief, new=new.signing),
        signed(told, old=first.signing, new=thief),
        signed(told, old=new.signing, new=first.signing),
        {**body, "by_old": for_checkpoints},
        {**body, "by_old": ""},
        {**body, "by_new": 7},
        {**body, "statement": body["statement"] + " "},
        {**body, "statement": "[" * 100_000},
        {"statement": body["statement"]},
        {},
    ):
        with pytest.raises(NotASuccession):
            accepted(changed, **place)
