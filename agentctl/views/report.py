"""The formats CI systems read, and a document in any of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from posixpath import join
from typing import Any

from agentctl.views.annotations import Annotation, annotate


class Report(StrEnum):
    """How a result is printed where a person or a CI system may read it; the first two are drawn by ``emit``."""

    TERMINAL = "terminal"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"
    GITHUB = "github"
    MARKDOWN = "markdown"


def report(document: Mapping[str, Any], format: Report, files: Sequence[str], *, below: str = "") -> str:
    """Return a Diagnostics-, ChangeSet- or ErrorDocument of ``files`` as text in a CI format.

    ``below`` is the folder the command runs in, seen from the repository's root: annotations are placed from there.
    """
    from agentctl.views.github import github
    from agentctl.views.junit import junit
    from agentctl.views.markdown import markdown
    from agentctl.views.sarif import sarif

    match format:
        case Report.SARIF:
            return sarif(_placed(document, below))
        case Report.GITHUB:
            return github(_placed(document, below))
        case Report.JUNIT:
            return junit(document, files)
        case Report.MARKDOWN:
            return markdown(document, files)
    raise ValueError(format)


def _placed(document: Mapping[str, Any], below: str) -> list[Annotation]:
    return [replace(item, file=join(below, item.file)) if item.file else item for item in annotate(document)]
