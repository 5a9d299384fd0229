"""Which rejections stand in a workspace: those its trace tells, and those kept in files that it does not tell yet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agentctl.engine.rejections import Unreadable, standing, told
from agentctl.engine.signers import not_of
from agentctl.errors import Invalid
from agentctl.identity import statements as files
from agentctl.model.changeset import ChangeSet, Purpose
from agentctl.model.rejection import Rejected, Rejection, Statement
from agentctl.model.run import History
from agentctl.policy.rules import Policy
from agentctl.store import statements as store
from agentctl.store.layout import Layout


def rejections_of(changeset: ChangeSet, layout: Layout, history: History, policy: Policy) -> tuple[Rejected, ...]:
    """Return what stands against ``changeset``. A rollback is not rejected: whoever is on call may put things back."""
    if changeset.purpose is Purpose.ROLLBACK:
        return ()
    kept = [one for _, one in _kept(layout)]        # first: what is recorded meanwhile is then found in the trace
    return standing(changeset.effects, told(history.acts), kept, policy)


def listed(layout: Layout, history: History, policy: Policy, digest: str) -> list[tuple[Statement, bool]]:
    """Return every rejection of a changeset whose digest begins like ``digest``, and whether it stands."""
    kept = [one for _, one in _kept(layout)]
    recorded = list(told(history.acts))
    said = {one.id: one for one in (*recorded, *(one.statement for one in kept if not isinstance(one, Unreadable)))}
    found = []
    wanted = "sha256:" + digest.removeprefix("sha256:")
    for statement in said.values():
        if statement.withdraws or not statement.digest.startswith(wanted):
            continue
        stands = {one.id for one in standing(statement.effects, recorded, kept, policy)}
        found.append((statement, statement.id in stands))
    return sorted(found, key=lambda item: item[0].from_)


def damaged(layout: Layout) -> list[Unreadable]:
    """Return the kept files that can't be read and may have been rejections, of whichever effects: they stand."""
    return [one for _, one in _kept(layout) if isinstance(one, Unreadable)]


def unrecorded(layout: Layout, history: History, policy: Policy) -> Iterator[tuple[Path, Rejection | None]]:
    """Yield each kept file whose signature holds, with what the trace doesn't tell of it yet: None where it does."""
    known = {statement.id for statement in told(history.acts)}
    for path, one in _kept(layout):
        if isinstance(one, Unreadable) or not_of(one, one.statement.person, policy):
            continue
        yield path, None if one.statement.id in known else one


def _kept(layout: Layout) -> Iterator[tuple[Path, Rejection | Unreadable]]:
    for one in store.kept(layout, Statement.NOUN):
        try:
            said = files.parse(one.content, one.path.name, Statement)
        except Invalid as error:
            yield one.path, Unreadable(name=one.path.name, effects=one.about, why=one.why or error.summary)
            continue
        statement = said.statement
        if one.path.name == store.name_of(Statement.NOUN, statement.effects, statement.id):
            yield one.path, said
        else:
            yield one.path, Unreadable(name=one.path.name, effects=one.about, why="it is not what its name says")
