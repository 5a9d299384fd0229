"""A result printed in a CI format, the failure of the command included: a job's report is never an empty file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from agentctl.cli.output import emit
from agentctl.cli.session import Draw, Session
from agentctl.errors import AgentctlError
from agentctl.views.emit import Format, write
from agentctl.views.look import Detail
from agentctl.views.report import Report, report

ReportOption = Annotated[Report, typer.Option("--format", help="How to print the result.")]
_DRAWN = (Report.TERMINAL, Report.JSON)


def emit_report(
    document: Mapping[str, Any],
    draw: Draw,
    session: Session,
    files: Sequence[Path],
    *,
    format: Report,
    into: Path | None,
    detail: Detail = Detail.COMPACT,
) -> None:
    """Print ``document`` of ``files`` to stdout in ``format``; write it as JSON ``into`` a file."""
    ours = Format(format.value) if format in _DRAWN else Format.JSON
    emit(document, draw, session, format=ours, into=into, detail=detail, quiet=format not in _DRAWN)
    if format not in _DRAWN:
        _write(document, format, files)


@contextmanager
def reported(format: Report, files: Sequence[Path]) -> Iterator[None]:
    """Where the command fails and a CI format was asked for, print the failure in it as well."""
    try:
        yield
    except AgentctlError as error:
        if format not in _DRAWN:
            from agentctl.views.document.errors import error as document

            _write(document(error), format, files)
        raise


def _write(document: Mapping[str, Any], format: Report, files: Sequence[Path]) -> None:
    write(report(document, format, [str(file) for file in files], below=_below(os.environ)), sys.stdout)


def _below(environ: Mapping[str, str]) -> str:
    """Return the current folder as seen from the checkout's root, where the CI system says which that is."""
    root = environ.get("GITHUB_WORKSPACE") or environ.get("CI_PROJECT_DIR")
    here = Path.cwd()
    if not root or not here.is_relative_to(root):
        return ""
    return "" if here == Path(root) else here.relative_to(root).as_posix()
