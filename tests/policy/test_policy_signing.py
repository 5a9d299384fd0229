"""Who can sign at all: people with a key of their own, shared with nobody."""

from __future__ import annotations

import pytest

from agentctl.identity import sshsig
from agentctl.policy.document import load
from agentctl.policy.lint import lint
from agentctl.policy.signing import signers
from agentctl.policy.wide import Ground

ANN, BEN = sshsig.public_key(bytes(32)), sshsig.public_key(bytes([1] * 32))


def policy(people: str):
    return load([("policy.yaml", f"""
version: 1
kind: Policy
agents: {{bot: {{roles: [all]}}}}
roles:
  all:
    grants:
      - {{id: g, actions: ["*.row.update"], mode: approve, approvals: {{count: 2, from: [leads]}}}}
people: {people}
""".encode())])


@pytest.mark.parametrize(("ben", "able"), [
    (f'["{BEN}"]', ("ann", "ben")),
    ("[]", ("ann",)),
    (f'["{ANN}"]', ()),                             # one key, two people: it is nobody's
    (f'["{ANN} ben@laptop"]', ()),                  # whatever its comment says
    (f'["{ANN}", "{BEN}"]', ("ben",)),              # the other one is his alone
], ids=["both", "none", "shared", "comment", "second"])
def test_only_people_with_a_key_of_their_own_can_sign_and_a_quorum_beyond_them_is_found(ben, able):
    said = policy(f'{{ann: {{groups: [leads], keys: ["{ANN}"]}}, ben: {{groups: [leads], keys: {ben}}}}}')
    assert signers(said, ("leads",)) == able
    ground = Ground(specs={}, tenant="acme", environment="staging")
    found = [item for item in lint(said, ground) if item.code == "too-few-keys"]
    assert bool(found) == (len(able) < 2)
    for item in found:
        assert (item.code, item.span.line) == ("too-few-keys", 8)

