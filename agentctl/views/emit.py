"""Puts a document where it was asked for: drawn or as JSON on a stream, and as JSON into a file."""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, TextIO

from agentctl.errors import Unwritable
from agentctl.views.look import Look


class Format(StrEnum):
    TERMINAL = "terminal"
    JSON = "json"


def emit(
    document: Mapping[str, Any],
    draw: Callable[[Mapping[str, Any], Look], str],
    format: Format,
    stream: TextIO,
    look: Look,
) -> None:
    """Write ``document`` to ``stream``, drawn by ``draw`` or as JSON."""
    if format is Format.JSON:
        from agentctl.views.jsontext import tell

        with _saying(stream) as say:
            tell(document, say, ascii_only=_encoding(stream) != "utf-8")
    else:
        write(draw(document, look), stream)


def write(text: str, stream: TextIO) -> None:
    """Write ``text``; what the stream's encoding can't say comes as an escape instead of an error.

    A reader who has gone ends the telling, not the command. Raises Unwritable where the stream takes no more.
    """
    with _saying(stream) as say:
        say(text)


@contextmanager
def _saying(stream: TextIO) -> Iterator[Callable[[str], object]]:
    encoding = _encoding(stream)
    try:
        yield lambda text: stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except BrokenPipeError:
        _forget(stream)
    except OSError as error:
        _forget(stream)
        raise Unwritable("The output could not be written", f"{stream.name}: {error.strerror}.") from error


def _forget(stream: TextIO) -> None:
    """Nobody reads any more, as after ``| head``: what is left to say, now and at exit, goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _encoding(stream: TextIO) -> str:
    return codecs.lookup(stream.encoding or "utf-8").name


def save_json(document: Mapping[str, Any], path: Path) -> None:
    """Write ``document`` as JSON into ``path``, all of it or nothing. Raises Unwritable."""
    from agentctl.views.jsontext import tell

    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with draft.open("w", encoding="utf-8") as file:
            tell(document, file.write)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise Unwritable("The JSON document could not be written", f"{path}: {error.strerror}.") from error
