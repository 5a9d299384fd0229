"""Keeps a connector to its word: whatever it raises is one of the three errors of the port."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

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
        with _only(Unreachable, "identity"):
            return self.inner.identity()

    def addresses(self, step: Step) -> tuple[Address, ...]:
        with _only(Rejected, "addresses"):
            return self.inner.addresses(step)

    def resource(self, address: Address) -> str:
        with _only(Rejected, "resource"):
            return self.inner.resource(address)

    def read(self, address: Address) -> Snapshot:
        with _only(Unreachable, "read"):
            return self.inner.read(address)

    def read_many(self, addresses: Sequence[Address]) -> Sequence[Snapshot]:
        with _only(Unreachable, "read"):
            return tuple(read_many(self.inner, addresses))

    def preview(self, step: Step, view: View) -> Change:
        with _only(Rejected, "preview"):
            return self.inner.preview(step, view)

    def execute(self, change: Change, call: Call) -> Receipt:
        with _only(Indeterminate, "execute"):
            return self.inner.execute(change, call)

    def locate(self, change: Change, call: Call) -> Location:
        with _only(Unreachable, "locate"):
            return self.inner.locate(change, call)

    def close(self) -> None:
        with _only(Unreachable, "close"):
            self.inner.close()


@contextmanager
def _only(kind: type[ConnectorError], method: str) -> Iterator[None]:
    try:
        yield
    except (ConnectorError, Interrupted):
        raise
    except Exception as error:
        raise kind("Connector failed", f"{type(error).__name__} came out of its `{method}`.") from error
