"""A program: applies on a disk that is really full, in a namespace of its own, and prints what was wrong as JSON.

Usage: small_disk.py FOLDER SHIM FREE… — FOLDER becomes a file system of 24 MB; FREE bytes are left on it each time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from agentctl.errors import Exit
from tests.crash.ground import Ground
from tests.crash.shim import Ended, Mishap, Zygote
from tests.crash.stories import STORIES
from tests.crash.trial import Fault, Trial, Wrong, begin, judge, next_command, tell

_SIZE = 24 << 20
_PAGE = 4096


def main(folder: str, shim: str, *free: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", folder], check=True)
    outside = Path(folder).parent / "outside"       # what the program that tries says to us needs no room there
    outside.mkdir()
    story = next(story for story in STORIES if story.name == "apply")
    with Zygote(Path(shim), outside) as zygote:
        ground = Ground(folder=Path(folder), zygote=zygote)
        begin(ground, story)
        for room in map(int, free):
            ended = tell(ground, story, Mishap(), prepare=lambda room=room: _fill(ground.folder, room))
            still = _still(ground, ended)
            (ground.folder / "filler").unlink()
            faults = (*_stopped(ended), *still, *judge(ground, story, ended))
            trial = Trial(story=story.name, mishap=Mishap(how="full disk", at=room), ended=ended, faults=faults)
            print(json.dumps({"room": room, "code": ended.code, "steps": ended.err.count("  ok "), "wrong": str(trial) if faults else ""}), flush=True)


def _fill(folder: Path, room: int) -> None:
    with (folder / "filler").open("wb") as file:
        while (status := os.statvfs(folder)).f_bavail * status.f_frsize - room >= _PAGE:
            file.write(bytes(min(_SIZE, status.f_bavail * status.f_frsize - room) // _PAGE * _PAGE))
            file.flush()


def _stopped(ended: Ended) -> Iterator[Fault]:
    if ended.code not in (Exit.OK, Exit.INCOMPLETE, Exit.UNREACHABLE):
        yield Fault(wrong=Wrong.MESSAGE, why=f"a full disk ends with exit {ended.code}")
    if ended.code != Exit.OK and "No space left on device" not in ended.all:
        yield Fault(wrong=Wrong.MESSAGE, why="it does not say that the disk is full")


def _still(ground: Ground, ended: Ended) -> Iterable[Fault]:
    """Follow what was said while the disk is as full as before: that fails, in the same plain words."""
    command = next_command(ended)
    if command is None or ended.code == Exit.OK:
        return []
    told = ground.typed(*command)
    if told.code == Exit.OK or (told.code in (Exit.INCOMPLETE, Exit.UNREACHABLE) and "No space left on device" in told.all):
        return []
    return [Fault(wrong=Wrong.MESSAGE, why=f"`{' '.join(command)}` on a full disk: exit {told.code}: {told.all[-400:]}")]


if __name__ == "__main__":
    main(*sys.argv[1:])
