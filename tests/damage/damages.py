"""What can become of a file: lost, empty, cut, flipped, older, foreign, newer, or something else in its place."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.damage.ground import Ground

HUGE = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One thing agentctl keeps: its name here, where it lies, and where its like lies in copies and elsewhere."""

    name: str
    path: Path
    older: Path | None = None
    foreign: Path | None = None


def places(ground: Ground, other: Ground) -> Mapping[str, Place]:
    """Return everything that is kept, by a name that says what it is."""
    ours, theirs, was = ground.ours, other.ours, ground.base / "older/ours"
    found: dict[str, Place] = {}

    def put(name: str, path: Path, foreign: Path | None = None) -> None:
        older = was / path.relative_to(ours) if path.is_relative_to(ours) else None
        found[name] = Place(name=name, path=path, older=older if older and older.exists() else None, foreign=foreign)

    for name in ("lineage", "state.json", "state.json.before", "lock"):
        put(name, ours / name, theirs / name)
    for name in ("trace", "checkpoints", "changesets", "packs", "approvals", "rejections", "halts"):
        put(f"{name}/", ours / name, theirs / name)
    files = sorted((ours / "trace").glob("*.jsonl"))
    for what, number, like in (("init", 0, 0), ("first run", 1, 1), ("last run", -1, 1)):
        file = files[number]
        foreign = sorted((theirs / "trace").glob("*.jsonl"))[like]
        put(f"trace of {what}", file, foreign)
        for kind, suffix in (("checkpoint", ".json"), ("signature", ".json.sig")):
            put(f"{kind} of {what}", ours / f"checkpoints/{file.stem}{suffix}", theirs / f"checkpoints/{foreign.stem}{suffix}")
    first = files[1].stem.rpartition("-")[2]
    put("pack of first run", ours / "packs" / first, theirs / "packs" / _first(theirs))
    digests = {ground.digest_of(name): name for name in ("plan", "gone", "waiting", "refused", "later")}
    for digest, name in digests.items():
        if name in ("plan", "waiting"):
            like = next((theirs / "changesets").glob("*.jsonl"))
            put(f"changeset {name}", ours / f"changesets/{digest}.jsonl", like)
        if name in ("gone", "waiting"):
            put(f"approval of {name}", next((ours / "approvals").glob(f"{digest[:16]}-*")), next((theirs / "approvals").iterdir()))
        if name == "plan":
            put("pack of changeset", ours / f"packs/changeset-{digest}", next((theirs / "packs").glob("changeset-*")))
    put("rejection", next((ours / "rejections").iterdir()), next((theirs / "rejections").iterdir()))
    put("halt", next((ours / "halts").iterdir()), next((theirs / "halts").iterdir()))
    found["key"] = Place(name="key", path=ground.key, foreign=other.key)
    found["witness"] = Place(
        name="witness", path=ground.base / "witness", older=ground.base / "older/witness", foreign=other.base / "witness"
    )
    found["agentctl.yaml"] = Place(name="agentctl.yaml", path=ground.root / "agentctl.yaml", foreign=other.root / "plan.yaml")
    found["policy"] = Place(name="policy", path=ground.root / "policy.yaml", foreign=other.root / "plan.yaml")
    return found


def _first(ours: Path) -> str:
    return min((ours / "trace").glob("*-run-*")).stem.rpartition("-")[2]


Damage = Callable[[Place], None]


def damages(place: Place) -> Iterator[tuple[str, Damage]]:
    """Yield every damage that ``place`` can take, by name."""
    yield "lost", lambda place: remove(place.path)
    yield "a link to nowhere", lambda place: instead(place.path, lambda path: path.symlink_to("/nowhere"))
    yield "a link to itself", lambda place: instead(place.path, lambda path: path.symlink_to(path.name))
    yield "a pipe", lambda place: instead(place.path, os.mkfifo)
    if place.older is not None:
        yield "older", lambda place: replaced(place, place.older)
    if place.foreign is not None:
        yield "foreign", lambda place: replaced(place, place.foreign)
    if place.path.is_dir():
        yield "a file in its place", lambda place: instead(place.path, lambda path: path.write_bytes(b"x"))
        yield "emptied", lambda place: instead(place.path, Path.mkdir)
        return
    yield "empty", lambda place: place.path.write_bytes(b"")
    yield "zeros", lambda place: place.path.write_bytes(bytes(place.path.stat().st_size))
    yield "a folder", lambda place: instead(place.path, Path.mkdir)
    yield "huge", huge
    yield "no text", lambda place: place.path.write_bytes(b"\xff\xfe\x00" + place.path.read_bytes())
    yield "something else", lambda place: place.path.write_bytes(b'{"kind": 7, "version": []}\n')
    yield "deep", lambda place: place.path.write_bytes(b"[" * 50_000 + b"]" * 50_000 + b"\n")
    for part in (1, 5, 9):
        yield f"cut at {part}/10", lambda place, part=part: cut(place.path, part)
    for part in (2, 7):
        yield f"flipped at {part}/10", lambda place, part=part: flip(place.path, part)
    yield "newer", lambda place: newer(place.path)


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def instead(path: Path, make: Callable[[Path], object]) -> None:
    remove(path)
    make(path)


def replaced(place: Place, by: Path | None) -> None:
    assert by is not None
    remove(place.path)
    if by.is_dir():
        shutil.copytree(by, place.path)
    else:
        shutil.copy2(by, place.path)


def cut(path: Path, part: int) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * part // 10])


def flip(path: Path, part: int) -> None:
    data = bytearray(path.read_bytes())
    if data:
        data[len(data) * part // 10] ^= 1
    path.write_bytes(data)


def huge(place: Place) -> None:
    """A file of 1 GiB that takes no room: what it held, and zeros."""
    with place.path.open("ab") as file:
        file.truncate(HUGE)


def newer(path: Path) -> None:
    """Make it what a later agentctl may write: another version, wherever it says one."""
    data = path.read_bytes()
    try:
        wire = json.loads(data)
        path.write_text(json.dumps({**wire, "version": 2}, separators=(",", ":"), sort_keys=True) + "\n")
    except (ValueError, TypeError):
        path.write_bytes(
            data.replace(b'"version":1', b'"version":2').replace(b"version: 1", b"version: 2").replace(b"pack 1 ", b"pack 2 ")
        )
