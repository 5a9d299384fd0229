"""What a disk may hold after the power went: the calls of a run replayed, with what was not synced lost or torn."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from tests.crash.ground import Ground
from tests.crash.shim import Call, Ended, Mishap
from tests.crash.stories import Story
from tests.crash.trial import Fault, Trial, Wrong, judge, tell


class Loss(StrEnum):
    """What went with the power. POSIX promises of a file what was synced, and of a name what its folder's sync saw."""

    EVERYTHING = "everything that was not synced"
    CONTENT = "all contents that were not synced, and no name"
    NAMES = "all names whose folder was not synced, and no content"
    HALVES = "the second half of every write that was not synced"


@dataclass(slots=True)
class _Node:
    """A file, or a folder (content None): what it holds, and what of that is on the disk."""

    content: bytearray | None
    synced: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Disk:
    """Names and what they stand for: as programs see them, and as the disk has them."""

    seen: dict[str, _Node] = field(default_factory=dict)
    synced: dict[str, _Node] = field(default_factory=dict)

    @classmethod
    def of(cls, folders: Iterable[Path]) -> Disk:
        """Take up what is there, all of it long on the disk."""
        disk = cls()
        for path in [path for folder in folders for path in [folder, *sorted(folder.rglob("*"))]]:
            data = None if path.is_dir() else path.read_bytes()
            disk.seen[str(path)] = _Node(None if data is None else bytearray(data), data or b"")
        disk.synced.update(disk.seen)
        return disk

    def apply(self, call: Call) -> None:
        """Do one call of a log."""
        if call.result < 0:
            return
        seen, node = self.seen, self.seen.get(call.path)
        match call.call:
            case "create":
                seen[call.path] = _Node(bytearray())
            case "mkdir":
                seen[call.path] = _Node(None)
            case "unlink" | "rmdir":
                seen.pop(call.path, None)
            case "rename":
                seen[call.to] = seen.pop(call.path)
            case "link":
                seen[call.to] = seen[call.path]
            case "sync" if node is None or node.content is None:
                self._sync_names(call.path)
            case "sync":
                node.synced = bytes(node.content)
            case _ if node is None or node.content is None:
                pass        # a file whose name is gone
            case "write":
                node.content[call.offset : call.offset + call.result] = call.data
            case "empty":
                node.content.clear()
            case "truncate":
                del node.content[call.size :]
            case "allocate":
                node.content.extend(bytes(max(0, call.size - len(node.content))))
            case unexpected:
                raise ValueError(unexpected)

    def after(self, loss: Loss, lasting: Callable[[str], bool]) -> Mapping[str, bytes | None]:
        """Return what is found when the power is back; what is ``lasting`` lost nothing. None is a folder."""
        names = self.seen if loss in (Loss.CONTENT, Loss.HALVES) else self.synced
        found = {name: _content(node, loss) for name, node in names.items() if not lasting(name)}
        found |= {name: _content(node, Loss.NAMES) for name, node in self.seen.items() if lasting(name)}
        roots = {name for name in found if str(Path(name).parent) not in self.seen}
        return {name: data for name, data in found.items() if name in roots or _is_reached(name, found, roots)}

    def _sync_names(self, folder: str) -> None:
        for names in (self.synced, self.seen):
            for name in [name for name in names if str(Path(name).parent) == folder]:
                if name in self.seen:
                    self.synced[name] = self.seen[name]
                else:
                    del self.synced[name]


def _content(node: _Node, loss: Loss) -> bytes | None:
    if node.content is None:
        return None
    if loss is Loss.NAMES:
        return bytes(node.content)
    if loss is Loss.HALVES:
        same = next((at for at, (a, b) in enumerate(zip(node.synced, node.content, strict=False)) if a != b), min(len(node.synced), len(node.content)))
        return bytes(node.content[: same + (len(node.content) - same) // 2])
    return node.synced


def _is_reached(name: str, found: Mapping[str, bytes | None], roots: Iterable[str]) -> bool:
    parent = str(Path(name).parent)
    return parent in roots or (parent in found and _is_reached(parent, found, roots))


def write(found: Mapping[str, bytes | None], folders: Iterable[Path]) -> None:
    """Put what was found in the place of what is there."""
    for folder in folders:
        shutil.rmtree(folder)
    for name, data in sorted(found.items()):
        path, ours = Path(name), ".agentctl" in Path(name).parts
        if data is None:
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(0o700 if ours else 0o755)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            path.chmod(0o600 if ours else 0o644)


@dataclass(frozen=True, kw_only=True)
class Outage:
    """The power went after so many calls; ``said`` is all that had been told by then."""

    after: int
    last: Call
    said: str
    found: Mapping[str, bytes | None] = field(repr=False)
    loss: Loss = Loss.EVERYTHING


def outages(
    folders: Sequence[Path], log: Iterable[Call], lasting: Callable[[str], bool], losses: Sequence[Loss]
) -> Iterator[Outage]:
    """Yield what may be found after each call of ``log`` and before the first: of ``losses`` one after the other."""
    disk, said, number = Disk.of(folders), "", 0
    for call in log:
        if call.call == "said":
            said += call.data.decode(errors="replace")
            continue
        disk.apply(call)
        number += 1
        outage = Outage(after=number, last=replace(call, data=b""), said=said, found={})
        for loss in losses:
            yield replace(outage, loss=loss, found=disk.after(loss, lasting))


def announced(ground: Ground, outage: Outage) -> Iterable[Fault]:
    """Yield what was told before the power went and is told no more after it."""
    done = re.findall(r"^ *ok (\S+) +(?:confirmed|accepted)", outage.said.replace("\r", ""), re.MULTILINE)
    if not done:
        return
    told = ground.run("show", "latest", "--format", "json")
    steps = {step["id"]: step["status"] for step in json.loads(told.out)["steps"]} if told.code == 0 else {}
    for step in done:
        if steps.get(step, "pending") == "pending":
            yield Fault(wrong=Wrong.LOST, why=f"`{step}` was announced as done, and nothing tells of it")


def outage_trial(ground: Ground, story: Story, outage: Outage, *, thorough: bool = True) -> Trial:
    """Put on the disk what is left after ``outage``, and judge as after any other mishap."""
    ground.restore(story.name)
    write(outage.found, [ground.house.root])
    ended = Ended(code=-9)
    faults = (*announced(ground, outage), *judge(ground, story, ended, thorough=thorough))
    return Trial(story=story.name, mishap=Mishap(how=outage.loss, at=outage.after), ended=ended, faults=faults)


def outages_of(ground: Ground, story: Story, losses: Sequence[Loss], lasting: Callable[[str], bool]) -> list[Outage]:
    """Tell the story once, and return every outage it could meet."""
    log = tell(ground, story, Mishap(under=(ground.house.root,)), log=True).log
    ground.restore(story.name)
    return list(outages([ground.house.root], log, lasting, losses))


def systems_last(name: str) -> bool:
    """The systems of record are other machines, which have power."""
    return ".agentctl" not in Path(name).parts


def databases_last(name: str) -> bool:
    """What keeps its own promises about power: the database and git. Files and records in files are on our disk."""
    return ".git" in Path(name).parts or "crm.db" in name
