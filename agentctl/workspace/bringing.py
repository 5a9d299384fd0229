"""What is signed of a run that goes on, on its way to the witness. What it ends with is ``witnessing``'s part."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from threading import Thread

from agentctl.errors import ConnectorError
from agentctl.trace.checkpoint import Tell
from agentctl.witness.base import Attestation, Witness
from agentctl.workspace.witnessing import witness_of
from agentctl.workspace.workspace import Workspace

_PATIENCE = 10.0        # seconds a run that is over waits for what is on its way


@contextmanager
def bringing(workspace: Workspace) -> Iterator[Tell]:
    """Give what takes interim checkpoints to the witness, from a thread of its own: it neither stops nor slows a run.

    One that does not arrive is not told of: the head that the run ends with speaks for it, or is warned about.
    """
    witness = witness_of(workspace)
    if witness is None:
        yield lambda _statement, _signature: None
        return
    way = _Way(witness)
    try:
        yield way.take
    finally:
        way.end()


class _Way:
    def __init__(self, witness: Witness) -> None:
        self._witness = witness
        self._waiting: SimpleQueue[Attestation | None] = SimpleQueue()
        self._thread: Thread | None = None

    def take(self, statement: bytes, signature: bytes) -> None:
        if self._thread is None:
            self._thread = Thread(target=self._bring, name="bringing heads to the witness", daemon=True)
            self._thread.start()
        self._waiting.put(Attestation(statement, signature))

    def end(self) -> None:
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join(_PATIENCE)

    def _bring(self) -> None:
        while (newest := self._newest()) is not None:
            with suppress(ConnectorError):
                self._witness.keep(newest)

    def _newest(self) -> Attestation | None:
        """Wait for something to bring; of several that came meanwhile the last speaks for all."""
        newest = self._waiting.get()
        with suppress(Empty):
            while newest is not None:
                newest = self._waiting.get_nowait()
        return newest
