"""What the commands that only read may do in a damaged workspace, and which of them must tell of what."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from agentctl.errors import Exit
from tests.damage.damages import damages, places
from tests.damage.ground import Ground, Said

READERS = (
    ("runs",),
    ("show",),
    ("show", "RUN"),
    ("show", "RUN", "--step", "tier"),
    ("show", "WAITING"),
    ("show", "--format", "json"),
    ("verify",),
    ("verify", "RUN"),
    ("verify", "--witness"),
    ("drift",),
    ("plan", "next.yaml"),
    ("plan", "next.yaml", "--format", "markdown"),
    ("validate", "next.yaml"),
    ("state", "list"),
    ("state", "show", "mem/customers/1"),
    ("approvals",),
    ("approvals", "WAITING"),
    ("lock", "show"),
    ("clock", "show"),
    ("policy", "show"),
    ("policy", "explain", "next.yaml"),
    ("connectors", "list"),
)

# Where a place is damaged, what a command that needs it may end with instead of 0. Anything else is a defect.
ENDS = {
    "lineage": {Exit.INTEGRITY},
    "state.json": {Exit.INTEGRITY},
    "state.json.before": set(),
    "lock": {Exit.UNREACHABLE},
    "trace": {Exit.INTEGRITY},
    "checkpoint": {Exit.INTEGRITY},
    "signature": {Exit.INTEGRITY},
    "checkpoints/": {Exit.INTEGRITY, Exit.UNREACHABLE},
    "changesets/": {Exit.UNREACHABLE, Exit.USAGE},
    "changeset": {Exit.INTEGRITY, Exit.USAGE},
    "packs/": {Exit.INTEGRITY, Exit.UNREACHABLE},
    "pack": {Exit.INTEGRITY, Exit.REFUSED, Exit.INVALID},
    "approvals/": set(),
    "approval": set(),
    "rejections/": {Exit.REFUSED},
    "rejection": set(),
    "halts/": {Exit.REFUSED},
    "halt": {Exit.REFUSED},
    "key": {Exit.INTEGRITY, Exit.UNREACHABLE},
    "witness": {Exit.INTEGRITY, Exit.UNREACHABLE},
    "agentctl.yaml": {Exit.INVALID, Exit.USAGE},
    "policy": {Exit.INVALID},
}

# Which command tells of a damaged place, whatever the damage is; and with which words where it ends with 0.
TELLS = {
    "lineage": (("verify",), ""),
    "state.json": (("verify",), "note: The state"),
    "state.json.before": (("runs",), "complete"),       # nobody reads it but a person
    "trace": (("verify",), ""),
    "checkpoint": (("verify",), ""),
    "checkpoints/": (("verify",), "is not closed yet"),
    "checkpoint of last run": (("verify",), "is not closed yet"),
    "signature": (("verify",), ""),
    "signature of last run": (("verify",), "is not signed yet"),
    "changeset waiting": (("show", "WAITING"), ""),
    "pack of first run": (("verify", "RUN"), "After them,"),      # what nobody committed to may follow: a torn write does
    "key": (("plan", "next.yaml"), ""),
    "policy": (("plan", "next.yaml"), ""),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One command in one damaged workspace."""

    place: str
    damage: str
    command: tuple[str, ...]
    said: Said
    wrong: str


def expected(place: str) -> set[Exit]:
    return next(ends for name, ends in sorted(ENDS.items(), reverse=True) if place.startswith(name))


def tells(place: str) -> tuple[tuple[str, ...], str] | None:
    return next((told for name, told in sorted(TELLS.items(), reverse=True) if place.startswith(name)), None)


def trials(
    ground: Ground, other: Ground, place: str, only: Collection[str], readers: Iterable[tuple[str, ...]]
) -> Iterator[Trial]:
    """Damage ``place`` in each of the ways of ``only`` (none: all) and yield what every reader makes of it."""
    found = places(ground.renewed(), other)[place]
    was = _bytes(found.path)
    for name, damage in list(damages(found)):
        if only and name not in only:
            continue
        ground.restore(found.path)
        damage(found)
        kept = listing(ground)
        untouched = was is not None and _bytes(found.path) == was
        for command in readers:
            said = ground.type(*meant(ground, command))
            yield Trial(
                place=place, damage=name, command=command, said=said,
                wrong=_wrong(place, command, said, untouched) or _changed(kept, listing(ground)),
            )


def meant(ground: Ground, command: tuple[str, ...]) -> tuple[str, ...]:
    """Put the first run's id, and the digest of what waits to be applied, into a command."""
    words = {"RUN": ground.first, "WAITING": ground.digest_of("waiting")[:12]}
    return tuple(words.get(word, word) for word in command)


def listing(ground: Ground) -> dict[str, tuple[int, int]]:
    """Return every file under ``.agentctl`` with its size and inode, but for what planning stores."""
    found = {}
    for path in ground.ours.rglob("*"):
        name = path.relative_to(ground.ours).as_posix()
        if not name.startswith(("changesets", "packs", "checkpoints")) or name.count("/") > 1:
            status = path.lstat()
            found[name] = (status.st_size, status.st_ino) if not path.is_dir() else (0, 0)
    return found


def _bytes(path: Path) -> bytes | None:
    """Return what a file of usual size holds: what is the same afterwards was not damaged."""
    usual = path.is_file() and not path.is_symlink() and path.stat().st_size < 1 << 24
    return path.read_bytes() if usual else None


def _wrong(place: str, command: tuple[str, ...], said: Said, untouched: bool) -> str:
    if "bug in agentctl" in said.err or "Traceback" in said.all:
        return "it crashes"
    if said.code and said.code not in expected(place):
        return f"it ends with {said.code}"
    if said.code and "error: " not in said.err and "verify" not in command and said.code != Exit.REFUSED:
        return "it ends badly without saying why"
    told = tells(place)
    if told and not untouched and command == told[0] and not said.code and (not told[1] or told[1] not in said.all):
        return "it does not tell of the damage"
    return ""


def _changed(before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]) -> str:
    return "" if before == after else f"it changed {min(before.items() ^ after.items())[0]}"
