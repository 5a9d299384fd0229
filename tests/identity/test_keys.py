from __future__ import annotations

import json
import os
import stat
from contextlib import suppress
from itertools import product
from pathlib import Path

import pytest

from agentctl.errors import Tampered, Unwritable, Usage
from agentctl.identity import keys, sshsig
from agentctl.identity.keys import NoKey
from agentctl.model.canonical import digest


@pytest.fixture
def path(tmp_path):
    return tmp_path / "config" / "agentctl" / "keys" / "lineage-1"


def test_a_key_comes_back_as_it_was_made(path):
    key = keys.create(path, "lineage-1")
    assert keys.load(path, "lineage-1") == key
    assert len({key.encryption, key.commitment, key.signing}) == 3


def test_a_key_is_its_owners_only_whatever_the_umask(path):
    before = os.umask(0)
    try:
        keys.create(path, "lineage-1")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_a_key_is_never_replaced(path):
    key = keys.create(path, "lineage-1")
    with pytest.raises(Usage, match="never replaced"):
        keys.create(path, "lineage-1")
    assert keys.load(path, "lineage-1") == key
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o660])
def test_a_key_others_could_read_is_refused_with_the_command_that_mends_it(path, mode):
    keys.create(path, "lineage-1")
    path.chmod(mode)
    with pytest.raises(NoKey, match="open to others") as caught:
        keys.load(path, "lineage-1")
    assert caught.value.command == f"chmod 600 {path}"


def test_no_key_is_told_with_where_it_would_be(path):
    assert keys.find(path, "lineage-1") is None
    with pytest.raises(NoKey, match="No key for this workspace") as caught:
        keys.load(path, "lineage-1")
    assert str(path) in caught.value.detail
    assert caught.value.code == 10


def test_a_key_of_another_lineage_is_refused(path):
    keys.create(path, "lineage-1")
    with pytest.raises(Tampered, match="another workspace's"):
        keys.load(path, "lineage-2")


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b"null", b'{"kind":"Key"}', b"[" * 100_000])
def test_a_damaged_key_file_is_said_to_be_one(path, data):
    keys.create(path, "lineage-1")
    path.write_bytes(data)
    with pytest.raises(Tampered, match="The key file is damaged"):
        keys.load(path, "lineage-1")


@pytest.mark.parametrize("change", [{"extra": 1}, {"signing": "AA=="}, {"signing": "!"}, {"kind": "Lock"}])
def test_a_changed_key_file_is_damaged_and_its_content_is_not_in_the_error(path, change):
    key = keys.create(path, "lineage-1")
    wire = json.loads(path.read_bytes())
    path.write_text(json.dumps({**wire, **change}))
    with pytest.raises(Tampered) as caught:
        keys.load(path, "lineage-1")
    assert wire["encryption"] not in str(caught.value)
    assert caught.value.__cause__ is None
    assert repr(key) == "Key(lineage='lineage-1', retired=(), successor=None)"


def test_a_key_file_tells_its_public_key_and_an_older_one_needs_not(path):
    key = keys.create(path, "lineage-1")
    wire = json.loads(path.read_bytes())
    assert keys.load(path, "lineage-1").told == key.public_key == wire["public_key"] == sshsig.public_key(key.signing)

    older = {name: value for name, value in wire.items() if name not in ("public_key", "digest")}
    path.write_text(json.dumps({**older, "digest": digest(older)}))
    assert keys.load(path, "lineage-1") == key
    assert keys.load(path, "lineage-1").public_key == key.public_key


def test_nothing_is_signed_by_a_key_whose_file_names_anothers_public_key(path):
    keys.create(path, "lineage-1")
    wire = json.loads(path.read_bytes())
    forged = {**wire, "public_key": sshsig.public_key(bytes(32))}
    del forged["digest"]
    path.write_text(json.dumps({**forged, "digest": digest(forged)}))
    with pytest.raises(Tampered, match="The key file is damaged"):
        keys.signing(keys.load(path, "lineage-1"), path)


def test_a_newer_key_file_is_told_apart_from_a_damaged_one(path):
    keys.create(path, "lineage-1")
    path.write_text(json.dumps({**json.loads(path.read_bytes()), "version": 2}))
    with pytest.raises(NoKey, match="another version"):
        keys.load(path, "lineage-1")


def test_a_pipe_in_place_of_the_key_makes_nobody_wait(path):
    path.parent.mkdir(parents=True)
    os.mkfifo(path, 0o600)
    with pytest.raises(NoKey, match="not a regular file"):
        keys.load(path, "lineage-1")


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(Unwritable):
        keys.create(tmp_path / "file" / "keys" / "lineage-1", "lineage-1")


@pytest.mark.parametrize(
    "key_file, config_home, expected",
    [
        ("/run/secrets/key", "/xdg", "/run/secrets/key"),
        ("", "/xdg", "/xdg/agentctl/keys/l"),
        ("", "", "/home/me/.config/agentctl/keys/l"),
        ("", "relative", "/home/me/.config/agentctl/keys/l"),
    ],
)
def test_the_place_of_a_key_is_outside_the_workspace(key_file, config_home, expected):
    found = keys.place("l", key_file=key_file, config_home=config_home, home=Path("/home/me"))
    assert found == Path(expected)


@pytest.mark.parametrize("lineage", ["", "..", "../x", "a/b", ".hidden", "a\0b"])
def test_a_lineage_cannot_lead_out_of_the_folder_of_keys(lineage):
    with pytest.raises(Tampered):
        keys.place(lineage, key_file="", config_home="", home=Path("/home/me"))


def test_no_flipped_bit_of_a_key_file_makes_another_key_of_it(tmp_path):
    path = tmp_path / "key"
    key = keys.create(path, "abc")
    whole = path.read_bytes()
    for place, byte in product(range(len(whole)), (1, 2, 4, 32)):
        with suppress(Tampered, keys.NoKey):
            flipped = whole[:place] + bytes([whole[place] ^ byte]) + whole[place + 1 :]
            assert keys.parse(path, flipped, "abc") == key
