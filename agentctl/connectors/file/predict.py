"""What a step would leave of the files it names: pure, from what was read. Touches no disk."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import cast

from agentctl.connectors.file.edit import Format, set_value, unset_value
from agentctl.errors import Rejected
from agentctl.facts import dataclass
from agentctl.model.plan import Step, argument_to_wire
from agentctl.model.values import Fields, Unknown, Value, has_unknown, to_wire

DEFAULT_MODE = "0644"
_MODE = re.compile(r"[0-7]{4}")
_FORMATS = {"json": Format.JSON, "yaml": Format.YAML}
_SPECIAL = 0o7000
_OWNER_READS = 0o400


@dataclass(frozen=True)
class File:
    """A file's record: content (Unknown where an earlier step's effect is) and mode."""

    content: Value
    mode: Value

    @property
    def fields(self) -> Fields:
        return {"content": self.content, "mode": self.mode}


def file_of(fields: Fields | None) -> File | None:
    return None if fields is None else File(fields["content"], fields["mode"])


def text_or_bytes(data: bytes) -> str | bytes:
    """Return ``data`` as the record shows it: text where it is UTF-8 without NUL."""
    if b"\0" in data:
        return data
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def to_bytes(content: Value) -> bytes:
    """Return the bytes of a known content."""
    if isinstance(content, bytes):
        return content
    if not isinstance(content, str):
        raise Rejected("Content malformed", f"A file holds text or bytes, not a {type(content).__name__}.")
    try:
        return content.encode()
    except UnicodeEncodeError as error:
        raise Rejected("Text not encodable", "The content holds half a surrogate pair, which no file can.") from error


def to_mode(mode: Value) -> int:
    """Return the number a known mode stands for."""
    if not isinstance(mode, str) or not _MODE.fullmatch(mode):
        raise Rejected("Mode malformed", f'A mode is octal in quotes, as in "0644"; not {mode!r}.')
    return int(mode, 8)


def written(step: Step, before: File | None) -> File:
    """``file.write`` and ``file.create``."""
    if before is not None and step.verb == "file.create":
        raise Rejected("File exists", f"{step.target!r} exists already.", hint="Use file.write to replace it.")
    mode = step.with_.get("mode", DEFAULT_MODE if before is None else before.mode)
    content = _given(step.with_["content"])
    return File(content if has_unknown(content) else text_or_bytes(to_bytes(content)), _given(mode))


def edited(step: Step, before: File, limit: int) -> File:
    """Every action that changes an existing file in place. Refuses early what would grow beyond ``limit``."""
    arguments = {name: _given(argument) for name, argument in step.with_.items()}
    if step.verb == "file.mode":
        return File(before.content, arguments["mode"])
    if has_unknown(before.content) or any(map(has_unknown, arguments.values())):
        return File(_later(step, before.content), before.mode)
    if isinstance(before.content, bytes):
        raise Rejected("Not a text file", f"{step.target!r} is binary.", hint="Use file.write with {$bytes: …}.")
    text = cast(str, before.content)
    if step.verb == "text.replace":
        return File(_replaced(step.target, text, arguments, limit), before.mode)
    path, format_ = _path(arguments["path"]), _FORMATS[step.verb.partition(".")[0]]
    if step.verb.endswith(".unset"):
        return File(unset_value(step.target, text, format_, path), before.mode)
    return File(set_value(step.target, text, format_, path, arguments["value"]), before.mode)


def admit(path: str, file: File | None) -> None:
    """Raise Rejected for a file whose permissions could not be kept or read back."""
    if file is None or has_unknown(file.mode):
        return
    mode = to_mode(file.mode)
    if mode & _SPECIAL or not mode & _OWNER_READS:
        raise Rejected(
            "Permissions out of the ordinary",
            f"{path!r} has mode {mode:04o}; files with setuid, setgid or sticky bit, or that their owner cannot "
            "read, are left alone.",
        )


def _replaced(path: str, text: str, arguments: Mapping[str, Value], limit: int) -> str:
    find, new, count = (arguments[name] for name in ("find", "replace", "count"))
    if not (isinstance(find, str) and isinstance(new, str) and isinstance(count, int) and find):
        raise Rejected("Argument malformed", "text.replace takes the texts `find` and `replace` and a `count`.")
    found = text.count(find)
    if found != count:
        hint = "Its lines end in CR LF." if not found and "\n" in find and "\r\n" in text else ""
        raise Rejected("Text occurs another number of times", f"{path!r} has it {found} times, not {count}.", hint=hint)
    if len(text) + found * (len(new) - len(find)) > limit:
        raise Rejected("File too large", f"{path!r} would be larger than `max_bytes` allows ({limit}).")
    return text.replace(find, new)


def _path(path: Value) -> str | Sequence[str | int]:
    if isinstance(path, str):
        return path
    if isinstance(path, list | tuple) and all(isinstance(key, str | int) for key in path):
        return cast("Sequence[str | int]", path)
    raise Rejected("Path malformed", "A path is a list of keys and indices, or a JSON Pointer.")


def _given(argument: object) -> Value:
    return cast(Value, argument)


def _later(step: Step, content: Value) -> Unknown:
    """Say out of what the content will come, so that no two unknown contents are taken for the same."""
    with_ = {name: argument_to_wire(argument) for name, argument in step.with_.items()}
    source = to_wire(content) if has_unknown(content) else None
    return Unknown({"action": step.action, "target": step.target, "with": with_, "content": source})
