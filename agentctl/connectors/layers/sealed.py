"""Keeps a connector to its word: whatever it raises is one of the three errors of the port."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

from agentctl.connectors.base import Call, Location, Receipt, View, read_many
from agentctl.connectors.layers.wrapped import Wrapped
from agentctl.errors import ConnectorError, Indeterminate, Interrupted, Rejected, Unreachable
from agentctl.model.change import Change
from agentctl.model.changeset import SystemIdentity
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, Snapshot


class Sealed(Wrapped):
    """A stray exception means that nothing happened, except from ``execute``: there it may have.

    Its text is kept as the cause only, since nobody knows what a library puts into one.
    """

    def identity(self) -> SystemIdentity:
        with _IDENTITY:
            return self.inner.identity()

    def addresses(self, step: Step) -> tuple[Address, ...]:
        with _ADDRESSES:
            return self.inner.addresses(step)

    def resource(self, address: Address) -> str:
        with _RESOURCE:
            return self.inner.resource(address)

    def read(self, address: Address) -> Snapshot:
        with _READ:
            return self.inner.read(address)

    def read_many(self, addresses: Sequence[Address]) -> Sequence[Snapshot]:
        with _READ:
            return tuple(read_many(self.inner, addresses))

    def preview(self, step: Step, view: View) -> Change:
        with _PREVIEW:
            return self.inner.preview(step, view)

    def execute(self, change: Change, call: Call) -> Receipt:
        with _EXECUTE:
            return self.inner.execute(change, call)

    def locate(self, change: Change, call: Call) -> Location:
        with _LOCATE:
            return self.inner.locate(change, call)

    def close(self) -> None:
        with _CLOSE:
            self.inner.close()


class _Only:
    """Turns whatever comes out of ``method`` and is none of the port's errors into ``kind``.

    A class, since a context manager made of a generator takes four times as long, and previewing enters three a step.
    Nothing of a call is in it, so there is one for each method.
    """

    __slots__ = ("_kind", "_method")

    def __init__(self, kind: type[ConnectorError], method: str) -> None:
        self._kind = kind
        self._method = method

    def __enter__(self) -> None:
        pass

    def __exit__(self, of: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if isinstance(error, Exception) and not isinstance(error, ConnectorError | Interrupted):
            name = type(error).__name__
            raise self._kind("Connector failed", f"{name} came out of its `{self._method}`.") from error


_IDENTITY = _Only(Unreachable, "identity")
_ADDRESSES = _Only(Rejected, "addresses")
_RESOURCE = _Only(Rejected, "resource")
_READ = _Only(Unreachable, "read")
_PREVIEW = _Only(Rejected, "preview")
_EXECUTE = _Only(Indeterminate, "execute")
_LOCATE = _Only(Unreachable, "locate")
_CLOSE = _Only(Unreachable, "close")
