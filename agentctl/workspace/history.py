"""The trace read and replayed, as far as it is intact."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from agentctl.model.run import History
from agentctl.trace.chain import Fault, Link, parse_name, walk
from agentctl.trace.record import Record
from agentctl.trace.replay import replay


def read_history(folder: Path) -> History:
    """Return what the trace in ``folder`` tells. Where it is damaged, what is intact, and where the damage is."""
    faults: list[Fault] = []
    history = replay(_records(folder, faults))
    damaged = {file.number for fault in faults if (file := parse_name(fault.file))}
    return replace(
        history,
        runs=tuple(replace(run, complete=False) if run.number in damaged else run for run in history.runs),
        damage=tuple(f"{fault}: {fault.why}" for fault in faults),
    )


def _records(folder: Path, faults: list[Fault]) -> Iterator[tuple[int, Record]]:
    for found in walk(folder):
        match found:
            case Link():
                yield found.file.number, found.record
            case Fault():
                faults.append(found)
