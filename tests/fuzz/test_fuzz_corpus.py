"""Every input kept in the corpus holds on every machine, also where nothing can be fuzzed; what once broke stays there."""

from __future__ import annotations

import random
import time

import pytest

from tests.fuzz.targets import CORPUS, TARGETS, seeds, target

PATIENCE = 5.0          # seconds of processor time; an input of 4 KiB takes a thousandth of that


@pytest.mark.parametrize("name", TARGETS)
def test_every_kept_input_holds(name):
    judge = target(name)
    assert seeds(name)
    for seed in seeds(name):
        began = time.process_time()
        judge(seed.read_bytes())
        assert time.process_time() - began < PATIENCE, seed


@pytest.mark.parametrize("name", TARGETS)
def test_what_lies_near_a_kept_input_holds(name):
    judge = target(name)
    chance = random.Random(12)
    for seed in seeds(name)[:6]:
        whole = seed.read_bytes()
        for _ in range(12):
            at, width = chance.randrange(len(whole) + 1), chance.randrange(1, 9)
            judge(whole[:at] + chance.randbytes(chance.randrange(4)) + whole[at + width :])


def test_every_folder_of_the_corpus_belongs_to_a_target_and_is_small():
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)
    assert sum(path.stat().st_size for path in CORPUS.rglob("*") if path.is_file()) < 2**20
