"""What the file connector offers: its ActionSpecs, and nothing that acts."""

from __future__ import annotations

from typing import Any

from agentctl.facts import replace
from agentctl.model.action import (
    ActionSpec,
    Fidelity,
    Precondition,
    Readback,
    Reversibility,
    Settlement,
    Tier,
)

_CONTENT = {
    "description": "Text, or {$bytes: BASE64}.",
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
_MODE = {"description": "Permissions in octal, as in 0644.", "type": "string", "pattern": "^0[4-7][0-7]{2}$"}
_PATH = {
    "description": "Keys and 0-based indices from the top, or a JSON Pointer such as /plans/annual/price.",
    "anyOf": [
        {"type": "array", "minItems": 1, "items": {"anyOf": [{"type": "string"}, {"type": "integer", "minimum": 0}]}},
        {"type": "string", "pattern": "^/"},
    ],
}
_PRUNE = {"type": "array", "items": {"type": "string"}}
_RECORD = {
    "type": "object",
    "properties": {
        "content": {**_CONTENT, "description": "Text where it is valid UTF-8 without NUL, else bytes."},
        "mode": {"type": "string", "pattern": "^[0-7]{4}$"},
    },
    "required": ["content", "mode"],
    "additionalProperties": False,
}


def _arguments(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": list(required)} if required else schema


_REWRITE = ActionSpec(
    verb="file.write",
    summary="Write a file as a whole; create it where it is absent.",
    target="a path below the root, as in site/pricing.html",
    arguments=_arguments(("content",), content=_CONTENT, mode=_MODE),
    record=_RECORD,
    tier=Tier.WRITE,
    reversibility=Reversibility.EXACT,
    stays="The time of modification; other hard links to the file keep the content they had.",
    preview=Fidelity.EXACT,
    precondition=Precondition.CHECKED,
    settlement=Settlement.LOCAL,
    readback=Readback.RECORD,
)
_READ = ActionSpec(
    verb="text.read",
    summary="Read a file.",
    target=_REWRITE.target,
    arguments=_arguments(),
    record=_RECORD,
    tier=Tier.READ,
    reversibility=Reversibility.EXACT,
    preview=Fidelity.EXACT,
    settlement=Settlement.LOCAL,
)
_REPLACE = replace(
    _REWRITE,
    verb="text.replace",
    summary="Replace a text that occurs exactly as often as stated.",
    arguments=_arguments(
        ("find", "replace", "count"),
        find={"type": "string", "minLength": 1},
        replace={"type": "string"},
        count={"description": "How often the text occurs.", "type": "integer", "minimum": 1},
    ),
)
_CREATE = replace(
    _REWRITE,
    verb="file.create",
    summary="Create a file, and the directories on the way to it.",
    stays="The times of the directories.",
)
_DELETE = replace(
    _REWRITE,
    verb="file.delete",
    summary="Delete a file.",
    arguments=_arguments(),
    stays="The times, the owner, extended attributes and other hard links are not brought back.",
)
_MOVE = replace(
    _REWRITE,
    verb="file.move",
    summary="Give a file another path, which nothing may have yet.",
    arguments=_arguments(("to",), to={"description": "A path below the root.", "type": "string", "minLength": 1}),
    stays="The times of the directories.",
)
_CHMOD = replace(
    _REWRITE,
    verb="file.mode",
    summary="Set a file's permissions.",
    arguments=_arguments(("mode",), mode=_MODE),
    stays="The time of the last change of status.",
)
_SET = replace(
    _REWRITE,
    verb="json.set",
    summary="Set one value in a JSON file; everything else keeps its bytes.",
    arguments=_arguments(("path", "value"), path=_PATH, value={"description": "Any JSON value."}),
)
_UNSET = replace(
    _REWRITE,
    verb="json.unset",
    summary="Take one key or item out of a JSON file; everything else keeps its bytes.",
    arguments=_arguments(("path",), path=_PATH),
)
_UNMAKE = replace(
    _DELETE,
    verb="file.unmake",
    summary="Delete a file that a step made, and the directories made for it that are empty.",
    arguments=_arguments(("prune",), prune=_PRUNE),
    inverse_only=True,
)
_UNMOVE = replace(
    _MOVE,
    verb="file.unmove",
    summary="Move a file back, and remove the directories made for it that are empty.",
    arguments=_arguments(("to", "prune"), to=_MOVE.arguments["properties"]["to"], prune=_PRUNE),
    inverse_only=True,
)

SPECS = {
    spec.verb: spec
    for spec in (
        _READ,
        _REPLACE,
        _CREATE,
        _REWRITE,
        _MOVE,
        _DELETE,
        _CHMOD,
        _SET,
        _UNSET,
        replace(_SET, verb="yaml.set", summary="Set one value in a YAML file; all else stays, comments too."),
        replace(_UNSET, verb="yaml.unset", summary="Take one key or item out of a YAML file; all else stays."),
        _UNMAKE,
        _UNMOVE,
    )
}
