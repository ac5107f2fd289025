"""Whole made-up studios, each resolved by the live Rez and by us: packages, order, phases, errors and failure texts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.resolve_worlds import ours, random_world, rez

if TYPE_CHECKING:
    import random

quietly = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


def compare(choose: random.Random, *, stored: bool = False) -> None:
    world = random_world(choose)
    theirs = rez(world)
    if theirs is not None:  # else Rez breaks: see docs/explanation/resolver.md
        assert ours(world, stored=stored) == theirs


@settings(quietly, max_examples=500)
@given(st.randoms(use_true_random=True))
def test_we_answer_as_rez_does(choose: random.Random) -> None:
    compare(choose)


@settings(quietly, max_examples=200)
@given(st.randoms(use_true_random=True))
def test_so_we_do_by_way_of_a_stored_index(choose: random.Random) -> None:
    compare(choose, stored=True)


@pytest.mark.conformance
@pytest.mark.timeout(3600)
@settings(quietly, max_examples=10_000)
@given(st.randoms(use_true_random=True))
def test_we_answer_as_rez_does_in_ten_thousand_worlds(choose: random.Random) -> None:
    compare(choose)


ASK = """
import random, sys
sys.path.insert(0, sys.argv[1])
from support.resolve_worlds import ours, random_world
for seed in range(60):
    print(ours(random_world(random.Random(seed))))
"""


def test_the_answers_do_not_depend_on_the_hash_seed() -> None:
    answers = {
        subprocess.run(
            [sys.executable, "-c", ASK, str(Path(__file__).parents[1])],
            env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("0", "1", "4711")
    }  # fmt: skip
    assert len(answers) == 1
    assert answers.pop().count("Answer(") == 60
