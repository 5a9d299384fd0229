"""Reads and writes what git addresses by content: commits, trees, blobs. What is read here by id never changes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from agentctl.connectors.git.program import Git
from agentctl.connectors.gitfiles import MODES, as_value
from agentctl.errors import Rejected
from agentctl.facts import dataclass
from agentctl.model.values import Fields

LARGEST = 64 * 1024 * 1024
MOST_PATHS = 5_000
_NONE = "0" * 40


@dataclass(frozen=True)
class Entry:
    """A path's place in a tree or index: git's mode (``100644``) and the id of what it holds."""

    mode: str
    id: str

    def __str__(self) -> str:
        return f"{self.mode} {self.id}"

    @property
    def is_file(self) -> bool:
        return self.mode in MODES


@dataclass(frozen=True)
class Difference:
    path: str
    old: Entry | None
    new: Entry | None


@dataclass(frozen=True, kw_only=True)
class Commit:
    id: str
    parents: tuple[str, ...]
    subject: str
    message: str


def commit(git: Git, revision: str) -> Commit | None:
    """Return the commit that ``revision`` (a full ref or an id) is or tags, or None where there is none."""
    found = git.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}", codes=(0, 1, 128))
    if found.code != 0:
        return None
    name = found.out.decode().strip()
    header, _, message = git.run("cat-file", "commit", name).out.decode(errors="replace").partition("\n\n")
    parents = [line.split(" ", 1)[1] for line in header.split("\n") if line.startswith("parent ")]
    return Commit(id=name, parents=tuple(parents), subject=message.split("\n", 1)[0], message=message)


def entries(git: Git, tree: str, paths: Iterable[str]) -> dict[str, Entry]:
    """Return what stands at ``paths`` in a commit or tree; folders and absent paths are left out."""
    wanted = sorted(set(paths))
    found: dict[str, Entry] = {}
    for start in range(0, len(wanted), 256):
        chunk = wanted[start : start + 256]
        listing = git.run("ls-tree", "-z", "--full-tree", "--end-of-options", tree, *(f"./{name}" for name in chunk))
        for line in filter(None, listing.out.split(b"\0")):
            about, _, name = line.partition(b"\t")
            mode, type_, id_ = about.decode().split(" ")
            if type_ != "tree" and (text := _name(name)) in chunk:
                found[text] = Entry(mode, id_)
    return found


def differences(git: Git, old: str | None, new: str | None) -> tuple[Difference, ...]:
    """Return the paths by which two commits or trees differ; None is the empty tree. No rename is guessed."""
    empty = git.text("hash-object", "-t", "tree", "--stdin")
    raw = git.run(
        "diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-abbrev",
        "--end-of-options", old or empty, new or empty,
    ).out.split(b"\0")
    if len(raw) // 2 > MOST_PATHS:
        raise Rejected(
            "Too many paths",
            f"{len(raw) // 2:,} paths differ; nobody can review that in a plan (at most {MOST_PATHS:,}).",
            hint="Do it with git itself, or in smaller parts.",
        )
    return tuple(_difference(about, name) for about, name in zip(raw[0:-1:2], raw[1::2], strict=True))


def contents(git: Git, ids: Iterable[str]) -> dict[str, bytes]:
    """Return the blobs with these ids. Raises Rejected where one is missing or they are too large together."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    request = "".join(f"{name}\n" for name in wanted).encode()
    sizes = [line.split(" ") for line in git.run("cat-file", "--batch-check", stdin=request).out.decode().splitlines()]
    for name, size in zip(wanted, sizes, strict=True):
        if size[-1] == "missing":
            raise Rejected("Object missing", f"{name} is not here (a partial clone?); nothing is fetched.")
    if (total := sum(int(size[-1]) for size in sizes)) > LARGEST:
        raise Rejected("Too large", f"{total:,} bytes would have to be reviewed; the limit is {LARGEST:,}.")
    return dict(_blobs(git.run("cat-file", "--batch", stdin=request).out))


def fields(git: Git, found: Mapping[str, Entry]) -> dict[str, Fields]:
    """Return the records of files: ``{content, mode}``. A submodule's content is the commit it stands on."""
    blobs = contents(git, (entry.id for entry in found.values() if entry.mode != "160000"))
    return {name: record(entry, blobs.get(entry.id, entry.id.encode())) for name, entry in found.items()}


def record(entry: Entry, content: bytes) -> Fields:
    return {"content": as_value(content), "mode": MODES.get(entry.mode, entry.mode)}


def is_ancestor(git: Git, older: str, newer: str) -> bool:
    return git.run("merge-base", "--is-ancestor", older, newer, codes=(0, 1)).code == 0


def between(git: Git, older: str | None, newer: str, most: int) -> Iterator[str]:
    """Yield the newest commits of ``newer``'s first-parent line that ``older`` does not hold."""
    arguments = ["--first-parent", f"--max-count={most}", "--end-of-options", newer]
    listing = git.run("rev-list", *arguments, *([f"^{older}"] if older else []))
    yield from listing.out.decode().split()


def write_blob(git: Git, content: bytes) -> str:
    """Store exactly these bytes: no filter, no conversion of line ends."""
    return git.text("hash-object", "-w", "--no-filters", "--stdin", stdin=content)


def write_tree(git: Git, base: str | None, edits: Mapping[str, Entry | None]) -> str:
    """Store ``base``'s tree with ``edits`` made to it (None takes away), and return its id."""
    with tempfile.TemporaryDirectory(prefix="agentctl-git-") as folder:
        aside = git.with_index(str(Path(folder, "index")))
        aside.run("read-tree", *([base] if base else ["--empty"]))
        update_index(aside, edits)
        return aside.text("write-tree")


def update_index(git: Git, edits: Mapping[str, Entry | None]) -> None:
    """Set these entries of the index, and no others; what is taken away goes first, so that a file may give way."""
    gone = [f"0 {_NONE}\t{name}" for name, entry in edits.items() if entry is None]
    there = [f"{entry}\t{name}" for name, entry in edits.items() if entry is not None]
    git.run("update-index", "-z", "--index-info", stdin="".join(f"{line}\0" for line in (*gone, *there)).encode())


def write_commit(git: Git, tree: str, parents: Sequence[str], message: str) -> str:
    arguments = [part for parent in parents for part in ("-p", parent)]
    text = message if message.endswith("\n") else message + "\n"
    return git.text("commit-tree", "--no-gpg-sign", *arguments, tree, stdin=text.encode())


def _difference(about: bytes, name: bytes) -> Difference:
    old_mode, new_mode, old, new, _ = about.decode().removeprefix(":").split(" ")
    return Difference(
        path=_name(name),
        old=None if old_mode == "000000" else Entry(old_mode, old),
        new=None if new_mode == "000000" else Entry(new_mode, new),
    )


def _blobs(out: bytes) -> Iterator[tuple[str, bytes]]:
    at = 0
    while at < len(out):
        end = out.index(b"\n", at)
        name, _, size = out[at:end].decode().split(" ")
        yield name, out[end + 1 : end + 1 + int(size)]
        at = end + int(size) + 2


def _name(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise Rejected("Path is not text", f"{raw!r} is not UTF-8; it can be neither shown nor named.") from error
