"""Connectors that wrap connectors: what every system needs and no adapter should have to say again."""

from agentctl.connectors.layers.deadline import Deadline
from agentctl.connectors.layers.own_records import OwnRecords
from agentctl.connectors.layers.rate import Rate, Rates
from agentctl.connectors.layers.readonly import ReadOnly
from agentctl.connectors.layers.sealed import Sealed
from agentctl.connectors.layers.tenant import Tenant

__all__ = ["Deadline", "OwnRecords", "Rate", "Rates", "ReadOnly", "Sealed", "Tenant"]
