"""Everything agentctl reads back of its own, given any bytes: exactly what was written, or damage said to be damage."""

from __future__ import annotations

import tempfile
from pathlib import Path

from agentctl.errors import Invalid, Tampered
from agentctl.identity import statements
from agentctl.identity.keys import Key
from agentctl.identity.vault import Vault
from agentctl.model.approval import Statement as Approval
from agentctl.model.lifting import Statement as Lifting
from agentctl.model.override import Statement as Override
from agentctl.model.rejection import Statement as Rejection
from agentctl.model.review import Statement as Review
from agentctl.store import changesets, packs, state
from agentctl.trace import checkpoint, record

_FOLDER = Path(tempfile.mkdtemp(prefix="agentctl-fuzz-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
_VAULT = Vault(Key(lineage="l", encryption=bytes(32), commitment=bytes(range(32)), signing=bytes(32)))


def read_record(data: bytes) -> None:
    """Read a line of a trace: a record has one spelling."""
    try:
        found = record.decode(data)
    except record.NotARecord as error:
        assert str(error)
        return
    assert record.encode(found) == data


def read_checkpoint(data: bytes) -> None:
    """Read the statement about a closed file: it has one spelling."""
    try:
        found = checkpoint.decode(data)
    except checkpoint.NotACheckpoint as error:
        assert str(error)
        return
    assert checkpoint.encode(found) == data


def read_statement(data: bytes) -> None:
    """Read a signed statement of each kind: it has one spelling, and is of one kind."""
    taken = 0
    for kind in (Approval, Rejection, Override, Review, Lifting):
        statements.is_of(data, kind)
        try:
            found = statements.parse(data, "x", kind)
        except Invalid as error:
            assert error.detail
            continue
        taken += 1
        assert found.text == data
        assert statements.is_of(data, kind)
        assert statements.signed_by(found, []) == ""
    assert taken <= 1


def read_state(data: bytes) -> None:
    """Read a state file: what is believed says the same when it is written again."""
    try:
        found = state.decode(data, Path("state.json"))
    except state.BadState as error:
        assert error.detail
        return
    assert state.decode(state.encode(found), Path("state.json")) == found


def read_changeset(data: bytes) -> None:
    """Read a changeset file: believed only where writing it again gives its bytes."""
    path = _FOLDER / "changeset"
    path.write_bytes(data)
    changesets.is_changeset(path)
    try:
        found = changesets.read(path)
    except Tampered as error:
        assert error.detail
        return
    assert b"".join(changesets.encode(found)) == data


def read_pack(data: bytes) -> None:
    """Read a pack: nothing in it is believed that was not sealed for its place."""
    (_FOLDER / "r1").write_bytes(data)
    found = packs.read(_FOLDER, "r1", _VAULT)
    assert not found.values or set(found.values) <= {"hmac:1", "hmac:2", "hmac:3"}
    assert isinstance(found.hidden, str)
