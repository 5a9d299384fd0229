"""The index of the working tree: single entries, changed under git's own lock. No file is compared or converted."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from socket import gethostname

from agentctl.connectors.git.objects import Entry, update_index
from agentctl.connectors.git.program import Git
from agentctl.errors import Indeterminate, Rejected
from agentctl.facts import dataclass

_INTENT_TO_ADD = 0x20000000
_FLAGS = re.compile(rb"\n  size: \d+\tflags: ([0-9a-f]+)\n")
_CONVERSIONS = ("filter", "ident", "working-tree-encoding")
_LINE_ENDS = ("text", "eol", "crlf")


@dataclass(frozen=True, kw_only=True)
class Local:
    """What git knows of a path besides its content.

    ``entry`` is what is staged for it. ``fault`` says why it can be neither committed nor checked out as it is, or is
    empty. ``line_ends``: git would rewrite CRLF in it.
    """

    entry: Entry | None
    fault: str
    ignored: bool
    line_ends: bool


def local(git: Git, path: str) -> Local:
    """Look at one path's index entry, ignore rules and attributes."""
    listing = git.run("ls-files", "-z", "--stage", "-v", "--debug", "--", path).out
    head, _, rest = listing.partition(b"\0")
    about, _, name = head.partition(b"\t")
    attributes = _attributes(git, path)
    line_ends = _converts_line_ends(git, attributes)
    if name != os.fsencode(path):           # no entry, or `path` is a folder and these are entries below it
        # The only command here that can't take paths literally; `./` keeps a `:` from meaning anything.
        if listing and name.startswith(os.fsencode(path) + b"/"):
            return Local(entry=None, fault="is a folder in the index", ignored=False, line_ends=line_ends)
        plain = git.given(GIT_LITERAL_PATHSPECS="0")
        ignored = plain.run("check-ignore", "-q", "--", f"./{path}", codes=(0, 1)).code == 0
        return Local(entry=None, fault=_conversion(attributes), ignored=ignored, line_ends=line_ends)
    tag, mode, id_, stage = about.decode().split(" ")
    flags = _FLAGS.search(rest)
    fault = _conversion(attributes)
    if stage != "0":
        fault = "has an unresolved conflict in the index"
    elif tag != "H":
        fault = "is marked skip-worktree or assume-unchanged"
    elif flags is None or int(flags[1], 16) & _INTENT_TO_ADD:
        fault = "is marked as to be added later (`git add -N`); add or unstage it first"
    return Local(entry=Entry(mode, id_), fault=fault, ignored=False, line_ends=line_ends)


def staged(git: Git, paths: list[str]) -> dict[str, Entry | None]:
    """Return the entries of ``paths``; a path in conflict counts as its first stage, which matches nothing."""
    found: dict[str, Entry | None] = dict.fromkeys(paths)
    for start in range(0, len(paths), 256):
        listing = git.run("ls-files", "-z", "--stage", "--", *paths[start : start + 256]).out
        for line in filter(None, listing.split(b"\0")):
            about, _, name = line.partition(b"\t")
            mode, id_, stage = about.decode().split(" ")
            if (text := name.decode(errors="surrogateescape")) in found:
                found[text] = Entry(mode if stage == "0" else "conflict", id_)
    return found


class Held:
    """The index while its lock is ours. ``publish`` makes the prepared one the real one."""

    def __init__(self, git: Git, aside: Path, index: Path) -> None:
        self._git = git
        self._aside = aside
        self._index = index

    def prepare(self, edits: Mapping[str, Entry | None]) -> None:
        """Make the index that is to be, beside the real one."""
        update_index(self._git.with_index(str(self._aside)), edits)

    def publish(self) -> None:
        try:
            self._aside.replace(self._index)
        except OSError as error:
            raise Indeterminate("Index not updated", f"{self._index}: {error.strerror}.") from error


@contextmanager
def held(git: Git, mark: str) -> Iterator[Held]:
    """Hold git's own lock on the index, taking over what an earlier try under ``mark`` or a killed process left."""
    index = Path(git.git_dir, "index")
    lock = Path(git.git_dir, "index.lock")
    aside = Path(git.git_dir, f"agentctl-index-{mark}")
    _take(lock, mark)
    try:
        try:
            for left in aside.parent.glob("agentctl-index-*"):      # whose owner is dead: the lock is ours
                left.unlink(missing_ok=True)
            if index.exists():
                shutil.copyfile(index, aside)
            else:
                git.with_index(str(aside)).run("read-tree", "--empty")
        except OSError as error:
            raise Rejected("Index cannot be prepared", f"{aside}: {error.strerror}.") from error
        yield Held(git, aside, index)
    finally:
        aside.unlink(missing_ok=True)
        lock.unlink(missing_ok=True)


def _take(lock: Path, mark: str) -> None:
    try:
        with lock.open("x") as file:
            try:
                file.write(f"{mark} {gethostname()} {os.getpid()}\n")
                file.flush()
            except OSError:
                lock.unlink(missing_ok=True)
                raise
    except FileExistsError as error:
        if not _is_left_over(lock, mark):
            raise Rejected(
                "Index is locked",
                f"{lock} exists: another git process is at work in this repository, or one was killed there.",
                hint="Wait for it; where none runs any more, remove that file.",
            ) from error
    except OSError as error:
        raise Rejected("Index cannot be locked", f"{lock}: {error.strerror}.") from error


def _is_left_over(lock: Path, mark: str) -> bool:
    """Whether a lock is one of ours that nobody holds any more."""
    try:
        whose, host, process = lock.read_text().split()
        if not whose.startswith("agentctl-") or host != gethostname():
            return False
        if whose != mark:
            os.kill(int(process), 0)
        return whose == mark
    except ProcessLookupError:
        return True
    except (OSError, ValueError):
        return False


def _attributes(git: Git, path: str) -> dict[str, str]:
    out = git.run("check-attr", "-z", *_CONVERSIONS, *_LINE_ENDS, "--", path).out.decode(errors="replace")
    fields = out.split("\0")
    return dict(zip(fields[1::3], fields[2::3], strict=False))


def _conversion(attributes: Mapping[str, str]) -> str:
    for name in _CONVERSIONS:
        if (value := attributes.get(name, "unspecified")) not in {"unspecified", "unset"}:
            return f"has the attribute {name}={value}; agentctl runs no conversions"
    return ""


def _converts_line_ends(git: Git, attributes: Mapping[str, str]) -> bool:
    chosen = {attributes.get(name, "unspecified") for name in _LINE_ENDS}
    if attributes.get("text") == "unset" or attributes.get("crlf") == "unset":
        return False
    if chosen != {"unspecified"}:
        return True
    automatic = git.run("config", "--get", "core.autocrlf", codes=(0, 1)).out.decode().strip().lower()
    return automatic not in {"", "false", "no", "off", "0"}
