"""How an address of this connector says what git names. What is well formed is said in ``gitnames``. No I/O."""

from __future__ import annotations

from agentctl.connectors.gitnames import HEADS, branch, commit, file_at, is_sha, path, revision
from agentctl.model.snapshot import Address, within

__all__ = ["HEADS", "address", "branch", "commit", "file_at", "is_sha", "kind", "path", "revision"]


def address(instance: str, *parts: str) -> Address:
    return Address("/".join((instance, *parts)))


def kind(of: Address) -> tuple[str, str]:
    """Return an address's collection and what it names there: ``("branches", "agent/fix")``."""
    collection, _, name = within(of).partition("/")
    return collection, name
