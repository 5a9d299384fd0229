"""What may be said of the trace, as a document."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Protocol

from agentctl.model.state import Head


class Fault(Protocol):
    """The first place where the trace is not what it must be; as text it is ``FILE:LINE``."""

    @property
    def why(self) -> str: ...


class Verdict(Protocol):
    """The grade of a trace and what it rests on."""

    @property
    def grade(self) -> StrEnum: ...

    @property
    def head(self) -> Head | None: ...

    @property
    def records(self) -> int: ...

    @property
    def files(self) -> int: ...

    @property
    def witnessed(self) -> int: ...

    @property
    def fault(self) -> Fault | None: ...

    @property
    def notes(self) -> tuple[str, ...]: ...


def verification(verdict: Verdict) -> dict[str, Any]:
    """Return the document of ``verify``."""
    head, fault = verdict.head, verdict.fault
    return {
        "version": 1,
        "kind": "VerifyDocument",
        "grade": verdict.grade.value,
        "intact": fault is None,
        "head": head and {"digest": head.digest, "seq": head.seq, "file": head.file},
        "records": verdict.records,
        "files": verdict.files,
        "witnessed": verdict.witnessed,
        "fault": None if fault is None else {"place": str(fault), "why": fault.why},
        "notes": list(verdict.notes),
    }
