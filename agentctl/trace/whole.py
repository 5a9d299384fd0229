"""What is found of a file whose writer did not live to sign it, before another does. Signing is ``mend``'s part."""

from __future__ import annotations

import os

from agentctl.errors import Tampered
from agentctl.trace.chain import Link, TraceFile
from agentctl.trace.checkpoint import Places
from agentctl.trace.record import RUN
from agentctl.trace.replay import NotTold, Telling
from agentctl.trace.stretch import Stretch, Stretches
from agentctl.trace.tail import digest_of, tail


def digest_if_whole(places: Places, files: list[TraceFile]) -> str:
    """Return the digest of the last file's bytes if each of its lines follows the one before and tells; else nothing.

    A dead writer cannot say what it wrote, and a digest vouches for every line: nobody looks at them one by one again.
    """
    *before, file = files
    try:
        last = tail(places.trace, before[-1]) if before else None
    except Tampered:
        return ""       # then its first line follows nothing that can be told
    link = None if last is None else Link(last.file, 0, last.digest, last.size, last.record)
    # Whoever signs as we do wrote what was signed of it while it grew.
    read = Stretches(places.checkpoints, places.lineage, lambda statement, armored: places.sign(statement) == armored)
    telling = Telling()
    try:
        for found in read(places.trace, file, link, anchored=True, newest=True):
            match found:
                case Stretch():
                    telling.defer(file.number, found)
                case Link() if file.kind == RUN:
                    telling.hear(file.number, found.record)
                case Link():
                    pass        # an act may speak of a run that was not told here
                case _:
                    return ""
    except NotTold:
        return ""
    with (places.trace / file.name).open("rb") as opened:
        return digest_of(opened, os.fstat(opened.fileno()).st_size)
