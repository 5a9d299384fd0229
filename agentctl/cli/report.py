"""A result printed in a CI format, the failure of the command included: a job's report is never an empty file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from agentctl.cli.declared import option
from agentctl.cli.output import emit
from agentctl.cli.session import Draw, Session
from agentctl.errors import AgentctlError
from agentctl.views.emit import Format, write
from agentctl.views.look import Detail
from agentctl.views.report import Report, report

_WORKSPACE_FILE = "agentctl.yaml"
ReportOption = Annotated[Report, option("--format", help="How to print the result.")]
_DRAWN = (Report.TERMINAL, Report.JSON)


def emit_report(
    document: Mapping[str, Any],
    draw: Draw,
    session: Session,
    files: Sequence[Path | str],
    *,
    format: Report,
    into: Path | None,
    detail: Detail = Detail.COMPACT,
    root: Path | None = None,
) -> None:
    """Print ``document`` of ``files`` to stdout in ``format``; write it as JSON ``into`` a file.

    What is told of a policy has its places in the workspace at ``root``; else they begin in the current folder.
    """
    ours = Format(format.value) if format in _DRAWN else Format.JSON
    emit(document, draw, session, format=ours, into=into, detail=detail, quiet=format not in _DRAWN)
    if format not in _DRAWN:
        _write(document, format, files, root)


@contextmanager
def reported(format: Report, files: Sequence[Path | str]) -> Iterator[None]:
    """Where the command fails and a CI format was asked for, print the failure in it as well."""
    try:
        yield
    except AgentctlError as error:
        if format not in _DRAWN:
            from agentctl.views.document.errors import error as document

            _write(document(error), format, files, None)
        raise


def _write(document: Mapping[str, Any], format: Report, files: Sequence[Path | str], root: Path | None) -> None:
    names = [str(file) for file in files]
    checkout, below = _checkout(root or Path.cwd(), os.environ)
    at = _WORKSPACE_FILE if root else names[0]
    write(report(document, format, names, checkout=checkout, below=below, at=at), sys.stdout)


def _checkout(folder: Path, environ: Mapping[str, str]) -> tuple[str, str]:
    """Return the checkout's root, where the CI system says which that is, and ``folder`` as seen from there."""
    root = environ.get("GITHUB_WORKSPACE") or environ.get("CI_PROJECT_DIR")
    if not root or not folder.resolve().is_relative_to(Path(root).resolve()):
        return "", ""
    below = folder.resolve().relative_to(Path(root).resolve()).as_posix()
    return root.rstrip("/"), "" if below == "." else below
