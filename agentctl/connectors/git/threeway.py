"""Takes a past change out of what stands on a branch now, path by path; where others built on it, it refuses. Pure."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

from agentctl.connectors.git import names, objects
from agentctl.connectors.git.program import Git
from agentctl.connectors.git.site import Site, known
from agentctl.connectors.git.tips import Tip
from agentctl.connectors.gitfiles import as_bytes, as_value
from agentctl.errors import Rejected
from agentctl.model.values import Fields, same

_SHOWN = 10


class Edit(NamedTuple):
    """One path's record before and after; None is absence."""

    before: Fields | None
    after: Fields | None


def difference(site: Site, old: str | None, new: str | None) -> dict[str, Edit]:
    """Return the paths by which two commits differ, with their records; None is the empty tree."""
    found = objects.differences(site.git, old, new)
    before = objects.fields(site.git, {names.path(item.path): item.old for item in found if item.old})
    after = objects.fields(site.git, {names.path(item.path): item.new for item in found if item.new})
    return {item.path: Edit(before.get(item.path), after.get(item.path)) for item in found}


def without(site: Site, tip: Tip, new: str, old: str | None) -> dict[str, Edit]:
    """Return the edits that take what ``new`` did to ``old`` back out of ``tip``.

    Raises Rejected where a later change touched the same lines.
    """
    undo = difference(site, new, old)
    ours = tip.files(site, undo)
    edits, conflicts = {}, []
    for path, (theirs, wanted) in undo.items():
        mine = ours[path]
        if _same(mine, wanted):
            continue
        if _same(mine, theirs):
            edits[path] = Edit(mine, wanted)
        elif (merged := _merged(site.git, mine, theirs, wanted)) is not None:
            edits[path] = Edit(mine, merged)
        else:
            conflicts.append(path)
    if conflicts:
        listed = ", ".join(repr(path) for path in conflicts[:_SHOWN]) + (", …" if len(conflicts) > _SHOWN else "")
        raise Rejected(
            "Revert conflicts",
            f"On `{tip.branch}`, later changes touched the same places of {listed}.",
            hint="Revert it by hand with git, where a person can resolve the conflict.",
        )
    return edits


def _same(left: Fields | None, right: Fields | None) -> bool:
    if left is None or right is None:
        return left is right
    return same(known(left, "content"), right["content"]) and same(known(left, "mode"), right["mode"])


def _merged(git: Git, mine: Fields | None, base: Fields | None, theirs: Fields | None) -> Fields | None:
    """Merge three versions of one file; None where that is a conflict."""
    if mine is None or base is None or theirs is None:
        return None
    modes = [str(side["mode"]) for side in (mine, base, theirs)]
    if any(len(mode) != len("0644") for mode in modes):
        return None
    mode = modes[2] if modes[0] == modes[1] else modes[0]
    if mode != modes[0] and modes[2] != modes[1] and modes[0] not in modes[1:]:
        return None
    content = _merge_text(git, mine, base, theirs)
    return None if content is None else {"content": as_value(content), "mode": mode}


def _merge_text(git: Git, mine: Fields, base: Fields, theirs: Fields) -> bytes | None:
    with tempfile.TemporaryDirectory(prefix="agentctl-git-") as folder:
        files = [Path(folder, name) for name in ("mine", "base", "theirs")]
        for file, side in zip(files, (mine, base, theirs), strict=True):
            file.write_bytes(as_bytes(side["content"]))
        done = git.run("merge-file", "-p", "-q", *map(str, files), codes=range(256))
        return done.out if done.code == 0 else None
