"""For the authors of connectors: the suite every connector passes, and what drives one without the engine.

Needs pytest; nothing else of agentctl imports it.
"""

import pytest

pytest.register_assert_rewrite("agentctl.testing.suite", "agentctl.testing.drive")

from agentctl.testing.clock import FrozenClock  # noqa: E402  # assertions are rewritten only when registered first
from agentctl.testing.drive import FrozenView, LiveView, Performed, foresee, perform, snapshots  # noqa: E402
from agentctl.testing.lost import LostReply  # noqa: E402
from agentctl.testing.suite import Case, ConnectorSuite  # noqa: E402

__all__ = [
    "Case",
    "ConnectorSuite",
    "FrozenClock",
    "FrozenView",
    "LiveView",
    "LostReply",
    "Performed",
    "foresee",
    "perform",
    "snapshots",
]
