"""What the git connector offers: its ActionSpecs, and nothing that acts or opens a repository."""

from __future__ import annotations

from typing import Any, cast

from agentctl.facts import replace
from agentctl.model.action import ActionSpec, Fidelity, Precondition, Readback, Reversibility, Settlement, Tier

STAYS_OF_A_BRANCH = "The branch's reflog; commits only it held remain until git collects garbage."
STAYS_OF_A_MOVE = (
    "Where others built on it or it was pushed, a revert commit undoes it and history keeps both; "
    "times of files and what hooks did stay."
)
_FILE = {
    "content": {
        "anyOf": [
            {"type": "string"},
            {
                "type": "object",
                "properties": {"$bytes": {"type": "string"}},
                "required": ["$bytes"],
                "additionalProperties": False,
            },
        ],
        "description": "The bytes; text where they are UTF-8 without NUL. A symbolic link's is where it leads.",
    },
    "mode": {
        "type": "string",
        "pattern": "^([0-7]{4}|120000|160000)$",
        "description": "0644 or 0755 as git keeps it; 120000 is a symbolic link, 160000 a submodule.",
    },
}
_HEAD = {"head": {"type": "string", "description": "The commit the branch stands on."}}
_BRANCH_RECORD = {"type": "object", "properties": _HEAD, "additionalProperties": False}
_RECORD = {"type": "object", "properties": {**_HEAD, **_FILE}, "additionalProperties": False}
_FILE_RECORD = {"type": "object", "properties": _FILE, "additionalProperties": False}
_BRANCH = "a branch, as in main or agent/pricing"
_SHA = {"type": "string", "pattern": "^[0-9a-f]{40}$"}
_MAYBE_SHA = {"anyOf": [_SHA, {"type": "null"}]}
_PER_PATH = {"type": "object", "additionalProperties": {"type": ["string", "null"]}}


def _arguments(required: tuple[str, ...] = (), **properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object", "properties": properties, "required": list(required), "additionalProperties": False,
    }


def _text(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "description": description, **more}


_FROM = _text("A branch, a whole commit id, or a full name such as refs/tags/v1 or refs/remotes/origin/main.")

CREATE = ActionSpec(
    verb="branch.create",
    summary="Make a branch at a commit; nothing is checked out.",
    target=_BRANCH,
    arguments=_arguments(("from",), **{"from": _FROM}),
    record=_BRANCH_RECORD,
    tier=Tier.DRAFT,
    reversibility=Reversibility.EXACT,
    preview=Fidelity.EXACT,
    precondition=Precondition.ENFORCED,
    settlement=Settlement.KEYED,
    readback=Readback.RECORD,
)
DELETE = replace(
    CREATE,
    verb="branch.delete",
    summary="Delete a branch that is checked out nowhere; its commits stay.",
    arguments=_arguments(),
    tier=Tier.WRITE,
    stays=STAYS_OF_A_BRANCH,
    settlement=Settlement.LOCAL,        # a deleted branch has no log to bear our mark
)
COMMIT = ActionSpec(
    verb="commit.create",
    summary="Commit exactly the given paths as they lie in the working tree, on top of a branch.",
    target=_BRANCH,
    arguments=_arguments(
        ("paths", "message"),
        paths={
            "type": "array",
            "items": _text("A file, from the top of the repository; one that is gone is removed."),
            "minItems": 1,
            "uniqueItems": True,
            "maxItems": 1000,
        },
        message=_text("The commit's message.", pattern=r"\S"),
    ),
    record=_RECORD,
    tier=Tier.WRITE,
    reversibility=Reversibility.EXACT,
    stays=STAYS_OF_A_MOVE,
    preview=Fidelity.PARTIAL,
    precondition=Precondition.ENFORCED,
    settlement=Settlement.KEYED,
    readback=Readback.RECORD,
)
MERGE = replace(
    COMMIT,
    verb="branch.merge",
    summary="Bring a branch forward to what another one holds; only as a fast-forward.",
    arguments=_arguments(("from",), **{"from": _FROM}),
    preview=Fidelity.EXACT,
)
REVERT = replace(
    COMMIT,
    verb="commit.revert",
    summary="Take one earlier commit back out of a branch, by a new commit.",
    arguments=_arguments(
        ("commit",),
        commit={**_SHA, "description": "The whole id of a commit with one parent or none."},
        message=_text("The new commit's message; git's usual one where there is none.", pattern=r"\S"),
    ),
)
READ = ActionSpec(
    verb="file.read",
    summary="Read a file as a branch, tag or commit holds it.",
    target="REVISION:PATH, as in main:site/pricing.html",
    arguments=_arguments(),
    record=_FILE_RECORD,
    tier=Tier.READ,
    reversibility=Reversibility.EXACT,
    preview=Fidelity.EXACT,
    settlement=Settlement.LOCAL,
    readback=Readback.NONE,
)
UNDO = replace(
    COMMIT,
    verb="branch.undo",
    summary="Take back what was brought to a branch: by moving it, or by a revert commit where others built on it.",
    arguments=_arguments(
        ("from", "to", "index", "wrote", "public"),
        **cast(dict[str, Any], {
            "from": {**_MAYBE_SHA, "description": "Where the branch was brought."},
            "to": {**_MAYBE_SHA, "description": "Where it stood before; null where it did not exist."},
            "index": {
                "anyOf": [_PER_PATH, {"type": "null"}],
                "description": "Each path's index entry before; null where the branch was not checked out.",
            },
            "wrote": {**_PER_PATH, "description": "The mode before of each working file that was written."},
            "public": {"type": "boolean", "description": "Whether `from` was on a remote before it was brought here."},
        }),
    ),
    volatile=frozenset({"head"}),       # others may build on it: what counts is what the files hold
    inverse_only=True,
)
MOVE = replace(
    UNDO, verb="branch.move", summary="Move a branch to where it stood before an undo.", volatile=frozenset(),
    preview=Fidelity.EXACT,
)
SPECS = {spec.verb: spec for spec in (CREATE, DELETE, COMMIT, MERGE, REVERT, READ, UNDO, MOVE)}
