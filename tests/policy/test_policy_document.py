"""Policy files: what is accepted, and that everything else is refused with its place."""

from __future__ import annotations

import pytest

from agentctl.errors import Exit, Invalid
from agentctl.model.decision import Verdict
from agentctl.policy import baselines, document
from agentctl.policy.document import load
from tests.policy.ground import HEAD, judge, policy, update

WHOLE = """
agents:
  sales-ops: {roles: [sales], keys: ["ssh-ed25519 AAAA me@host"]}
roles:
  sales:
    grants:
      - actions: ["crm.row.read", "site.text.read"]
      - id: tiers
        actions: ["crm.row.update"]
        targets: ["customers/*"]
        fields: [tier, discount, address.*]
        where: 'before.region == "eu"'
        mode: approve
        approvals: {count: 1, from: [sales-leads]}
        secrets: [smtp]
        limits: [{count: 20, per: 1h}, {sum: after.discount_cents, max: 50000, per: 1d}]
people:
  sales-lead-1: {groups: [sales-leads, on-call], aliases: [lead@acme.example], keys: ["ssh-ed25519 AAAA…"]}
invariants:
  - {id: never-delete-prod, when: 'environment == "prod"', deny: 'effect == "delete"', message: No., except: [rollback]}
  - {id: close-needs-evidence, when: 'after.state == "closed"', require: 'size(step.evidence) > 0', level: soft,
     override: {from: [sales-leads], expires: 4h}}
rollback: {from: [on-call], approvals: {count: 0}}
break_glass: {from: [on-call], expires: 30m, review_within: 24h}
"""


def refused(*texts: str) -> list[tuple[str, str]]:
    """Codes and places of what is wrong with these files."""
    with pytest.raises(Invalid) as error:
        load([(f"{number}.yaml", text.encode()) for number, text in enumerate(texts)])
    assert error.value.code is Exit.INVALID
    return [(item.code, str(item.span)) for item in error.value.diagnostics]


def test_the_whole_format_is_accepted():
    loaded = policy(WHOLE.replace("AAAA…", "DDDD"))
    assert [grant.id for grant in loaded.grants["sales"]] == ["roles.sales.grants[0]", "tiers"]
    assert loaded.warnings == ()
    assert loaded.break_glass is not None
    assert (loaded.break_glass.seconds, loaded.break_glass.review_within) == (30 * 60, 24 * 3600)
    assert str(loaded.invariants[1].place) == "policy.yaml:23:5"


@pytest.mark.parametrize("sources", [[], [("p.yaml", b"")], [("p.yaml", b"# nothing\n")], [("p.yaml", b"{}")]])
def test_a_missing_or_empty_policy_is_invalid(sources):
    with pytest.raises(Invalid):
        load(sources)


def test_a_policy_without_rules_denies_everything():
    assert judge(policy(""), update(tier="x")).verdict is Verdict.DENY


def test_an_oversized_policy_is_refused_before_it_is_parsed(monkeypatch):
    monkeypatch.setattr(document, "LARGEST", 100)
    with pytest.raises(Invalid, match="Policy too large"):
        load([("a.yaml", b"x" * 60), ("b.yaml", b"x" * 60)])


