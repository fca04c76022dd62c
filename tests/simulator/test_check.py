"""Personas that cannot be played are told in one sentence, with the place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.simulator.minding import persona
from tests.small_workspace import small_workspace, write

from evalh.cli.main import main
from evalh.simulator.check import problems
from evalh.workspace import Workspace

SAY = ["Oh, before I forget."]


def item(name: str, after: str = "stated", **settings: Any) -> dict[str, Any]:
    return {"id": name, "after": after, "say": SAY, **settings}


def told(**settings: Any) -> list[str]:
    """A sentence for each thing that is wrong with a persona so made."""
    return [str(problem) for problem in problems(persona(**settings))]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"agenda": [item("a", "lunch")]},
         "agenda.0.after: there is no moment or item 'lunch'; use one of opening, stated, progress, solved, pitched, "
         "refused, accepted, closing"),
        ({"agenda": [item("a", "a")]},
         "agenda.0.after: the agenda cannot end: 'a' waits for 'a'; let one of them follow a moment such as 'stated'"),
        ({"agenda": [item("solved")]},
         "agenda.0.id: 'solved' is the name of a moment; give the item another id"),
        ({"agenda": [item("a"), item("b"), item("a")]},
         "agenda.2.id: the agenda item 'a' is defined twice; give one of them another id"),
        ({"agenda": [item("a", "accepted", required=True)]},
         "agenda.0.after: the agenda cannot end: 'a' is required after 'accepted', and this persona never accepts; let "
         "it follow another moment, or give 'accepts'"),
        ({"agenda": [item("a", "refused", required=True)], "refusal": {"times": 0, "then": "give_in"}},
         "agenda.0.after: the agenda cannot end: 'a' is required after 'refused', and this persona gives in to every "
         "offer; let it follow another moment, or raise 'refusal.times'"),
        ({"agenda": [item("a", "refused", required=True)], "refusal": {"times": 0, "then": "leave"}},
         "agenda.0.after: the agenda cannot end: 'a' is required after 'refused', and this persona leaves at the first "
         "offer; let it follow another moment, or raise 'refusal.times'"),
        ({"agenda": [item("a", required=True, say=[])]},
         "agenda.0.say: the agenda cannot end: 'a' is required and has no words; add ways to say it, or do not require "
         "it"),
        ({"agenda": [item("a", say=[]), item("b", "a", required=True)]},
         "agenda.1.after: the agenda cannot end: 'b' is required and waits for 'a', which has no words and is left "
         "out; add ways to say 'a', or let it follow another"),
        ({"agenda": [item("a"), item("b", "a", required=True)]},
         "agenda.1.after: the agenda cannot end: 'b' is required and waits for 'a', which need not be said; require "
         "'a' too, or let it follow another"),
        ({"agenda": [item("a", say=["I have {amount} here."])]},
         "agenda.0.say.0: '{amount}' stands for nothing; use {goal}, or leave the braces out"),
        ({"agenda": [item("a", say=["half a brace {"])]},
         "agenda.0.say.0: '{' stands for nothing; use {goal}, or leave the braces out"),
        ({"agenda": [item("a", say=["  "])]}, "agenda.0.say.0: is empty; write what is said, or remove it"),
        ({"speech": {"variety": "british!"}},
         "speech.variety: 'british!' is no language tag; use one such as en-GB or en-x-es"),
        ({"accepts": {"when": "mood >"}}, "accepts.when: the condition 'mood >' does not parse"),
        ({"reopens": {"when": "happy"}}, "reopens.when: the condition 'happy' names 'happy', which is none of"),
    ],
)  # fmt: skip
def test_each_mistake_is_one_sentence(settings: dict[str, Any], sentence: str) -> None:
    found = told(**settings)
    assert len(found) == 1
    assert found[0].startswith(sentence)


def test_a_circle_of_several_is_told_once_for_each_of_them() -> None:
    found = told(agenda=[item("a", "b"), item("b", "c"), item("c", "a"), item("d", "a")])
    assert [one.partition(";")[0] for one in found] == [
        "agenda.0.after: the agenda cannot end: 'a' waits for 'b' waits for 'c' waits for 'a'",
        "agenda.1.after: the agenda cannot end: 'b' waits for 'c' waits for 'a' waits for 'b'",
        "agenda.2.after: the agenda cannot end: 'c' waits for 'a' waits for 'b' waits for 'c'",
    ]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"agenda": ["only a note", item("a", say=["I want to {goal}."]), item("b", "a")]},
        {"agenda": [item("a", "accepted", required=True)], "accepts": {}},
        {"agenda": [item("a", "accepted", required=True)], "refusal": {"then": "give_in"}},
        {"agenda": [item("a", "refused", required=True)], "refusal": {"times": 1, "then": "leave"}},
        {"agenda": [item("a", required=True), item("b", "a", required=True)]},
    ],
)
def test_a_persona_that_can_be_played_is_good(settings: dict[str, Any]) -> None:
    assert told(**settings) == []


def test_an_offer_that_no_policy_has() -> None:
    who = persona(accepts={"offers": ["A", "B"]})
    assert problems(who) == []
    assert [str(one) for one in problems(who, {"A", "C"})] == [
        "accepts.offers.1: no policy has an offer 'B'; use one of A, C"
    ]


# --- in a workspace ---

BAD = """\
schema: evalh.persona/1
id: calm
name: Calm
agenda:
  - id: goodbye_gift
    say: What do I get for staying?
    after: accepted
    required: true
"""
SENTENCE = (
    "personas/calm.yaml:7: agenda.after: the agenda cannot end: 'goodbye_gift' is required after 'accepted', and this "
    "persona never accepts; let it follow another moment, or give 'accepts'"
)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    small_workspace(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_workspace_tells_file_line_field_and_remedy(root: Path) -> None:
    write(root, "personas/calm.yaml", BAD)
    assert [str(error) for error in Workspace(root).problems()] == [SENTENCE]


def test_an_item_that_is_defined_twice_is_told_with_its_line(root: Path) -> None:
    items = "agenda:\n  - id: one\n    say: Hm.\n  - id: two\n    say: Hm.\n  - id: one\n    say: Oh.\n"
    write(root, "personas/calm.yaml", BAD.partition("agenda")[0] + items)
    assert [str(error) for error in Workspace(root).problems()] == [
        "personas/calm.yaml:9: agenda.id: the agenda item 'one' is defined twice; give one of them another id"
    ]


def test_it_is_told_before_a_run_and_of_one_file(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(root, "personas/calm.yaml", BAD)
    assert main(["validate", "personas/calm.yaml"]) == 2
    assert SENTENCE in " ".join(capsys.readouterr().err.split())
    with pytest.raises(Exception, match="the agenda cannot end"):
        Workspace(root).personas()


def test_a_workspace_knows_its_offers(root: Path) -> None:
    write(root, "personas/calm.yaml", BAD.partition("agenda")[0] + "accepts: {offers: [FIBER-900]}\n")
    assert [str(error) for error in Workspace(root).problems()] == [
        "personas/calm.yaml:4: accepts.offers: no policy has an offer 'FIBER-900'; use one of FIBER-500"
    ]


def test_the_shipped_personas_can_be_played() -> None:
    found = Workspace(Path(__file__).parents[2]).found_personas()
    assert len(found) == 10
    assert [error for one in found for error in one.problems] == []
