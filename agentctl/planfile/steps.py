"""Reads the steps of a plan: who they are, what they need, and that their action, target and arguments can be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from agentctl.errors import Rejected, Unreachable
from agentctl.facts import replace
from agentctl.model.action import ActionSpec
from agentctl.model.diagnostic import Span
from agentctl.model.plan import Argument, Format, From, Step, argument_to_wire, is_plain
from agentctl.model.values import Unknown
from agentctl.patterns import regex
from agentctl.planfile.arguments import judge, judge_source
from agentctl.planfile.catalog import Catalog
from agentctl.planfile.codes import Code
from agentctl.planfile.findings import Findings
from agentctl.planfile.references import Reading
from agentctl.syntax.document import Pointer
from agentctl.syntax.suggest import did_you_mean

_MAY_REFER: Final = (From, Format, dict, list)
_NEW: Final = regex(r"(?:^|/)new:([^/]*)")


class Steps:
    """The steps of one plan, read one after the other, each knowing those before it."""

    __slots__ = ("_catalog", "_earlier", "_evidence", "_findings", "_misshapen", "_places", "_sound")

    def __init__(
        self, catalog: Catalog, findings: Findings, evidence: frozenset[str], misshapen: frozenset[Pointer]
    ) -> None:
        self._catalog = catalog
        self._findings = findings
        self._evidence = evidence
        self._earlier: dict[str, Step] = {}
        self._places: dict[str, int] = {}
        self._sound: set[str] = set()
        self._misshapen = misshapen

    def read(self, nodes: list[Any], wire: Mapping[str, Any]) -> tuple[Step, ...]:
        """Return the steps; where one is wrong, findings say so and what is returned is of no use.

        ``wire`` is the plan in JSON form.
        """
        if not nodes:
            return ()
        for index, node in enumerate(nodes):
            if isinstance(node, dict) and isinstance(name := node.get("id"), str):
                self._places.setdefault(name, index)
        steps: list[Step] = []
        above = ""
        for index, (node, span) in enumerate(zip(nodes, self._findings.document.spans(("steps",)), strict=True)):
            if self._findings.is_full:
                break
            if isinstance(node, dict):
                step = self._step(node, wire["steps"][index].get("with"), index, above, span)
                steps.append(step)
                above = step.id or above
        return tuple(steps)

    def _step(self, node: Mapping[str, Any], wire: Any, index: int, above: str, span: Span) -> Step:
        at: Pointer = ("steps", index)
        trouble = self._findings.trouble
        name = self._id(node, index)
        spec = self._action(node, at)
        needs = self._needs(node, index, above)
        reading = Reading(self._findings)
        given = node.get("with", {})
        arguments: dict[str, Argument] = {}
        if isinstance(given, dict):
            inside = (*at, "with")
            arguments = {
                key: item if type(item) is str else reading.read(item, (*inside, key)) for key, item in given.items()
            }
            if spec is not None:
                given_wire = {} if wire is None else wire
                judge(spec, given_wire, arguments, reading, inside, self._catalog.secrets)
            if reading.references:
                needs += self._sources(reading, spec, index, needs)
        target = self._text(node, at, "target")
        if "new:" in target:
            needs += self._new_records(target, index, needs)
        step = Step(
            id=name,
            action=self._text(node, at, "action"),
            target=target,
            with_=arguments,
            because=self._text(node, at, "because"),
            evidence=self._supports(node, at),
            needs=needs,
            span=span,
        )
        if name and spec and target and isinstance(given, dict) and self._findings.trouble == trouble:
            self._sound.add(name)
            self._judge_scope(_unresolved(step) if reading.references else step, at)
        if name:
            self._earlier.setdefault(name, step)
        return step

    def _text(self, node: Mapping[str, Any], at: Pointer, key: str) -> str:
        text = node.get(key)
        if type(text) is not str or (self._misshapen and (*at, key) in self._misshapen):
            return ""
        return text

    def _id(self, node: Mapping[str, Any], index: int) -> str:
        name = self._text(node, ("steps", index), "id")
        if name and self._places[name] != index:
            detail = f"Step {self._places[name] + 1} is called `{name}` too."
            self._findings.error(Code.DUPLICATE_STEP, "Duplicate step id", detail, ("steps", index, "id"))
        return name

    def _action(self, node: Mapping[str, Any], at: Pointer) -> ActionSpec | None:
        action = self._text(node, at, "action")
        if not action:
            return None
        spec = self._catalog.actions.get(action)
        if spec is not None and not spec.inverse_only:
            return spec
        pointer = (*at, "action")
        instance = action.partition(".")[0]
        offered = [name for name, spec in self._catalog.actions.items() if not spec.inverse_only]
        of_instance = [name for name in offered if name.startswith(instance + ".")]
        if spec is not None:
            detail = f"`{action}` undoes other actions; only a rollback may use it."
            self._findings.error(Code.INVERSE_ONLY, "Action is for rollbacks only", detail, pointer)
        elif of_instance:
            detail = f"Connector `{instance}` has no `{action.partition('.')[2]}`."
            hint = did_you_mean(action, of_instance) or f"It has: {', '.join(sorted(of_instance)[:20])}."
            self._findings.error(Code.UNKNOWN_ACTION, "Unknown action", detail, pointer, hint=hint)
        else:
            known = sorted({name.partition(".")[0] for name in offered})
            detail = f"This workspace has no connector `{instance}`. It has: {', '.join(known) or 'none'}."
            hint = did_you_mean(action, offered) or did_you_mean(instance, known)
            self._findings.error(Code.UNKNOWN_CONNECTOR, "Unknown connector", detail, pointer, hint=hint)
        return None

    def _needs(self, node: Mapping[str, Any], index: int, above: str) -> tuple[str, ...]:
        stated = node.get("needs")
        if stated is None:
            return (above,) if above else ()
        if not stated:
            return ()
        names = [name for name in stated if isinstance(name, str)] if isinstance(stated, list) else []
        return tuple(
            name
            for place, name in enumerate(names)
            if ("steps", index, "needs", place) not in self._misshapen
            and self._is_earlier(name, index, ("steps", index, "needs", place))
        )

    def _sources(
        self, reading: Reading, spec: ActionSpec | None, index: int, needs: tuple[str, ...]
    ) -> tuple[str, ...]:
        """Return the steps that references use beyond ``needs``: to use what a step brings is to need it."""
        implied: dict[str, None] = {}
        stated = frozenset(needs)
        for found in reading.references:
            reference = found.reference
            if isinstance(reference, From) and self._is_earlier(reference.step, index, found.pointer):
                if reference.step not in stated:
                    implied[reference.step] = None
                source = self._earlier.get(reference.step)
                source_spec = self._catalog.actions.get(source.action) if source else None
                judge_source(found, source_spec, spec, ("steps", index, "with"), self._findings)
        return tuple(implied)

    def _new_records(self, target: str, index: int, needs: tuple[str, ...]) -> tuple[str, ...]:
        """Return the steps beyond ``needs`` whose new records ``target`` names, as ``customers/new:STEP``."""
        pointer: Pointer = ("steps", index, "target")
        implied: dict[str, None] = {}
        for found in _NEW.finditer(target):
            name = found.group(1)
            if not self._is_earlier(name, index, pointer, "`new:STEP` is the record that an earlier step makes."):
                continue
            source = self._earlier.get(name)
            if source is not None and not self._may_create(source):
                detail = f"Step `{name}` does not make a record whose key is not known yet."
                self._findings.error(Code.CREATES_NOTHING, "Step creates nothing", detail, pointer)
            elif name not in needs:
                implied[name] = None
        return tuple(implied)

    def _may_create(self, step: Step) -> bool:
        """Whether a step may make a record under ``new:STEP``; True where its connector does not say."""
        if self._catalog.addresses is None or step.id not in self._sound:
            return True
        try:
            addresses = self._catalog.addresses(_unresolved(step))
        except (Rejected, Unreachable):
            return True
        return not addresses or any(address.endswith(f"/new:{step.id}") for address in addresses)

    def _is_earlier(self, name: str, index: int, pointer: Pointer, otherwise: str = "") -> bool:
        place = self._places.get(name)
        if place is not None and place < index:
            return True
        if place is None:
            detail = f"There is no step `{name}`."
            hint = "" if self._findings.is_full else did_you_mean(name, self._earlier) or otherwise
            self._findings.error(Code.UNKNOWN_STEP, "Unknown step", detail, pointer, hint=hint)
        else:
            which = "is this one" if place == index else "comes later"
            detail = f"Step `{name}` {which}; only an earlier one can be used."
            self._findings.error(Code.STEP_NOT_EARLIER, "Step is not earlier", detail, pointer)
        return False

    def _supports(self, node: Mapping[str, Any], at: Pointer) -> tuple[str, ...]:
        stated = node.get("evidence")
        if not stated:
            return ()
        names = stated if isinstance(stated, list) else []
        for place, name in enumerate(names):
            if isinstance(name, str) and name not in self._evidence and (*at, "evidence", place) not in self._misshapen:
                detail = f"The plan lists no evidence `{name}`."
                hint = "" if self._findings.is_full else did_you_mean(name, self._evidence)
                self._findings.error(
                    Code.UNKNOWN_EVIDENCE, "Unknown evidence", detail, (*at, "evidence", place), hint=hint
                )
        return tuple(name for name in names if isinstance(name, str))

    def _judge_scope(self, step: Step, at: Pointer) -> None:
        if self._catalog.addresses is None:
            return
        try:
            self._catalog.addresses(step)
        except Unreachable:
            # Only the live system can tell. To check a plan is offline work; its preview will say.
            return
        except Rejected as error:
            self._findings.error(
                Code.TARGET_REJECTED, error.summary, error.detail, (*at, "target"), hint=error.hint
            )


def _unresolved(step: Step) -> Step:
    """Return ``step`` as a preview would hand it to its connector while nothing is known of earlier steps."""
    if is_plain(step.with_) or not any(isinstance(argument, _MAY_REFER) for argument in step.with_.values()):
        return step
    return replace(step, with_={name: _unknown(argument) for name, argument in step.with_.items()})


def _unknown(argument: Argument) -> Argument:
    match argument:
        case From() | Format():
            return Unknown(argument_to_wire(argument))
        case dict():
            return {key: _unknown(item) for key, item in argument.items()}
        case list():
            return [_unknown(item) for item in argument]
    return argument
