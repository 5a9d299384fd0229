"""What a step would leave of the files it names: pure, from what was read. Touches no disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from agentctl.connectors.file.edit import Format, set_value, unset_value
from agentctl.errors import Rejected
from agentctl.model.plan import Step, argument_to_wire
from agentctl.model.values import Fields, Unknown, Value, has_unknown, to_wire

DEFAULT_MODE = "0644"
_SPECIAL = 0o7000
_OWNER_READS = 0o400


@dataclass(frozen=True, slots=True)
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
    try:
        return cast(str, content).encode()
    except UnicodeEncodeError as error:
        raise Rejected("Text not encodable", "The content holds half a surrogate pair, which no file can.") from error


def written(step: Step, before: File | None) -> File:
    """``file.write`` and ``file.create``."""
    if before is not None and step.verb == "file.create":
        raise Rejected("File exists", f"{step.target!r} exists already.", hint="Use file.write to replace it.")
    mode = step.with_.get("mode", DEFAULT_MODE if before is None else before.mode)
    content = _given(step.with_["content"])
    return File(content if has_unknown(content) else text_or_bytes(to_bytes(content)), _given(mode))


def edited(step: Step, before: File) -> File:
    """Every action that changes an existing file in place."""
    arguments = {name: _given(argument) for name, argument in step.with_.items()}
    if step.verb == "file.mode":
        return File(before.content, arguments["mode"])
    if has_unknown(before.content) or any(map(has_unknown, arguments.values())):
        return File(_later(step, before.content), before.mode)
    if isinstance(before.content, bytes):
        raise Rejected("Not a text file", f"{step.target!r} is binary.", hint="Use file.write with {$bytes: …}.")
    return File(_EDITS[step.verb](step.target, cast(str, before.content), arguments), before.mode)


def admit(path: str, file: File | None) -> None:
    """Raise Rejected for a file whose permissions could not be kept or read back."""
    if file is None or has_unknown(file.mode):
        return
    mode = int(cast(str, file.mode), 8)
    if mode & _SPECIAL or not mode & _OWNER_READS:
        raise Rejected(
            "Permissions out of the ordinary",
            f"{path!r} has mode {mode:04o}; files with setuid, setgid or sticky bit, or that their owner cannot "
            "read, are left alone.",
        )


def _replaced(path: str, text: str, arguments: Mapping[str, Value]) -> str:
    find, new, count = (arguments[name] for name in ("find", "replace", "count"))
    if not (isinstance(find, str) and isinstance(new, str) and isinstance(count, int) and find):
        raise Rejected("Argument malformed", "text.replace takes the texts `find` and `replace` and a `count`.")
    found = text.count(find)
    if found != count:
        hint = "Its lines end in CR LF." if not found and "\n" in find and "\r\n" in text else ""
        raise Rejected("Text occurs another number of times", f"{path!r} has it {found} times, not {count}.", hint=hint)
    return text.replace(find, new)


def _setter(format_: Format) -> Callable[[str, str, Mapping[str, Value]], str]:
    return lambda path, text, arguments: set_value(path, text, format_, _steps(arguments["path"]), arguments["value"])


def _unsetter(format_: Format) -> Callable[[str, str, Mapping[str, Value]], str]:
    return lambda path, text, arguments: unset_value(path, text, format_, _steps(arguments["path"]))


def _steps(path: Value) -> str | Sequence[str | int]:
    return cast("str | Sequence[str | int]", path)


_EDITS: Mapping[str, Callable[[str, str, Mapping[str, Value]], str]] = {
    "text.replace": _replaced,
    "json.set": _setter(Format.JSON),
    "json.unset": _unsetter(Format.JSON),
    "yaml.set": _setter(Format.YAML),
    "yaml.unset": _unsetter(Format.YAML),
}


def _given(argument: object) -> Value:
    return cast(Value, argument)


def _later(step: Step, content: Value) -> Unknown:
    """Say out of what the content will come, so that no two unknown contents are taken for the same."""
    with_ = {name: argument_to_wire(argument) for name, argument in step.with_.items()}
    source = to_wire(content) if has_unknown(content) else None
    return Unknown({"action": step.action, "target": step.target, "with": with_, "content": source})
