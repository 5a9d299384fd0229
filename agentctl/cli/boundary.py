"""The one place where an error becomes a message and an exit code. Nothing above it sees a traceback."""

from __future__ import annotations

import gc
import os
import platform
import sys
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from click import Abort, ClickException, UsageError
from click.exceptions import Exit as ClickExit
from click.exceptions import NoArgsIsHelpError

from agentctl import __version__
from agentctl.errors import AgentctlError, Exit


def run(arguments: Sequence[str]) -> int:
    """Run the command line ``arguments`` and return the exit code of the table in ``errors``."""
    from agentctl.cli.app import root

    _open_what_is_closed()
    # Plans and traces are many small values that live until the end and hold no cycles: looking for cycles every 700
    # allocations, as is usual, took a sixth of planning 10,000 steps and freed nothing.
    gc.set_threshold(20_000)
    try:
        result = root().main(list(arguments), prog_name="agentctl", standalone_mode=False)
        sys.stdout.flush()
    except AgentctlError as error:
        _tell(error)
        return int(error.code)
    except ClickExit as stop:
        return int(stop.exit_code)
    except NoArgsIsHelpError as error:
        print(error.format_message(), file=sys.stderr)  # noqa: T201  # nothing was asked for: this is how to ask
        return int(Exit.USAGE)
    except UsageError as error:
        _tell(_usage(error))
        return int(Exit.USAGE)
    except ClickException as error:
        _tell(AgentctlError("The command failed", error.format_message()))
        return int(Exit.UNEXPECTED)
    except (Abort, KeyboardInterrupt):
        print("\ninterrupted", file=sys.stderr)  # noqa: T201  # the last word before we go
        return int(Exit.INTERRUPTED)
    except BrokenPipeError:
        _forget_stdout()
        return int(Exit.OK)
    except Exception as error:  # noqa: BLE001  # the boundary: what gets here is a bug, and is told as one
        _tell(_bug(error))
        return int(Exit.UNEXPECTED)
    return int(result or Exit.OK)


def _tell(error: AgentctlError) -> None:
    from agentctl.cli.quote import quote
    from agentctl.views.document.errors import error as document
    from agentctl.views.emit import write
    from agentctl.views.look import look_for
    from agentctl.views.terminal.errors import draw_error

    error.diagnostics = quote(error.diagnostics)
    write(draw_error(document(error), look_for(sys.stderr, os.environ, no_color=_no_color())), sys.stderr)


def _no_color() -> bool:
    """Whether the command line asked for no colour, whatever became of it."""
    return "--no-color" in sys.argv[1:]


def _usage(error: UsageError) -> AgentctlError:
    context = error.ctx
    path = context.command_path if context else "agentctl"
    return AgentctlError(
        "Wrong usage", error.format_message(), hint="See how it is used with:", command=f"{path} --help"
    )


def _bug(error: Exception) -> AgentctlError:
    """Write what a bug report needs to a file, and point at it: never a bare traceback."""
    report = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "agentctl"
    where = f"It could not be written down: {type(error).__name__}."
    try:
        report.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = report / f"crash-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.log"
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            file.write(f"agentctl {__version__}\nPython {sys.version}\n{platform.platform()}\n\n{_trace(error)}")
        where = f"What happened is written down in {path}."
    except OSError:
        pass
    return AgentctlError("This is a bug in agentctl", where, hint="Please report it with that file.")


def _trace(error: BaseException) -> str:
    """The way to the error, file and line, without the values: an exception's words may hold a secret."""
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
