"""Runs the git program: argument vectors, a scrubbed environment, a deadline, a process group. Knows no git verbs.

A repository's configuration can name programs. None of them is ever started from here: every key that does is
overridden, every protocol is forbidden, and the caller uses only commands that convert and compare no working files.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from agentctl.errors import Rejected, Unreachable
from agentctl.facts import dataclass, field, replace

_LONGEST = 30.0
_GRACE = 2.0
_OVERRIDES = (
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.splitIndex=false",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "core.pager=cat",
    "core.editor=false",
    "core.askPass=false",
    "core.sshCommand=false",
    "core.gitProxy=false",
    "core.alternateRefsCommand=false",
    "core.protectHFS=true",
    "core.protectNTFS=true",
    "core.logAllRefUpdates=always",
    "core.fsync=all",
    "core.quotePath=false",
    "credential.helper=",
    "diff.external=",
    "gpg.program=false",
    "commit.gpgSign=false",
    "i18n.commitEncoding=UTF-8",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.allow=never",
    "submodule.recurse=false",
)
_NO_HOOKS = "core.hooksPath=/dev/null"
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_ALLOW_PROTOCOL": "none",       # outranks protocol.NAME.allow in the repository's configuration
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "false",
    "GIT_EDITOR": "false",
    "GIT_PAGER": "cat",
    "HOME": "/nonexistent",
    "XDG_CONFIG_HOME": "/nonexistent",
    "LC_ALL": "C",
    "TZ": "UTC",
}


class Done(NamedTuple):
    """How a command ended that was allowed to end that way."""

    code: int
    out: bytes


@dataclass(frozen=True, kw_only=True)
class Git:
    """The git program, bound to one repository. ``until`` is the moment (monotonic) by which all must have ended.

    ``lifeline`` are descriptors the program inherits, and so does whatever it starts.
    """

    git_dir: str
    work_tree: str | None
    hooks: bool = False
    author: tuple[str, str] = ("agentctl", "agentctl@localhost")
    until: float | None = None
    lifeline: tuple[int, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def with_index(self, file: str) -> Git:
        """Return the same program, using ``file`` in the place of the repository's index."""
        return self.given(GIT_INDEX_FILE=file)

    def given(self, **environment: str) -> Git:
        return replace(self, environment={**self.environment, **environment})

    def run(self, *arguments: str, stdin: bytes = b"", codes: Collection[int] = (0,)) -> Done:
        """Run one command. Raises Rejected where it ends otherwise than ``codes``, Unreachable where it can't run."""
        if self._remaining() == 0:
            raise Unreachable("Git took too long", f"`git {arguments[0]}` was not begun: the deadline is over.")
        process = self._start(arguments)
        _at_work.add(process)
        try:
            out, err = process.communicate(stdin, timeout=self._remaining())
        except subprocess.TimeoutExpired as error:
            _end(process)
            raise Unreachable("Git took too long", f"`git {arguments[0]}` was stopped at its deadline.") from error
        except BaseException:
            _end(process)
            raise
        finally:
            _at_work.discard(process)
        if process.returncode not in codes:
            said = err.decode(errors="replace").strip()[:1000] or f"exit {process.returncode}"
            raise Rejected("Git refused", f"`git {arguments[0]}` in {self.work_tree or self.git_dir}: {said}.")
        return Done(process.returncode, out)

    def text(self, *arguments: str, stdin: bytes = b"") -> str:
        """Run one command and return the one line it prints."""
        return self.run(*arguments, stdin=stdin).out.decode().rstrip("\n")

    def _start(self, arguments: tuple[str, ...]) -> subprocess.Popen[bytes]:
        program = shutil.which("git")
        if program is None:
            raise Unreachable("Git is not installed", "There is no `git` on the PATH.")
        overrides = _OVERRIDES if self.hooks else (*_OVERRIDES, _NO_HOOKS)
        # Absolute, so that a relative PATH can't find a `git` that the repository brought along.
        argv = [str(Path(program).absolute()), "--no-pager"]
        argv += [part for override in overrides for part in ("-c", override)]
        try:
            return subprocess.Popen(
                [*argv, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=self.work_tree or self.git_dir,
                env=self._environment(),
                pass_fds=self.lifeline,
                start_new_session=True,
            )
        except OSError as error:
            raise Unreachable("Git cannot be started", f"{program}: {error.strerror}.") from error

    def _environment(self) -> dict[str, str]:
        name, mail = self.author
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            **_ENVIRONMENT,
            "GIT_DIR": self.git_dir,
            **({"GIT_WORK_TREE": self.work_tree} if self.work_tree else {}),
            "GIT_AUTHOR_NAME": name,
            "GIT_AUTHOR_EMAIL": mail,
            "GIT_COMMITTER_NAME": name,
            "GIT_COMMITTER_EMAIL": mail,
            **self.environment,
        }

    def _remaining(self) -> float:
        if self.until is None:
            return _LONGEST
        return max(0.0, min(_LONGEST, self.until - time.monotonic()))


_at_work: set[subprocess.Popen[bytes]] = set()


@atexit.register
def _end_all() -> None:
    """Whoever asked for them may have been told to stop at once and wait for no answer: nothing lives on then."""
    for process in list(_at_work):
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the command and whatever it started, and wait until they are gone."""
    with suppress(ProcessLookupError):      # it may end by itself in this very moment
        os.killpg(process.pid, signal.SIGTERM)      # git takes its lock files away when it is asked to end
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with suppress(OSError):     # what was still to be written has no reader any more
                pipe.close()
