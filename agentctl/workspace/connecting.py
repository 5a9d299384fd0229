"""The connectors of ``agentctl.yaml``, each opened when it is first asked for. Connects to no system."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from agentctl.connectors.base import Connector
from agentctl.errors import Invalid
from agentctl.model.action import ActionSpec
from agentctl.model.diagnostic import Diagnostic


class Connectors(Mapping[str, Connector]):
    """The configured connectors by name. What a command does not use is neither imported nor opened.

    ``open_`` opens one, or raises Invalid with what is wrong with its settings. Where one is wrong, all are looked at,
    so that everything there is to mend is told at once.
    """

    def __init__(self, names: tuple[str, ...], open_: Callable[[str], Connector]) -> None:
        self._names = dict.fromkeys(names)
        self._open = open_
        self._opened: dict[str, Connector] = {}

    def __getitem__(self, name: str) -> Connector:
        if name not in self._opened:
            if name not in self._names:
                raise KeyError(name)
            self._opened[name] = self._checked(name)
        return self._opened[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def _checked(self, name: str) -> Connector:
        try:
            return self._open(name)
        except Invalid:
            wrong = tuple(diagnostic for each in self._names for diagnostic in self._wrong(each))
            raise Invalid("The workspace file is not valid", diagnostics=wrong) from None

    def _wrong(self, name: str) -> tuple[Diagnostic, ...]:
        try:
            self._open(name)
        except Invalid as error:
            return error.diagnostics
        return ()


class Specs(Mapping[str, ActionSpec]):
    """Every action of ``connectors`` by its full name. To go through all of them, or to count them, opens all."""

    def __init__(self, connectors: Mapping[str, Connector]) -> None:
        self._connectors = connectors
        self._found: dict[str, ActionSpec] = {}

    def __getitem__(self, action: str) -> ActionSpec:
        if (spec := self._found.get(action)) is None:
            instance, _, verb = action.partition(".")
            spec = self._found[action] = self._connectors[instance].actions[verb]
        return spec

    def __iter__(self) -> Iterator[str]:
        return (f"{name}.{verb}" for name, connector in self._connectors.items() for verb in connector.actions)

    def __len__(self) -> int:
        return sum(len(connector.actions) for connector in self._connectors.values())

    def __bool__(self) -> bool:
        return bool(self._connectors)       # a connector without actions there is none; to count them opens all
