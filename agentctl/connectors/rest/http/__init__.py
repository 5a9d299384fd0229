"""The one way a connector of ours sends an HTTP request. What a request means is not known here.

Importing this imports no HTTP library. ``Client`` is in ``.client``, which does: import it where the first is made.
"""

from __future__ import annotations

from agentctl.connectors.rest.http.authorization import BEARER, Authorization
from agentctl.connectors.rest.http.endpoint import Endpoint
from agentctl.connectors.rest.http.paths import segment
from agentctl.connectors.rest.http.request import JSON, Request
from agentctl.connectors.rest.http.response import Headers, Response

__all__ = ["Authorization", "BEARER", "Endpoint", "Headers", "JSON", "Request", "Response", "segment"]
