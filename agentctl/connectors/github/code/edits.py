"""What a step wants of each file, and what the file becomes by it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias, assert_never, cast

from agentctl.connectors import gitnames
from agentctl.connectors.gitfiles import as_bytes, as_value
from agentctl.connectors.github.code.store import LARGEST, too_large
from agentctl.errors import Rejected
from agentctl.facts import dataclass
from agentctl.model.values import UNKNOWN, Fields, Unknown, Value, has_unknown

WORKFLOWS = ".github/workflows/"
_REPLACED = Unknown("replaced")     # of a text that is not known: another one, which is not known either


@dataclass(frozen=True, kw_only=True)
class Write:
    """The whole file as it becomes. ``there`` says whether it must be there already; None takes both."""

    path: str
    content: Value
    mode: str | None
    there: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Replace:
    """A text that occurs exactly ``count`` times gives way to another."""

    path: str
    find: str
    new: str
    count: int


@dataclass(frozen=True, kw_only=True)
class Delete:
    path: str


@dataclass(frozen=True, kw_only=True)
class Restore:
    """The content that git keeps under an id, in git's own mode."""

    path: str
    blob: str | Unknown
    mode: str


Edit: TypeAlias = Write | Replace | Delete | Restore


def edits(files: object) -> tuple[Edit, ...]:
    """Return what an argument `files` says. Raises Rejected for paths that cannot stand together."""
    if not isinstance(files, Sequence) or has_unknown([_path(one) for one in files]):
        raise Rejected("Path not known yet", "Which files are meant is known only once an earlier step is done.")
    found = tuple(edit(str(_path(one)), cast(Mapping[str, Any], one)) for one in files)
    paths = [one.path for one in found]
    if twice := sorted({path for path in paths if paths.count(path) > 1}):
        raise Rejected("Path named twice", f"{twice[0]!r} is named twice; one commit leaves one content.")
    written = {one.path for one in found if not isinstance(one, Delete)}
    for path in sorted(written):
        if way := [folder for folder in folders(path) if folder in written]:
            raise Rejected("Not a folder", f"{way[0]!r} cannot be both a file and a folder for {path!r}.")
    return found


def edit(path: str, said: Mapping[str, Any], *, there: bool | None = None) -> Edit:
    """Return what is wanted of one file."""
    gitnames.path(path)
    if said.get("delete"):
        return Delete(path=path)
    if "blob" in said:
        return Restore(path=path, blob=said["blob"], mode=said["mode"])
    if "content" in said:
        return Write(path=path, content=said["content"], mode=said.get("mode"), there=there)
    known = [said[name] for name in ("find", "replace", "count")]
    if has_unknown(known):
        return Write(path=path, content=_REPLACED, mode=None, there=True)
    return Replace(path=path, find=known[0], new=known[1], count=known[2])


def becomes(one: Edit, before: Fields | None, restored: Value = UNKNOWN) -> Fields | None:
    """Return the file after an edit. ``restored`` is the content of a Restore. Raises Rejected where it can't be."""
    if before is not None and not isinstance(one, Restore):
        _refuse_special(one, before)
    match one:
        case Delete(path=path):
            if before is None:
                raise Rejected("File absent", f"There is no file {path!r} to delete.")
            return None
        case Write(path=path, there=there):
            if there is False and before is not None:
                raise Rejected("File exists", f"There is a file {path!r} already.")
            if there and before is None:
                raise Rejected("File absent", f"There is no file {path!r} to change.")
            mode = one.mode or ("0644" if before is None else before["mode"])
            return {"content": _kept(path, one.content), "mode": mode}
        case Replace():
            return {"content": _replaced(one, before), "mode": cast(Fields, before)["mode"]}
        case Restore(mode=mode):
            return {"content": restored, "mode": mode}
        case _:
            assert_never(one)


def workflows(files: Sequence[Edit]) -> tuple[str, ...]:
    """Return the paths that say what GitHub runs: changing them takes a permission of its own."""
    return tuple(one.path for one in files if one.path.casefold().startswith(WORKFLOWS))


def folders(path: str) -> Iterator[str]:
    """Yield the folders a path leads through."""
    for depth in range(1, path.count("/") + 1):
        yield path.rsplit("/", depth)[0]


def _path(one: object) -> Value:
    return cast(Mapping[str, Value], one)["path"] if isinstance(one, Mapping) else UNKNOWN


def _refuse_special(one: Edit, before: Fields) -> None:
    match before["mode"], one:
        case "120000", Delete():
            return
        case "120000" | "160000" as mode, _:
            what = "a symbolic link" if mode == "120000" else "a submodule"
            raise Rejected("Not a file", f"{one.path!r} is {what}, which is not written here.")


def _kept(path: str, content: Value) -> Value:
    """Return a content in the form in which it will be read."""
    if isinstance(content, Unknown):
        return content
    try:
        raw = as_bytes(content)
    except UnicodeEncodeError as error:
        raise Rejected("Value not sendable", f"The content of {path!r} holds half a character.") from error
    if len(raw) > LARGEST:
        raise too_large(repr(path), len(raw))
    return as_value(raw)


def _replaced(one: Replace, before: Fields | None) -> Value:
    if before is None:
        raise Rejected("File absent", f"There is no file {one.path!r} to change.")
    text = before["content"]
    if isinstance(text, Unknown):
        return _REPLACED
    if not isinstance(text, str):
        raise Rejected("Not a text", f"{one.path!r} is not text in UTF-8; give its whole content instead.")
    if (found := text.count(one.find)) != one.count:
        hint = ""
        if not found and one.find.replace("\r\n", "\n") in text.replace("\r\n", "\n"):
            hint = "Its lines end in another way (CRLF) than those to find."
        raise Rejected(
            "Text occurs another number of times", f"{one.path!r} has it {found} times, not {one.count}.", hint=hint
        )
    return _kept(one.path, text.replace(one.find, one.new))
