"""Mail addresses, read strictly, and domains that look like another. What a program might read otherwise is none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from agentctl.errors import Rejected

_LOCAL = re.compile(r"[A-Za-z0-9_+=~'&-]+(?:\.[A-Za-z0-9_+=~'&-]+)*", re.ASCII)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_LONGEST, _LONGEST_LOCAL = 254, 64
_FOREIGN = "xn--"           # the ASCII form of a name in other letters, which may look like any other
_ALIKE = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("0", "o"), ("1", "l"), ("i", "l"), ("5", "s"), ("-", ""), ("_", ""))


def mailbox(text: object) -> str:
    """Return the one plain address ``text`` is, its domain in lower case. Raises Rejected for anything more, or else.

    No display name, list, quote, comment, route, address of a machine or letter beyond ASCII.
    """
    if isinstance(text, str) and len(text) <= _LONGEST:
        local, _, domain = text.rpartition("@")
        labels = domain.lower().split(".") if domain.isascii() else []
        plain = len(local) <= _LONGEST_LOCAL and _LOCAL.fullmatch(local) and len(labels) > 1
        if plain and all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdigit():
            return f"{local}@{'.'.join(labels)}"
    shown = repr(text[:80]) if isinstance(text, str) else f"a {type(text).__name__}"
    raise Rejected(
        "Not a mail address",
        f"{shown} is not one plain address.",
        hint="Write name@domain in ASCII, without quotes or brackets; a domain in other letters as xn--….",
    )


def domain_of(address: str) -> str:
    return address.rpartition("@")[2]


def oddities(domains: Iterable[str], own: str) -> Iterator[str]:
    """Yield what a reader of the ``domains`` written to must know: which are in other letters, which look like others.

    ``own`` is the sender's domain, which nobody would look at twice.
    """
    seen = sorted({*domains})
    for domain in seen:
        if any(label.startswith(_FOREIGN) for label in domain.split(".")):
            yield f"{domain} stands for {_decoded(domain)}, in letters that may look like others"
    pairs = [(domain, own) for domain in seen if domain != own]
    pairs += [(one, other) for one in seen for other in seen if one < other and own not in (one, other)]
    for domain, other in pairs:
        if domain.startswith(f"{other}."):
            yield f"{domain} begins like {other} and is another domain"
        elif _alike(domain, other):
            yield f"{domain} looks like {other} and is another domain"


def _alike(one: str, other: str) -> bool:
    return _skeleton(one) == _skeleton(other) or _one_slip_apart(one, other)


def _skeleton(domain: str) -> str:
    for text, stands_for in _ALIKE:
        domain = domain.replace(text, stands_for)
    return domain


def _one_slip_apart(one: str, other: str) -> bool:
    """Whether one letter more, less, other or swapped with its neighbour makes one of the other."""
    if abs(len(one) - len(other)) > 1:
        return False
    shared = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    left, right = one[shared:], other[shared:]
    swapped = len(left) > 1 and left[:2] == right[1::-1] and left[2:] == right[2:]
    return swapped or left[1:] == right[1:] or left[1:] == right or left == right[1:]


def _decoded(domain: str) -> str:
    labels = []
    for label in domain.split("."):
        try:
            foreign = label.startswith(_FOREIGN)
            labels.append(label[len(_FOREIGN):].encode().decode("punycode") if foreign else label)
        except UnicodeError:
            return "nothing that can be read"
    return ".".join(labels)
