"""What is said of a mistake in agentctl.yaml: where, what is expected, and never a value that may be a secret."""

import pytest

from agentctl.errors import Invalid
from agentctl.workspace.file import load

HEAD = "version: 1\nkind: Workspace\ntenant: acme\nenvironment: staging\npolicy: policy/\nconnectors: {}\n"


@pytest.mark.parametrize(("line", "said"), [
    ("witness: [hunter2]", "Expected a mapping with one entry, as in `{git: origin}`."),
    ("witness: {url: hunter2}", "`url` is not known here. Known are: git, file."),
    ("witness: {git: origin, file: hunter2}", "Expected at most 1 key."),
    ("witness: {}", "Expected at least 1 key."),
    ("witness: {git: 5}", "Expected text."),
])
def test_a_witness_of_another_form_is_told_what_one_looks_like(tmp_path, line, said):
    (tmp_path / "agentctl.yaml").write_text(HEAD + line + "\n")
    with pytest.raises(Invalid) as raised:
        load(tmp_path)
    (found,) = raised.value.diagnostics
    assert found.detail == said
    assert found.pointer.startswith("/witness")
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize("witness", [{"git": "origin"}, {"file": "/mnt/audit/heads"}])
def test_a_witness_is_a_remote_or_a_file(tmp_path, witness):
    ((kind, where),) = witness.items()
    (tmp_path / "agentctl.yaml").write_text(f"{HEAD}witness: {{{kind}: {where}}}\n")
    assert load(tmp_path).witness == witness
