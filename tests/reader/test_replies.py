"""How a customer turn answers what is on the table."""

from __future__ import annotations

from typing import Any

import pytest

from evalh.models import Conversation, Lexicon, OfferPolicy, Turn
from evalh.reader.answers import QuestionAbout
from evalh.reader.heads import Judged
from evalh.reader.local import LocalReader
from evalh.reader.offers import OfferFinder
from evalh.reader.replies import OnTable, Table, read_replies
from evalh.reader.view import TurnView
from evalh.testing import make_policy

FINDER = OfferFinder(make_policy().lexicon)
PITCHED = OnTable("FIBER-500", 3, "pitched", in_focus=True)


def reply(
    text: str, question: QuestionAbout = "offer", *offers: OnTable, **table: object
) -> list[tuple[str | None, str]]:
    view = TurnView(Turn(role="customer", text=text, index=4))
    on_table = Table(offers or (PITCHED,), question, **table)  # type: ignore[arg-type]  # closed_offer, topic_closed
    return [(item.offer, item.reply) for item in read_replies(view, FINDER.find(view), on_table)]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("No thanks.", "refuse"),
        ("uh no i'm i'm good", "refuse"),
        ("nah", "refuse"),
        ("I'm not interested, thank you", "refuse"),
        ("i don't really need that", "refuse"),
        ("yeah i don't think so", "refuse"),
        ("I'll pass on that one.", "refuse"),
        ("we're happy with what we have", "refuse"),
        ("i already have something like that", "refuse"),
        ("no that's way too expensive", "refuse"),
        ("No, just the ticket please.", "refuse"),
        ("not right now", "defer"),
        ("let me think about it", "defer"),
        ("i'd have to ask my wife", "defer"),
        ("my husband handles that stuff", "defer"),
        ("maybe next month", "defer"),
        ("Sounds good but I need to check with my partner first", "defer"),
        ("can you email me the details and i'll look", "defer"),
        ("just fix my bill please", "deflect"),
        ("i just want my internet working", "deflect"),
        ("can we get back to the refund", "deflect"),
        ("I only called about the late fee", "deflect"),
        ("what about my bill", "deflect"),
        ("that's too dear for me", "object"),
        ("hmm that's a lot of money", "object"),
        ("I don't want another contract", "object"),
        ("how much is it", "ask"),
        ("does it work in mexico?", "ask"),
        ("what's the catch", "object"),
        ("is there a contract", "ask"),
        ("yes please", "accept"),
        ("yeah ok let's do it", "accept"),
        ("sure", "accept"),
        ("okay sign me up", "accept"),
        ("i'll take it", "accept"),
        ("go ahead and add it", "accept"),
        ("sounds good to me", "accept"),
        ("Yes, I would like to add it.", "accept"),
        ("my kid is screaming hold on the dog got out", "ignore"),
    ],
)
def test_an_answer_to_an_offer_is_read(text: str, answer: str) -> None:
    assert reply(text) == [("FIBER-500", answer)]


@pytest.mark.parametrize("text", ["no", "No, that's all.", "nope i'm good thanks bye", "yes", "yeah it is"])
def test_a_bare_answer_to_another_question_says_nothing_about_the_offer(text: str) -> None:
    assert reply(text, "other") == [("FIBER-500", "ignore")]


def test_an_offer_named_in_a_list_of_answers_is_answered_by_its_own_line() -> None:
    text = "1. One-way\n2. Economy\n5. No, I don't want the Fiber 500."
    assert reply(text, "other") == [("FIBER-500", "refuse")]


def test_a_numbered_no_to_a_named_offer_is_read_in_its_own_line() -> None:
    text = "4. I'll decide once I know the full cost.\n5. No Fiber 500, thank you."
    assert reply(text, "offer") == [("FIBER-500", "refuse")]


def test_the_verb_inside_a_refusal_is_no_acceptance() -> None:
    text = "The card ends in 7334. I do not wish to add Fiber 500."
    assert reply(text) == [("FIBER-500", "refuse")]


def test_a_change_of_mind_within_a_turn_counts_as_its_end() -> None:
    assert reply("i don't need it. wait actually yes add it") == [("FIBER-500", "accept")]


