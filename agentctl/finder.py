"""Finds this package's own modules where they lie, for a command to start sooner; no other module is its concern.

A command imports some 220 of them. For each, Python asks every finder there is, lists folders, and opens the compiled
module as a file with a buffer. Where a module is plainly to be had (its source beside its package's, and compiled by
Python as it is now) it is had with four calls of the system; whatever else there is, is left to Python.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import MAGIC_NUMBER, cache_from_source
from marshal import loads
from types import CodeType, ModuleType

_OURS = f"{__package__}."
_FOLDER, _END = "__pycache__", cache_from_source("module.py").rpartition("module")[2]
_HEAD = 16      # bytes before the code: who compiled it, how to check that, when its source was written, how long it is
_BY_TIME = bytes(4)
_PIECE = 1 << 16


def install() -> None:
    """Have Python ask here first, unless what it compiles is kept elsewhere than beside the sources."""
    if sys.pycache_prefix is None and Finder not in sys.meta_path:
        sys.meta_path.insert(0, Finder)


def uninstall() -> None:
    """Have Python ask here no more; what was found stays."""
    if Finder in sys.meta_path:
        sys.meta_path.remove(Finder)


class Finder:
    """What Python asks; it needs no instance, as its own finders need none."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None,  # noqa: ARG004  # as it is asked
    ) -> ModuleSpec | None:
        """Return where the module lies, or None for whoever is asked next."""
        if path is None or not name.startswith(_OURS):
            return None
        own = name.rpartition(".")[2]
        package = f"{path[0]}/{own}"
        return _module(name, path[0], own) or _module(name, package, "__init__", [package])


def _module(name: str, folder: str, file: str, within: list[str] | None = None) -> ModuleSpec | None:
    path = f"{folder}/{file}.py"
    try:
        source = os.stat(path)  # noqa: PTH116  # paths are not imported yet
    except OSError:
        return None
    loader = _Loader(name, path)
    loader.source = source
    spec = ModuleSpec(name, loader, origin=path)
    spec.submodule_search_locations = within
    spec.has_location = True
    spec.cached = loader.cached = f"{folder}/{_FOLDER}/{file}{_END}"
    return spec


class _Module(ModuleType):
    """A module without ``__getattr__``: each import from it asks whether it is a package, and gets no worded error."""

    __getattribute__ = object.__getattribute__


class _Loader(SourceFileLoader):
    """Takes what Python compiled of a source, as Python would; where there is nothing to take, Python compiles it."""

    source: os.stat_result
    cached: str

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Module(spec.name)

    def get_code(self, fullname: str) -> CodeType | None:
        """Return the module's code, or raise as Python does."""
        try:
            compiled = _read(self.cached)
        except OSError:
            return super().get_code(fullname)
        if compiled[:_HEAD] == _head(self.source):
            code: CodeType = loads(memoryview(compiled)[_HEAD:])  # noqa: S302  # as Python does
            if code.co_filename == self.path:
                return code
            uninstall()     # it was moved since: Python sets right what tracebacks tell, and will for the others
        return super().get_code(fullname)


def _head(source: os.stat_result) -> bytes:
    """Return how a compiled module begins that is of this source, by the time it was written and its length."""
    numbers = (int(source.st_mtime), source.st_size)
    return MAGIC_NUMBER + _BY_TIME + b"".join((each & 0xFFFF_FFFF).to_bytes(4, "little") for each in numbers)


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        pieces = [os.read(descriptor, _PIECE)]
        while len(pieces[-1]) == _PIECE:
            pieces.append(os.read(descriptor, _PIECE))
    finally:
        os.close(descriptor)
    return b"".join(pieces)
