from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from evalh.agreement.labels import EVERYWHERE, GOOD, Labels, Recording, contradict, settle
from evalh.models import CONSTRUCTS, GoldenLabel
from evalh.workspace.golden import Line

HERE = Recording("c-1", "v1", 0)


def label(said: str, construct: str = "reply", **fields: Any) -> GoldenLabel:
    given = {"case": "c-1", "prompt_version": "v1", "turn": 3, "labeller": "ann", **fields}
    return GoldenLabel.model_validate({"construct": construct, "label": said, **given})


def settled(*labels: GoldenLabel, unconfirmed: bool = False) -> Labels:
    lines = [Line(number, one) for number, one in enumerate(labels, 1)]
    return settle(lines, unconfirmed=unconfirmed, file="labels.jsonl")


def counting(labels: Labels) -> list[str]:
    return [one.label for held in labels.counting.values() for one in held]


def test_only_confirmed_labels_count_unless_all_are_asked_for() -> None:
    given = (label("refuse", confirmed=True), label("ask", turn=5))

    assert counting(settled(*given)) == ["refuse"]
    assert [one.label for one in settled(*given).unsettled[HERE]] == ["ask"]
    assert counting(settled(*given, unconfirmed=True)) == ["refuse", "ask"]


def test_several_labellers_that_agree_are_one_label() -> None:
    found = settled(label("refuse"), label("refuse", labeller="bob"), unconfirmed=True)

    assert found.count == 1
    assert not found.disputed
    assert not found.problems


def test_a_confirmed_label_wins_over_what_others_said() -> None:
    given = (label("refuse"), label("defer", labeller="bob", confirmed=True), label("ask", labeller="cid"))
    for unconfirmed in (False, True):
        found = settled(*given, unconfirmed=unconfirmed)
        assert counting(found) == ["defer"]
        assert not found.unsettled
        assert not found.disputed
        assert not found.problems


def test_a_place_on_which_labellers_differ_does_not_count_and_is_told_with_both_lines() -> None:
    found = settled(label("ask", turn=1), label("refuse"), label("defer", labeller="bob"), unconfirmed=True)

    assert counting(found) == ["ask"]
    assert [one.label for one in found.unsettled[HERE]] == ["refuse", "defer"]
    assert found.disputed == ("labels.jsonl:3: bob says 'defer', and ann on line 2 says 'refuse' (reply, turn 3)",)
    assert not found.problems


def test_a_place_is_told_once_however_many_labellers_differ_on_it() -> None:
    given = (
        label("refuse"),
        label("ask", labeller=""),
        label("refuse", labeller="cid"),
        label("defer", labeller="dan"),
    )

    assert settled(*given, unconfirmed=True).disputed == (
        "labels.jsonl:4: dan says 'defer', and ann on line 1 says 'refuse', somebody on line 2 says 'ask', cid on "
        "line 3 says 'refuse' (reply, turn 3)",
    )


def test_one_labeller_cannot_say_two_things_of_one_place() -> None:
    (problem,) = settled(label("refuse", offer="GOLD"), label("defer", offer="GOLD")).problems

    assert str(problem) == (
        "labels.jsonl:2: label: 'defer' contradicts 'refuse' on line 1 (reply, turn 3, GOLD), and both are of ann; "
        "keep one of them"
    )


def test_two_labels_that_name_no_labeller_may_be_of_two() -> None:
    (problem,) = settled(label("refuse", labeller=""), label("defer", labeller="")).problems

    assert str(problem).endswith("and neither names its labeller; keep one of them, or name both labellers")


def test_two_confirmed_labels_contradict_whoever_said_them() -> None:
    (problem,) = settled(label("refuse", confirmed=True), label("ask", confirmed=True, labeller="bob")).problems

    assert "both are confirmed" in str(problem)


def test_other_turns_offers_recordings_and_constructs_are_other_places() -> None:
    given = [
        label("refuse"),
        label("ask", turn=5),
        label("ask", offer="GOLD"),
        label("ask", trial=1),
        label("ask", case="c-2"),
        label("ask", prompt_version="v2"),
        label("calm", "mood"),
    ]

    assert settled(*given, unconfirmed=True).count == len(given)