def test_what_was_said_in_the_past_is_no_refusal_now() -> None:
    assert reply("i was told i didn't need fiber 500", "none", OnTable("FIBER-500", None, "not_pitched", False)) == []


def test_no_problem_is_not_a_no() -> None:
    assert reply("no problem, go ahead") == [("FIBER-500", "accept")]


@pytest.mark.parametrize(("text", "answer"), [("yes please", "ask"), ("sure why not", "ask"), ("yes add it", "accept")])
def test_yes_to_hearing_about_it_is_no_yes_to_buying_it(text: str, answer: str) -> None:
    assert reply(text, "hear") == [("FIBER-500", answer)]


def test_two_offers_are_answered_clause_by_clause() -> None:
    travel = OnTable("TRAVEL-PASS", 3, "pitched", in_focus=True)
    found = reply("yes to the travel pass but no to fiber 500", "offer", PITCHED, travel)
    assert sorted(found) == [("FIBER-500", "refuse"), ("TRAVEL-PASS", "accept")]


def test_asking_for_a_refused_offer_by_name_reopens_it() -> None:
    refused = OnTable("TRAVEL-PASS", 3, "refused", in_focus=False)
    found = reply(
        "actually how much was the travel pass", "none", refused, topic_closed=True, closed_offer="TRAVEL-PASS"
    )
    assert found == [("TRAVEL-PASS", "reopen")]


def test_coming_back_to_a_refused_offer_without_its_name_reopens_it() -> None:
    refused = OnTable("TRAVEL-PASS", 3, "refused", in_focus=False)
    found = reply(
        "wait what was that thing you mentioned", "none", refused, topic_closed=True, closed_offer="TRAVEL-PASS"
    )
    assert found == [("TRAVEL-PASS", "reopen")]


def test_a_backchannel_answers_nothing() -> None:
    view = TurnView(Turn(role="customer", text="mm-hm", index=4, backchannel=True))
    assert read_replies(view, [], Table((PITCHED,), "offer")) == []


def test_a_customer_who_names_a_product_first_asks_for_it() -> None:
    view = TurnView(Turn(role="customer", text="can i get the travel pass on my line", index=0))
    (found,) = read_replies(view, FINDER.find(view), Table())
    assert (found.offer, found.reply, found.to_turn) == ("TRAVEL-PASS", "ask", None)


def test_a_doubtful_answer_has_low_confidence() -> None:
    view = TurnView(Turn(role="customer", text="yes", index=4))
    (sure,) = read_replies(view, [], Table((PITCHED,), "offer"))
    (doubtful,) = read_replies(view, [], Table((PITCHED,), "none"))
    assert sure.confidence > doubtful.confidence


def rules(offers: list[dict[str, Any]], *turns: tuple[str, str]) -> list[tuple[str, str | None]]:
    """The answers of the last turn, by rules alone."""
    policy = {"id": "net", "version": "1", "effective": {"from": "2000-01-01"}, "offers": offers}
    rows = [{"role": role, "text": text} for role, text in turns]
    held = Conversation.model_validate({"id": "c", "language": "en", "turns": rows})
    reading = LocalReader(rules_only=True).read([held], Lexicon.of((OfferPolicy.model_validate(policy),)))[0]
    return [(fact.reply, fact.offer) for fact in reading.replies if fact.turn == len(turns) - 1]


FAST: dict[str, Any] = {"id": "FAST", "names": ["Fast 500"], "kind": "upsell", "timing": "during_task"}
GIG: dict[str, Any] = {"id": "GIG", "names": ["Giga 1000"], "kind": "upsell", "timing": "during_task"}
ASKED = ("agent", "The Fast 500 is forty pounds a month. Would you like it?")


@pytest.mark.parametrize("said", ["ok I'll use wifi then", "right, I'll buy a case instead", "okay I'll have to think"])
def test_a_word_that_opens_any_sentence_accepts_nothing(said: str) -> None:
    assert "accept" not in {reply for reply, _ in rules([FAST], ASKED, ("customer", said))}


@pytest.mark.parametrize(
    "said",
    [
        "hold on now do it work on the boat",
        "my shop is twelve hundred and i do it myself",
        "he sold me the big one last time",
    ],
)
def test_words_of_a_yes_inside_a_sentence_accept_nothing(said: str) -> None:
    assert "accept" not in {reply for reply, _ in rules([FAST], ASKED, ("customer", said))}


