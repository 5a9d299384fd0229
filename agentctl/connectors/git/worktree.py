"""The files of the working tree: read and written one by one, no link followed, no program of git's started."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from agentctl.connectors.git.objects import LARGEST
from agentctl.connectors.gitfiles import as_bytes, as_value
from agentctl.errors import ConnectorError, Indeterminate, Rejected
from agentctl.facts import dataclass
from agentctl.model.values import Fields


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A file to be changed: its record now, and what it is to become. None is absence."""

    path: str
    before: Fields | None
    after: Fields | None


class Worktree:
    """One working tree. ``reserved`` are absolute paths of the workspace's policy, which are never written."""

    def __init__(self, root: str, reserved: tuple[str, ...]) -> None:
        from agentctl.connectors.file.confine import Scope
        from agentctl.connectors.file.disk import Disk

        self._root = root
        self._reserved = reserved
        self._disk = Disk(Scope(root=root), LARGEST)

    def read(self, path: str) -> tuple[Fields | None, str]:
        """Return the record of a regular file, or its absence, and the token by which a write finds it unchanged."""
        from agentctl.connectors.file.disk import Missing

        found = self._disk.read(_segments(path))
        if isinstance(found, Missing):
            return None, found.token
        return {"content": as_value(found.data), "mode": f"{found.mode:04o}"}, found.token

    def refuse_protected(self, path: str) -> None:
        """Raise Rejected where writing ``path`` would change the workspace's own policy, settings or state."""
        from agentctl.connectors.file.confine import OWN_NAMES, OWN_PREFIX

        names = [segment.casefold() for segment in _segments(path)]
        absolute = str(Path(self._root, path))
        if any(name in OWN_NAMES or name.startswith(OWN_PREFIX) for name in names) or any(
            absolute == item or absolute.startswith(item + "/") for item in self._reserved
        ):
            # What decides what agentctl does next is changed by people, not by a merge that an agent asks for.
            raise Rejected(
                "Path protected",
                f"{path!r} is checked out and belongs to this workspace's own policy, settings or state.",
                hint="A person brings such a change in with git itself.",
            )

    def change(self, wanted: Iterable[Wanted]) -> list[Wanted]:
        """Bring every file to what is wanted, or leave all as they were. What already is as wanted stays untouched.

        Raises Rejected where a file is neither as it was nor as it is wanted, nothing changed.
        """
        done: list[Wanted] = []
        try:
            for item in wanted:
                if self._one(item):
                    done += [item]
        except BaseException:
            self.restore(done)
            raise
        return done

    def restore(self, done: list[Wanted]) -> None:
        """Put back what ``change`` did. Raises Indeterminate where that cannot be."""
        try:
            for item in reversed(done):
                self._one(Wanted(path=item.path, before=item.after, after=item.before))
        except ConnectorError as error:
            raise Indeterminate(
                "Working tree half changed", f"{item.path!r} could not be put back: {error}.",
                hint="`git status` shows which files differ.",
            ) from error

    def _one(self, item: Wanted) -> bool:
        now, token = self.read(item.path)
        if agrees(now, item.after):
            return False
        if not agrees(now, item.before):
            raise Rejected("File changed", f"{item.path!r} in the working tree is not what it was when it was read.")
        from agentctl.connectors.file.disk import Content

        segments = _segments(item.path)
        if item.after is None:
            self._disk.delete(segments, token)
            self._disk.prune(tuple(segments[:depth] for depth in range(1, len(segments))))
        else:
            mode = int(str(item.after["mode"]), 8)
            self._disk.write(segments, Content(as_bytes(item.after["content"]), mode), token)
        return True


def agrees(left: Fields | None, right: Fields | None) -> bool:
    """Whether two known records of a file are the same file."""
    if left is None or right is None:
        return left is right
    return left["mode"] == right["mode"] and as_bytes(left["content"]) == as_bytes(right["content"])


def _segments(path: str) -> tuple[str, ...]:
    return tuple(path.split("/"))
