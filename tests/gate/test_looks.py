from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.small_workspace import change

from evalh.errors import BadInput
from evalh.gate.looks import (
    Look,
    Looks,
    Standing,
    conversations_of,
    noted,
    pair_key,
    read_looks,
    standing,
    write_looks,
)
from evalh.models import CaseSide, Cell, Comparison, CriticalFinding, SideInfo, digest
from evalh.regression.gate import Terms
from evalh.regression.sides import Side

KEY = "key"


def side(name: str = "v1", *cases: CaseSide, sha256: str | None = "a" * 64, **inputs: Any) -> Side:
    return Side(SideInfo(name=name, run_id="r_1", prompt_version=name, prompt_sha256=sha256), inputs, (), cases)


def comparison(*worse: tuple[str, str]) -> Comparison:
    cells = tuple(Cell(cohort_key="persona", cohort=cohort, evaluator=name, regressed=True) for cohort, name in worse)
    calm = Cell(cohort_key="persona", cohort="calm", evaluator="tone")
    verdict = "REGRESSION" if worse else "PASS"
    return Comparison(run_id="r_1", baseline=None, candidate=side().info, verdict=verdict, cells=(*cells, calm))


def looked(*looks: tuple[str, tuple[tuple[str, str], ...]]) -> Looks:
    """Looks at the conversations named by the letters of a word, with the cells called worse."""
    return Looks(pairs={KEY: tuple(Look(conversations=tuple(word), worse=worse) for word, worse in looks)})


WORSE = (("angry", "tone"),)


def test_the_first_look_has_all_of_alpha_and_nothing_before_it() -> None:
    assert standing(Looks(), KEY, "abc") == Standing(1, frozenset(), False)


def test_more_conversations_are_another_look_that_knows_what_was_worse() -> None:
    assert standing(looked(("ab", WORSE)), KEY, "abc") == Standing(2, frozenset(WORSE), False)
    assert standing(looked(("ab", WORSE), ("abc", ())), KEY, "abcd") == Standing(3, frozenset(WORSE), False)


def test_the_same_conversations_again_are_the_look_they_were() -> None:
    looks = looked(("ab", WORSE), ("abc", ()))
    assert standing(looks, KEY, "ab") == Standing(1)
    assert standing(looks, KEY, "abc") == Standing(2, frozenset(WORSE))


@pytest.mark.parametrize("now", ["ac", "cd", "a", ""])
def test_conversations_that_were_replaced_or_left_out_leave_what_they_showed(now: str) -> None:
    assert standing(looked(("ab", WORSE)), KEY, now) == Standing(2, frozenset(WORSE), True)


def test_other_prompts_have_looks_of_their_own() -> None:
    assert standing(looked(("ab", WORSE)), "another", "cd") == Standing()


def test_a_look_is_noted_with_its_worse_cells_and_only_once() -> None:
    once = noted(Looks(), KEY, "ab", comparison(*WORSE))
    assert once.pairs == {KEY: (Look(conversations=("a", "b"), worse=WORSE, verdict="REGRESSION"),)}
    assert noted(once, KEY, "ab", comparison()) is once
    assert [look.verdict for look in noted(once, KEY, "abc", comparison()).pairs[KEY]] == ["REGRESSION", "PASS"]


def test_the_pair_is_that_of_the_prompts_and_inputs_whatever_they_are_called() -> None:
    key = pair_key(side(), side("v2", sha256="b" * 64))
    assert pair_key(side("r_1:v1"), side("new", sha256="b" * 64)) == key
    others = [
        pair_key(side(sha256="c" * 64), side("v2", sha256="b" * 64)),
        pair_key(side(), side("v2", sha256="c" * 64)),
        pair_key(side("v2", sha256="b" * 64), side()),
        pair_key(side(), side("v2", sha256="b" * 64, golden_set="g")),
    ]
    assert len({key, *others}) == len(others) + 1


def test_the_same_conversations_grouped_otherwise_are_another_look_that_knows_what_was_worse_overall() -> None:
    looks = looked(("ab", (("*", "tone"), *WORSE)))
    assert standing(looks, KEY, "ab", "plan") == Standing(2, frozenset([("*", "tone")]), False)
    both = noted(looks, KEY, "ab", comparison().model_copy(update={"cohort_key": "plan"}))
    assert [look.cohort_key for look in both.pairs[KEY]] == ["persona", "plan"]
    assert [standing(both, KEY, "ab", key).look for key in ("persona", "plan", "region")] == [1, 2, 3]


def test_cohorts_of_another_grouping_stay_as_all_conversations_when_theirs_were_replaced() -> None:
    assert standing(looked(("ab", WORSE)), KEY, "cd", "plan") == Standing(2, frozenset([("*", "tone")]), True)


def test_the_conversations_of_both_sides_count_in_any_order_of_cases() -> None:
    one, two = CaseSide(case="c-1", conversations=("b", "a")), CaseSide(case="c-2", conversations=("c",))
    assert conversations_of(side("v1", one), side("v2", two)) == ("a", "b", "c")
    assert conversations_of(side("v2", two), side("v1", one)) == ("a", "b", "c")


def test_looks_are_read_as_they_were_written(tmp_path: Path) -> None:
    looks = looked(("ab", WORSE), ("abc", ()))
    write_looks(tmp_path, looks)
    assert read_looks(tmp_path) == looks


def test_a_folder_without_looks_has_none(tmp_path: Path) -> None:
    assert read_looks(tmp_path) == Looks()


@pytest.mark.parametrize(
    "held", ["", "{", "[]", "null", '{"pairs": {"k": 5}}', json.dumps({"schema": "evalh.looks/2", "pairs": {}})]
)
def test_looks_that_cannot_be_read_are_never_taken_for_none(tmp_path: Path, held: str) -> None:
    (tmp_path / "looks.json").write_text(held)
    with pytest.raises(BadInput, match=r"looks\.json"):
        read_looks(tmp_path)


def test_a_field_of_a_later_minor_version_is_no_damage(tmp_path: Path) -> None:
    held = {"schema": "evalh.looks/1", "pairs": {}, "later": 1}
    (tmp_path / "looks.json").write_text(json.dumps({**held, "sha256": digest(held)}))
    assert read_looks(tmp_path) == Looks()


@pytest.mark.parametrize(("old", "new"), [('"c"', '"d"'), ('"sha256"', '"sha257"'), ('"sha256": "', '"sha256": "0')])
def test_looks_that_were_edited_are_one_sentence(tmp_path: Path, old: str, new: str) -> None:
    write_looks(tmp_path, looked(("abc", WORSE)))
    change(tmp_path, "looks.json", old, new)
    with pytest.raises(
        BadInput, match=r"looks\.json: its content is not what its sha256 says; it was edited; restore it"
    ):
        read_looks(tmp_path)


BLOCKED = ("c-1", "eligibility", "suppressed")


def test_a_critical_finding_that_blocked_is_remembered() -> None:
    finding = CriticalFinding(
        case=BLOCKED[0], cohort="calm", evaluator=BLOCKED[1], label=BLOCKED[2], trials=3, of_trials=3,
        baseline_trials=3, blocks=True,
    )  # fmt: skip
    seen = comparison().model_copy(update={"critical": (finding, finding.model_copy(update={"blocks": False}))})
    looks = noted(Looks(), KEY, "ab", seen)

    assert looks.pairs[KEY][0].critical == (BLOCKED,)
    assert standing(looks, KEY, "cd") == Standing(2, frozenset(), True, frozenset([BLOCKED]))
    assert standing(looks, KEY, "cd").of(Terms()).earlier_critical == {BLOCKED}
