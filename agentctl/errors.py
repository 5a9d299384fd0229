"""Every way a command can end, and the exit code each way has.

    AgentctlError            1   unexpected; anything below is expected
    ├── Usage               64   the command line itself is wrong, or selects nothing
    ├── Invalid              3   plan, policy, manifest or workspace file
    ├── Refused              4   policy says no, or the system is halted
    ├── ConsentMissing       5   nobody who may has agreed
    ├── Stale                6   the world, the plan or the policy moved
    ├── Incomplete           7   an effect began and the run is not complete
    ├── Locked               8   somebody else is applying
    ├── Tampered             9   trace, state, pack or changeset fails its check
    ├── Unwritable          10   a file of our own could not be written; nothing was executed
    ├── Interrupted   130 / 143  a person or the machine asked us to stop
    └── ConnectorError           what a connector may raise, and nothing else:
        ├── Unreachable     10   nothing happened; trying again may help
        ├── Rejected        10   nothing happened; trying again will not help
        └── Indeterminate    7   it may have happened
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from agentctl.model.diagnostic import Diagnostic


class Exit(IntEnum):
    """The exit codes; docs and tests are drawn from this table."""

    OK = 0
    UNEXPECTED = 1
    CHANGES = 2
    INVALID = 3
    REFUSED = 4
    CONSENT = 5
    STALE = 6
    INCOMPLETE = 7
    LOCKED = 8
    INTEGRITY = 9
    UNREACHABLE = 10
    USAGE = 64
    INTERRUPTED = 130
    TERMINATED = 143


class AgentctlError(Exception):
    """A failure told to a person: what (fixed words), why (with the values), what now.

    ``summary`` holds no user data. ``detail`` is whole sentences. ``command`` is the line to type next.
    """

    code: ClassVar[Exit] = Exit.UNEXPECTED

    def __init__(
        self,
        summary: str,
        detail: str = "",
        *,
        hint: str = "",
        command: str = "",
        diagnostics: tuple[Diagnostic, ...] = (),
    ) -> None:
        super().__init__(f"{summary}: {detail}" if detail else summary)
        self.summary = summary
        self.detail = detail
        self.hint = hint
        self.command = command
        self.diagnostics = diagnostics


class Usage(AgentctlError):
    """The command line is wrong, or selects nothing."""

    code = Exit.USAGE


class Invalid(AgentctlError):
    """A file a person or an agent wrote cannot be accepted; ``diagnostics`` say where."""

    code = Exit.INVALID


class Refused(AgentctlError):
    """Policy denies, or the system is halted. Nothing was executed."""

    code = Exit.REFUSED


class ConsentMissing(AgentctlError):
    """The consent that policy asks for is absent, expired or used. Nothing was executed."""

    code = Exit.CONSENT


class Stale(AgentctlError):
    """What was consented to is no longer what would happen. Nothing was executed."""

    code = Exit.STALE


class Incomplete(AgentctlError):
    """An effect began and the run is not complete; ``command`` is how to go on."""

    code = Exit.INCOMPLETE


class Locked(AgentctlError):
    """Another process holds the workspace's lock."""

    code = Exit.LOCKED


class Tampered(AgentctlError):
    """A kept file fails its integrity check, is missing or belongs elsewhere."""

    code = Exit.INTEGRITY


class Unwritable(AgentctlError):
    """A file of our own could not be written (full disk, read-only folder). Nothing was executed."""

    code = Exit.UNREACHABLE


class Interrupted(AgentctlError):
    """Asked to stop. ``terminated`` tells SIGTERM from Ctrl-C."""

    code = Exit.INTERRUPTED


class Terminated(Interrupted):
    """Asked to stop by SIGTERM."""

    code = Exit.TERMINATED


class ConnectorError(AgentctlError):
    """The family a connector speaks; anything else it raises counts as Indeterminate."""


class Unreachable(ConnectorError):
    """Nothing happened; trying again may help."""

    code = Exit.UNREACHABLE


class Rejected(ConnectorError):
    """Nothing happened; the same request will be refused again."""

    code = Exit.UNREACHABLE


class Indeterminate(ConnectorError):
    """The effect may have happened; only the live system or a person can tell."""

    code = Exit.INCOMPLETE
