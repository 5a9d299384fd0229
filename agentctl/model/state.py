"""What we last knew of every record we touched; rebuildable from the trace."""

from __future__ import annotations

from collections.abc import Mapping

from agentctl.facts import dataclass, field
from agentctl.model.snapshot import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One record: commitments of the fields we own (wrote and read back), and by which run and step.

    ``fields`` maps a top-level field to its commitment; None for the whole record is known absence.
    """

    fields: Mapping[str, str] | None
    run: str
    step: str


@dataclass(frozen=True, kw_only=True)
class Head:
    """A place in the chain: the digest of the last line, its sequence number, and the file it closes."""

    digest: str
    seq: int
    file: str


@dataclass(frozen=True, kw_only=True)
class State:
    """The projection of a whole trace up to ``head``."""

    lineage: str
    serial: int
    head: Head | None
    records: Mapping[Address, Known] = field(default_factory=dict)
