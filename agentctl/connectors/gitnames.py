"""The names git gives: of branches, revisions, commits and paths. What is well formed is said here; no I/O."""

from __future__ import annotations

import re

from agentctl.errors import Rejected

HEADS = "refs/heads/"
_SHA = re.compile(r"[0-9a-f]{40}")
_REF_FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//")
_IGNORED_BY_HFS = dict.fromkeys([0xFEFF, *range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070)])
_DOT_GIT = re.compile(r"(\.git|git~[0-9]+)[ .]*(:.*)?", re.IGNORECASE | re.DOTALL)
_LONGEST = 1024


def is_sha(text: str) -> bool:
    return _SHA.fullmatch(text) is not None


def branch(text: str) -> str:
    """Return ``text`` where it can be the name of a branch (``main``, ``agent/fix-1``)."""
    if text.startswith("refs/") or text in {"HEAD", "@"} or is_sha(text):
        raise Rejected("Branch name malformed", f"{text!r} is not a branch's own name, such as `main` or `agent/fix`.")
    return _ref(text)


def revision(text: str) -> str:
    """Return which record ``text`` means: ``branches/NAME``, ``commits/SHA`` or ``refs/tags/NAME``."""
    if is_sha(text):
        return f"commits/{text}"
    if text.startswith(("refs/tags/", "refs/remotes/")):
        return _ref(text)
    return f"branches/{branch(text)}"


def commit(text: str) -> str:
    """Return ``text`` where it is a whole commit id; an abbreviation may come to mean something else."""
    if not is_sha(text):
        raise Rejected(
            "Commit id malformed",
            f"{text!r} is not a commit id of 40 hexadecimal digits.",
            hint="Print the whole id with `git rev-parse`.",
        )
    return text


def path(text: str) -> str:
    """Return ``text`` where it names a file below the repository's top, in git's own spelling."""
    parts = text.split("/")
    faulty = (
        not _is_text(text)
        or "\0" in text
        or any(part in {"", ".", ".."} for part in parts)
        or any(len(part.encode()) > 255 for part in parts)
    )
    if faulty:
        raise Rejected(
            "Path malformed",
            f"{text[:200]!r} is not a relative path of a file, such as `site/pricing.html`.",
            hint="Paths begin at the top of the repository and hold no `.` or `..`.",
        )
    if any(_DOT_GIT.fullmatch(part.translate(_IGNORED_BY_HFS)) for part in parts):
        raise Rejected("Path reserved", f"{text[:200]!r} lies in git's own directory, which no action touches.")
    return text


def file_at(target: str) -> tuple[str, str]:
    """Take ``REVISION:PATH`` apart. A ref's name holds no colon, so the first one parts them."""
    rev, colon, name = target.partition(":")
    if not colon:
        raise Rejected("Target malformed", f"{target[:200]!r} is not REVISION:PATH, such as `main:site/pricing.html`.")
    revision(rev)
    return rev, path(name)


def _ref(text: str) -> str:
    parts = text.split("/")
    faulty = (
        not _is_text(text)
        or text.startswith(("-", "/"))
        or text.endswith(("/", "."))
        or _REF_FORBIDDEN.search(text) is not None
        or any(part.startswith(".") or part.endswith(".lock") for part in parts)
    )
    if faulty:
        raise Rejected(
            "Branch name malformed",
            f"{text[:200]!r} cannot be the name of a branch or tag.",
            hint="Use letters, digits, `-`, `_`, `.` and `/`, as in `agent/pricing-fix`.",
        )
    return text


def _is_text(text: str) -> bool:
    try:
        return 0 < len(text.encode()) <= _LONGEST
    except UnicodeEncodeError:
        return False
