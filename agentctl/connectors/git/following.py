"""What a checkout must do when the branch it stands on moves: which files follow, and what undoing that needs. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from agentctl.connectors.base import View
from agentctl.connectors.git.site import Site, known
from agentctl.connectors.git.threeway import Edit
from agentctl.connectors.gitfiles import as_bytes, git_mode
from agentctl.errors import Rejected
from agentctl.facts import dataclass, field
from agentctl.model.change import RecordChange
from agentctl.model.values import Fields, Unknown, Value


@dataclass(frozen=True, kw_only=True)
class Following:
    """``records`` are the working files that change. ``index`` holds each path's staged entry, ``wrote`` the mode each
    changed file has now: what brings the checkout back."""

    records: tuple[RecordChange, ...] = ()
    index: Mapping[str, str | None] | None = None
    wrote: Mapping[str, str | None] = field(default_factory=dict)


STAYING = Following()


def follow(
    site: Site, view: View, edits: Mapping[str, Edit], modes: Mapping[str, str | None] | None = None
) -> Following:
    """Return how the checkout follows ``edits`` of its branch.

    With ``modes``, only its paths are written, and get these modes. Raises Rejected where a file holds what no commit
    does.
    """
    records = []
    index: dict[str, str | None] = {}
    for path, edit in edits.items():
        local = view.read(site.address("index", path)).value or {}
        entry = known(local, "entry")
        index[path] = None if entry is None else str(entry)
        if modes is not None and path not in modes:
            continue
        site.worktree.refuse_protected(path)
        _refuse_fault(path, edit, local)
        now = view.read(site.address("worktree", path)).value
        if not _holds(now, edit.after):
            if not _holds(now, edit.before):
                raise Rejected(
                    "Uncommitted change in the way",
                    f"{path!r} in the working tree is not what the branch holds.",
                    hint="Commit it or put it away first; `git status` shows it.",
                )
            after = _after(edit, now, (modes or {}).get(path))
            records.append(RecordChange(address=site.address("worktree", path), before=now, after=after))
    prefix = site.address("worktree", "")
    wrote = {
        record.address.removeprefix(prefix): None if record.before is None else str(record.before["mode"])
        for record in records
    }
    return Following(records=tuple(records), index=index, wrote=wrote)


def refuse_conversion(path: str, content: Value, local: Mapping[str, Value]) -> None:
    """Raise Rejected where git would store other bytes for ``path`` than it holds."""
    if fault := str(known(local, "fault")):
        raise Rejected("Path out of reach", f"{path!r} {fault}.")
    if known(local, "line_ends") and not isinstance(content, Unknown) and b"\r\n" in as_bytes(content):
        raise Rejected(
            "Line ends would be rewritten",
            f"{path!r} has CRLF line ends, which git's settings for it would rewrite.",
            hint="Give it the line ends that .gitattributes asks for, or the attribute `-text`.",
        )


def _refuse_fault(path: str, edit: Edit, local: Mapping[str, Value]) -> None:
    for side in edit:
        if side is not None and len(str(side["mode"])) == 6:
            raise Rejected("Not a regular file", f"{path!r} is a link or a submodule; neither is checked out.")
        refuse_conversion(path, "" if side is None else side["content"], local)


def _holds(now: Fields | None, stored: Fields | None) -> bool:
    """Whether a working file is what is stored: the same bytes, and executable or not."""
    if now is None or stored is None:
        return now is stored
    contents = known(now, "content"), known(stored, "content")
    modes = str(known(now, "mode")), str(known(stored, "mode"))
    return as_bytes(contents[0]) == as_bytes(contents[1]) and git_mode(modes[0]) == git_mode(modes[1])


def _after(edit: Edit, now: Fields | None, mode: str | None) -> Fields | None:
    if edit.after is None:
        return None
    stored = str(edit.after["mode"])
    if mode is None:
        kept = None if now is None else str(now["mode"])
        mode = kept if kept is not None and git_mode(kept) == git_mode(stored) else stored
    return {"content": edit.after["content"], "mode": mode}
