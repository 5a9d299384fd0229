"""What a person configures for a sql instance, and the database it names. Connects to nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

from agentctl.connectors.base import Instance, Setting
from agentctl.connectors.sql.database import Database
from agentctl.connectors.sql.tables import Scope
from agentctl.errors import Invalid, Unreachable
from agentctl.facts import dataclass

if TYPE_CHECKING:
    from sqlalchemy import URL

_COLUMN = {"type": "array", "items": {"type": "string", "pattern": r"^[^.]+(\.[^.]+)*\.[^.]+$"}}
SETTINGS: Mapping[str, Setting] = {
    "url": Setting(
        schema={"type": "string", "pattern": "^(sqlite|postgresql)://"},
        summary="sqlite:///FILE, relative to the workspace, or postgresql://USER@HOST/DATABASE. Holds no password.",
        required=True,
    ),
    "password": Setting(
        schema={
            "type": "object",
            "properties": {"env": {"type": "string", "minLength": 1}, "file": {"type": "string", "minLength": 1}},
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": False,
        },
        summary="Where PostgreSQL's password is: {env: NAME} or {file: PATH}; read when first connecting.",
    ),
    "tables": Setting(
        schema={"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1},
        summary="The only tables this instance may use; all where it is left out.",
    ),
    "sensitive": Setting(schema=_COLUMN, summary="TABLE.COLUMN whose values are never shown."),
    "sealed": Setting(schema=_COLUMN, summary="TABLE.COLUMN whose values are kept only in packs."),
    "volatile": Setting(schema=_COLUMN, summary="TABLE.COLUMN that may change without making a plan stale."),
    "max_rows": Setting(
        schema={"type": "integer", "minimum": 1, "maximum": 100_000},
        summary="Most rows one condition may match, or one delete may drag along; 1000 where it is left out.",
    ),
    "timeout": Setting(
        schema={"type": "integer", "minimum": 1, "maximum": 3600},
        summary="Seconds one statement may take or wait for a lock; 30 where it is left out.",
    ),
}
_MOST, _TIMEOUT = 1000, 30


@dataclass(frozen=True, kw_only=True)
class Configured:
    scope: Scope
    database: Database
    endpoint: str
    home: str
    sensitive: frozenset[str]
    sealed: frozenset[str]
    volatile: frozenset[str]


def configure(instance: Instance) -> Configured:
    """Return what the settings of ``instance`` say. Raises Invalid where they make no sense together."""
    settings: Mapping[str, Any] = instance.settings
    columns = {
        kind: frozenset(name.rpartition(".")[2] for name in settings.get(kind, ()))
        for kind in ("sensitive", "sealed", "volatile")
    }
    hidden = frozenset([*settings.get("sensitive", ()), *settings.get("sealed", ())])
    timeout = float(settings.get("timeout", _TIMEOUT))
    url = _split(instance.name, settings["url"])
    if url.scheme == "sqlite":
        database, endpoint, home = _sqlite(instance, url, timeout, hidden)
    else:
        database, endpoint, home = _postgres(instance, url, timeout, quiet=bool(hidden))
    return Configured(
        scope=Scope(
            instance=instance.name,
            tables=frozenset(settings["tables"]) if "tables" in settings else None,
            hidden=hidden,
            most=settings.get("max_rows", _MOST),
        ),
        database=database,
        endpoint=endpoint,
        home=home,
        **columns,
    )


def _sqlite(
    instance: Instance, url: SplitResult, timeout: float, hidden: frozenset[str]
) -> tuple[Database, str, str]:
    from agentctl.connectors.sql.sqlite import Sqlite

    name = unquote(url.path[1:])
    if url.netloc or url.query or not name or name == ":memory:" or "password" in instance.settings:
        raise Invalid(
            "Database URL malformed",
            f"`{instance.name}` names a SQLite database by its file alone, with no host, options or password.",
            hint="Write url: sqlite:///crm.db",
        )
    path = Path(instance.root, name)
    real = os.path.realpath(path)
    return Sqlite(Path(real), timeout=timeout, hidden=hidden), f"sqlite:///{quote(name)}", f"sqlite://{quote(real)}"


def _postgres(instance: Instance, url: SplitResult, timeout: float, *, quiet: bool) -> tuple[Database, str, str]:
    from agentctl.connectors.sql.postgresql import Postgres

    options = parse_qs(url.query, keep_blank_values=True)
    if url.password or any("password" in option.lower() for option in options):
        raise Invalid(
            "Password in the configuration",
            f"The url of `{instance.name}` holds a password, where everybody who reads the file sees it.",
            hint="Leave it out of the url, and write password: {env: NAME} or {file: PATH} beside it.",
        )
    host = url.hostname or options.get("host", [""])[-1] or "localhost"
    port = url.port or options.get("port", ["5432"])[-1]
    user = f"{quote(unquote(url.username), safe='')}@" if url.username else ""
    name = quote(unquote(url.path[1:]))
    socket = host.startswith("/")
    place = f"/{name}?host={quote(host)}&port={port}" if socket else f"{quote(host, safe=':')}:{port}/{name}"
    endpoint = f"postgresql://{user}{place}"
    database = Postgres(_asked(instance, url), endpoint=endpoint, timeout=timeout, quiet=quiet)
    return database, endpoint, f"postgresql://{place}"


def _asked(instance: Instance, url: SplitResult) -> Callable[[], URL]:
    """Return what makes the URL to connect with, its password fetched only then."""

    def connect_with() -> URL:
        import sqlalchemy as sa

        made = sa.make_url(url.geturl()).set(drivername="postgresql+psycopg")
        password = _password(instance)
        return made if password is None else made.set(password=password)

    return connect_with


def _password(instance: Instance) -> str | None:
    source: Any = instance.settings.get("password")
    if source is None:
        return None
    try:
        if "env" in source:
            return instance.environ[source["env"]]
        return _file(instance, source["file"])
    except (KeyError, OSError, UnicodeDecodeError) as error:
        where = f"the environment variable {source['env']}" if "env" in source else f"the file {source['file']}"
        raise Unreachable(
            "Password missing", f"The password of `{instance.name}` is not to be had: {where} cannot be read."
        ) from error


def _file(instance: Instance, name: str) -> str:
    return Path(instance.root, name).read_text(encoding="utf-8").rstrip("\r\n")


def _split(name: str, url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        if parts.scheme in {"sqlite", "postgresql"} and (parts.port is None or parts.port > 0):
            return parts
    except ValueError:
        pass                        # said below, without the words of the error: they may hold the url
    raise Invalid(
        "Database URL malformed",
        f"The url of `{name}` is neither sqlite:///FILE nor postgresql://USER@HOST/DATABASE.",
    )
