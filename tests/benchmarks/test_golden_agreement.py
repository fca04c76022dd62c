"""Agreement between labellers counts the conversations in which only one of them saw a fault."""

from __future__ import annotations

import pytest
from benchmarks.golden_agreement import between_labellers

from evalh.models import GoldenLabel


def label(case: str, labeller: str, construct: str, said: str) -> GoldenLabel:
    return GoldenLabel.model_validate(
        {"case": case, "prompt_version": "v1", "construct": construct, "label": said, "labeller": labeller}
    )


LABELS = [
    label("a-01", "one", "objection_handling", "pressure"),
    label("a-01", "two", "objection_handling", "pressure"),
    label("a-02", "one", "objection_handling", "pressure"),
    label("a-02", "two", "act", "pitch"),
    label("a-03", "one", "act", "pitch"),
    label("a-03", "two", "act", "pitch"),
    label("a-04", "one", "act", "pitch"),
    label("a-04", "two", "act", "pitch"),
    label("a-01", "one", "offer_quality", "good"),
    label("a-05", "one", "objection_handling", "pressure"),
]


def test_a_fault_that_one_labeller_gives_no_row_is_a_disagreement(capsys: pytest.CaptureFixture[str]) -> None:
    between_labellers(LABELS)

    (row,) = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("objection_handling")]
    assert row[1:] == ["4", "2", "0.50"]


def test_a_construct_of_one_labeller_is_named_and_has_no_agreement(capsys: pytest.CaptureFixture[str]) -> None:
    between_labellers(LABELS)

    out = capsys.readouterr().out.splitlines()
    assert out[-1] == "by one labeller only: offer_quality"
    assert not any(line.startswith("offer_quality") for line in out)
