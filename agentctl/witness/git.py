"""A git remote as a witness: each checkpoint is a commit on ``refs/agentctl/LINEAGE``, pushed and never forced.

Git speaks to the remote as the user's own ``git push`` would, with their credentials; no hook is run.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Collection
from pathlib import Path

from agentctl.errors import Rejected, Unreachable
from agentctl.facts import dataclass
from agentctl.witness.base import Attestation

_DEADLINE = 30.0
_SAID = 500
_STATEMENT, _SIGNATURE = "checkpoint.json", "checkpoint.json.sig"
_LOGIN = re.compile(r"://[^/@\s]*@")
_BEHIND = re.compile(rb"^!\t[^\t]*\t\[rejected\]", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class GitWitness:
    """``remote`` is a remote's name, or a URL, seen from the repository that ``folder`` lies in."""

    folder: Path
    remote: str
    lineage: str

    @property
    def name(self) -> str:
        return f"git {self.remote}"

    @property
    def _ref(self) -> str:
        return f"refs/agentctl/{self.lineage}"

    def keep(self, attestation: Attestation) -> None:
        tip = self._local()
        if tip is None or self._at(tip) != attestation:
            tip = self._commit(attestation, tip)
        if self._pushed(tip):
            return
        # Another clone told it something meanwhile. What that was is for `verify --witness` to judge.
        theirs = self._fetched()
        if theirs is None or not self._pushed(self._commit(attestation, theirs)):
            raise Rejected("The witness refuses the head", f"`{self.name}` takes nothing on {self._ref}.")

    def told(self) -> tuple[Attestation, ...]:
        tip = self._fetched()
        if tip is None:
            return ()
        commits = self._git("rev-list", "--reverse", tip).decode().split()
        return tuple(attestation for commit in commits if (attestation := self._at(commit)) is not None)

    def _commit(self, attestation: Attestation, parent: str | None) -> str:
        """Add a commit after ``parent``, let our ref name it, and return it."""
        statement = self._put(attestation.statement)
        signature = self._put(attestation.signature)
        listing = f"100644 blob {statement}\t{_STATEMENT}\n100644 blob {signature}\t{_SIGNATURE}\n"
        tree = self._line("mktree", stdin=listing.encode())
        after = ["-p", parent] if parent else []
        commit = self._line("commit-tree", tree, *after, "-m", "Keep the head of a trace")
        self._git("update-ref", self._ref, commit)
        return commit

    def _pushed(self, commit: str) -> bool:
        """Whether the remote took ``commit``; False where it knows something that does not come before it."""
        push = ("push", "--no-verify", "--porcelain", "--", self.remote, f"{commit}:{self._ref}")
        code, out, said = self._run(push)
        if code and not _BEHIND.search(out):
            raise _unreachable(self.name, out + said)
        return code == 0

    def _fetched(self) -> str | None:
        """Return the remote's tip, its commits at hand; None where it was never told anything."""
        if not self._git("ls-remote", "--", self.remote, self._ref):
            return None
        fetch = ("fetch", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--", self.remote)
        self._git(*fetch, f"+{self._ref}:{self._ref}.seen")
        return self._line("rev-parse", "--verify", f"{self._ref}.seen^{{commit}}")

    def _local(self) -> str | None:
        code, out, _ = self._run(("rev-parse", "--verify", "--quiet", f"{self._ref}^{{commit}}"))
        return out.decode().strip() if code == 0 else None

    def _at(self, commit: str) -> Attestation | None:
        parts = [self._run(("cat-file", "blob", f"{commit}:{name}")) for name in (_STATEMENT, _SIGNATURE)]
        if any(code for code, _, _ in parts):
            return None     # a commit of somebody else's making
        return Attestation(parts[0][1], parts[1][1])

    def _put(self, data: bytes) -> str:
        return self._line("hash-object", "-w", "--stdin", stdin=data)

    def _line(self, *arguments: str, stdin: bytes = b"") -> str:
        return self._git(*arguments, stdin=stdin).decode().strip()

    def _git(self, *arguments: str, stdin: bytes = b"") -> bytes:
        code, out, said = self._run(arguments, stdin)
        if code:
            raise _unreachable(self.name, said)
        return out

    def _run(self, arguments: Collection[str], stdin: bytes = b"") -> tuple[int, bytes, bytes]:
        program = shutil.which("git")
        if program is None:
            raise Unreachable("The witness cannot be reached", "There is no `git` on the PATH.")
        argv = [str(Path(program).absolute()), "-c", "core.hooksPath=/dev/null", "-c", "push.gpgSign=false", *arguments]
        try:
            done = subprocess.run(
                argv,
                cwd=self.folder,
                env=_environment(),
                input=stdin,
                capture_output=True,
                timeout=_DEADLINE,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise Unreachable("The witness cannot be reached", f"`{self.name}` did not answer in time.") from error
        except OSError as error:
            raise Unreachable("The witness cannot be reached", f"{program}: {error.strerror}.") from error
        return done.returncode, done.stdout, done.stderr


def _environment() -> dict[str, str]:
    """The user's own, so that their credentials work; but nothing asks, nor points into another repository.

    What TLS agrees on is written nowhere: their credentials go through it.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in _KEPT}
    kept.pop("SSLKEYLOGFILE", None)
    identity = {f"GIT_{role}_{part}": value for role in ("AUTHOR", "COMMITTER") for part, value in _IDENTITY.items()}
    return {"GIT_SSH_COMMAND": "ssh -oBatchMode=yes", **kept, **identity, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


_KEPT = {
    "GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM",
    "GIT_EXEC_PATH", "GIT_SSL_CAINFO", "GIT_PROXY_SSL_CAINFO",
}
_IDENTITY = {"NAME": "agentctl", "EMAIL": "agentctl@localhost"}


def _unreachable(name: str, said: bytes) -> Unreachable:
    # A remote's address, which git repeats, may hold the password it is reached with.
    text = _LOGIN.sub("://", said.decode(errors="replace").strip())[-_SAID:] or "git said nothing"
    return Unreachable("The witness cannot be reached", f"`{name}`: {text.rstrip('.')}.")
