"""Which offers a turn names."""

from __future__ import annotations

import pytest

from evalh.models import PolicySet, Turn
from evalh.reader.offers import OfferFinder
from evalh.reader.view import Named, TurnView
from evalh.testing import make_policy

OFFERS = [
    ("FIBER-300", ["Fiber 300"], "upsell"),
    ("FIBER-500", ["Fiber 500", "five hundred meg fiber"], "upsell"),
    ("TRAVEL-PASS", ["Travel Pass"], "cross_sell"),
    ("TRAVEL-PASS-PLUS", ["Travel Pass Plus"], "cross_sell"),
    ("PROTECT", ["Protect", "phone protection"], "cross_sell"),
    ("GOLD-CARD", ["Gold Card", "rewards card"], "upsell"),
    ("SILVER-CARD", ["Silver Card", "rewards card"], "upsell"),
    ("TRAVEL-INS", ["travel insurance", "insurance"], "cross_sell"),
]


def policy() -> PolicySet:
    return make_policy(offers=[{"id": name, "names": names, "kind": kind} for name, names, kind in OFFERS])


def find(text: str) -> list[Named]:
    return OfferFinder(policy().lexicon).find(TurnView(Turn(role="agent", text=text)))


@pytest.mark.parametrize(
    ("text", "offer", "form"),
    [
        ("I can put you on Fiber 500.", "FIBER-500", "name"),
        ("so uh the fiber five hundred is what i'd do", "FIBER-500", "name"),
        ("the five hundred meg fiber would do it", "FIBER-500", "alias"),
        ("fiber five hunnert please", "FIBER-500", "name"),
        ("that is the fibre 500 one", "FIBER-500", "asr"),
        ("i want the travel past plus", "TRAVEL-PASS-PLUS", "asr"),
        ("would you like travel insurance?", "TRAVEL-INS", "name"),
        ("do you want insurance at all", "TRAVEL-INS", "alias"),
        ("I've noted order code FIBER-500.", "FIBER-500", "code"),
        ("I've noted order code FIBRE-500.", "FIBER-500", "code_typo"),
        ("F\u200biber 500 is ready", "FIBER-500", "name"),
        ("Fіber 500 with a Cyrillic i", "FIBER-500", "name"),
        ("your Protect plan", "PROTECT", "name"),
    ],
)
def test_an_offer_is_found_however_it_is_called(text: str, offer: str, form: str) -> None:
    named = find(text)
    assert [(item.offer, item.form) for item in named] == [(offer, form)]


@pytest.mark.parametrize(
    "text",
    [
        "The fiber in your area is fine.",
        "your bill is five hundred dollars",
        "I will pass that on while you travel.",
        "this case protects your phone",
        "we sell a silver ring and a gold one",
        "Fiber 600 does not exist here",
        "please hold for one moment",
    ],
)
def test_words_of_a_name_alone_are_no_offer(text: str) -> None:
    assert find(text) == []


def test_the_longer_name_wins_over_the_shorter_inside_it() -> None:
    assert [item.offer for item in find("Travel Pass or Travel Pass Plus?")] == ["TRAVEL-PASS", "TRAVEL-PASS-PLUS"]


def test_a_number_is_never_a_slip_of_another_number() -> None:
    assert [item.offer for item in find("fiber 300 not fiber 500")] == ["FIBER-300", "FIBER-500"]


def test_a_name_shared_by_two_offers_stays_ambiguous() -> None:
    (named,) = find("the rewards card is great")
    assert named.offer is None
    assert {candidate.offer for candidate in named.candidates} == {"GOLD-CARD", "SILVER-CARD"}
    assert named.confidence < 0.5


def test_a_verb_that_looks_like_a_one_word_name_is_less_certain_than_the_name() -> None:
    verb, name = find("this will protect you"), find("Add Protect today")
    assert not verb or verb[0].confidence < name[0].confidence


def test_the_place_is_quoted_from_the_original_text() -> None:
    text = "  Voilà — the FIBER  five hundred!"
    named = find(text)[0]
    view = TurnView(Turn(role="agent", text=text))
    place = view.place(named.start, named.end)
    assert text[place.start : place.end] == place.quote == "FIBER  five hundred"


@pytest.mark.parametrize(
    ("text", "offers"),
    [
        ("the travelpass plus is nice", ["TRAVEL-PASS-PLUS"]),
        ("our tra vel insurance is nice", ["TRAVEL-INS"]),
        ("phone protektion for all", ["PROTECT"]),
        ("we travelled and passed the insured house", []),
        ("fibre 900 is not ours", []),
    ],
)
def test_a_name_with_a_word_more_or_less_is_found_where_its_letters_are_there(text: str, offers: list[str]) -> None:
    assert [named.offer for named in find(text)] == offers


@pytest.mark.parametrize(
    ("text", "place"),
    [("ok that card then", "that card"), ("a card then", None), ("the pass", None), ("", None)],
)
def test_the_last_word_of_a_name_with_an_article_means_the_offer(text: str, place: str | None) -> None:
    found = OfferFinder(policy().lexicon).head_of("GOLD-CARD", text)
    assert (text[slice(*found)] if found else None) == place
