from __future__ import annotations

import stat
import subprocess
import sys

import pytest

from agentctl.errors import Unwritable
from agentctl.identity.keys import Key
from agentctl.identity.vault import Vault
from agentctl.store import packs
from agentctl.store.packs import Pack, read

SECRET = "AKIA-planted-secret"
VAULT = Vault(Key(lineage="l", encryption=bytes(32), commitment=bytes(range(32)), signing=bytes(32)))
OTHER = Vault(Key(lineage="l", encryption=bytes([1] * 32), commitment=bytes([1] * 32), signing=bytes(32)))


@pytest.fixture
def folder(tmp_path):
    with Pack(tmp_path, "r1", VAULT) as pack:
        pack.put({"hmac:1": SECRET})
        pack.put({"hmac:2": {"$bytes": "AAAA"}, "hmac:3": None})
    return tmp_path


def frames(path):
    data = path.read_bytes()
    place = data.index(b"\n") + 1
    found = [data[:place]]
    while place < len(data):
        end = place + 4 + int.from_bytes(data[place : place + 4])
        found.append(data[place:end])
        place = end
    return found


def test_values_come_back_by_their_commitments(folder):
    contents = read(folder, "r1", VAULT)
    assert contents.values == {"hmac:1": SECRET, "hmac:2": {"$bytes": "AAAA"}, "hmac:3": None}
    assert contents.hidden == ""


def test_nothing_stands_in_a_pack_in_clear_and_it_is_its_owners_only(folder):
    data = (folder / "r1").read_bytes()
    assert SECRET.encode() not in data
    assert b"hmac" not in data
    assert stat.S_IMODE((folder / "r1").stat().st_mode) == 0o600


def test_a_pack_without_values_is_not_made(tmp_path):
    with Pack(tmp_path, "r1", VAULT) as pack:
        pack.put({})
    assert list(tmp_path.iterdir()) == []


def test_without_the_key_it_says_so(folder):
    assert read(folder, "r1", None) == packs.Contents(hidden="hidden: this machine has no key for the workspace")


def test_with_another_key_it_says_which(folder):
    contents = read(folder, "r1", OTHER)
    assert contents.values == {}
    assert VAULT.key_id in contents.hidden
    assert OTHER.key_id in contents.hidden


def test_a_pack_dropped_by_retention_is_said_to_be_gone(folder):
    (folder / "r1").unlink()
    assert "the pack is gone" in read(folder, "r1", VAULT).hidden


def test_a_flip_of_any_byte_is_found_and_what_is_before_it_is_kept(folder):
    whole = (folder / "r1").read_bytes()
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        (folder / "r1").write_bytes(damaged)
        contents = read(folder, "r1", VAULT)
        assert contents.hidden
        assert contents.values in ({}, {"hmac:1": SECRET})


def test_a_cut_anywhere_but_between_frames_is_found(folder):
    whole = (folder / "r1").read_bytes()
    header, first, _ = frames(folder / "r1")
    for length in range(len(whole)):
        (folder / "r1").write_bytes(whole[:length])
        contents = read(folder, "r1", VAULT)
        if length in (len(header), len(header) + len(first)):
            assert "hmac:2" not in contents.values      # whoever asks for it finds it missing
        else:
            assert contents.hidden


@pytest.mark.parametrize("order", [(2, 1), (2,), (1, 1, 2)])
def test_frames_cannot_be_swapped_dropped_or_doubled(folder, order):
    parts = frames(folder / "r1")
    (folder / "r1").write_bytes(b"".join([parts[0], *(parts[number] for number in order)]))
    assert "damaged" in read(folder, "r1", VAULT).hidden


def test_a_frame_or_pack_of_another_run_does_not_open(folder):
    (folder / "r1").rename(folder / "r2")
    contents = read(folder, "r2", VAULT)
    assert contents.values == {}
    assert "frame 1 of the pack is damaged" in contents.hidden


def test_a_run_never_goes_on_in_a_pack_that_exists(folder):
    before = (folder / "r1").read_bytes()
    pack = Pack(folder, "r1", VAULT)
    for _ in range(2):
        with pytest.raises(Unwritable):
            pack.put({"hmac:9": 1})
    pack.close()
    assert (folder / "r1").read_bytes() == before


@pytest.mark.parametrize("name", ["", "../r1", "a/b", "..", ".r", "r\0"])
def test_a_name_cannot_lead_out_of_the_folder(tmp_path, name):
    with pytest.raises(ValueError):
        Pack(tmp_path, name, VAULT)


def test_what_put_returned_for_survives_the_death_of_the_writer(tmp_path):
    program = """
import os, signal, sys
from pathlib import Path
from agentctl.identity.keys import Key
from agentctl.identity.vault import Vault
from agentctl.store.packs import Pack
vault = Vault(Key(lineage="l", encryption=bytes(32), commitment=bytes(range(32)), signing=bytes(32)))
pack = Pack(Path(sys.argv[1]), "r1", vault)
pack.put({"hmac:1": "kept"})
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", program, tmp_path], check=False)
    assert read(tmp_path, "r1", VAULT).values == {"hmac:1": "kept"}
