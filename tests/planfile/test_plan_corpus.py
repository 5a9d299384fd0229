"""Plans as models really break them, and word for word what each is told. ``--update-golden`` rewrites the words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentctl.planfile.codes import Code
from agentctl.planfile.load import check
from agentctl.syntax.codes import Code as SyntaxCode
from tests.planfile.shop import catalog

CORPUS = Path(__file__).parent / "corpus"
PLANS = sorted(path.name for path in CORPUS.iterdir() if path.is_file())


def told(name: str) -> list[dict[str, object]]:
    found = check((CORPUS / name).read_bytes(), name, catalog(CORPUS))
    return [
        {
            "place": str(item.span),
            "severity": item.severity,
            "code": item.code,
            "pointer": item.pointer,
            "summary": item.summary,
            "detail": item.detail,
            "hint": item.hint,
            "source": item.source,
        }
        for item in found.diagnostics
    ]


@pytest.mark.parametrize("name", PLANS)
def test_a_broken_plan_is_told_word_for_word(name, update_golden):
    golden = CORPUS / "told" / f"{name}.json"
    found = json.dumps(told(name), indent=1, ensure_ascii=False) + "\n"
    if update_golden:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(found)
    assert found == golden.read_text()


@pytest.mark.parametrize("name", PLANS)
def test_whatever_is_told_can_be_acted_on(name):
    found = told(name)
    assert found
    for item in found:
        assert item["code"] in {*vars(Code).values(), *vars(SyntaxCode).values()}
        assert item["summary"]
        assert not str(item["summary"]).endswith(".")
        assert item["detail"] == "" or str(item["detail"]).endswith(".")
        assert str(item["place"]).startswith(f"{name}:")


def test_every_golden_has_its_plan():
    assert sorted(path.name for path in (CORPUS / "told").iterdir()) == [f"{name}.json" for name in PLANS]
