from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from evalh.errors import UserError
from evalh.gate.bless import MAX_HISTORY, bless, blessed_side, notices, problems
from evalh.models import BlessedBaseline, CaseSide, CaseTrials, EvaluatorInfo, SideInfo, StateCounts
from evalh.regression.sides import Side

NOW = datetime(2026, 10, 31, 12, 0, tzinfo=UTC)
TONE = EvaluatorInfo(name="tone", version="1", sha256="e" * 64, rollup="mean", threshold=0.7)


def case(name: str, mean: float = 1.0, *, trials: int = 2, **fields: Any) -> CaseSide:
    given = CaseTrials(mean=mean, n=trials, passed=trials, counts=StateCounts(scored=trials))
    return CaseSide(**{"case": name, "trials": trials, "read": trials, "evaluators": {"tone": given}} | fields)


def side(*cases: CaseSide, **changes: Any) -> Side:
    info = SideInfo(name="v1", run_id="r_1", prompt_version="v1", prompt_sha256="a" * 64, trials=2)
    inputs = {"reader": "local/1", "golden_set": "g" * 64}
    given: dict[str, Any] = {"info": info, "inputs": inputs, "evaluators": (TONE,), "prompt": "Hi."}
    return Side(**given | {"cases": cases or (case("c-1"),)} | changes)


def blessed(chosen: Side, old: BlessedBaseline | None = None, **given: Any) -> BlessedBaseline:
    return bless(chosen, **{"config": "telecom", "old": old, "now": NOW, "commit": None} | given)


def counted(n: int | None = None, **counts: int) -> Side:
    trials = CaseTrials(n=counts.get("scored", 0) if n is None else n, counts=StateCounts(**counts))
    return side(case("c-1", evaluators={"tone": trials}, trials=10, read=10))


def test_a_blessed_side_is_the_same_side_without_its_rows() -> None:
    chosen = side(case("c-1", 0.25), case("c-2"))
    again = blessed_side(blessed(chosen))

    assert (again.cases, again.evaluators, again.prompt) == (chosen.cases, chosen.evaluators, chosen.prompt)
    assert again.inputs == chosen.inputs
    assert again.info == chosen.info.model_copy(update={"kind": "blessed"})
    assert again.rows is None


def test_the_entry_says_what_was_blessed_when_and_why() -> None:
    (entry,) = blessed(side(), commit="c" * 40, note="after the price change").history

    assert (entry.run_id, entry.prompt_version, entry.prompt_sha256) == ("r_1", "v1", "a" * 64)
    assert (entry.commit, entry.note, entry.blessed_at) == ("c" * 40, "after the price change", "2026-10-31T12:00:00Z")
    assert len(entry.cases_sha256) == 64


def test_the_moment_is_told_in_utc() -> None:
    now = datetime(2026, 10, 31, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert blessed(side(), now=now).history[0].blessed_at == "2026-10-30T23:30:00Z"


def test_the_digest_is_that_of_the_content() -> None:
    made = blessed(side())
    assert made.sha256 == made.content_sha256() != blessed(side(case("c-1", 0.5))).sha256


def test_the_newest_entry_comes_first_and_the_older_ones_are_kept() -> None:
    made = blessed(side(case("c-1", 0.25)))
    made = blessed(side(case("c-1", 0.5)), made, note="second")
    assert [entry.note for entry in made.history] == ["second", ""]


def test_the_oldest_entries_of_a_long_history_are_dropped() -> None:
    made = None
    for number in range(MAX_HISTORY + 2):
        made = blessed(side(case("c-1", number / 100)), made, note=str(number))
    assert made is not None
    assert [entry.note for entry in made.history] == [str(number) for number in range(MAX_HISTORY + 1, 1, -1)]


def test_the_same_side_again_changes_nothing_even_from_another_run() -> None:
    old = blessed(side())
    elsewhere = SideInfo(name="r_2:v1", run_id="r_2", prompt_version="v1", prompt_sha256="a" * 64)
    assert blessed(side(info=elsewhere), old, now=NOW + timedelta(days=1), note="again", commit="c" * 40) is old


@pytest.mark.parametrize(
    "changes",
    [
        {"cases": (case("c-1", 0.5),)},
        {"cases": (case("c-1"), case("c-2"))},
        {"cases": (case("c-1", conversations=("f" * 64,)),)},
        {"prompt": "Hello."},
        {"info": SideInfo(name="v1", run_id="r_1", prompt_version="v1", prompt_sha256="b" * 64)},
        {"inputs": {"reader": "local/2", "golden_set": "g" * 64}},
        {"evaluators": (TONE.model_copy(update={"threshold": 0.9}),)},
    ],
)
def test_whatever_a_comparison_would_see_makes_it_another_side(changes: dict[str, Any]) -> None:
    old = blessed(side())
    made = blessed(side(**changes), old)
    assert len(made.history) == 2
    assert made.history[1] == old.history[0]


def test_the_order_of_inputs_makes_no_other_file() -> None:
    turned = {"golden_set": "g" * 64, "reader": "local/1"}
    assert list(blessed(side(inputs=turned)).inputs) == list(blessed(side()).inputs)


def test_a_side_without_cases_cannot_be_blessed() -> None:
    empty = Side(SideInfo(name="v1", run_id="r"), {}, (), ())
    with pytest.raises(UserError, match=r"^'v1' has no conversation of a case; bless a side that was run on a golden"):
        blessed(empty)


def test_a_sound_side_has_no_problems() -> None:
    assert problems(side()) == notices(side()) == []


def test_what_does_not_apply_is_no_problem() -> None:
    assert problems(counted(not_applicable=7, scored=2, skipped=1)) == []


def test_errors_and_missing_verdicts_are_problems() -> None:
    assert problems(counted(scored=8, errored=1)) == [
        "tone: 1 of 10 conversations could not be evaluated",
        "tone: 1 of 10 conversations have no verdict",
    ]


def test_an_evaluator_that_never_answered_is_a_problem() -> None:
    silent = side(case("c-1", evaluators={}))
    assert problems(silent) == ["tone: 2 of 2 conversations have no verdict"]


def test_low_coverage_is_a_problem_from_below_four_in_five() -> None:
    assert problems(counted(scored=8, unsure=2)) == []
    assert problems(counted(scored=5, unsure=2, not_applicable=3)) == [
        "only 5 of 7 verdicts are sure enough to count, 80% are needed"
    ]


def test_where_nothing_was_done_by_an_evaluator_of_acts_the_verdict_counts() -> None:
    assert problems(counted(n=8, scored=1, not_applicable=7, unsure=2)) == []


def test_neither_the_composite_nor_an_evaluator_that_does_not_gate_counts() -> None:
    bad = CaseTrials(counts=StateCounts(scored=1, errored=1))
    quiet = EvaluatorInfo(name="quiet", version="1", sha256="", rollup="mean", threshold=0.5, gating=False)
    seen = side(case("c-1", evaluators={"conversation_quality": bad, "quiet": bad}), evaluators=(quiet,))
    assert problems(seen) == []


def test_a_single_trial_is_worth_a_notice_and_no_problem() -> None:
    once = side(case("c-1", trials=1))
    assert problems(once) == []
    assert notices(once) == [
        "each case has one trial; with several, a baseline varies less and smaller drops are found"
    ]
