"""Bounds every call that may wait: a system that never answers ends the call, not the run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any, TypeVar

from agentctl.connectors.base import Call, Connector, Location, Receipt, read_many
from agentctl.connectors.layers.wrapped import Wrapped
from agentctl.errors import Indeterminate, Unreachable
from agentctl.facts import dataclass, field
from agentctl.model.change import Change
from agentctl.model.changeset import SystemIdentity
from agentctl.model.snapshot import Address, Snapshot

READING = 60.0      # seconds a look at a system may take
_LOOK_UP = 0.2      # a signal that comes just before we wait does not wake us: Python hears it when we look up
T = TypeVar("T")


class Deadline(Wrapped):
    """Runs calls beside the caller. One that takes too long is left to itself: its thread ends with the process."""

    def __init__(self, inner: Connector, *, reading: float = READING) -> None:
        super().__init__(inner)
        self._reading = reading
        self._idle: list[_Worker] = []

    def identity(self) -> SystemIdentity:
        return self._look("identity", lambda _: self.inner.identity())

    def read(self, address: Address) -> Snapshot:
        return self._look(str(address), lambda _: self.inner.read(address))

    def read_many(self, addresses: Sequence[Address]) -> Sequence[Snapshot]:
        """Read one record after the other with one change of threads for all. Each look has the whole time."""

        def look(pulse: _Pulse) -> Sequence[Snapshot]:
            return tuple(pulse.after_each(read_many(self.inner, addresses)))

        return self._look(f"{addresses[0]} and {len(addresses) - 1} more", look) if addresses else ()

    def execute(self, change: Change, call: Call) -> Receipt:
        try:
            return self._within(call.deadline, lambda _: self.inner.execute(change, call))
        except _TooLate as error:
            raise Indeterminate(
                "No answer in time", f"{change.action} was sent and nothing came back within {call.deadline:g} s."
            ) from error

    def locate(self, change: Change, call: Call) -> Location:
        return self._look(change.action, lambda _: self.inner.locate(change, call))

    def _look(self, what: str, act: Callable[[_Pulse], T]) -> T:
        try:
            return self._within(self._reading, act)
        except _TooLate as error:
            raise Unreachable("No answer in time", f"{what}: nothing came back within {self._reading:g} s.") from error

    def _within(self, seconds: float, act: Callable[[_Pulse], T]) -> T:
        try:
            worker = self._idle.pop()
        except IndexError:
            worker = _Worker()
        pulse = _Pulse()
        worker.asked.put(lambda: act(pulse))
        try:
            outcome = _wait(worker, pulse, seconds)
        except BaseException:
            pulse.given_up = True
            worker.asked.put(None)      # its answer, if it ever comes, is nobody's
            raise
        self._idle.append(worker)
        if outcome.error is not None:
            raise outcome.error
        result: T = outcome.value
        return result

    def close(self) -> None:
        while self._idle:
            self._idle.pop().asked.put(None)
        self.inner.close()


class _TooLate(Exception):
    pass


@dataclass(slots=True)
class _Pulse:
    """When an act last got something back, and whether anybody still waits for the rest."""

    at: float = field(default_factory=monotonic)
    given_up: bool = False

    def after_each(self, answers: Iterable[T]) -> Iterator[T]:
        for answer in answers:
            self.at = monotonic()
            yield answer
            if self.given_up:
                return


@dataclass(frozen=True, slots=True)
class _Outcome:
    value: Any = None
    error: BaseException | None = None


def _wait(worker: _Worker, pulse: _Pulse, seconds: float) -> _Outcome:
    """Return what the worker's act came to. Raises _TooLate once nothing has come back for ``seconds``."""
    while True:
        left = pulse.at + seconds - monotonic()
        try:
            return worker.answered.get(timeout=min(max(0.0, left), _LOOK_UP))
        except Empty:
            if pulse.at + seconds <= monotonic():
                raise _TooLate from None


class _Worker:
    """A thread that does one thing after the other, and keeps nobody from leaving."""

    def __init__(self) -> None:
        self.asked: SimpleQueue[Callable[[], Any] | None] = SimpleQueue()
        self.answered: SimpleQueue[_Outcome] = SimpleQueue()
        threading.Thread(target=self._work, name="connector call", daemon=True).start()

    def _work(self) -> None:
        while (act := self.asked.get()) is not None:
            try:
                self.answered.put(_Outcome(value=act()))
            except BaseException as error:  # noqa: BLE001  # raised again where the caller waits
                self.answered.put(_Outcome(error=error))
            del act     # what a call closed over is not kept alive while idle
