"""Real repositories made by the git program, and what of them can be compared."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from agentctl.connectors.base import Instance
from agentctl.connectors.git import TYPE, GitConnector
from agentctl.model.plan import Step
from agentctl.model.values import Value

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@acme.example",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@acme.example",
    "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
    "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
}
FEATURE = "0be8ce4cd41959dc06c53e8a19ecd930f36d2271"       # what `feature` stands on: the same in every repository made here


def git(repository: Path, *arguments: str, stdin: str | None = None, check: bool = True) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=repository, env=ENVIRONMENT, input=stdin, capture_output=True, text=True, check=False
    )
    assert not check or done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
    return done.stdout.strip()


def write(repository: Path, path: str, content: str | bytes, mode: int = 0o644) -> None:
    file = repository / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    file.chmod(mode)


def commit(repository: Path, message: str, **files: str | bytes) -> str:
    """Commit all changes of the working tree on the branch that is checked out."""
    for path, content in files.items():
        write(repository, path, content)
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", message)
    return git(repository, "rev-parse", "HEAD")


def commit_aside(repository: Path, branch: str, path: str, content: str, message: str = "aside") -> str:
    """Commit one file on a branch as somebody else would: without this working tree and its index."""
    index = ["env", f"GIT_INDEX_FILE={repository}/.git/somebody-elses-index"]

    def run(*arguments: str, stdin: str | None = None) -> str:
        return subprocess.run(
            [*index, "git", *arguments], cwd=repository, env=ENVIRONMENT, input=stdin, capture_output=True, text=True,
            check=True,
        ).stdout.strip()

    blob = run("hash-object", "-w", "--stdin", stdin=content)
    run("read-tree", branch)
    run("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}")
    made = run("commit-tree", run("write-tree"), "-p", branch, "-m", message)
    run("update-ref", f"refs/heads/{branch}", made)
    (repository / ".git/somebody-elses-index").unlink()
    return made


def repository(folder: Path) -> Path:
    """Make a repository with a little history: main, and a branch `feature` that is ahead of it."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", "-b", "main")
    write(folder, "site/index.html", "<h1>Acme</h1>\n")
    write(folder, "bin/build", "#!/bin/sh\n", 0o755)
    write(folder, "logo.png", b"\x89PNG\0\xff")
    commit(folder, "Begin", **{"site/pricing.html": "\n".join(f"line {n}" for n in range(20)) + "\n"})
    git(folder, "checkout", "-q", "-b", "feature")
    write(folder, "site/new page.html", "new\n")
    (folder / "logo.png").unlink()
    assert commit(folder, "Feature", **{"site/index.html": "<h1>Acme!</h1>\n"}) == FEATURE
    git(folder, "checkout", "-q", "main")
    return folder


def connect(folder: Path, **settings: Value) -> GitConnector:
    connector = TYPE.open(Instance(name="repo", settings={"path": ".", **settings}, root=str(folder)))
    assert isinstance(connector, GitConnector)
    return connector


def step(action: str, target: str, /, id: str = "s", **with_: Value) -> Step:
    given = {name.rstrip("_"): value for name, value in with_.items()}
    return Step(id=id, action=f"repo.{action}", target=target, with_=given)


def refs(folder: Path) -> str:
    return git(folder, "for-each-ref") + "\n" + (folder / ".git/HEAD").read_text()


def index(folder: Path) -> str:
    return git(folder, "ls-files", "--stage", "-v")


def files(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(folder)): (path.lstat().st_mode, b"" if path.is_dir() else path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if ".git" not in path.relative_to(folder).parts
    }


def world(folder: Path) -> tuple[str, str, dict[str, tuple[int, bytes]]]:
    return refs(folder), index(folder), files(folder)