@pytest.mark.parametrize(
    "said", ["no contract huh", "no fees?", "so I keep my same internet", "did you say I can take it off"]
)
def test_a_check_of_the_terms_refuses_nothing(said: str) -> None:
    assert "refuse" not in {reply for reply, _ in rules([FAST], ASKED, ("customer", said))}


@pytest.mark.parametrize("said", ["do it", "ok, do it!", "sold", "Deal.", "just do it please"])
def test_the_same_words_by_themselves_accept(said: str) -> None:
    assert rules([FAST], ASKED, ("customer", said)) == [("accept", "FAST")]


def test_a_yes_still_accepts() -> None:
    for said in ("ok", "okay then", "ok go ahead and add it", "yes I'll take it"):
        assert rules([FAST], ASKED, ("customer", said)) == [("accept", "FAST")]


def test_who_takes_one_of_two_does_not_take_the_other() -> None:
    turns = [
        ("agent", "The Fast 500 is forty pounds and the Giga 1000 is seventy. Which one?"),
        ("customer", "what's the upload on the giga 1000"),
        ("agent", "The Giga 1000 has a gigabit both ways."),
        ("customer", "ok I'll go with the fast 500"),
    ]
    assert ("accept", "GIG") not in rules([FAST, GIG], *turns)
    assert ("accept", "FAST") in rules([FAST, GIG], *turns)


def test_neither_refuses_both() -> None:
    asked = ("agent", "Would you like the Fast 500 or the Giga 1000?")
    assert rules([FAST, GIG], asked, ("customer", "neither, thanks")) == [("refuse", "FAST"), ("refuse", "GIG")]


@pytest.mark.parametrize("said", ["yeah right, like I'd pay for that", "wish I could"])
def test_irony_refuses(said: str) -> None:
    assert rules([FAST], ASKED, ("customer", said)) == [("refuse", "FAST")]


def test_a_yes_to_no_question_accepts_nothing_spoken_of_before() -> None:
    turns = [
        ("agent", "If not, the Fast 500 would help, it's forty pounds."),
        ("customer", "i haven't restarted it yet, let me do that"),
        ("agent", "Sure."),
        ("customer", "yes that helped!"),
    ]
    assert "accept" not in {reply for reply, _ in rules([FAST], *turns)}


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("daily it is", "accept"),
        ("okay, the bigger one it is", "accept"),
        ("yeah, do the forty nine", "accept"),
        ("no contract huh i like that", None),
        ("no fees huh, no thanks", "refuse"),
        ("oh, if you think so dear", None),
        ("that's very dear", "object"),
    ],
)
def test_turns_of_phrase_that_take_an_offer_or_only_sound_like_a_no(text: str, answer: str | None) -> None:
    found = [item for _, item in reply(text)]
    assert found == [answer] if answer else not {"refuse", "object"} & set(found)


def test_which_plan_it_is_takes_none() -> None:
    assert "accept" not in [item for _, item in reply("i don't know which plan it is")]


@pytest.mark.parametrize(
    "text", ["brilliant, thanks so much", "thank you so much", "sounds very much like what i need"]
)
def test_so_much_is_not_always_a_price(text: str) -> None:
    assert "object" not in [item for _, item in reply(text)]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("why would i want ten bucks off something i can't use", "refuse"),
        ("i can't even pay the bill i have", "refuse"),
        ("yeah that sounds more like it, what's the fee if i leave early", "ask"),
        ("yeah sounds good", "accept"),
    ],
)
def test_a_rhetorical_question_refuses_and_a_real_one_asks(text: str, answer: str) -> None:
    assert [item for _, item in reply(text)] == [answer]


def test_a_question_right_after_an_offer_was_only_named_is_about_that_offer() -> None:
    def judge(_: object, __: object) -> Judged:
        return Judged("ask", 0.83, "model")

    view = TurnView(Turn(role="customer", text="what does it cost", index=4))
    table = Table(mentioned="FIBER-500", spoken_of=True, offer_heard=0.5)
    assert [(item.offer, item.reply) for item in read_replies(view, [], table, judge)] == [("FIBER-500", "ask")]
