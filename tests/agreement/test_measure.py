from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.agreement.test_labels import label, settled

from evalh.agreement.labels import Recording
from evalh.agreement.match import Compared, Found
from evalh.agreement.measure import disagreements, estimates, rows_of
from evalh.models import Conversation, Evidence
from evalh.models.agreement import FAULT, AgreementRow
from evalh.stats.rates import wilson
from evalh.testing import make_conversation


def recordings(count: int) -> dict[Recording, Conversation]:
    """Conversations c-0, c-1 and so on, of the personas odd and even in turn."""
    made = make_conversation("A: Hello.\nC: hi")
    persona = ("even", "odd")
    return {
        Recording(f"c-{n}", "v1", 0): made.model_copy(update={"persona": persona[n % 2], "facets": {"size": "small"}})
        for n in range(count)
    }


def place(n: int, labelled: bool, found: bool | None, **fields: Any) -> Compared:
    """A conversation with or without a fault; found None is unsure."""
    answer = () if found is False else (Found(FAULT, fields.pop("confidence", 0.9), unsure=found is None),)
    at = Recording(f"c-{n}", "v1", 0)
    given = frozenset({FAULT}) if labelled else frozenset()
    return Compared("evaluator", at, "tone", fields.pop("level", "conversation"), None, None, given, answer, **fields)


def rows(found: list[Compared], count: int = 20) -> list[AgreementRow]:
    labels = settled(*(label("neutral", "tone", case=f"c-{n}") for n in range(count)), unconfirmed=True)
    return rows_of(found, labels, recordings(count))


MIXED = [place(n, n < 8, n < 6 or n in (8, 9)) for n in range(20)]


def test_counts_and_rates_by_hand() -> None:
    row = rows(MIXED)[0]

    assert (row.tp, row.fp, row.fn, row.tn, row.unsure) == (6, 2, 2, 10, 0)
    assert (row.places, row.labelled, row.labels, row.conversations) == (20, 8, 20, 20)
    rates = [row.precision, row.recall, row.f1, row.balanced_accuracy, row.kappa]
    values = [rate.value for rate in rates if rate is not None]
    assert values == pytest.approx([0.75, 0.75, 0.75, (0.75 + 10 / 12) / 2, (0.8 - 0.52) / 0.48], abs=1e-6)
    assert all(rate is not None and rate.low < rate.value < rate.high for rate in rates)
    assert row.ece == pytest.approx(abs(0.9 - 0.75))


def test_unsure_answers_are_wrong_either_way_and_told() -> None:
    row = rows([place(0, True, None), place(1, False, None), place(2, False, False), place(3, True, True)], 4)[0]

    assert (row.tp, row.fp, row.fn, row.tn, row.unsure) == (1, 1, 1, 1, 2)
    assert row.ece == pytest.approx(0.1), "what could not be told claims nothing"


def test_cohorts_are_the_persona_and_each_facet() -> None:
    found = {(row.cohort_key, row.cohort): (row.tp, row.fp, row.fn, row.tn) for row in rows(MIXED)}

    assert found == {
        (None, "*"): (6, 2, 2, 10),
        ("persona", "even"): (3, 1, 1, 5),
        ("persona", "odd"): (3, 1, 1, 5),
        ("size", "small"): (6, 2, 2, 10),
    }


def test_cohorts_of_few_conversations_have_no_row() -> None:
    assert [row.cohort_key for row in rows(MIXED[:8], 8)] == [None, "size"]


def test_faults_of_turns_have_no_cohorts() -> None:
    assert len(rows([place(n, True, True, level="turn") for n in range(20)])) == 1


def test_what_is_not_known_does_not_count() -> None:
    assert rows([*MIXED, place(0, True, False, unknown=frozenset({FAULT}))])[0].places == 20


def test_rates_that_are_not_defined_are_none() -> None:
    nothing = estimates(np.array([[0, 0, 0, 3]] * 5))
    assert nothing == dict.fromkeys(nothing)
    found = estimates(np.array([[0, 0, 1, 3]] * 5))
    assert found["precision"] is None
    assert found["recall"] is not None


def test_all_right_is_no_certainty() -> None:
    """Five of five right: a bootstrap never draws a wrong one, but Wilson's interval of 5 in 5 begins at .57."""
    found = estimates(np.array([[1, 0, 0, 3]] * 5))
    low, high = wilson(5, 5) or (0.0, 0.0)
    for name, rate in found.items():
        assert rate is not None
        wanted = 2 * low - 1 if name == "kappa" else low
        assert [rate.value, rate.low, rate.high] == pytest.approx([1.0, wanted, high], abs=1e-6)


@pytest.mark.parametrize("counts", [[[2, 1, 1, 4]], [[2, 1, 1, 4]] * 4, [[2, 1, 1, 4], *[[0, 0, 0, 4]] * 9]])
def test_one_conversation_or_several_that_are_alike_are_no_certainty(counts: list[list[int]]) -> None:
    """No draw differs, but with so few conversations nothing is known to the second digit."""
    deciding = sum(one[0] for one in counts) // 2
    found = estimates(np.array(counts))
    low, high = wilson(deciding * 2 / 3, deciding) or (0.0, 0.0)
    for name in ("precision", "recall", "f1"):
        rate = found[name]
        assert rate is not None
        assert [rate.value, rate.low, rate.high] == pytest.approx([2 / 3, low, high], abs=1e-6)
    assert all(rate is not None and rate.low < rate.value < rate.high for rate in found.values())


def test_where_nothing_was_found_half_of_it_is_no_certainty() -> None:
    """Balanced accuracy is 0.5 in each draw; the bounds are the means of those of 0 in 10 and 30 in 30."""
    rate = estimates(np.array([[0, 0, 1, 0]] * 10 + [[0, 0, 0, 1]] * 30))["balanced_accuracy"]
    assert rate is not None
    missed, right = wilson(0, 10) or (0.0, 0.0), wilson(30, 30) or (0.0, 0.0)
    assert [rate.value, rate.low, rate.high] == pytest.approx([0.5, right[0] / 2, (missed[1] + 1) / 2], abs=1e-6)


def test_what_differs_is_quoted_the_most_confident_first() -> None:
    said = Evidence(turn=1, start=0, end=2, quote="hi")
    sure = Compared("reader", Recording("c-1", "v1", 0), "mood", "turn", 1, None, frozenset(), (Found("x", 0.9, said),))
    missed = Compared("reader", Recording("c-0", "v1", 0), "mood", "turn", 1, None, frozenset({"x"}), words="x")
    right = Compared("reader", Recording("c-2", "v1", 0), "mood", "turn", 1, None, frozenset({"x"}), (Found("x"),))
    found = disagreements([missed, right, sure], recordings(3))

    assert [(one.case, one.labelled, one.found, one.confidence) for one in found] == [
        ("c-1", None, "x", 0.9),
        ("c-0", "x", None, None),
    ]
    assert [one.evidence.quote for one in found if one.evidence is not None] == ["hi", "hi"]


def test_of_many_that_differ_the_first_are_kept() -> None:
    assert len(disagreements([place(n, True, False) for n in range(20)], recordings(20), most=7)) == 7
