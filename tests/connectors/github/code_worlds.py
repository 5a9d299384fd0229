"""A repository with branches and files of every kind, and what is in it, read around agentctl by git's own ids."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

from tests.systems.github_house import Repository

TEXT = "line one\r\nline two\r\n"
SCRIPT = "#!/bin/sh\nexit 0\n"
BINARY = b"\x89PNG\r\n\x1a\n\x00\xff"
VERSION = 'name = "shop"\nversion = "1.3.0"\n'


def code(repository: Repository) -> None:
    """Put files of every kind on `main`, and make the branches `topic/one` and `spare` there."""
    grow(repository, "main", {
        "pyproject.toml": ("100644", VERSION),
        "docs/crlf.txt": ("100644", TEXT),
        "bin/run": ("100755", SCRIPT),
        "logo.png": ("100644", BINARY),
        "link": ("120000", "docs/crlf.txt"),
        ".github/workflows/ci.yml": ("100644", "on: push\n"),
    })
    repository.branch("topic/one")
    repository.branch("spare")


def grow(repository: Repository, branch: str, files: dict[str, tuple[str, str | bytes]], message: str = "Grow") -> str:
    """Commit files with git's modes, as somebody else would, and return the commit."""
    head = repository.read(f"/git/ref/heads/{branch}")["object"]["sha"]
    entries: list[dict[str, Any]] = []
    for path, (mode, content) in files.items():
        if mode == "160000":
            entries.append({"path": path, "mode": mode, "type": "commit", "sha": content})
            continue
        raw = content if isinstance(content, bytes) else content.encode()
        blob = repository.made("/git/blobs", {"content": b64encode(raw).decode(), "encoding": "base64"})
        entries.append({"path": path, "mode": mode, "type": "blob", "sha": blob["sha"]})
    base = repository.read(f"/git/commits/{head}")["tree"]["sha"]
    tree = repository.made("/git/trees", {"base_tree": base, "tree": entries})
    commit = repository.made("/git/commits", {"message": message, "tree": tree["sha"], "parents": [head]})
    assert repository.ask("PATCH", f"/git/refs/heads/{branch}", {"sha": commit["sha"]}).status == 200
    sha: str = commit["sha"]
    return sha


def head(repository: Repository, branch: str) -> str | None:
    found = repository.read(f"/git/ref/heads/{branch}")
    return found and found["object"]["sha"]


def files(repository: Repository, branch: str) -> dict[str, tuple[str, bytes]]:
    """Return every file of a branch or commit: mode and content."""
    tree = repository.read(f"/git/trees/{head(repository, branch) or branch}?recursive=1")["tree"]
    return {entry["path"]: (entry["mode"], content(repository, entry)) for entry in tree if entry["type"] != "tree"}


def content(repository: Repository, entry: dict[str, Any]) -> bytes:
    if entry["type"] == "commit":
        return str(entry["sha"]).encode()
    return b64decode(repository.read(f"/git/blobs/{entry['sha']}")["content"])


def everything(repository: Repository) -> dict[str, Any]:
    """Return each branch with where it stands and the ids of all that is on it."""
    found = {}
    for one in repository.all("/branches"):
        sha = head(repository, one["name"])
        tree = repository.read(f"/git/trees/{sha}?recursive=1")["tree"]
        found[one["name"]] = (sha, {entry["path"]: (entry["mode"], entry["sha"]) for entry in tree})
    return found
