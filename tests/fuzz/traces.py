"""A trace that somebody changed: byte by byte, or written anew with everything but the key. Read, it never crashes."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from agentctl.engine.breakers import watch
from agentctl.engine.owned import owned
from agentctl.model.canonical import canonical, digest_bytes
from agentctl.model.halt import standing
from agentctl.model.run import History
from agentctl.model.values import NotAValue
from agentctl.trace.chain import Fault, Link, Torn, walk
from agentctl.trace.record import GENESIS
from agentctl.views.document.run import run
from agentctl.views.document.runs import runs
from agentctl.views.look import Look
from agentctl.views.terminal.run import draw_run
from agentctl.views.terminal.runs import draw_runs
from agentctl.workspace.history import read_history
from tests.fuzz.pieces import Pieces

SAMPLE = Path(__file__).parent / "sample"
_NOW = datetime(2027, 1, 1, tzinfo=UTC)
_VALUES: tuple[Any, ...] = (None, True, 0, -1, 2**53, "", "x", "\u202e", "9" * 400, [], {}, [None], {"x": None}, [[]], "2026-13-01")


def damage(data: bytes) -> None:
    """Change bytes anywhere in a trace: what is told of it before its first fault is what was written."""
    files = {name: bytearray(content) for name, content in _sample().items()}
    pieces = Pieces(data)
    while pieces.left:
        content = files[pieces.of(sorted(files))]
        at = pieces.below(len(content) + 1)
        match pieces.below(4):
            case 0:
                content[at:at] = pieces.bytes(4)
            case 1:
                del content[at : at + 1 + pieces.below(200)]
            case 2:
                content[at : at + 1] = pieces.bytes(1)
            case 3:
                end = at + 1 + pieces.below(400)
                content[at:at] = content[at:end]
    told = _read(files)
    written = [line for content in _sample().values() for line in content.splitlines()]
    for place, (digest, _) in enumerate(told[:-1]):
        assert digest == digest_bytes(written[place]), f"record {place + 1} is told although it was never written"
    assert len(told) <= len(written)


def forge(data: bytes) -> None:
    """Write the chain anew with other bodies, as whoever holds every file but the key can."""
    pieces = Pieces(data)
    records = {name: [json.loads(line) for line in content.splitlines()] for name, content in _sample().items()}
    for _ in range(1 + pieces.below(3)):
        lines = records[pieces.of(sorted(records))]
        record = lines[pieces.below(len(lines))]
        if pieces.below(8) == 0:
            record["kind"] = pieces.of(sorted({line["kind"] for content in records.values() for line in content}))
        _spoil(record["body"], pieces)
    _read(_chained(records))
    _explained(read_history(_folder()))


def _spoil(node: Any, pieces: Pieces) -> None:
    """Change one thing somewhere below ``node``."""
    while isinstance(node, dict | list) and node:
        key = pieces.of(sorted(node)) if isinstance(node, dict) else pieces.below(len(node))
        inner = node[key]
        if isinstance(inner, dict | list) and inner and pieces.below(4):
            node = inner
            continue
        match pieces.below(3):
            case 0:
                del node[key]
            case 1:
                node[key] = pieces.of(_VALUES)
            case 2 if isinstance(node, dict):
                node[pieces.of(("x", "$int", "$literal", *sorted(node)))] = node.pop(key)
            case _:
                node[key] = [inner]
        return


def _chained(records: Mapping[str, list[dict[str, Any]]]) -> dict[str, bytearray]:
    before, files = GENESIS, {}
    for name in sorted(records):
        content = bytearray()
        for record in records[name]:
            try:
                line = canonical({**record, "prev": before})
            except NotAValue:
                line = canonical({**record, "prev": before, "body": {}})
            before = digest_bytes(line)
            content += line + b"\n"
        files[name] = content
    return files


def _read(files: Mapping[str, bytes | bytearray]) -> list[tuple[str, Link]]:
    """Return what a reader is told before the first fault; reading on after it must not crash either."""
    folder = _folder()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    told: list[tuple[str, Link]] = []
    whole = True
    for found in walk(folder):
        match found:
            case Link() if whole:
                told.append((found.digest, found))
            case Fault():
                assert found.why
                whole = False
            case Torn():
                assert found.size
    history = read_history(folder)
    assert whole or history.damage
    return told


def _explained(history: History) -> None:
    """Draw every screen that is drawn from the trace alone."""
    for one in history.runs:
        draw_run(run(history, one, now=_NOW), Look(width=80))
    draw_runs(runs(history.runs, standing(history.acts), damage=history.damage), Look(width=80))
    owned(history)
    watch(history)


@cache
def _sample() -> dict[str, bytes]:
    """The trace of a real workspace: applied, failed, resumed, rolled back, halted, edited."""
    return {path.name: path.read_bytes() for path in sorted(SAMPLE.glob("*.jsonl"))}


@cache
def _folder() -> Path:
    fast = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="agentctl-fuzz-", dir=fast if fast.is_dir() else None))
