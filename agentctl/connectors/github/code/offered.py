"""The verbs for branches and files, each a Hook, and the records they are about."""

from __future__ import annotations

from agentctl.connectors.github.code import actions
from agentctl.connectors.github.code.branches import Creation, Deletion
from agentctl.connectors.github.code.commits import Commits
from agentctl.connectors.github.code.looking import Looking
from agentctl.connectors.github.code.records import Records
from agentctl.connectors.github.hook import Hook
from agentctl.connectors.rest.connector import RestConnector

_COMMITTING = (
    actions.FILE_CREATE, actions.FILE_UPDATE, actions.FILE_DELETE, actions.COMMIT, actions.RESTORE, actions.WORKFLOWS,
    actions.WORKFLOWS_RESTORE,
)
_READING = (actions.FILE_READ, actions.BRANCH_READ)


def hooks(rest: RestConnector, records: Records) -> tuple[Hook, ...]:
    """Return every verb for branches and files."""
    return (
        Creation(rest=rest, records=records),
        *(Deletion(rest=rest, records=records, spec=spec) for spec in (actions.BRANCH_DELETE, actions.BRANCH_UNMAKE)),
        *(Looking(spec=spec, records=records) for spec in _READING),
        *(Commits(spec=spec, rest=rest, records=records) for spec in _COMMITTING),
    )
