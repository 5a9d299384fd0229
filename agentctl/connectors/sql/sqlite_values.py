"""What SQLite stores for a value in a column, and what a stored value is shown as. Touches no file."""

from __future__ import annotations

import json
import math
import sqlite3
import threading
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from agentctl.connectors.sql.database import Unfit
from agentctl.connectors.sql.schema import Column, Kind
from agentctl.model.values import Value

_LARGEST = 2**63 - 1
_REMEMBERED = 1024                  # answers; those to short values, which a plan repeats


class Probe:
    """Asks SQLite itself what a value becomes in a column of a type: in a database in memory, of no other use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._memory: sqlite3.Connection | None = None
        self._recall = lru_cache(_REMEMBERED, typed=True)(self._ask)

    def stored(self, declared: str, raw: Any) -> Any:
        """Return what ``raw`` becomes. What was asked before is remembered, but for floats: -0.0 is taken for 0.0."""
        return self._ask(declared, raw) if isinstance(raw, float) else self._recall(declared, raw)

    def _ask(self, declared: str, raw: Any) -> Any:
        with self._lock:
            if self._memory is None:
                self._memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
                self._memory.execute("CREATE TABLE t (i INTEGER, t TEXT, b BLOB, r REAL, n NUMERIC)").close()
            name = affinity(declared)
            self._memory.execute(f"INSERT INTO t ({name}) VALUES (?)", (raw,)).close()  # noqa: S608  # one of five letters
            ((shown,),) = self._memory.execute(f"DELETE FROM t RETURNING {name}").fetchall()  # noqa: S608
            return shown

    def close(self) -> None:
        with self._lock:
            if self._memory is not None:
                self._memory.close()
                self._memory = None


def affinity(declared: str) -> str:
    """Return the letter of SQLite's column affinity for a declared type: its documented rules, in their order."""
    upper = declared.upper()
    if "INT" in upper:
        return "i"
    if any(word in upper for word in ("CHAR", "CLOB", "TEXT")):
        return "t"
    if "BLOB" in upper or not upper:
        return "b"
    if any(word in upper for word in ("REAL", "FLOA", "DOUB")):
        return "r"
    return "n"


def stored(value: Value) -> Any:
    """Return the storage form of a value. Raises Unfit where SQLite has none."""
    match value:
        case bool():
            return int(value)
        case int():
            if not -_LARGEST - 1 <= value <= _LARGEST:
                raise Unfit("SQLite's integers end at 64 bits")
            return value
        case Decimal():
            number = float(value)
            if not math.isfinite(number) or Decimal(repr(number)) != value:
                raise Unfit("SQLite keeps decimals as binary floating point, where this one would lose digits")
            return number
        case datetime():
            return value.isoformat(sep=" ")
        case date():
            return value.isoformat()
        case Mapping() | list() | tuple():
            try:
                return json.dumps(_json(value), ensure_ascii=False, separators=(",", ":"))
            except (TypeError, RecursionError) as error:
                raise Unfit("that is not JSON") from error
        case None | str() | bytes():
            return value
    raise Unfit("that has no place in a column")


def _json(value: Value) -> Any:
    match value:
        case Mapping():
            return {key: _json(item) for key, item in value.items()}
        case list() | tuple():
            return [_json(item) for item in value]
        case Decimal():
            number = float(value)
            if Decimal(repr(number)) != value:
                raise Unfit("a decimal in the JSON would lose digits")
            return number
    return value


def checked(column: Column, value: Value) -> Value:
    """Return a value an agent wrote where it is of the column's kind."""
    match column.kind, value:
        case _, None:
            return value
        case Kind.BOOL, bool():
            return value
        case Kind.INTEGER, int():
            return value
        case Kind.DECIMAL | Kind.FLOAT, int() | Decimal() if not isinstance(value, bool):
            return value
        case Kind.TEXT, str():
            return value
        case Kind.BYTES, bytes():
            return value
        case Kind.DATE, date() if not isinstance(value, datetime):
            return value
        case Kind.TIME, datetime() | int():
            return value
        case Kind.DATE, str() if _is_date(value):
            return value
        case Kind.TIME, str() if _is_time(value):
            return value
        case Kind.JSON, str():
            try:
                json.loads(value)
            except (ValueError, RecursionError) as error:
                raise Unfit("that text is not JSON") from error
            return value
        case Kind.JSON, _:
            return value if isinstance(value, Mapping | list | tuple) else json.dumps(value)
        case Kind.ANY, bool() | int() | Decimal() | str() | bytes() | date():
            return value
    raise Unfit(f"the column holds a {column.kind.value}")


def from_text(kind: Kind, text: str) -> Value:
    """Return a date or time where the text is exactly how such a value would be stored, else the text."""
    if kind in {Kind.DATE, Kind.TIME}:
        try:
            value = date.fromisoformat(text) if kind is Kind.DATE else datetime.fromisoformat(text)
        except ValueError:
            return text
        shown = value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()
        zoned = isinstance(value, datetime) and value.tzinfo is not None
        if shown == text and (not zoned or text.endswith("+00:00")):
            return value
    return text


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_time(text: str) -> bool:
    try:
        return bool(datetime.fromisoformat(text)) and len(text) > 10
    except ValueError:
        return False


def strict_type(column: Column, raw: Any) -> bool:
    fits: dict[str, tuple[type, ...]] = {
        "INT": (int,), "INTEGER": (int,), "REAL": (float,), "TEXT": (str,), "BLOB": (bytes,),
    }
    return raw is None or isinstance(raw, fits.get(column.type.upper(), (object,)))
