"""One record of the trace and its exact bytes; which record follows which is ``chain``'s part."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NoReturn

from agentctl.facts import dataclass
from agentctl.model.canonical import canonical
from agentctl.model.values import SAFE_INTEGER, NotAValue
from agentctl.patterns import regex

VERSION = 1
GENESIS = "sha256:" + "0" * 64
"""The ``prev`` of the very first record."""


class Kind(StrEnum):
    """The closed set of things a trace tells: first what happens in a run, then the acts outside one."""

    RUN_STARTED = "run_started"
    DECISION = "decision"
    ESCALATION = "escalation"
    CREDENTIAL_MINTED = "credential_minted"
    STEP_STARTED = "step_started"
    STEP_FINISHED = "step_finished"
    STEP_FAILED = "step_failed"
    STEP_IN_DOUBT = "step_in_doubt"
    STEP_SKIPPED = "step_skipped"
    STEP_RESOLVED = "step_resolved"
    RUN_FINISHED = "run_finished"

    INIT = "init"
    HALT = "halt"
    UNHALT = "unhalt"
    REJECT = "reject"
    EDIT = "edit"
    OVERRIDE = "override"
    REVIEW = "review"
    RESOLVE = "resolve"
    UNLOCK = "unlock"
    GC = "gc"
    HOLD = "hold"
    RELEASE = "release"
    KEY = "key"
    REBUILD = "rebuild"
    CLOCK = "clock"


RUN = "run"
ACTS = frozenset(list(Kind)[list(Kind).index(Kind.INIT) :])
IN_RUNS = frozenset(Kind) - ACTS
IN_ACTS = ACTS | {Kind.STEP_RESOLVED}
FILE_KINDS = frozenset({RUN, *(kind.value for kind in ACTS)})
"""What a trace file can be called after: ``run``, or the act it records."""


class NotARecord(ValueError):
    """A line that is not exactly the canonical bytes of one record of this version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One line. ``run`` is the id its file is named by; ``time`` is fixed-width UTC, so text sorts as time does."""

    seq: int
    time: str
    kind: Kind
    prev: str
    run: str
    body: Mapping[str, Any]


def encode(record: Record) -> bytes:
    """Return the line, without its newline. Raises NotAValue where the body has no canonical form."""
    return canonical(
        {
            "body": record.body,
            "kind": record.kind.value,
            "prev": record.prev,
            "run": record.run,
            "seq": record.seq,
            "time": record.time,
            "v": VERSION,
        }
    )


def decode(line: bytes) -> Record:
    """Return the record whose line (without newline) this is. Raises NotARecord for anything but its exact bytes."""
    try:
        fields = _JSON.decode(line.decode())
        if not isinstance(fields, dict):
            raise NotARecord("it is not a JSON object")
        if _bytes_of(fields, line) != line:
            raise NotARecord("it is not in canonical form")
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise NotARecord("it is not JSON in UTF-8") from error
    except RecursionError as error:
        raise NotARecord("it is nested too deeply") from error
    except NotAValue as error:
        raise NotARecord(str(error)) from error
    return _record(fields)


def decode_signed(line: bytes) -> Record:
    """Return the same of a line whose exact bytes a signature vouches for: who signed them had encoded or decoded them.

    Raises NotARecord where not even that is so.
    """
    try:
        fields = _PLAIN.decode(line.decode())
    except (ValueError, RecursionError) as error:
        raise NotARecord("it is not JSON in UTF-8") from error
    if not isinstance(fields, dict):
        raise NotARecord("it is not a JSON object")
    return _record(fields)


def timestamp(moment: datetime) -> str:
    """Return ``moment`` as records have it: UTC, always with microseconds."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def moment(time: str) -> datetime:
    """Return the time of a record as a datetime."""
    return datetime.fromisoformat(time)


_FIELDS = {"body", "kind", "prev", "run", "seq", "time", "v"}
_PREV = regex(r"sha256:[0-9a-f]{64}")
_TIME = regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
_ID = regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


def is_id(text: str) -> bool:
    """Whether ``text`` may name a run or an act: a part of a file name, on every file system."""
    return _ID.fullmatch(text) is not None


def _record(fields: dict[str, Any]) -> Record:
    version = fields.get("v")
    if type(version) is not int or version != VERSION:
        raise NotARecord(f"it is not of version {VERSION}, which this agentctl reads")
    if fields.keys() != _FIELDS:
        raise NotARecord("it does not have exactly the fields of a record")
    seq, time, kind, prev, run, body = (fields[name] for name in ("seq", "time", "kind", "prev", "run", "body"))
    if type(seq) is not int or seq < 1:
        raise NotARecord("`seq` is not a positive integer")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise NotARecord("its kind is unknown")
    if not isinstance(time, str) or not _TIME.fullmatch(time) or not _is_moment(time):
        raise NotARecord("`time` is not a UTC time with microseconds")
    if not isinstance(prev, str) or not _PREV.fullmatch(prev):
        raise NotARecord("`prev` is not a digest")
    if not isinstance(run, str) or not is_id(run):
        raise NotARecord("`run` is not an id")
    if not isinstance(body, dict):
        raise NotARecord("`body` is not an object")
    return Record(seq=seq, time=time, kind=_KINDS[kind], prev=prev, run=run, body=body)


_KINDS: Mapping[str, Kind] = {kind.value: kind for kind in Kind}


def _is_moment(time: str) -> bool:
    try:
        moment(time)
    except ValueError:
        return False
    return True


def _bytes_of(fields: dict[str, Any], line: bytes) -> bytes:
    """Return the canonical bytes of what was decoded.

    Floats and big integers were refused while decoding, so all that is left to RFC 8785 is the order of keys; below
    U+E000 (whose UTF-8 begins with 0xEE) code points sort as UTF-16 does, and the C encoder gives the same bytes.
    """
    if line.isascii() or max(line) < 0xEE:      # nearly every line is, and asking costs nothing
        try:
            return _SORTED.encode(fields).encode()
        except UnicodeEncodeError as error:
            raise NotAValue("a lone surrogate is not text") from error
    return canonical(fields)


def _small(text: str) -> int:
    if len(text) > len(str(-SAFE_INTEGER)) or abs(number := int(text)) > SAFE_INTEGER:
        raise NotAValue("an integer beyond 2^53 travels as $int")
    return number


def _no_float(text: str) -> NoReturn:
    raise NotAValue(f"{text[:40]} is a float")


_PLAIN = json.JSONDecoder()
_JSON = json.JSONDecoder(parse_int=_small, parse_float=_no_float, parse_constant=_no_float)
_SORTED = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), check_circular=False)
