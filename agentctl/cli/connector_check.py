"""``agentctl connectors check``: what is wrong with a manifest of the rest connector."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agentctl.cli.options import JsonInto
from agentctl.cli.report import ReportOption, emit_report, reported
from agentctl.errors import Exit
from agentctl.views.report import Report


def check(
    context: typer.Context,
    manifest: Annotated[Path, typer.Argument(metavar="MANIFEST", help="A connector manifest.", show_default=False)],
    openapi: Annotated[
        Path | None, typer.Option("--openapi", metavar="FILE", help="The API's OpenAPI description, JSON or YAML.")
    ] = None,
    format: ReportOption = Report.TERMINAL,
    json_into: JsonInto = None,
) -> None:
    """Check a connector manifest, and every request it can send against the API's description. Asks no system.

    Every problem is reported at once, with its place. Ends with 3 where there is one.

        agentctl connectors check kinto.yaml
        agentctl connectors check tracker.yaml --openapi tracker-openapi.json
    """
    from agentctl.views.document.diagnostics import diagnostics
    from agentctl.views.terminal.diagnostics import draw_diagnostics
    from agentctl.workspace.manifests import examined

    with reported(format, [manifest]):
        document = diagnostics(examined(manifest, openapi), [str(manifest)])
    emit_report(document, draw_diagnostics, context.obj, [manifest], format=format, into=json_into)
    raise typer.Exit(Exit.OK if document["valid"] else Exit.INVALID)
