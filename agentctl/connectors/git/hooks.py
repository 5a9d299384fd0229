"""Asks the repository's own hooks about a commit, where the settings say that its programs may run."""

from __future__ import annotations

import tempfile
from pathlib import Path

from agentctl.connectors.git.program import Git
from agentctl.errors import Rejected


def ask(git: Git, tree: str, message: str) -> None:
    """Run ``pre-commit`` and ``commit-msg``. Their verdict counts; what they change in files or message does not.

    Raises Rejected where one refuses.
    """
    with tempfile.TemporaryDirectory(prefix="agentctl-git-") as folder:
        aside = git.with_index(str(Path(folder, "index")))
        aside.run("read-tree", tree)
        text = Path(folder, "COMMIT_EDITMSG")
        text.write_text(message)
        try:
            aside.run("hook", "run", "--ignore-missing", "pre-commit")
            aside.run("hook", "run", "--ignore-missing", "commit-msg", "--", str(text))
        except Rejected as error:
            raise Rejected("Hook refused", error.detail) from error
