"""What a manifest says, as nouns: record types, lists, verbs and what answers mean. Reading one is ``load``'s part."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeAlias

from agentctl.connectors.rest.template import Template
from agentctl.facts import dataclass, field
from agentctl.model.action import Precondition, Reversibility, Settlement, Tier
from agentctl.model.values import Value


class Doing(StrEnum):
    """What a verb does to its record."""

    READ = "read"
    LIST = "list"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    SIDE_EFFECT = "side-effect"


@dataclass(frozen=True, kw_only=True)
class Field:
    """Where a field is in the body of a record, and what its forms there have in common."""

    name: str
    schema: Mapping[str, Any]
    at: str
    required: bool = False
    each: str | None = None
    as_: str = ""
    sort: bool = False
    trim: bool = False
    unix: bool = False
    lower: bool = False
    unmark: bool = False
    reads: Mapping[str, Value] = field(default_factory=dict)
    volatile: bool = False
    sensitive: bool = False
    sealed: bool = False
    defaults: Mapping[str, Value] = field(default_factory=dict)     # `initial` and `empty`, where they are said


@dataclass(frozen=True, kw_only=True)
class Others:
    """Members of a record that are fields without being named; ``drop`` are not."""

    drop: frozenset[str]
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class ByLink:
    """The header ``Link``, ``rel="next"``."""


@dataclass(frozen=True)
class ByHeader:
    name: str


@dataclass(frozen=True)
class ByNext:
    at: str


@dataclass(frozen=True)
class ByCursor:
    at: str
    parameter: str


@dataclass(frozen=True)
class ByPage:
    parameter: str
    size: int


Pages: TypeAlias = ByLink | ByHeader | ByNext | ByCursor | ByPage


@dataclass(frozen=True, kw_only=True)
class Listing:
    """How many records are asked for at once; ``item`` says where in one of them the rest of its address is.

    Where ``post`` says with which body it is asked for, filters and pages are members of that body.
    """

    address: Template
    path: Template
    query: Mapping[str, Any]
    post: Mapping[str, Any] | None
    filters: Mapping[str, Mapping[str, Any]]
    at: str
    item: Mapping[str, str]
    pages: Pages | None
    most: int


@dataclass(frozen=True, kw_only=True)
class Self:
    """Where a record says its own URL, and the form that URL has below the base URL."""

    at: str
    path: Template


@dataclass(frozen=True, kw_only=True)
class Excluded:
    """What has something at this place is another kind of record; ``hint`` says which."""

    at: str
    hint: str


@dataclass(frozen=True, kw_only=True)
class RecordType:
    """A kind of record, asked for by GET, or by POST with what ``post`` says. Both and ``query`` hold expressions."""

    name: str
    address: Template
    path: Template
    query: Mapping[str, Any]
    post: Mapping[str, Any] | None
    at: str
    token_header: str
    token_at: str | None
    token_integer: bool
    hidden: bool
    self_: Self | None
    excludes: Excluded | None
    fields: Mapping[str, Field]
    others: Others | None
    listing: Listing | None


@dataclass(frozen=True, kw_only=True)
class RequestTemplate:
    """What a verb sends. Query, headers and body hold expressions; no path is that of the record."""

    method: str
    path: Template | None
    query: Mapping[str, Any]
    headers: Mapping[str, Any]
    body: Mapping[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class InverseTemplate:
    verb: str
    with_: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Argument:
    """An argument that is not a field."""

    schema: Mapping[str, Any]
    summary: str = ""
    secret: bool = False
    recipient: bool = False
    amount: bool = False


@dataclass(frozen=True, kw_only=True)
class Faults:
    """A list of faults in an answer."""

    at: str
    field: str | None
    message: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ErrorRule:
    """What an answer means that has one of these statuses and, where said, this at a place of its body."""

    status: frozenset[int]
    means: str
    at: str | None = None
    is_: tuple[Value, ...] = ()         # none: that anything stands there
    matches: str = ""
    summary: str = ""
    message: str | None = None
    faults: Faults | None = None
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class Find:
    """Where in a record of the list our mark is; ``first`` is how many to look at, 0 is all."""

    at: str
    query: Mapping[str, str]
    first: int


@dataclass(frozen=True, kw_only=True)
class Verb:
    """One action, as data. ``sets`` are fields that are arguments of the same names; ``sets_any`` takes any field."""

    name: str
    summary: str
    record: RecordType
    doing: Doing
    tier: Tier
    reversibility: Reversibility
    stays: str
    precondition: Precondition
    settlement: Settlement
    key_lifetime: int
    consistency: int
    scopes: tuple[str, ...]
    sets: tuple[str, ...]
    sets_any: bool
    replaces: bool
    arguments: Mapping[str, Argument]
    required: tuple[str, ...]
    together: Mapping[str, tuple[str, ...]]
    from_: Mapping[str, Value]
    unique: bool
    becomes: Mapping[str, Any]
    assigns: Mapping[str, str]
    request: RequestTemplate | None
    inverse: InverseTemplate | None
    find: Find | None
    ids: Mapping[str, str]
    links: tuple[str, ...]
    errors: tuple[ErrorRule, ...]
    inverse_only: bool


@dataclass(frozen=True, kw_only=True)
class Whoami:
    path: str
    id: str
    tenant: str | None
    nobody: frozenset[int]


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A system of record over HTTP. ``digest`` is of all it says: consent is bound to it, as a part of the version."""

    name: str
    release: str
    summary: str
    digest: str
    header: str
    scheme: str
    headers: Mapping[str, str]
    whoami: Whoami | None
    records: Mapping[str, RecordType]
    verbs: Mapping[str, Verb]
    errors: tuple[ErrorRule, ...]
