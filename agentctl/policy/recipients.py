"""Who may be written to: patterns on recipients, asked of what arguments hold. What is doubtful matches nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from agentctl.facts import dataclass
from agentctl.patterns import regex

_LOCAL = regex(r"[A-Za-z0-9_+=~'&-]+(?:\.[A-Za-z0-9_+=~'&-]+)*", re.ASCII)
_LABEL = regex(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_FOREIGN = "xn--"           # the ASCII form of a name in other letters, which may look like any other
_LONGEST, _LONGEST_LOCAL = 254, 64


class NotARecipient(ValueError):
    """Text that is no recipient, or no pattern, which could be judged."""


@dataclass(frozen=True)
class Mail:
    """A mail address, the domain in lower case."""

    local: str
    domain: str


@dataclass(frozen=True)
class Recipient:
    """A pattern: ``*@acme.example``, ``*@*.acme.example`` (below it, not itself), one address, or one exact text."""

    text: str
    mail: Mail | None

    def __call__(self, value: str) -> bool:
        """Whether ``value`` is one it names. Raises NotARecipient for what is no plain mail address but has an @."""
        if "@" not in value:
            return self.mail is None and value == self.text
        mail = parse(value)
        return self.mail is not None and self.mail.local in ("*", mail.local) and _within(mail.domain, self.mail.domain)


def pattern(text: str) -> Recipient:
    """Return the pattern ``text`` writes. Raises NotARecipient."""
    if "@" not in text:
        if "*" in text:
            raise NotARecipient("a * stands for a whole name before the @ or for labels before a domain, nowhere else")
        return Recipient(text, None)
    local, _, domain = text.rpartition("@")
    below = domain.removeprefix("*.")
    if "*" in below or ("*" in local and local != "*"):
        raise NotARecipient("a * stands for a whole name before the @ or for labels before a domain, nowhere else")
    mail = parse(f"{'x' if local == '*' else local}@{below}")
    return Recipient(text, Mail(local, ("*." if below != domain else "") + mail.domain))


def parse(value: str) -> Mail:
    """Return the plain mail address that ``value`` is. Raises NotARecipient for anything more, or else.

    No display name, list, quote, comment, route or address of a machine, no letters but ASCII: what a mail program
    might read otherwise than we do is not read at all.
    """
    local, _, domain = value.rpartition("@")
    if len(value) > _LONGEST or len(local) > _LONGEST_LOCAL or not _LOCAL.fullmatch(local):
        raise NotARecipient("it is not one plain mail address")
    labels = domain.lower().split(".") if domain.isascii() else [""]
    if not all(map(_LABEL.fullmatch, labels)) or labels[-1].isdigit():
        raise NotARecipient("its domain is not plain ASCII labels")
    return Mail(local, ".".join(labels))


def named(arguments: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Yield each recipient the arguments called ``names`` hold, with the argument's name; lists are entered."""
    for name in names:
        value = arguments.get(name)
        if value is None:
            continue
        for item in value if isinstance(value, list | tuple) else (value,):
            yield name, item


def _within(domain: str, wanted: str) -> bool:
    if not wanted.startswith("*."):
        return domain == wanted
    above = wanted[1:]
    below = domain.removesuffix(above)
    # Letters of another alphabet are matched by nothing but themselves, spelled out.
    return below not in ("", domain) and not any(label.startswith(_FOREIGN) for label in below.split("."))
