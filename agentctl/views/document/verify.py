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


class Part(Protocol):
    """One run by itself: its own fault, and the trace's where that lies elsewhere."""

    @property
    def id(self) -> str: ...

    @property
    def file(self) -> str: ...

    @property
    def first(self) -> int: ...

    @property
    def last(self) -> int: ...

    @property
    def records(self) -> int: ...

    @property
    def closed(self) -> bool: ...

    @property
    def signed(self) -> bool | None: ...

    @property
    def witnessed(self) -> bool: ...

    @property
    def fault(self) -> Fault | None: ...

    @property
    def elsewhere(self) -> Fault | None: ...

    @property
    def before(self) -> bool: ...


class Packed(Protocol):
    """The hidden values of the run: how many, how many of them are not there or are others, and why."""

    @property
    def values(self) -> int: ...

    @property
    def missing(self) -> int: ...

    @property
    def wrong(self) -> int: ...

    @property
    def why(self) -> str: ...

    @property
    def damage(self) -> bool: ...


class Report(Protocol):
    """What `verify` found: of the whole trace, and of the run that was asked about."""

    @property
    def verdict(self) -> Verdict: ...

    @property
    def part(self) -> Part | None: ...

    @property
    def packed(self) -> Packed | None: ...


def verification(report: Report) -> dict[str, Any]:
    """Return the document of ``verify``."""
    verdict = report.verdict
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
        "fault": _fault(fault),
        "notes": list(verdict.notes),
        "run": None if report.part is None or report.packed is None else _run(report.part, report.packed),
    }


def _run(part: Part, packed: Packed) -> dict[str, Any]:
    return {
        "id": part.id,
        "intact": part.fault is None and not packed.damage,
        "file": part.file,
        "first": part.first,
        "last": part.last,
        "records": part.records,
        "closed": part.closed,
        "signed": part.signed,
        "witnessed": part.witnessed,
        "fault": _fault(part.fault),
        "hidden": {
            "values": packed.values,
            "missing": packed.missing,
            "wrong": packed.wrong,
            "why": packed.why,
            "damage": packed.damage,
        },
        "elsewhere": part.elsewhere and {
            "place": str(part.elsewhere), "why": part.elsewhere.why, "side": "before" if part.before else "after",
        },
    }


def _fault(fault: Fault | None) -> dict[str, str] | None:
    return None if fault is None else {"place": str(fault), "why": fault.why}
