"""What is offered for branches and files: ActionSpecs, and nothing that acts."""

from __future__ import annotations

from typing import Any

from agentctl.facts import replace
from agentctl.model.action import ActionSpec, Fidelity, Precondition, Readback, Reversibility, Settlement, Tier

STAYS = (
    "The branch's history keeps both commits; who was told of the push stays told, and what it started "
    "(checks, deployments) is not undone."
)
STAYS_OF_A_BRANCH = (
    "Pull requests from it or to it were closed and stay so, and rules for exactly its name may be gone."
)
_MOST = 300             # files in one commit; GitHub shows no more of one
_CONTENT: dict[str, Any] = {
    "description": "The whole file, byte for byte: text, or {$bytes: BASE64}.",
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {"$bytes": {"type": "string"}},
            "required": ["$bytes"],
            "additionalProperties": False,
        },
    ],
}
_MODE = {"enum": ["0644", "0755"], "description": "0755 is executable; else as it was, of a new file 0644."}
_PATH = {"type": "string", "minLength": 1, "maxLength": 1024, "description": "A file, from the top of the repository."}
_FIND = {"type": "string", "minLength": 1, "description": "A text that occurs exactly `count` times, over lines too."}
_PUT = {"type": "string", "description": "What stands there instead."}
_COUNT = {"type": "integer", "minimum": 1, "description": "How often the text occurs."}
_MESSAGE = {
    "type": "string", "pattern": r"^[^\x00]*\S[^\x00]*$", "maxLength": 65_536, "description": "The commit's message.",
}
_BLOB = {"type": "string", "pattern": "^[0-9a-f]{40}$", "description": "The id under which git keeps the content."}
_HEAD = {"type": "string", "description": "The commit the branch stands on."}
_FILE = {
    "content": {**_CONTENT, "description": "Text where it is UTF-8 without NUL. A symbolic link's is where it leads."},
    "mode": {"type": "string", "pattern": "^(0644|0755|120000|160000)$", "description": "120000 is a symbolic link."},
}


