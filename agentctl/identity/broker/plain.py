"""A token out of bytes that somebody stored or printed. Says nothing of where they are from but a name."""

from __future__ import annotations

from agentctl.errors import Unreachable

_LONGEST = 16 * 1024


def token(text: str, where: str) -> str:
    """Return the token that ``text`` is, less its one newline. Raises Unreachable, which holds none of it."""
    found = text.removesuffix("\n").removesuffix("\r")
    if not found or not found.isascii() or not found.isprintable() or " " in found or len(found) > _LONGEST:
        why = "there is none" if not found else "what stands there is no token: it has blanks, breaks or odd letters"
        raise Unreachable("Credential not available", f"{where}: {why}.")
    return found
