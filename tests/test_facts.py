"""Our ``dataclass`` makes what the standard library's makes, only later."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import re
from dataclasses import FrozenInstanceError
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl import facts

FLAGS: list[dict[str, bool]] = [
    {"frozen": True, "slots": True, "kw_only": True},
    {"frozen": True, "slots": True},
    {"frozen": True, "slots": True, "eq": False},
    {"frozen": True, "kw_only": True},
    {"slots": True},
    {},
]


def field_of(decorator: Any) -> Any:
    return facts.field if decorator is facts.dataclass else dataclasses.field


def make(decorator: Any, **flags: bool) -> Any:
    """Return a class with a field of every kind, written once for both decorators."""
    field = field_of(decorator)

    class Fact:
        kind: ClassVar[str] = "fact"
        name: str
        number: int = 7
        notes: list[str] = field(default_factory=list)
        hidden: str = field(default="", repr=False)
        beside: str = field(default="", compare=False)
        counted: int = field(default=0, hash=False)
        later: int = field(default=3, init=False)
        found: dict[str, int] = field(default_factory=dict, init=False)
        last: str = field(default="", kw_only=True)

        def __post_init__(self) -> None:
            if self.name == "refused":
                raise ValueError(self.name)

        def shout(self) -> str:
            return self.name.upper()

    return decorator(**flags)(Fact)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Theirs:
    name: str
    values: tuple[int, ...] = ()
    text: str = dataclasses.field(default="", compare=False)


@facts.dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    name: str
    values: tuple[int, ...] = ()
    text: str = facts.field(default="", compare=False)


def told(act: Any) -> Any:
    """Return what came of it: a value, or the error and its words."""
    try:
        return act()
    except (TypeError, ValueError, AttributeError) as error:
        return type(error), str(error)


both = pytest.mark.parametrize("flags", FLAGS, ids=lambda flags: " ".join(flags) or "plain")


@both
def test_a_class_has_the_same_shape(flags: dict[str, bool]) -> None:
    theirs, ours = make(dataclasses.dataclass, **flags), make(facts.dataclass, **flags)
    assert [each.name for each in dataclasses.fields(ours)] == [each.name for each in dataclasses.fields(theirs)]
    assert str(inspect.signature(ours)) == str(inspect.signature(theirs))
    assert inspect.get_annotations(ours.__init__) == inspect.get_annotations(theirs.__init__)
    for name in ("__match_args__", "__slots__", "kind"):
        assert getattr(ours, name, None) == getattr(theirs, name, None)
    assert (ours.__hash__ is None) == (theirs.__hash__ is None)


@both
@pytest.mark.parametrize(
    "given_", [
        {}, {"name": "a"}, {"name": "refused"}, {"name": "a", "other": 1}, {"name": "a", "later": 1},
        {"name": "a", "notes": ["n"], "hidden": "h", "beside": "b", "counted": 1, "last": "l"},
    ], ids=str,
)
def test_a_value_is_made_told_compared_and_changed_alike(flags: dict[str, bool], given_: dict[str, Any]) -> None:
    theirs, ours = make(dataclasses.dataclass, **flags), make(facts.dataclass, **flags)

    def seen(kind: Any) -> Any:
        value, again = kind(**given_), kind(**given_)
        return (
            repr(value), dataclasses.asdict(value), value.shout(),
            value == again, value != again, value == object(), value == dataclasses.replace(value, last="else"),
            value == dataclasses.replace(value, beside="else"), value.notes is again.notes,
            told(lambda: hash(dataclasses.replace(value, notes=())) == hash(dataclasses.replace(again, notes=()))),
            told(lambda: setattr(value, "name", "b")), told(lambda: setattr(value, "unheard_of", "b")) is None,
            told(lambda: delattr(again, "number")), told(lambda: repr(copy.deepcopy(value))),
            told(lambda: repr(dataclasses.replace(value, later=1))),
        )

    assert told(lambda: seen(ours)) == told(lambda: seen(theirs))
    assert told(lambda: ours("a", 2).number) == told(lambda: theirs("a", 2).number)


@given(st.text(), st.lists(st.integers()).map(tuple), st.text(), st.text(), st.lists(st.integers()).map(tuple))
def test_any_two_values_compare_and_hash_alike(
    name: str, values: tuple[int, ...], text: str, other: str, others: tuple[int, ...]
) -> None:
    theirs = Theirs(name=name, values=values, text=text), Theirs(name=other, values=others)
    ours = Ours(name=name, values=values, text=text), Ours(name=other, values=others)
    assert (ours[0] == ours[1]) == (theirs[0] == theirs[1])
    assert list(map(hash, ours)) == list(map(hash, theirs))
    assert pickle.loads(pickle.dumps(ours[0])) == ours[0]
    assert ours[0] != object(), "another class is another value"


def test_a_frozen_value_stays_as_it_was_made() -> None:
    value = Ours(name="a")
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'name'"):
        value.name = "b"  # type: ignore[misc]  # what is tried
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'name'"):
        del value.name
    assert value == Ours(name="a")


def test_every_fact_is_made_this_way() -> None:
    package = Path(facts.__file__).parent
    plain = [
        path.relative_to(package).as_posix() for path in package.rglob("*.py")
        if path.name != "facts.py"
        and re.search(r"^from dataclasses import .*\b(dataclass|field|replace)\b", path.read_text(), re.MULTILINE)
    ]
    assert plain == [], "from agentctl.facts import them: commands start quicker by it"


def test_what_a_class_says_of_itself_is_kept() -> None:
    @facts.dataclass(frozen=True)
    class Named:
        """Its own words."""

        name: str

        def __repr__(self) -> str:
            return "told by itself"

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Named)

        def __hash__(self) -> int:
            return 1

        @cached_property
        def once(self) -> list[str]:
            return [self.name]

    one, other = Named("a"), Named("b")
    assert (repr(one), one == other, hash(one), Named.__doc__) == ("told by itself", True, 1, "Its own words.")
    assert one.once is one.once


def test_a_class_may_make_its_values_itself() -> None:
    @facts.dataclass(frozen=True)
    class Made:
        name: str

        def __init__(self) -> None:
            object.__setattr__(self, "name", "a")

    assert repr(Made()).endswith("Made(name='a')")


@pytest.mark.parametrize("made_before", [0, facts._FEW], ids=["few values", "many"])
def test_a_class_that_inherits_and_is_no_fact_stays_the_class_it_is(made_before: int) -> None:
    @facts.dataclass(frozen=True, slots=True)
    class Whole:
        a: int
        b: int
        c: int = 3
        d: int = 4

    class Heir(Whole):
        """Has a dictionary besides its slots."""

    class Slotted(Whole):
        __slots__ = ()

    for _ in range(made_before):
        Whole(1, 2)
    for kind in (Whole, Heir, Slotted):
        value = kind(1, 2)
        assert type(value) is kind
        assert (value.a, value.b, value.c, value.d) == (1, 2, 3, 4)
        with pytest.raises(AttributeError, match="cannot assign to field 'a'"):
            value.a = 2     # type: ignore[misc]  # what is tried
    assert inspect.isfunction(vars(Whole)["__init__"]) == bool(made_before)


def test_a_default_that_can_change_and_annotations_that_are_no_texts_are_refused() -> None:
    class Shared:
        names: list[str] = []  # noqa: RUF012  # what is tried

    with pytest.raises(ValueError, match="default_factory"):
        facts.dataclass()(Shared)
    with pytest.raises(TypeError, match="from __future__ import annotations"):
        facts.dataclass()(type("Early", (), {"__annotations__": {"name": str}}))


def test_a_class_that_inherits_has_the_fields_of_both() -> None:
    @facts.dataclass(frozen=True, slots=True, kw_only=True)
    class Longer(Ours):
        more: int = 1

    assert repr(Longer(name="a", more=2)).endswith("Longer(name='a', values=(), text='', more=2)")
    assert Longer(name="a") != Ours(name="a")
    with pytest.raises(FrozenInstanceError):
        Longer(name="a").name = "b"  # type: ignore[misc]


def test_a_value_within_itself_is_told_in_finite_words() -> None:
    @facts.dataclass(slots=True)
    class Knot:
        tied: list[Any]

    knot = Knot([])
    knot.tied.append(knot)
    assert repr(knot).endswith("Knot(tied=[...])")


def test_a_method_is_compiled_when_many_values_were_made_and_not_before() -> None:
    @facts.dataclass(frozen=True, slots=True)
    class Late:
        name: str

    for _ in range(facts._FEW):
        assert Late("a").name == "a"
        assert not inspect.isfunction(vars(Late)["__init__"])
    assert Late("a").name == "a"
    made = vars(Late)["__init__"]
    assert inspect.isfunction(made)
    assert (Late("b").name, vars(Late)["__init__"]) == ("b", made)


def test_classes_of_one_shape_keep_names_defaults_and_errors_of_their_own() -> None:
    @facts.dataclass(frozen=True, slots=True, kw_only=True)
    class Person:
        name: str
        age: int = 1
        notes: list[str] = facts.field(default_factory=list)

    @facts.dataclass(frozen=True, slots=True, kw_only=True)
    class Place:
        street: str
        number: int = 2
        rooms: dict[str, int] = facts.field(default_factory=dict)

    assert repr(Person(name="a")).endswith("Person(name='a', age=1, notes=[])")
    assert repr(Place(street="b")).endswith("Place(street='b', number=2, rooms={})")
    assert Person(name="a").notes is not Person(name="a").notes
    with pytest.raises(TypeError, match=r"Place\.__init__\(\) missing 1 required keyword-only argument: 'street'"):
        Place()  # type: ignore[call-arg]  # what is tried
    with pytest.raises(TypeError, match="unexpected keyword argument 'street'"):
        Person(street="b")  # type: ignore[call-arg]


def test_a_field_without_a_default_may_not_follow_one_with() -> None:
    def class_of(decorator: Any) -> Any:
        return decorator(frozen=True)(
            type("Mixed", (), {"__annotations__": {"a": "int", "b": "int"}, "a": 1, "__module__": __name__})
        )

    theirs, ours = (told(lambda kind=kind: class_of(kind)(b=2)) for kind in (dataclasses.dataclass, facts.dataclass))
    assert ours == (TypeError, "non-default argument 'b' follows default argument 'a'")
    assert ours[1].startswith(theirs[1])        # Python 3.11 leaves out which


KINDS = ["plain", "default", "made", "late", "found", "unset"]


@given(st.lists(st.sampled_from(KINDS), max_size=12), st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_a_class_of_any_shape_makes_the_same_values(
    kinds: list[str], kw_only: bool, frozen: bool, slots: bool, compiled: bool
) -> None:
    if not kw_only:
        kinds = sorted(kinds, key=lambda kind: kind in ("default", "made"))

    def class_of(decorator: Any) -> Any:
        field = field_of(decorator)
        ways = {
            "default": lambda: 7,
            "made": lambda: field(default_factory=list),
            "late": lambda: field(default=3, init=False),
            "found": lambda: field(default_factory=dict, init=False),
            "unset": lambda: field(init=False, repr=False, compare=False),
        }
        body = {f"f{place}": ways[kind]() for place, kind in enumerate(kinds) if kind in ways}
        names = {f"f{place}": "int" for place in range(len(kinds))}
        made = type("Shape", (), {"__annotations__": names, "__module__": __name__, **body})
        return decorator(kw_only=kw_only, frozen=frozen, slots=slots)(made)

    theirs, ours = class_of(dataclasses.dataclass), class_of(facts.dataclass)
    if compiled:
        assert inspect.isfunction(ours.__init__), "whoever looks at it gets the real one"

    def check(*in_order: int, **given: int) -> None:
        kind = ours if compiled else class_of(facts.dataclass)
        assert told(lambda: repr(kind(*in_order, **given))) == told(lambda: repr(theirs(*in_order, **given)))

    every = {f"f{place}": place for place in range(len(kinds))}
    plain = {f"f{place}": place for place, kind in enumerate(kinds) if kind == "plain"}
    asked = {f"f{place}": place for place, kind in enumerate(kinds) if kind in ("plain", "default", "made")}
    for named in (plain, asked, every, {**asked, "other": 1}, {"f0": 0}, {}):
        check(**named)
    for count in range(len(kinds) + 2):
        for named in ({}, dict(list(every.items())[count:]), {"f0": 0}):
            check(*range(count), **named)
    assert str(inspect.signature(ours)) == str(inspect.signature(theirs))


@pytest.mark.parametrize("changes", [{}, {"name": "b"}, {"values": (), "text": ""}, {"other": 1}], ids=str)
def test_a_changed_copy_is_made_alike(changes: dict[str, Any]) -> None:
    theirs, ours = Theirs(name="a", values=(1,), text="t"), Ours(name="a", values=(1,), text="t")
    was = told(lambda: repr(dataclasses.replace(theirs, **changes)))
    assert str(told(lambda: repr(facts.replace(ours, **changes)))) == str(was).replace("Theirs", "Ours")


def test_only_facts_have_changed_copies() -> None:
    with pytest.raises(TypeError, match="object is no fact"):
        facts.replace(object())


def test_what_a_class_refuses_no_changed_copy_gets_past() -> None:
    made = make(facts.dataclass, frozen=True, slots=True)
    with pytest.raises(ValueError, match="refused"):
        facts.replace(made("a"), name="refused")
    with pytest.raises(TypeError, match="later"):
        facts.replace(made("a"), later=1)
    assert facts.replace(made("a"), last="z").found == {}


def test_the_standard_library_finds_the_fields_it_knows() -> None:
    theirs, ours = make(dataclasses.dataclass, frozen=True), make(facts.dataclass, frozen=True)
    asked = ("name", "type", "default", "default_factory", "init", "repr", "hash", "compare", "kw_only")
    for one, other in zip(dataclasses.fields(theirs), dataclasses.fields(ours), strict=True):
        assert [getattr(one, name) for name in asked] == [getattr(other, name) for name in asked]
    assert dataclasses.is_dataclass(ours)
    assert dataclasses.asdict(ours("a")) == dataclasses.asdict(theirs("a")) == facts.by_name(ours("a"))


def test_the_standard_librarys_fields_and_bases_are_not_mistaken_for_ours() -> None:
    with pytest.raises(TypeError, match="that of agentctl"):
        facts.dataclass()(type("Mixed", (), {"__annotations__": {"a": "int"}, "a": dataclasses.field(default=1)}))
    with pytest.raises(TypeError, match="no fact: Theirs"):
        facts.dataclass()(type("Heir", (Theirs,), {"__annotations__": {"a": "int"}}))


@facts.dataclass(frozen=True, kw_only=True)
class Counted:
    asked: list[str]

    @facts.kept
    def count(self) -> int:
        """How many there are."""
        self.asked.append("once more")
        return len(self.asked)


def test_what_is_kept_is_worked_out_once_and_stays_as_fixed_as_a_field() -> None:
    counted = Counted(asked=[])
    assert (counted.count, counted.count, counted.asked) == (1, 1, ["once more"])
    with pytest.raises(FrozenInstanceError):
        counted.count = 7  # type: ignore[misc, assignment]
    with pytest.raises(FrozenInstanceError):
        del counted.count  # type: ignore[misc]
    assert copy.copy(counted).count == 1
    assert facts.replace(counted, asked=[1, 2]).count == 3
    assert inspect.getdoc(Counted.count) == "How many there are."


def test_a_value_is_of_its_own_class_and_frozen_once_it_is_made() -> None:
    made = facts.dataclass(frozen=True, slots=True)(
        type("Wide", (), {"__annotations__": dict.fromkeys("abcde", "int"), "__module__": __name__})
    )
    for number in range(100):       # past the first ones, which are made otherwise
        value = made(1, 2, 3, 4, number)
        assert (type(value), value.e) == (made, number)
        assert not hasattr(value, "__dict__")
        with pytest.raises(FrozenInstanceError):
            value.e = 7
    with pytest.raises(TypeError):
        made(1, 2, 3, 4)


def test_a_value_that_could_not_be_made_is_nowhere_to_be_seen() -> None:
    def fail() -> int:
        raise RuntimeError("no value")

    fields: dict[str, Any] = {"__annotations__": dict.fromkeys("abcde", "int"), "e": facts.field(default_factory=fail)}
    made = facts.dataclass(frozen=True, slots=True)(type("Failing", (), {**fields, "__module__": __name__}))
    for _ in range(100):
        with pytest.raises(RuntimeError, match="no value"):
            made(1, 2, 3, 4)
    assert made(1, 2, 3, 4, 5).e == 5
