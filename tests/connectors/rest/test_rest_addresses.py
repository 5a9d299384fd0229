"""Addresses and paths: each record has one of each, and no value leads anywhere else."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.connectors.base import Instance
from agentctl.connectors.rest import TYPE
from agentctl.connectors.rest.load import load
from agentctl.connectors.rest.names import Names
from agentctl.connectors.rest.template import Parameter, Pending, Template
from agentctl.errors import Rejected
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address
from tests.connectors.rest.kinto_worlds import MANIFESTS

TEMPLATE = Template(text="{owner}/{repo}/labels/{name}", parameters={"owner": Parameter(name="owner", lower=True)})
PATH = Template(text="/repos/{owner}/{repo}/labels/{name}")
TREE = Template(text="{repo}/files/{path}", parameters={"path": Parameter(name="path", type="path")})
FILES = Template(text="/repos/{repo}/contents/{path}", parameters=TREE.parameters)
NAMES = st.text(min_size=1, max_size=12) | st.sampled_from([
    "..", ".", "%2e%2e", "..%2f", "a/b", "a\\b", "a?b", "a#b", "new:one", "new%3Aone", "a%b", "a b", "ä", "//evil.example",
    "http://evil.example/", "a\r\nHost: evil", "\x00", "a;b", "@evil.example", "%252e%252e", "{repo}", "*", "a:b",
])


@given(owner=NAMES, repo=NAMES, name=NAMES)
def test_an_address_and_what_it_names_are_one_to_one(owner, repo, name):
    values = {"owner": owner.lower(), "repo": repo, "name": name}
    if owner.lower() != owner.lower().lower():
        return
    address = TEMPLATE.format(values)
    assert address.count("/") == 3
    assert not isinstance(TEMPLATE.parse(address)["name"], Pending)
    assert dict(TEMPLATE.parse(address)) == values


@given(address=st.text(max_size=40) | st.builds("{}/{}/labels/{}".format, NAMES, NAMES, NAMES))
def test_no_record_has_two_addresses(address):
    try:
        values = TEMPLATE.parse(address)
    except Rejected:        # it names a record, in another way than the one that there is
        return
    assert values is None or TEMPLATE.format(values) == address


@given(owner=NAMES, repo=NAMES, name=NAMES)
def test_no_value_leaves_its_place_in_a_path(owner, repo, name):
    try:
        path = PATH.path({"owner": owner, "repo": repo, "name": name})
    except Rejected:
        return
    _, _, first, second, labels, last = path.split("/")
    assert labels == "labels"
    assert [unquote(first), unquote(second), unquote(last)] == [owner, repo, name]
    assert urlsplit("https://api.example" + path).netloc == "api.example"
    assert urlsplit("https://api.example" + path).path == path


@given(parts=st.lists(NAMES, min_size=1, max_size=4))
def test_a_path_of_several_segments_stays_below_its_place(parts):
    value = "/".join(parts)
    try:
        path = FILES.path({"repo": "shop", "path": value})
    except Rejected:
        return
    assert path.startswith("/repos/shop/contents/")
    assert unquote(path.removeprefix("/repos/shop/contents/")) == value
    assert not {"..", ".", ""}.intersection(path.split("/")[4:])
    assert dict(TREE.parse(TREE.format({"repo": "shop", "path": value}))) == {"repo": "shop", "path": value}


@pytest.mark.parametrize("target", [
    "Acme/shop/issues/1", "acme/shop/issues/01", "acme/shop/issues/x", "acme/shop/issues/1/", "acme/shop/issues", "acme/../issues/1",
    "acme/%2e%2e/issues/1", "acme/sh%6Fp/issues/1", "acme//issues/1", "acme/shop/issues/1?x=1", "acme/shop/issues/1#x",
    "other/shop/issues/1", "", "/", "acme/sh\nop/issues/1", "acme/shop/issues/-1", "acme/shop/issues/१",
])
def test_a_target_that_is_no_record_of_the_instance_is_refused_offline(target):
    connector = opened(only=["acme/*"])
    with pytest.raises(Rejected):
        connector.addresses(Step(id="s", action="tracker.issue.update", target=target, with_={"title": "x"}))


def test_a_target_is_the_address():
    connector = opened()
    update = Step(id="s", action="tracker.issue.update", target="acme/shop/issues/42", with_={"title": "x"})
    create = Step(id="open", action="tracker.issue.create", target="acme/shop/issues", with_={"title": "x"})
    look = Step(id="s", action="tracker.issues.read", target="acme/shop/issues", with_={"state": "all", "labels": "a b&c"})
    assert connector.addresses(update) == ("tracker/acme/shop/issues/42",)
    assert connector.addresses(create) == ("tracker/acme/shop/issues/new:open",)
    assert connector.addresses(look) == ("tracker/acme/shop/issues?labels=a%20b%26c&state=all",)
    assert connector.resource(Address("tracker/acme/shop/issues/42")) == "https://api.example/v3/repos/acme/shop/issues/42"


def opened(**settings):
    given = {"manifest": "issues.yaml", "url": "https://api.example/v3", **settings}
    return TYPE.open(Instance(name="tracker", settings=given, root=str(MANIFESTS)))


@pytest.mark.parametrize(("target", "words"), [
    ("entries/seven", "not 'entries/seven': `number` must be a whole number"),
    ("entries/07", "`number` must be a whole number"),
    ("entry/7", "takes entries/{number}; not 'entry/7'"),
])
def test_it_is_said_what_is_wrong_with_a_target(target, words):
    names = Names(instance="books", manifest=load((MANIFESTS / "ledger.yaml").read_bytes(), "x"))
    with pytest.raises(Rejected) as told:
        names.target(target, names.manifest.verbs["entry.read"])
    assert words in told.value.detail
