"""Names of records, given any text: refused, or one canonical spelling that leads nowhere else."""

from __future__ import annotations

from contextlib import suppress

from agentctl.connectors.file.confine import Scope
from agentctl.connectors.git import names as git
from agentctl.connectors.sql import address as sql
from agentctl.connectors.sql.schema import Column, Kind, Table
from agentctl.errors import Rejected
from agentctl.model.snapshot import Address

_SCOPE = Scope(root="/srv/root", protected=("secret/*",), reserved=("/srv/root/policy",))
_TABLES = tuple(
    Table(
        name="customers", bare="customers", schema=None, key=tuple(f"k{number}" for number in range(len(kinds))),
        columns={f"k{number}": Column(name=f"k{number}", type="", kind=kind) for number, kind in enumerate(kinds)},
    )
    for kinds in (*([kind] for kind in Kind), [Kind.INTEGER, Kind.TEXT])
)


def name(data: bytes) -> None:
    """Read a text as a path, a branch, a revision, a file at one, a row and a condition."""
    text = data.decode("utf-8", "ignore")     # no other text comes out of a plan or a trace
    _path(text)
    _git(text)
    _sql(text)


def _path(text: str) -> None:
    try:
        segments = _SCOPE.admit(text)
    except Rejected:
        return
    assert _SCOPE.path(text) == "/srv/root/" + "/".join(segments)
    assert not {"", ".", "..", ".git", ".agentctl", "agentctl.yaml"}.intersection(segment.casefold() for segment in segments)
    assert not _SCOPE.path(text).startswith("/srv/root/policy/")
    assert all(segment.isprintable() or not any(ord(char) < 32 for char in segment) for segment in segments)


def _git(text: str) -> None:
    for read in (git.branch, git.revision, git.commit, git.path):
        try:
            read(text)
        except Rejected:
            continue
        assert not text.startswith("-") or read is git.path, "an option to git"
        assert "\0" not in text
        assert ".." not in (text.split("/") if read is git.path else [text])
        assert ".git" not in text.casefold().split("/")
    try:
        rev, path = git.file_at(text)
    except Rejected:
        return
    assert f"{rev}:{path}" == text


def _sql(text: str) -> None:
    with suppress(Rejected):
        sql.parse(Address(f"crm/{text}"))
    for table in _TABLES:
        try:
            fields = sql.decode(table, text)
        except Rejected:
            continue
        assert sql.encode(table, fields) == text, "two spellings of one row"
        row = sql.row_of(f"customers/{text}") if text and "/" not in text and not text.startswith("?") else None
        assert row is None or row.key == text
