"""The policy document: one file or a folder of them to a Policy, or every reason why not. Judging is ``evaluate``'s."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from agentctl import resources
from agentctl.errors import Invalid
from agentctl.model.diagnostic import Diagnostic, Severity
from agentctl.policy.reading import Reading
from agentctl.policy.rules import Policy
from agentctl.syntax import schema, yaml
from agentctl.syntax.document import Document

__all__ = ["Policy", "load"]

LARGEST = 4 * 2**20

Source: TypeAlias = tuple[str, bytes]


def load(sources: Iterable[Source]) -> Policy:
    """Return the policy that ``sources`` (file name, content) make together.

    Raises Invalid with every diagnostic; a policy that is missing, empty or too large is invalid, and so denies.
    """
    files = list(sources)
    if not files:
        raise Invalid(
            "Policy missing",
            "There is no policy file, and without a policy nothing is allowed.",
            hint="Begin with one of the policies that `agentctl init --policy NAME` offers.",
        )
    if (size := sum(len(data) for _, data in files)) > LARGEST:
        raise Invalid("Policy too large", f"The policy has {size} bytes; at most {LARGEST} are read.")
    documents, problems = _parse(files)
    reading = Reading()
    for document in documents:
        reading.read(document)
    if not problems:
        reading.compare()
    if problems := [*problems, *reading.problems]:
        raise _invalid(files, problems)
    return reading.policy()


def _parse(files: Sequence[Source]) -> tuple[list[Document], list[Diagnostic]]:
    """Return the files that can be understood, and what is wrong with the others."""
    documents, problems = [], []
    for file, data in files:
        try:
            document = yaml.parse(data, file)
        except Invalid as error:
            problems += [item for item in error.diagnostics if item.severity is Severity.ERROR]
            continue
        if found := schema.check(document, _schema(), ours=True):
            problems += found
        else:
            documents.append(document)
    return documents, problems


@functools.cache
def _schema() -> dict[str, Any]:
    return resources.schema("policy")


def _invalid(files: Sequence[Source], problems: Sequence[Diagnostic]) -> Invalid:
    where = files[0][0] if len(files) == 1 else f"The policy's {len(files)} files"
    count = f"{len(problems)} error" + "s" * (len(problems) != 1)
    verb = "has" if len(files) == 1 else "have"
    order = [file for file, _ in files]
    placed = sorted(problems, key=lambda item: _place(item, order))
    return Invalid("Policy not valid", f"{where} {verb} {count}.", diagnostics=tuple(placed))


def _place(item: Diagnostic, order: Sequence[str]) -> tuple[int, int, int]:
    return (order.index(item.span.file), item.span.line, item.span.column) if item.span else (0, 0, 0)
