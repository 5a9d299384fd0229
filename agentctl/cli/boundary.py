"""The one place where an error becomes a message and an exit code. Nothing above it sees a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from agentctl import __version__
from agentctl.cli.call import Call
from agentctl.errors import AgentctlError, Exit

_NOT_SET = ("", "0", "false", "f", "no", "n", "off")      # as click reads a flag's variable


def run(arguments: Sequence[str]) -> int:
    """Run the command line ``arguments`` and return the exit code of the table in ``errors``."""
    from agentctl.cli.plainly import read

    _open_what_is_closed()
    try:
        call = read(arguments, os.environ) or _unusual(arguments)
        code = call if isinstance(call, Exit) else call.carry_out()
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_stdout()
        return int(Exit.OK)
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)  # noqa: T201  # the last word before we go
        return int(Exit.INTERRUPTED)
    except Exception as error:  # noqa: BLE001  # the boundary: whatever gets here is told
        failure, code = _failure(error)
        _tell(failure, no_color=_no_color(arguments))
    return int(code or Exit.OK)


def _unusual(arguments: Sequence[str]) -> Call | Exit:
    """Read what is not plainly typed with the command-line library, which costs as much as a small plan."""
    from agentctl.cli.app import read

    return read(arguments)


def _failure(error: Exception) -> tuple[AgentctlError, Exit]:
    """Return what is told of an error, and the code the command ends with. What nobody expected is a bug."""
    match error:
        case AgentctlError():
            return error, error.code
    return _bug(error), Exit.UNEXPECTED


def _tell(error: AgentctlError, *, no_color: bool) -> None:
    from agentctl.cli.quote import quote
    from agentctl.views.document.errors import error as document
    from agentctl.views.emit import write
    from agentctl.views.look import look_for
    from agentctl.views.terminal.errors import draw_error

    error.diagnostics = quote(error.diagnostics)
    write(draw_error(document(error), look_for(sys.stderr, os.environ, no_color=no_color)), sys.stderr)


def _no_color(arguments: Sequence[str]) -> bool:
    """Whether no colour was asked for: the command line may have gone wrong before its options were looked at."""
    return "--no-color" in arguments or os.environ.get("AGENTCTL_NO_COLOR", "").lower() not in _NOT_SET


def _bug(error: Exception) -> AgentctlError:
    """Write what a bug report needs to a file, and point at it: never a bare traceback."""
    import platform

    report = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "agentctl"
    where, hint = f"It could not be written down: {type(error).__name__}.", "Please report it."
    try:
        report.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = report / f"crash-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.log"
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            file.write(f"agentctl {__version__}\nPython {sys.version}\n{platform.platform()}\n\n{_trace(error)}")
        where, hint = f"What happened is written down in {path}.", "Please report it with that file."
    except OSError:
        pass
    return AgentctlError("This is a bug in agentctl", where, hint=hint)


def _trace(error: BaseException) -> str:
    """The way to the error, file and line, without the values: an exception's words may hold a secret."""
    import traceback

    lines = []
    seen: BaseException | None = error
    while seen is not None:
        lines.append(f"{type(seen).__module__}.{type(seen).__name__}")
        frames = traceback.extract_tb(seen.__traceback__)
        lines += [f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        seen = seen.__cause__ or seen.__context__
    return "\n".join(lines) + "\n"


def _open_what_is_closed() -> None:
    """A command started with stdout or stderr closed talks to nobody, and does what it is told all the same."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  # until we end


def _forget_stdout() -> None:
    """The reader has gone: nothing more to say, and nothing to say at exit either."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
