"""The formats CI systems read, and a document in any of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from posixpath import isabs, join, normpath
from typing import TYPE_CHECKING, Any

from agentctl.facts import replace

if TYPE_CHECKING:
    from agentctl.views.annotations import Annotation

_AT_A_REF = "git:"


class Report(StrEnum):
    """How a result is printed where a person or a CI system may read it; the first two are drawn by ``emit``."""

    TERMINAL = "terminal"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"
    GITHUB = "github"
    MARKDOWN = "markdown"


def report(
    document: Mapping[str, Any],
    format: Report,
    files: Sequence[str],
    *,
    checkout: str = "",
    below: str = "",
    at: str = "",
) -> str:
    """Return a document of ``validate``, ``plan``, ``policy test|lint|replay`` or of a failure, in a CI format.

    ``files`` name what it is about. Annotations are placed as seen from ``checkout``, the repository's root; places
    begin in ``below``, a folder in it. What has no place is at the top of the file ``at``, where a format wants one.
    """
    from agentctl.views.github import github
    from agentctl.views.junit import junit
    from agentctl.views.markdown import markdown
    from agentctl.views.sarif import sarif

    match format:
        case Report.SARIF:
            top, found = _seen_from(checkout, below, at), _placed(document, checkout, below)
            return sarif([item if item.file else replace(item, file=top) for item in found])
        case Report.GITHUB:
            return github(_placed(document, checkout, below))
        case Report.JUNIT:
            return junit(document, files)
        case Report.MARKDOWN:
            return markdown(document, files)
    raise ValueError(format)


def _placed(document: Mapping[str, Any], checkout: str, below: str) -> list[Annotation]:
    from agentctl.views.annotations import annotate

    return [_in_checkout(item, checkout, below) if item.file else item for item in annotate(document)]


def _in_checkout(item: Annotation, checkout: str, below: str) -> Annotation:
    """Return ``item`` placed in the checkout. What lies in no checkout, as at a git ref, is named in the text."""
    if file := _seen_from(checkout, below, item.file):
        return replace(item, file=file)
    return replace(item, file="", line=1, column=1, text=f"{item.file}:{item.line}:{item.column} {item.text}")


def _seen_from(checkout: str, below: str, file: str) -> str:
    """Return how ``file`` is called in the checkout, or nothing where it lies elsewhere."""
    if not file or file.startswith(_AT_A_REF):
        return ""
    if isabs(file):
        return file.removeprefix(f"{checkout}/") if checkout and file.startswith(f"{checkout}/") else ""
    return normpath(join(below, file))
