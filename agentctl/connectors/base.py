"""The port to live systems: what a connector must offer and what it is handed. No connector lives here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Protocol, TypeAlias, runtime_checkable

from agentctl.facts import dataclass, field
from agentctl.model.action import ActionSpec
from agentctl.model.change import Change, Inverse
from agentctl.model.changeset import SystemIdentity
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, Snapshot
from agentctl.model.values import Fields, Value


class View(Protocol):
    """What a preview may see: live reads, overlaid by the predicted effects of earlier steps. Reading has no effect."""

    def read(self, address: Address) -> Snapshot:
        """Return the record at ``address``, which ``addresses(step)`` or a member of a condition must have named.

        The value may hold Unknowns where an earlier step's effect cannot be predicted.
        """
        ...

    def predicted(self, prefix: str) -> Iterable[Snapshot]:
        """Return the records below ``prefix`` that earlier steps are predicted to create, change or delete."""
        ...


@dataclass(frozen=True, kw_only=True)
class Credential:
    """A short-lived token for one step. Only ``id``, ``scopes`` and ``expires`` may ever be recorded."""

    id: str
    token: str = field(repr=False)
    scopes: tuple[str, ...] = ()
    expires: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Under what one effect happens.

    ``key`` is the idempotency key, ``run`` the run it is a part of, for what is to name it. ``before`` holds the read
    made just now, per address; its tokens are the precondition. ``deadline`` is seconds from now. ``secrets`` are the
    resolved ``{$secret: …}`` arguments by argument name; they must reach neither receipt, record, log nor error.
    ``lifeline`` are descriptors that every program which has a part in the effect must inherit (``pass_fds``): while
    it lives, nobody else acts in the workspace, even where agentctl was killed.
    """

    key: str
    before: Mapping[Address, Snapshot]
    deadline: float
    credential: Credential | None = None
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    lifeline: tuple[int, ...] = ()
    run: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The connector's evidence of one executed change.

    ``ids`` are what references (``steps.X.receipt.id``) resolve to, ``links`` are for people. ``inverse`` is complete.
    What the record became is read back by the engine, not claimed here. ``read`` are the values a read brought.
    """

    ids: Mapping[str, Value] = field(default_factory=dict)
    links: tuple[str, ...] = ()
    inverse: Inverse | None = None          # None: the change's own inverse was already complete
    addresses: Mapping[Address, Address] = field(default_factory=dict)     # …/new:STEP → what it became
    read: Mapping[Address, Fields] = field(default_factory=dict)


class Located(Enum):
    """What ``locate`` says where it has no record to show."""

    ABSENT = "absent"               # proven: it did not come to be
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, kw_only=True)
class Found:
    """What ``locate`` says of a record that the system named itself: the receipt whose reply was lost."""

    receipt: Receipt


Location: TypeAlias = Snapshot | Found | Located


class Connector(Protocol):
    """Adapter to one kind of system, configured as one named instance.

    Errors are ``Unreachable`` (nothing happened, may retry), ``Rejected`` (nothing happened, don't) and
    ``Indeterminate`` (may have happened); any other exception counts as Indeterminate.
    """

    @property
    def actions(self) -> Mapping[str, ActionSpec]:
        """The offered actions by verb (``row.update``). Needs no connection: ``validate`` is offline."""
        ...

    def identity(self) -> SystemIdentity:
        """Say which system this is. May connect; has no effect."""
        ...

    def addresses(self, step: Step) -> tuple[Address, ...]:
        """Return the canonical addresses a preview of ``step`` will read, a condition counting as one address.

        Pure. Raises Rejected where the target is outside this instance's scope.
        """
        ...

    def resource(self, address: Address) -> str:
        """Return a name for the same record that other connectors would give it too (``file:///…``), else ``address``.

        By it a later step sees what an earlier step of another connector does. Pure.
        """
        ...

    def read(self, address: Address) -> Snapshot:
        """Read one record, or all records a condition matches (as ``members``). No effect; safe from several threads.

        An absent record is a Snapshot whose value is None, not an error.
        """
        ...

    def preview(self, step: Step, view: View) -> Change:
        """Predict what ``step`` (its references resolved or Unknown) would do to the records of ``view``. Pure.

        Raises Rejected where the step cannot succeed (the text to replace is not there).
        """
        ...

    def execute(self, change: Change, call: Call) -> Receipt:
        """Do it, once, under ``call``. The only method with an effect.

        Raises Rejected where the precondition no longer holds.
        """
        ...

    def locate(self, change: Change, call: Call) -> Location:
        """After a lost reply: look for the mark this change left under ``call.key``. No effect.

        A Snapshot, or a Found where the system gave out an id, says that it happened, and that it was us: a mark or a
        version that can only be ours, never mere values, which others may have written. ABSENT says that it did not and
        never will, though the request may still be on its way; of a ``find`` it is not believed.
        """
        ...

    def close(self) -> None:
        """Let go of connections and handles. May be called twice."""
        ...


@runtime_checkable
class ReadsMany(Protocol):
    """What a connector offers besides where one question to its system brings many records."""

    def read_many(self, addresses: Sequence[Address]) -> Iterable[Snapshot]:
        """Return what ``read`` would for each of ``addresses``, in their order. Raises what one of them would raise.

        Where it takes many questions, each snapshot comes as soon as it is there.
        """
        ...


def read_many(connector: Connector, addresses: Sequence[Address]) -> Iterable[Snapshot]:
    """Read records: with one question where the connector can, else one after the other."""
    many = getattr(connector, "read_many", None)    # asking whether it is a ReadsMany takes as long as a read may
    return map(connector.read, addresses) if many is None else many(addresses)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One key of a connector's block in ``agentctl.yaml``: its JSON Schema and what it means."""

    schema: Mapping[str, object]
    summary: str
    required: bool = False


@dataclass(frozen=True, kw_only=True)
class Instance:
    """A connector's place in a workspace: what its factory is handed. Paths in settings are relative to ``root``.

    ``reserved`` are the workspace's policy and manifests, relative to ``root`` as well: no step may touch them.
    ``environ`` are the variables it may heed (a proxy's); ``tell`` takes a line for the person who would wonder why
    nothing moves, and never what is secret. ``token`` returns the token to look with, where the settings have a
    ``credential``; an effect has one of its own, in its call. Both may be called from several threads.
    """

    name: str
    settings: Mapping[str, Value]
    root: str
    reserved: tuple[str, ...] = ("policy",)
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    tell: Callable[[str], None] = field(default=lambda _: None, repr=False)
    token: Callable[[], str] = field(default=lambda: "", repr=False)


class ConnectorType(Protocol):
    """A kind of connector as the registry knows it: a module or class with these names."""

    type: str
    version: str
    settings: Mapping[str, Setting]

    def open(self, instance: Instance) -> Connector:
        """Return the connector. Does not connect: an unreachable system must not keep ``validate`` from working."""
        ...
