"""What a document has for each step is plain data, and small."""

from __future__ import annotations

import json
import sys

from agentctl.views.document.blank import blank

KEYS = [f"key{number}" for number in range(27)]


def test_a_copy_is_a_dictionary_like_any_other():
    plain = dict.fromkeys(KEYS, "same")
    copy = blank(plain).copy()
    copy["key3"] = [1]
    plain["key3"] = [1]
    assert type(copy) is dict
    assert copy == plain
    assert json.dumps(copy) == json.dumps(plain)
    assert list(copy | {"one more": 1}) == [*KEYS, "one more"]


def test_copies_are_independent_of_each_other():
    form = blank({"one": 1, "two": 2})
    first, second = form.copy(), form.copy()
    first["one"] = 7
    first["three"] = 3
    del first["two"]
    assert (first, second, form) == ({"one": 7, "three": 3}, {"one": 1, "two": 2}, {"one": 1, "two": 2})


def test_forms_of_different_keys_do_not_mix():
    forms = [blank(dict.fromkeys(KEYS[at:at + 5], at)) for at in range(20)]
    assert [list(form) for form in forms] == [KEYS[at:at + 5] for at in range(20)]
    assert all(sys.getsizeof(form.copy()) < 300 for form in forms)


def test_a_copy_with_the_keys_of_a_step_takes_less_than_half_of_one_made_by_itself():
    plain = dict.fromkeys(KEYS, "same")
    assert sys.getsizeof(blank(plain).copy()) * 2 < sys.getsizeof(plain.copy())
