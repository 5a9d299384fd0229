"""Files of signed statements, whatever they say: read, signed, checked against keys. Who may is the engine's part."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from agentctl import resources
from agentctl.errors import Invalid
from agentctl.identity import sshsig
from agentctl.model.canonical import canonical
from agentctl.model.statement import Attested, Signable
from agentctl.model.values import NotAValue
from agentctl.syntax.schema import problems

LARGEST = 256 * 1024
S = TypeVar("S", bound=Signable)


def parse(data: bytes, name: str, kind: type[S]) -> Attested[S]:
    """Return what a file called ``name`` states, its signature still to be checked. Raises Invalid."""
    line, newline, signature = data.partition(b"\n")
    if len(data) > LARGEST:
        raise _invalid(kind, name, f"it has {len(data):,} bytes; {LARGEST:,} are the most")
    if not newline:
        raise _invalid(kind, name, "it is not a statement's line followed by a signature")
    try:
        wire = json.loads(line)
        if canonical(wire) != line:
            raise _invalid(kind, name, "its first line is not in canonical form")
        if wrong := problems(resources.schema(kind.NOUN), wire, ours=True):
            raise _invalid(kind, name, wrong[0].detail or wrong[0].summary)
        statement = kind.from_wire(wire)
        for time in statement.times:
            moment(time)
        sshsig.parse(signature)
    except (NotAValue, RecursionError) as error:
        raise _invalid(kind, name, "its first line is not in canonical form") from error
    except sshsig.NotASignature as error:
        raise _invalid(kind, name, f"of its signature: {error}") from error
    except ValueError as error:
        raise _invalid(kind, name, "its first line is not a statement") from error
    return Attested(statement=statement, signature=signature.decode("ascii"))


def is_of(data: bytes, kind: type[Signable]) -> bool:
    """Whether a file says that it is a statement of ``kind``, whatever else may be wrong with it."""
    try:
        wire = json.loads(data.partition(b"\n")[0])
    except (ValueError, RecursionError):
        return False
    return isinstance(wire, dict) and wire.get("kind") == kind.NOUN.capitalize()


def sign(statement: S, key: Path) -> Attested[S]:
    """Have ``ssh-keygen`` sign ``statement`` with ``key``. Raises Usage where it did not, Unwritable."""
    from agentctl.identity import ssh

    return parse(statement.text + ssh.sign(statement.text, key, statement.NAMESPACE), str(key), type(statement))


def signed_by(attested: Attested[Signable], keys: Iterable[str]) -> str:
    """Return which of the public key lines signed ``attested``, or nothing."""
    statement, signature = attested.statement, attested.signature.encode()
    for key in keys:
        if sshsig.verify(statement.text, signature, public_key=key, namespace=statement.NAMESPACE):
            return key
    return ""


def moment(text: str) -> datetime:
    """Return a statement's time. Raises ValueError."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _invalid(kind: type[Signable], name: str, why: str) -> Invalid:
    return Invalid(f"The {kind.NOUN} is not valid", f"{name}: {why}.")
