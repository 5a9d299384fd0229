"""Addresses and paths with places for parameters: what fills them, and what filled them. Both ways are one to one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from urllib.parse import unquote

from agentctl.connectors.rest.http.paths import segment
from agentctl.errors import Rejected
from agentctl.facts import dataclass, field

_PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_INTEGER = re.compile(r"0|[1-9][0-9]{0,30}")
_PENDING = re.compile(r"new:[a-z][a-z0-9_-]*")
_APART = re.compile(r"[/%?\\#\x00-\x1f\x7f-\x9f]")


class Pending(str):
    """What stands for a name the system has not given out yet: ``new:STEP``."""

    __slots__ = ()


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """What may stand in a place: ``text`` and ``integer`` in one segment, ``path`` in all that are left."""

    name: str
    type: str = "text"
    pattern: str = ""
    lower: bool = False

    def fits(self, text: str) -> bool:
        if not text or (self.type == "integer" and not _INTEGER.fullmatch(text)):
            return False
        return not self.pattern or re.fullmatch(self.pattern, text) is not None


@dataclass(frozen=True, kw_only=True)
class Template:
    """Text with places in it; a parameter nobody described is text."""

    text: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(_PLACE.findall(self.text))

    def parameter(self, name: str) -> Parameter:
        return self.parameters.get(name) or Parameter(name=name)

    def format(self, values: Mapping[str, str]) -> str:
        """Return the address in which ``values`` fill the places."""
        return _PLACE.sub(lambda place: self._said(place[1], values[place[1]]), self.text)

    def parse(self, address: str) -> Mapping[str, str] | None:
        """Return what fills the places of ``address``, or None where it is another kind of address.

        Raises Rejected for a second way to write an address: each record has one.
        """
        whole = frozenset(name for name in self.names if self.parameter(name).type == "path")
        found = _pattern(self.text, whole).fullmatch(address)
        if found is None:
            return None
        values = {name: self._meant(name, text) for name, text in found.groupdict().items()}
        if not all(isinstance(value, Pending) or self.parameter(name).fits(value) for name, value in values.items()):
            return None
        if (written := self.format(values)) != address:
            raise Rejected("Target malformed", f"{address!r} is written {written!r}.")
        return values

    def misfit(self, address: str) -> str:
        """Say which part of a text of this form is not what it must be; nothing where it has another form."""
        whole = frozenset(name for name in self.names if self.parameter(name).type == "path")
        found = _pattern(self.text, whole).fullmatch(address)
        for name, text in found.groupdict().items() if found else ():
            parameter = self.parameter(name)
            if not parameter.fits(self._meant(name, text)):
                number = parameter.type == "integer" and not _INTEGER.fullmatch(text)
                return f"`{name}` must " + ("be a whole number" if number else f"match {parameter.pattern}")
        return ""

    def values(self, path: str) -> Mapping[str, str] | None:
        """Return what fills the places of a path that the system wrote, None where it is another."""
        whole = frozenset(name for name in self.names if self.parameter(name).type == "path")
        found = _pattern(self.text, whole).fullmatch(path)
        return None if found is None else {name: self._meant(name, text) for name, text in found.groupdict().items()}

    def path(self, values: Mapping[str, str]) -> str:
        """Return the path of a request. Raises Rejected where a value would lead elsewhere, or is not made yet."""
        return _PLACE.sub(lambda place: self._sent(place[1], values[place[1]]), self.text)

    @property
    def integers(self) -> frozenset[str]:
        return frozenset(name for name, parameter in self.parameters.items() if parameter.type == "integer")

    def without(self, names: frozenset[str]) -> Template:
        """Return the address less its last segments, as far as they hold these parameters."""
        segments = self.text.split("/")
        while segments and (places := set(_PLACE.findall(segments[-1]))) and places <= names:
            segments.pop()
        return Template(text="/".join(segments), parameters=self.parameters)

    def _said(self, name: str, value: str) -> str:
        if isinstance(value, Pending):
            return value
        parameter = self.parameter(name)
        text = value.lower() if parameter.lower else value
        return "/".join(map(_encoded, text.split("/"))) if parameter.type == "path" else _encoded(text)

    def _meant(self, name: str, text: str) -> str:
        if _PENDING.fullmatch(text):
            return Pending(text)
        value = unquote(text)
        return value.lower() if self.parameter(name).lower else value

    def _sent(self, name: str, value: str) -> str:
        made(value)
        return "/".join(map(segment, value.split("/"))) if self.parameter(name).type == "path" else segment(value)


def made(*values: str) -> None:
    """Raise Rejected where one of the values is a name that the system has not given out yet."""
    for value in values:
        if isinstance(value, Pending):
            raise Rejected("Not made yet", f"What {value!r} will be called is known once its step is done.")


def _encoded(text: str) -> str:
    """Return a value as it stands in an address: legible, and of one segment."""
    encoded = _APART.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), text)
    return encoded.replace("new:", "new%3A", 1) if encoded.startswith("new:") else encoded


@cache
def _pattern(text: str, whole: frozenset[str]) -> re.Pattern[str]:
    """Return what matches the template; the parameters in ``whole`` go over segments."""
    parts = _PLACE.split(text)      # literal, name, literal, name, …
    return re.compile("".join(
        (f"(?P<{part}>[^?]+)" if part in whole else f"(?P<{part}>[^/?]+)") if index % 2 else re.escape(part)
        for index, part in enumerate(parts)
    ))
