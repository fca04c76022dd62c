from __future__ import annotations

from dataclasses import replace

import pytest
from tests.regression.sides import cases, side

from evalh.errors import UserError
from evalh.gate.compare import compare_sides
from evalh.regression.gate import Terms
from evalh.regression.sides import Side


def of_set(sha256: str, count: int) -> Side:
    made = side(cases(tone=[1.0] * count))
    info = made.info.model_copy(update={"planned": count, "planned_trials": 1})
    return replace(made, info=info, inputs={"golden_set": sha256})


def test_another_golden_set_is_refused_by_name() -> None:
    with pytest.raises(UserError, match="golden_set: a → b"):
        compare_sides(of_set("a", 20), of_set("b", 24), Terms())


def test_of_two_golden_sets_only_the_cases_in_common_are_compared() -> None:
    found = compare_sides(of_set("a", 20), of_set("b", 24), Terms(), allow=("golden_set",))
    assert (found.verdict, found.allowed) == ("PASS", ("golden_set: a → b",))
    assert {cell.pairs for cell in found.cells} == {20}
    assert {cell.before.missing for cell in found.cells} == {0}


def test_of_one_golden_set_a_case_that_a_side_lacks_is_missing() -> None:
    assert compare_sides(of_set("a", 20), of_set("a", 24), Terms()).verdict == "INCOMPLETE"
