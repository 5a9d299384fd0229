"""Ctrl-C during a run: the first lets the step in flight finish, the second marks it in doubt."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType, TracebackType
from typing import Any, Self

from agentctl.errors import Exit, Interrupted, Terminated


class Handbrake:
    """The engine's Brake, pulled by SIGINT and SIGTERM while the ``with`` block lasts."""

    def __init__(self) -> None:
        self.code: Exit | None = None
        self._force = False
        self._calling = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._pull)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def asked(self) -> str:
        """Return why the run should stop before its next step, or nothing."""
        return "interrupted" if self.code else ""

    @contextmanager
    def call(self) -> Iterator[None]:
        """Return a context in which pulling twice raises Interrupted."""
        self._calling = True
        try:
            if self._force:
                raise self._error()
            yield
        finally:
            self._calling = False

    def _pull(self, number: int, frame: FrameType | None) -> None:  # what signal hands over
        if self.code is None:
            self.code = Exit.TERMINATED if number == signal.SIGTERM else Exit.INTERRUPTED
            _say("\nStopping after the step in flight. Once more to stop now and leave it in doubt.\n")
            return
        self._force = True
        if self._calling:
            raise self._error()

    def _error(self) -> Interrupted:
        family = Terminated if self.code is Exit.TERMINATED else Interrupted
        return family("Interrupted", "the call was cut off by a second signal")


def _say(text: str) -> None:
    # The signal may have come in the middle of a write to stderr, whose buffer lets nobody in twice.
    with suppress(OSError, ValueError):
        os.write(sys.stderr.fileno(), text.encode())
