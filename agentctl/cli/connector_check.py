"""``agentctl connectors check``: what is wrong with a manifest of the rest connector."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from agentctl.cli.declared import argument, option
from agentctl.cli.options import JsonInto
from agentctl.cli.report import ReportOption, emit_report, reported
from agentctl.cli.session import Session
from agentctl.errors import Exit
from agentctl.views.report import Report


def check(
    session: Session,
    manifest: Annotated[Path, argument(metavar="MANIFEST", help="A connector manifest.", show_default=False)],
    openapi: Annotated[
        Path | None, option("--openapi", metavar="FILE", help="The API's OpenAPI description, JSON or YAML.")
    ] = None,
    format: ReportOption = Report.TERMINAL,
    json_into: JsonInto = None,
) -> Exit:
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
    emit_report(document, draw_diagnostics, session, [manifest], format=format, into=json_into)
    return Exit.OK if document["valid"] else Exit.INVALID