def _object(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


_REWRITTEN = _object(("path", "content"), path=_PATH, content=_CONTENT, mode=_MODE)
_REPLACED = _object(("path", "find", "replace", "count"), path=_PATH, find=_FIND, replace=_PUT, count=_COUNT)
_DELETED = _object(("path", "delete"), path=_PATH, delete={"const": True})
_RESTORED = _object(("path", "blob", "mode"), path=_PATH, blob=_BLOB, mode=_FILE["mode"])


def _files(*forms: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "array", "minItems": 1, "maxItems": _MOST, "items": {"anyOf": list(forms)},
        "description": "Each file with its new `content`, with a text to `find` and `replace`, or with `delete: true`.",
    }


COMMIT = ActionSpec(
    verb="files.commit",
    summary="Change several files of a branch in one commit.",
    target="a branch: OWNER/REPO/branches/BRANCH",
    arguments=_object(("files", "message"), files=_files(_REWRITTEN, _REPLACED, _DELETED), message=_MESSAGE),
    record=_object((), **_FILE),
    tier=Tier.WRITE,
    reversibility=Reversibility.COMPENSATING,
    stays=STAYS,
    preview=Fidelity.PARTIAL,       # no record tells the message: it is shown as it was given
    precondition=Precondition.ENFORCED,
    settlement=Settlement.CONDITIONAL,
    readback=Readback.RECORD,
    consistency=10,
    scopes=("contents:write",),
)
RESTORE = replace(
    COMMIT,
    verb="files.restore",
    summary="Bring files back to contents that git still keeps, in one commit.",
    arguments=_object(("files", "message"), files=_files(_RESTORED, _DELETED), message=_MESSAGE),
    inverse_only=True,
)
WORKFLOWS = replace(
    COMMIT,
    verb="workflows.commit",
    summary="Change several files in one commit, workflows among them: what GitHub runs, secrets in hand.",
    tier=Tier.EXECUTE,
    scopes=("contents:write", "workflows:write"),
)
WORKFLOWS_RESTORE = replace(
    RESTORE, verb="workflows.restore", summary="Bring files and workflows back, in one commit.",
    tier=Tier.EXECUTE, scopes=WORKFLOWS.scopes,
)
_ONE = replace(COMMIT, target="a file: OWNER/REPO/files/BRANCH:PATH")
FILE_CREATE = replace(
    _ONE,
    verb="file.create",
    summary="Create a file on a branch, in a commit of its own.",
    arguments=_object(("content", "message"), content=_CONTENT, mode=_MODE, message=_MESSAGE),
)
FILE_UPDATE = replace(
    _ONE,
    verb="file.update",
    summary="Change a file on a branch, in a commit of its own.",
    arguments={
        **_object(
            ("message",), content=_CONTENT, mode=_MODE, find=_FIND, replace=_PUT, count=_COUNT, message=_MESSAGE
        ),
        "oneOf": [
            {"required": ["content"], "properties": dict.fromkeys(("find", "replace", "count"), False)},
            {"required": ["find", "replace", "count"], "properties": dict.fromkeys(("content", "mode"), False)},
        ],
    },
)
FILE_DELETE = replace(
    _ONE,
    verb="file.delete",
    summary="Delete a file on a branch, in a commit of its own.",
    arguments=_object(("message",), message=_MESSAGE),
)
FILE_READ = ActionSpec(
    verb="file.read",
    summary="Read a file as a branch or a commit holds it.",
    target="a file: OWNER/REPO/files/BRANCH:PATH; a whole commit id may stand for the branch",
    arguments=_object(),
    record=COMMIT.record,
    tier=Tier.READ,
    reversibility=Reversibility.EXACT,
    preview=Fidelity.EXACT,
    settlement=Settlement.LOCAL,
    scopes=("contents:read",),
)
_BRANCH_RECORD = _object(
    (), head=_HEAD,
    protected={"type": "boolean", "description": "Whether a rule of the repository guards it."},
    default={"type": "boolean", "description": "Whether it is the repository's default branch."},
)
BRANCH_READ = replace(
    FILE_READ,
    verb="branch.read",
    summary="Read where a branch stands, and whether it is protected or the default one.",
    target="a branch: OWNER/REPO/branches/BRANCH",
    record=_BRANCH_RECORD,
)
BRANCH_CREATE = ActionSpec(
    verb="branch.create",
    summary="Make a branch where another one stands, or at a commit.",
    target="a branch: OWNER/REPO/branches/BRANCH",
    arguments=_object(
        ("from",),
        **{"from": {"type": "string", "minLength": 1, "description": "A branch, or a whole commit id."}},
    ),
    record=_BRANCH_RECORD,
    tier=Tier.DRAFT,
    reversibility=Reversibility.EXACT,
    stays="Who was told of the new branch stays told, and what it started (checks) is not undone.",
    preview=Fidelity.PARTIAL,
    precondition=Precondition.ENFORCED,
    settlement=Settlement.CONDITIONAL,
    readback=Readback.RECORD,
    consistency=10,
    scopes=("contents:write",),
)
_MADE_AT = {"type": "string", "pattern": "^[0-9a-f]{40}$", "description": "The commit the branch was made at."}
BRANCH_DELETE = replace(
    BRANCH_CREATE,
    verb="branch.delete",
    summary="Delete a branch that is neither the default one nor protected; its commits stay for a while.",
    arguments=_object(),
    tier=Tier.WRITE,
    stays=STAYS_OF_A_BRANCH,
    preview=Fidelity.EXACT,
    precondition=Precondition.CHECKED,
    settlement=Settlement.ASK,
)
BRANCH_UNMAKE = replace(
    BRANCH_DELETE,
    verb="branch.unmake",
    summary="Delete a branch that a step made, where it holds nothing but what it was made with.",
    arguments=_object(("from",), **{"from": _MADE_AT}),
    volatile=frozenset({"head"}),       # commits that were taken back leave it elsewhere: what counts is what it holds
    inverse_only=True,
)