def test_the_offer_does_not_make_another_place_of_what_is_not_about_offers() -> None:
    assert settled(label("calm", "mood"), label("frustrated", "mood", offer="GOLD")).problems


@pytest.mark.parametrize(
    ("construct", "one", "other", "so"),
    [
        ("act", "pitch", "answer", True),
        ("pressure", "guilt", "fear", False),
        ("pressure", "none", "fear", True),
        ("intent", "refund", "complaint", False),
        ("prompt_conformance", "conforms", "free_text", True),
        ("prompt_conformance", "off_copy", "free_text", False),
        ("disclosure", "disclosed", "consented", False),
        ("disclosure", "disclosed", "missing_fee", True),
        ("disclosure", "missing_term", "missing_fee", False),
        ("disclosure", "consented", "ambiguous_consent", True),
        ("resolution", "resolved", "outcome_kept", False),
        ("resolution", "resolved", "promised", True),
        ("claim", "grounded", "wrong_fee", True),
        ("claim", "wrong_term", "wrong_fee", False),
        ("groundedness", "wrong_term", "wrong_fee", True),
        ("act", "pitch", "pitch", False),
    ],
)
def test_what_may_stand_at_one_place(construct: str, one: str, other: str, so: bool) -> None:
    assert contradict(construct, one, other) is so
    assert contradict(construct, other, one) is so


def test_what_is_no_fault_is_a_label_of_its_construct() -> None:
    for construct, good in GOOD.items():
        assert good < set(CONSTRUCTS[construct])


def test_a_construct_is_known_where_it_is_labelled() -> None:
    found = settled(label("guilt", "pressure", turn=2), label("guilt", "pressure", case="c-2"), unconfirmed=True)

    assert found.covers(HERE, "pressure")
    assert not found.covers(Recording("c-3", "v1", 0), "pressure")


def test_what_is_labelled_everywhere_is_known_to_be_absent_where_its_labellers_say_nothing_of_it() -> None:
    given = [
        label("calm", "mood"),
        label("pitch", "act", case="c-2"),
        label("calm", "mood", case="c-3", labeller="bob"),
    ]
    found = settled(*given, unconfirmed=True)

    assert found.covers(HERE, "act")
    assert found.covers(Recording("c-2", "v1", 0), "mood")
    assert not found.covers(HERE, "reply"), "nobody labelled a reply anywhere"
    assert not found.covers(Recording("c-3", "v1", 0), "act"), "bob labels no acts"
    assert not found.covers(HERE, "pressure"), "it is labelled in a part of the conversations"


def test_a_construct_whose_labels_are_all_open_is_not_known() -> None:
    found = settled(label("calm", "mood", confirmed=True), label("pitch", "act"), label("calm", "mood", case="c-2"))

    assert not found.covers(HERE, "act")


def test_what_the_codebook_labels_in_every_conversation_is_known_there() -> None:
    page = Path(__file__).parents[2].joinpath("docs/codebook.md").read_text(encoding="utf-8")
    table = page.split("### What is labelled in every conversation")[1].split("\n\n")[1]
    named = {name for row in table.splitlines() for name in re.findall("`(.*?)`", row.split("|")[1])}

    assert named == EVERYWHERE


def test_what_a_reader_proposed_never_counts_and_is_no_dispute() -> None:
    proposed = label("defer", labeller="reader:local-1@ab")
    for unconfirmed in (False, True):
        found = settled(
            label("refuse"), proposed, label("ask", labeller="reader:local-1@ab", turn=5), unconfirmed=unconfirmed
        )
        assert counting(found) == ["refuse"] * unconfirmed
        assert not found.disputed
        assert not found.problems
    assert counting(settled(proposed.model_copy(update={"confirmed": True}))) == ["defer"]


def test_a_construct_that_a_person_has_still_to_go_through_is_not_covered() -> None:
    given = (label("refuse", confirmed=True), label("frustrated", "mood", confirmed=True, turn=1))
    assert settled(*given).covers(HERE, "reply")
    found = settled(*given, label("ask", labeller="reader:local-1@ab", turn=5))

    assert not found.covers(HERE, "reply")
    assert found.covers(HERE, "mood")
