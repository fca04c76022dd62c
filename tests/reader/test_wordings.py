"""Approved and prohibited wordings: which are tried, which of several is taken, and what is no wording at all."""

from __future__ import annotations

import pytest

from evalh.models import Turn
from evalh.reader.view import TurnView
from evalh.reader.wordings import WordingFinder
from evalh.testing import make_policy

DISCLOSURES = [
    {"id": "renewal", "phrases": ["The plan renews every month until you cancel it"]},
    {"id": "limit", "phrases": ["Speeds may be reduced after fifty gigabytes", "Usage above the limit is slowed"]},
]
PROHIBITED = [{"id": "free_forever", "phrases": ["this will be free forever for you"]}]


def finder() -> WordingFinder:
    return WordingFinder(make_policy(disclosures=DISCLOSURES, claims_prohibited=PROHIBITED).lexicon)


def view(text: str, delivered: int | None = None) -> TurnView:
    return TurnView(Turn(role="agent", text=text, delivered=delivered))


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("The plan renews every month until you cancel it.", ["renewal"]),
        ("Usage above the limit is slowed. The plan renews every month until you cancel it.", ["renewal", "limit"]),
        ("Speeds may be reduced after 20 gigabytes.", ["limit"]),
        ("The plan is great.", []),
        ("", []),
    ],
)
def test_disclosures_come_in_the_order_of_the_policy(text: str, made: list[str]) -> None:
    assert [fact.disclosure for fact in finder().disclosures(view(text))] == made


def test_a_disclosure_that_was_cut_off_is_marked() -> None:
    text = "Sure. The plan renews every month until you cancel it."
    assert [(fact.disclosure, fact.cut_off) for fact in finder().disclosures(view(text, 10))] == [("renewal", True)]


@pytest.mark.parametrize(
    ("text", "found"),
    [("Great news, this will be free forever for you!", 1), ("No, this will not be free forever for you.", 0)],
)
def test_a_prohibited_claim_is_found_unless_it_is_denied(text: str, found: int) -> None:
    assert len(finder().prohibited(view(text))) == found