@pytest.mark.parametrize(
    "text, wrong",
    [
        ("rolls: {}\n", ("unknown-key", "0.yaml:3:1")),
        ("roles: {r: {grants: [{actions: [a.b], wher: 'x'}]}}\n", ("unknown-key", "0.yaml:3:39")),
        ("roles: {r: {grants: [{targets: [x]}]}}\n", ("missing-key", "0.yaml:3:22")),
        ("roles: {r: {grants: [{actions: ['a.b?']}]}}\n", ("malformed", "0.yaml:3:33")),
        ("roles: {r: {grants: [{actions: [a.b], targets: ['c/[ab]']}]}}\n", ("malformed", "0.yaml:3:49")),
        ("roles: {r: {grants: [{actions: [a.b], fields: ['a*']}]}}\n", ("malformed", "0.yaml:3:48")),
        ("roles: {r: {grants: [{actions: [a.b], mode: sometimes}]}}\n", ("not-a-choice", "0.yaml:3:45")),
        ("agents: {a: {roles: [r]}}\n", ("unknown-role", "0.yaml:3:22")),
        ("invariants: [{id: a}]\n", ("missing-key", "0.yaml:3:14")),
        ("invariants: [{id: a, deny: 'true', except: [apply]}]\n", None),
        ("invariants: [{id: a, deny: 'true'}, {id: a, deny: 'true'}]\n", ("duplicate-name", "0.yaml:3:42")),
        ("invariants: [{id: a, deny: 'befor.x == 1'}]\n", ("bad-condition", "0.yaml:3:34")),
        ("invariants:\n  - id: a\n    deny: 1 + 'a' == 2\n", ("bad-condition", "0.yaml:5:13")),
        ("people: {a: {aliases: [x]}, b: {aliases: [x]}}\n", ("duplicate-name", "0.yaml:3:43")),
        ("people: {a: {}, b: {aliases: [a]}}\n", ("duplicate-name", "0.yaml:3:31")),
        ("agents: {a: {roles: [r]}, a: {roles: [r]}}\nroles: {r: {grants: []}}\n", ("duplicate-key", "0.yaml:3:27")),
        ("rollback: {}\n", ("missing-key", "0.yaml:3:11")),
        ("break_glass: {from: [a], expires: soon, review_within: 1d}\n", ("malformed", "0.yaml:3:35")),
        ("roles: {r: {grants: [{actions: [a.b], mode: auto, approvals: {count: 1}}]}}\n", ("no-effect", "0.yaml:3:51")),
        ("roles: {r: {grants: [{actions: [a.b], mode: forbid, secrets: [x]}]}}\n", ("no-effect", "0.yaml:3:53")),
        ("roles: {r: {grants: [{actions: [a.b], approvals: {count: 0}}]}}\n", ("out-of-range", "0.yaml:3:58")),
        ("roles: {r: {grants: [{actions: [a.b], limits: [{sum: 'true', max: 1, per: 1d}]}]}}\n",
         ("bad-condition", "0.yaml:3:55")),
        ("a: &x 1\nb: *x\n", ("anchor", "0.yaml:3:4")),
        ("\tx: 1\n", ("yaml-syntax", "0.yaml:3:1")),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(text, wrong):
    found = refused(HEAD + text)
    assert found
    assert wrong is None or found[0] == wrong


@pytest.mark.parametrize(
    "first, second",
    [("sales", "Sales"), ("sales-ops", "sales_ops"), ("team1", "teaml"), ("admin-0", "admin-O"), ("modem", "modern")],
)
@pytest.mark.parametrize("kind", ["agent", "role", "person", "group", "rule"])
def test_names_that_look_alike_are_refused(kind, first, second):
    text = {
        "agent": f"agents: {{{first}: {{roles: [r]}}, {second}: {{roles: [r]}}}}\nroles: {{r: {{grants: []}}}}\n",
        "role": f"roles: {{{first}: {{grants: []}}, {second}: {{grants: []}}}}\n",
        "person": f"people: {{{first}: {{}}, {second}: {{}}}}\n",
        "group": f"people: {{p: {{groups: [{first}]}}}}\nrollback: {{from: [{second}]}}\n",
        "rule": f"invariants: [{{id: {first}, deny: 'true'}}, {{id: {second}, deny: 'true'}}]\n",
    }[kind]
    assert [code for code, _ in refused(HEAD + text)] == ["look-alike"]


@pytest.mark.parametrize("name", ["sаles", "a b", "-x", "", "x/y", "a\u200b"])
def test_names_are_plain_letters(name):
    assert refused(HEAD + f'roles: {{"{name}": {{grants: []}}}}\n')


def test_everything_wrong_in_all_files_is_told_at_once_and_in_order():
    found = refused(
        HEAD + "people: {a: {aliases: [x]}}\ninvariants:\n  - {id: i, deny: 'nope'}\n  - {id: j, deny: '1'}\n",
        HEAD + "foo: 1\n",
        HEAD + "people: {a: {}}\nrollback: {from: [ops]}\ninvariants: [{id: i, deny: 'true'}]\n",
        HEAD + "rollback: {from: [ops]}\n",
    )
    assert found == [
        ("bad-condition", "0.yaml:5:20"),
        ("bad-condition", "0.yaml:6:20"),
        ("unknown-key", "1.yaml:3:1"),
        ("duplicate-name", "2.yaml:3:13"),
        ("duplicate-name", "2.yaml:5:19"),
        ("duplicate-name", "3.yaml:3:1"),
    ]


def test_a_folder_of_files_is_one_policy():
    parts = [
        HEAD + "agents: {bot: {roles: [role]}}\n",
        HEAD + "roles: {role: {grants: [{actions: ['*'], mode: auto}]}}\n",
        HEAD + "invariants: [{id: x, deny: 'effect == \"delete\"'}]\n",
    ]
    together = load([(f"{number}.yaml", part.encode()) for number, part in enumerate(parts)])
    assert judge(together, update(tier="x")).verdict is Verdict.ALLOW
    assert str(together.invariants[0].place) == "2.yaml:3:14"
    assert together.digest == load([("p.yaml", (HEAD + "".join(part[len(HEAD):] for part in parts)).encode())]).digest


def test_the_digest_is_over_rules_and_not_over_people_or_words():
    base = policy(WHOLE.replace("AAAA…", "DDDD"))
    assert policy("# a remark\n" + WHOLE.replace("AAAA…", "BBBB").replace("lead@acme", "head@acme")).digest == base.digest
    for old, new in [("count: 20", "count: 21"), ("[tier, ", "["), ("roles: [sales], keys", "roles: [sales], keys"),
                     ("expires: 4h", "expires: 5h"), ("expires: 30m", "expires: 31m"), ("count: 0", "count: 1"),
                     ("AAAA me@host", "CCCC me@host")]:
        changed = policy(WHOLE.replace("AAAA…", "DDDD").replace(old, new))
        assert (changed.digest == base.digest) is (old == new)


@pytest.mark.parametrize("name", baselines.names())
def test_each_baseline_loads_clean(name):
    loaded = load([(f"{name}.yaml", baselines.text(name).encode())])
    assert loaded.warnings == ()
    assert all(len(line) <= 120 for line in baselines.text(name).splitlines())


def test_there_are_four_baselines():
    assert baselines.names() == ("draft-only", "operations", "read-only", "write-with-approval")
