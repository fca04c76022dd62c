from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest

from evalh.models import Conversation, Lexicon, OfferPolicy, Reading, Turn
from evalh.models.vocabulary import Act
from evalh.reader import moves
from evalh.reader.answers import COUNT, SURE
from evalh.reader.heads import BINARY, LABELS, NONE, TurnHeads, TurnScores
from evalh.reader.joined import as_the_model_says
from evalh.reader.local import LocalReader, said

POLICY = {
    "id": "gym", "version": "1", "effective": {"from": "2000-01-01"},
    "offers": [{"id": "SAUNA", "names": ["sauna add-on", "sauna"], "kind": "cross_sell", "timing": "during_task"}],
}  # fmt: skip
LEXICON = Lexicon.of((OfferPolicy.model_validate(POLICY),))
WEIGHTS = as_the_model_says("reply", COUNT)
for place in range(len(LABELS["reply"])):
    WEIGHTS[SURE + place, place] = 3.0
ACTS = as_the_model_says("act", moves.COUNT)
for place, label in enumerate((*get_args(Act), NONE)):
    ACTS[moves.SAID + place, LABELS["act"].index(label)] = 1.0
PLAIN: dict[str, dict[str, Any]] = {
    head: {
        "model": 1.0,
        "said": np.vstack([np.eye(len(labels)), np.zeros((1, len(labels)))]).tolist(),
        "sure": np.zeros((len(labels) + 1, len(labels))).tolist(),
        "stands": 2.0,
        "alone": {},
    }
    for head, labels in LABELS.items()
    if head not in ("reply", "act")
} | {
    "reply": {"weights": WEIGHTS.tolist(), "bias": [0.0] * len(LABELS["reply"])},
    "act": {"weights": ACTS.tolist(), "bias": [0.0] * len(LABELS["act"]), "stands": 0.95, "alone": {"pitch": 0.9}},
    "binary": {name: [1.0, 1.0, 0.0, 0.0] for name in BINARY},
}


class Scripted(TurnHeads):
    """Says what a test wants the model to say: by turn, the label of each head and its probability."""

    def __init__(self, *says: dict[str, tuple[str, float]]) -> None:
        super().__init__(fusion=PLAIN)
        self.says = says

    def read(self, conversations: object) -> list[list[TurnScores]]:
        return [[_scores(turn) for turn in self.says]]


class Given(TurnHeads):
    """Says what it is given."""

    def __init__(self, scores: list[TurnScores]) -> None:
        super().__init__(fusion=PLAIN)
        self.given = scores

    def read(self, conversations: object) -> list[list[TurnScores]]:
        return [self.given]


def _scores(says: dict[str, tuple[str, float]]) -> TurnScores:
    heads = {}
    for head, labels in LABELS.items():
        label, chance = says.get(head, (labels[-1] if head not in ("mood", "register") else labels[1], 0.9))
        heads[head] = np.array([chance if name == label else (1 - chance) / (len(labels) - 1) for name in labels])
    binary = np.array([says[name][1] if name in says else 0.01 for name in BINARY])
    return TurnScores(heads, binary)


def _talk(turns: list[tuple[str, str]]) -> Conversation:
    rows = [{"role": role, "text": text} for role, text in turns]
    return Conversation.model_validate({"id": "c", "language": "en", "turns": rows})


def read(turns: list[tuple[str, str]], *says: dict[str, tuple[str, float]]) -> Reading:
    return LocalReader(heads=Scripted(*says)).read([_talk(turns)], LEXICON)[0]


def test_a_pitch_that_no_rule_finds_is_the_models() -> None:
    reading = read([("agent", "People who swim of a morning get on well with the sauna.")], {"act": ("pitch", 0.97)})
    assert [(act.act, act.offer, act.source) for act in reading.acts] == [("pitch", "SAUNA", "model")]


def test_a_pitch_without_a_name_is_of_no_known_offer() -> None:
    reading = read([("agent", "Folks on your line tend to go one up.")], {"act": ("pitch", 0.97)})
    assert [(act.act, act.offer) for act in reading.acts] == [("pitch", None)]


def test_a_pitch_that_the_model_does_not_see_is_what_the_model_sees() -> None:
    said = "I can add the sauna add-on for you, as you asked."
    assert read([("agent", said)], {"act": ("answer", 0.999)}).acts[0].act == "answer"
    assert read([("agent", said)], {"act": ("pitch", 0.9)}).acts[0].act == "pitch"


def test_a_pitch_that_only_the_model_sees_needs_a_sure_model() -> None:
    assert read([("agent", "Folks on your line tend to go one up.")], {"act": ("pitch", 0.8)}).acts == ()


def test_a_rule_that_is_sure_stands() -> None:
    surest = "No problem, I won't add the sauna add-on."
    rules = LocalReader(rules_only=True).read([_talk([("agent", surest)])], LEXICON)[0].acts[0]
    assert rules.confidence >= 0.85
    PLAIN["act"]["stands"] = rules.confidence
    found = read([("agent", surest)], {"act": ("answer", 0.999)}).acts[0]
    PLAIN["act"]["stands"] = 0.95
    assert (found.act, found.source) == (rules.act, "rule")


def test_an_unsure_model_leaves_a_sure_rule_alone() -> None:
    reading = read([("agent", "Would you like to add the sauna add-on?")], {"act": ("none", 0.2)})
    assert [(act.act, act.source) for act in reading.acts] == [("pitch", "rule")]


def test_a_reply_in_other_words_closes_the_topic() -> None:
    turns = [("agent", "Would you like to add the sauna add-on?"), ("customer", "we've a tub of our own out the back")]
    reading = read(turns, {"act": ("pitch", 0.9)}, {"reply": ("refuse", 0.95)})
    assert [(fact.reply, fact.source) for fact in reading.replies] == [("refuse", "model")]
    assert reading.ledger[-1].topic_closed


def test_an_answer_to_an_offer_spoken_of_before_needs_a_sure_model() -> None:
    turns = [
        ("agent", "Would you like to add the sauna add-on?"),
        ("customer", "what time do you shut on sundays"),
        ("agent", "At six. Is there anything else?"),
        ("customer", "that tub you spoke of, put me down"),
    ]
    quiet = {"act": ("none", 0.9)}
    asked = {"reply": ("ignore", 0.9)}
    sure = read(turns, {"act": ("pitch", 0.9)}, asked, quiet, {"reply": ("accept", 0.95)})
    unsure = read(turns, {"act": ("pitch", 0.9)}, asked, quiet, {"reply": ("accept", 0.4)})
    assert [fact.reply for fact in sure.replies] == ["ignore", "accept"]
    assert [fact.reply for fact in unsure.replies] == ["ignore"]


def test_mood_register_and_courtesy_say_where_they_come_from() -> None:
    turns = [("customer", "right. another form for me then"), ("agent", "As I have said twice, read the page.")]
    says = {"mood": ("frustrated", 0.95)}, {"register": ("robotic", 0.95), "impolite": ("", 0.9)}
    reading = read(turns, *says)
    assert (reading.moods[0].mood, reading.moods[0].source) == ("frustrated", "model")
    assert (reading.registers[0].register_, reading.registers[0].source) == ("robotic", "model")
    assert (reading.courtesies[0].courtesy, reading.courtesies[0].source) == ("impolite", "model")


def test_pressure_is_read_while_something_is_sold() -> None:
    pitch = [("agent", "Would you like to add the sauna add-on? Your neighbours all have one.")]
    reading = read(pitch, {"act": ("pitch", 0.95), "social_proof": ("", 0.9)})
    assert "social_proof" in {fact.kind for fact in reading.pressures}


def test_what_is_said_of_the_matter_moves_the_issue() -> None:
    turns = [
        ("customer", "my wifi is not working at all"),
        ("agent", "I gave it a nudge from this end."),
        ("customer", "well would you look at that, green all over"),
    ]
    says = {"word": ("unsolved", 0.9)}, {"issue": ("done", 0.9)}, {"word": ("solved", 0.95)}
    reading = read(turns, *says)
    assert [fact.says for fact in reading.progress] == ["unsolved", "done", "solved"]
    assert [(issue.status, issue.word) for issue in reading.issues] == [("resolved", "customer")]
    assert [(issue.status) for issue in read(turns, says[0], {}, {}).issues] != ["resolved"]


def test_rules_alone_read_without_the_model() -> None:
    reader = LocalReader(rules_only=True)
    held = Conversation.model_validate(
        {"id": "c", "turns": [{"role": "agent", "text": "Would you like to add the sauna add-on?"}]}
    )
    reading = reader.read([held], LEXICON)[0]
    assert reading.acts[0].act == "pitch"
    assert reading.acts[0].asks
    assert reader.id.endswith("+rules-only")
    assert LocalReader().id != reader.id


def test_what_the_model_hears_is_bounded_and_of_those_who_speak() -> None:
    assert said(Turn(role="tool", text="{}")) is None
    assert said(Turn(role="customer", text="mm-hm", backchannel=True)) is None
    assert said(Turn(role="human_agent", text="Hello")) == ("agent", "hello")
    heard = said(Turn(role="customer", text="word " * 5_000))
    assert heard is not None
    assert len(heard[1]) <= 4_001


def test_turn_by_turn_finds_what_all_at_once_finds() -> None:
    turns = [
        ("customer", "my wifi has been down since monday and nobody rings back"),
        (
            "agent",
            "I've reset the line and it's up again. While you're here, the sauna add-on is twelve pounds a month?",
        ),
        ("customer", "we've a tub of our own out the back"),
        ("agent", "Then I'll leave it. Anything else?"),
        ("customer", "no that's all"),
    ]
    reader, held = LocalReader(), _talk(turns)
    session = reader.session(held, LEXICON)
    for turn in held.turns:
        session.add(turn)
    at_once, others = reader.read([held], LEXICON)[0], [_talk([("agent", f"That is number {n}.")]) for n in range(40)]
    assert session.reading(ended=True) == at_once
    assert reader.read([*others, held], LEXICON)[-1] == at_once


def test_a_repeat_pitch_that_a_rule_finds_stays_one() -> None:
    turns = [
        ("agent", "Would you like to add the sauna add-on?"),
        ("customer", "no thanks"),
        ("agent", "Would you like to add the sauna add-on, though?"),
    ]
    reading = read(turns, {"act": ("pitch", 0.9)}, {"reply": ("refuse", 0.9)}, {"act": ("none", 0.99999)})
    assert [entry.repeat_of for entry in reading.ledger] == [None, None, "same"]


def test_an_act_that_no_rule_hears_is_the_models() -> None:
    for act in ("answer", "read_back", "withdraw", "mention"):
        sure = read([("agent", "That one's been on your line since May.")], {"act": (act, 0.9)})
        assert [(fact.act, fact.offer, fact.source) for fact in sure.acts] == [(act, None, "model")]
        assert read([("agent", "That one's been on your line since May.")], {"act": (act, 0.3)}).acts == ()


def test_the_customer_may_answer_what_was_asked_about_and_never_named() -> None:
    turns = [
        ("customer", "is there anywhere to warm up after"),
        ("agent", "There's one on the second floor, ten a month."),
        ("customer", "put me down"),
    ]
    asked, answered = {"reply": ("ask", 0.9)}, {"act": ("answer", 0.9)}
    reading = read(turns, asked, answered, {"reply": ("accept", 0.95)})
    assert [(fact.reply, fact.offer) for fact in reading.replies] == [("ask", None), ("accept", None)]
    quiet = read([*turns[:2], ("customer", "my towel is wet")], asked, answered, {"reply": ("none", 0.95)})
    assert [fact.reply for fact in quiet.replies] == ["ask"], "no answer is nothing, not ignored"


def test_a_yes_after_the_topic_was_closed_is_a_yes() -> None:
    turns = [
        ("agent", "Would you like to add the sauna add-on?"),
        ("customer", "no thanks"),
        ("agent", "Your locker is number nine."),
        ("customer", "d'you know what, count me in for that heat business"),
    ]
    before = {"act": ("pitch", 0.9)}, {"reply": ("refuse", 0.95)}, {"act": ("none", 0.9)}
    yes = read(turns, *before, {"reply": ("accept", 0.95)})
    assert [fact.reply for fact in yes.replies] == ["refuse", "accept"]
    assert not yes.ledger[-1].topic_closed
    back = read(turns, *before, {"reply": ("ask", 0.95)})
    assert [fact.reply for fact in back.replies] == ["refuse", "reopen"]


def test_where_rules_hear_no_answer_the_model_may_and_where_they_do_it_must_be_surer() -> None:
    asked = ("agent", "Would you like to add the sauna add-on?")
    unheard = read(
        [asked, ("customer", "we've a tub out the back")], {"act": ("pitch", 0.9)}, {"reply": ("refuse", 0.75)}
    )
    assert [(fact.reply, fact.source) for fact in unheard.replies] == [("refuse", "model")]
    heard = read([asked, ("customer", "yes please")], {"act": ("pitch", 0.9)}, {"reply": ("refuse", 0.6)})
    assert [(fact.reply, fact.source) for fact in heard.replies] == [("accept", "rule")]


def test_outside_a_sale_words_press_where_the_model_hears_it() -> None:
    said = "After all we have done for you, it's a shame you'd leave us."
    assert [fact.kind for fact in read([("agent", said)], {"guilt": ("", 0.97)}).pressures] == ["guilt"]
    assert read([("agent", said)], {}).pressures == ()


def test_a_turn_that_surely_presses_has_the_likeliest_kind() -> None:
    pitch = [("agent", "Would you like to add the sauna add-on? The others would be glad of it.")]
    says = {"act": ("pitch", 0.95), "guilt": ("", 0.3), "fear": ("", 0.2)}
    assert read(pitch, says).pressures == ()
    (found,) = read(pitch, {**says, "presses": ("", 0.9)}).pressures
    assert (found.kind, found.source) == ("guilt", "model")
    assert found.confidence > 0.8
    both = read(pitch, {**says, "presses": ("", 0.9), "scarcity": ("", 0.7)})
    assert [fact.kind for fact in both.pressures] == ["scarcity"]


PITCH = {"act": ("pitch", 0.9)}
ADD = ("agent", "The sauna add-on is twelve pounds a month. Would you like it?")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Anything else I can help with?", "no that's all"),
        ("Have you been to the front desk?", "no, not since march"),
        ("Would Monday at nine work?", "yes monday"),
    ],
)
def test_a_yes_or_no_to_another_question_is_not_the_models_to_turn(question: str, answer: str) -> None:
    pitched = (
        "Would you like to add the sauna add-on? It is twelve pounds a month. Your locker is free. One more thing."
    )
    turns = [("agent", f"{pitched} {question}")]
    for reply in ("refuse", "accept"):
        reading = read([*turns, ("customer", answer)], PITCH, {"reply": (reply, 0.99)})
        assert [fact.reply for fact in reading.replies] == ["ignore"]


def test_what_the_customer_has_is_asked_and_not_pitched() -> None:
    pitch = {"act": ("pitch", 0.999), "asks": ("", 0.99)}
    for asked in ("Repairs are dear. Do you have the sauna add-on?", "Are you already a member of our rewards scheme?"):
        assert "pitch" not in {act.act for act in read([("agent", asked)], pitch).acts}
    sold = read([("agent", "Do you have the sauna add-on for ten pounds yet?")], pitch)
    assert [act.act for act in sold.acts] == ["pitch"]


def test_a_nod_or_a_price_takes_nothing_off_the_table() -> None:
    withdrawn = {"act": ("withdraw", 0.95)}
    assert read([("agent", "Sure.")], withdrawn).acts == ()
    refused = [ADD, ("customer", "no thanks")]
    after = [*refused, ("agent", "And it is only five pounds this week.")]
    assert [act.act for act in read(after, PITCH, {"reply": ("refuse", 0.9)}, withdrawn).acts] == ["pitch"]
    nod = read([*refused, ("agent", "Sure thing.")], PITCH, {"reply": ("refuse", 0.9)}, withdrawn)
    assert [act.act for act in nod.acts] == ["pitch", "withdraw"]


def test_a_read_back_of_what_was_accepted_is_no_pitch() -> None:
    turns = [
        ADD,
        ("customer", "yes please"),
        ("agent", "Just to confirm: the sauna add-on, twelve pounds a month. Is that right?"),
    ]
    reading = read(turns, PITCH, {"reply": ("accept", 0.9)}, {"act": ("pitch", 0.94)})
    assert [act.act for act in reading.acts] == ["pitch", "read_back"]


def test_a_plain_question_for_an_offer_stays_a_pitch() -> None:
    asked = read([("agent", "Should I add the sauna add-on for you?")], {"act": ("next_step", 0.999)})
    assert [(act.act, act.source) for act in asked.acts] == [("pitch", "rule")]


def test_an_accept_that_only_the_model_hears_needs_a_surer_model_than_a_refusal() -> None:
    said = ("customer", "the hot room, is it")
    for reply, chance, found in (("accept", 0.6, "ignore"), ("refuse", 0.6, "refuse"), ("accept", 0.97, "accept")):
        reading = read([ADD, said], PITCH, {"reply": (reply, chance)})
        assert [fact.reply for fact in reading.replies] == [found]


def test_a_way_to_settle_the_matter_is_no_pitch() -> None:
    pitch = {"act": ("pitch", 0.999), "asks": ("", 0.99)}
    assert read([("agent", "I can set up a payment plan of $30 a month. Would you like that?")], pitch).acts == ()
    assert read([("agent", "Folks on your line go one up for $30. Would you like that?")], pitch).acts != ()


def test_anything_else_is_another_question_than_a_pitch_without_a_name() -> None:
    turns = [("agent", "Folks on your line go one up. Anything else I can help with?"), ("customer", "no that's all")]
    reading = read(turns, {"act": ("pitch", 0.99)}, {"reply": ("refuse", 0.99)})
    assert [fact.reply for fact in reading.replies] == ["ignore"]


def test_a_model_that_hardly_hears_anger_changes_no_mood() -> None:
    said = [("customer", "i was charged on the third and the ninth")]
    assert [fact.mood for fact in read(said, {"mood": ("frustrated", 0.45)}).moods] != ["frustrated"]
    assert [fact.mood for fact in read(said, {"mood": ("frustrated", 0.9)}).moods] == ["frustrated"]


def test_an_answer_to_a_pitch_that_nobody_was_sure_of_is_heard() -> None:
    turns = [("agent", "Some of our members swear by the heat after a swim."), ("customer", "not my thing at all")]
    maybe, refuse = {"act": ("pitch", 0.5)}, {"reply": ("refuse", 0.8)}
    reading = read(turns, maybe, refuse)
    assert reading.acts == ()
    assert [(fact.reply, fact.offer, fact.source) for fact in reading.replies] == [("refuse", None, "model")]
    assert read(turns, {"act": ("question", 0.95)}, refuse).replies == (), "a no answers much else"
    assert read(turns, maybe, {"reply": ("refuse", 0.4)}).replies == ()
    assert read(turns, maybe, {"reply": ("accept", 0.75)}).replies == (), "a yes that nobody gave does more harm"


def test_another_no_to_another_try_is_heard() -> None:
    turns = [ADD, ("customer", "no thanks"), ("agent", "It does wonders."), ("customer", "my back is fine as it is")]
    refuse = {"reply": ("refuse", 0.9)}
    again = read(turns, PITCH, refuse, {"act": ("pitch", 0.5)}, refuse)
    assert [(fact.turn, fact.reply) for fact in again.replies] == [(1, "refuse"), (3, "refuse")]
    other = read(turns, PITCH, refuse, {"act": ("question", 0.9)}, {"reply": ("refuse", 0.45)})
    assert [fact.turn for fact in other.replies] == [1], "without a new try the model must be surer"


def test_what_answers_a_question_and_not_a_pitch_is_not_ignored() -> None:
    turns = [
        ("customer", "how much is the sauna add-on"),
        ("agent", "The sauna add-on is twelve pounds a month."),
        ("customer", "oh my locker just opened by itself"),
    ]
    ask, answer, none = {"reply": ("ask", 0.9)}, {"act": ("answer", 0.9)}, {"reply": ("none", 0.9)}
    assert [fact.reply for fact in read(turns, ask, answer, none).replies] == ["ask"]
    pitched = [ADD, ("customer", "oh my locker just opened by itself")]
    assert [fact.reply for fact in read(pitched, PITCH, {"reply": ("ignore", 0.9)}).replies] == ["ignore"]


def test_a_pitch_without_a_name_that_the_model_hears_as_taking_back_is_that() -> None:
    turns = [
        ADD,
        ("customer", "it's just me at home"),
        ("agent", "Okay, then the single plan is right for you."),
    ]
    rules = LocalReader(rules_only=True).read([_talk(turns)], LEXICON)[0]
    assert [act.act for act in rules.acts] == ["pitch", "pitch"]
    reading = read(turns, PITCH, {"reply": ("refuse", 0.9)}, {"act": ("withdraw", 0.95)})
    assert [(act.act, act.source) for act in reading.acts] == [("pitch", "rule"), ("withdraw", "model")]


def test_a_no_of_which_only_the_kind_is_open_is_a_no() -> None:
    turns = [ADD, ("customer", "my daughter looks at such pages with me")]
    chances = dict.fromkeys(LABELS["reply"], 0.02) | {"refuse": 0.28, "defer": 0.26, "deflect": 0.04, "accept": 0.3}
    split = TurnScores({**_scores({}).heads, "reply": np.array(list(chances.values()))})
    (found,) = LocalReader(heads=Given([_scores(PITCH), split])).read([_talk(turns)], LEXICON)[0].replies
    assert (found.reply, found.source) == ("refuse", "model")
    assert found.confidence > 0.5, "that of all that close the topic"


def test_whether_the_customer_has_heard_of_it_is_no_pitch_where_the_model_hears_none() -> None:
    asked = [("agent", "Have you heard of our sauna add-on?"), ("customer", "no")]
    none, quiet = {"act": ("none", 0.97)}, {"reply": ("none", 0.97)}
    assert "pitch" not in {act.act for act in read(asked, none, quiet).acts}
    assert read(asked, none, quiet).replies == ()


def test_a_yes_to_what_was_read_back_accepts() -> None:
    for asked in ("Is that correct?", "Okay to place it?", "Confirm and I'll switch you over?"):
        turns = [("agent", f"One sauna add-on, twelve pounds a month. {asked}"), ("customer", "yes")]
        reading = read(turns, {"act": ("read_back", 0.97)}, {"reply": ("accept", 0.9)})
        assert [fact.reply for fact in reading.replies] == ["accept"], asked


def test_a_question_for_what_was_just_pitched_is_about_it() -> None:
    for asked in ("Shall I send one?", "Would you like me to assign it?", "Should I reserve you one?"):
        turns = [("agent", f"The sauna add-on is twelve pounds a month. {asked}"), ("customer", "nope")]
        assert [fact.reply for fact in read(turns, PITCH, {"reply": ("refuse", 0.7)}).replies] == ["refuse"], asked
    other = [("agent", "The sauna add-on is twelve pounds a month. Shall I send the receipt?"), ("customer", "nope")]
    assert [fact.reply for fact in read(other, PITCH, {"reply": ("refuse", 0.7)}).replies] == ["ignore"]


@pytest.mark.parametrize(
    ("said", "reply"),
    [("yes", "accept"), ("of course", "accept"), ("I don't want it", "refuse"), ("not today", "defer")],
)
def test_a_plain_answer_is_one_though_the_model_hears_none(said: str, reply: str) -> None:
    for unheard in ("ignore", "none"):
        reading = read([ADD, ("customer", said)], PITCH, {"reply": (unheard, 0.99)})
        assert [fact.reply for fact in reading.replies] == [reply]


def test_taking_note_refuses_nothing() -> None:
    reading = read([ADD, ("customer", "got it")], PITCH, {"reply": ("refuse", 0.99)})
    assert "refuse" not in {fact.reply for fact in reading.replies}
    price = [("customer", "how much is the sauna add-on"), ("agent", "It is twelve pounds a month.")]
    ask, answer = {"reply": ("ask", 0.9)}, {"act": ("answer", 0.9)}
    heard = read([*price, ("customer", "got it")], ask, answer, {"reply": ("refuse", 0.95)})
    assert "refuse" not in {fact.reply for fact in heard.replies}


def test_a_no_to_what_was_asked_about_needs_a_sure_model() -> None:
    turns = [
        ADD,
        ("customer", "how hot is it"),
        ("agent", "The sauna add-on goes up to ninety degrees."),
        ("customer", "my gran used to sit in one for hours"),
    ]
    before = PITCH, {"reply": ("ask", 0.9)}, {"act": ("answer", 0.9)}
    doubted = read(turns, *before, {"reply": ("refuse", 0.7)})
    assert "refuse" not in {fact.reply for fact in doubted.replies}
    sure = read(turns, *before, {"reply": ("refuse", 0.95)})
    assert [fact.reply for fact in sure.replies][-1] == "refuse"


def test_service_talk_after_an_offer_is_no_pitch_of_it() -> None:
    turns = [ADD, ("customer", "no thanks"), ("agent", "You can also pay your bill by card.")]
    before = PITCH, {"reply": ("refuse", 0.95)}
    assert [act.turn for act in read(turns, *before, {"act": ("pitch", 0.93)}).acts] == [0]
    again = [*turns[:2], ("agent", "You'd really feel the good of it.")]
    assert [act.turn for act in read(again, *before, {"act": ("pitch", 0.93)}).acts] == [0, 2]


def test_a_pitch_that_only_the_model_hears_stands_where_the_turn_asks_for_it() -> None:
    said = "Your locker is free now. Would you care to warm up after a swim?"
    talk = _talk([("agent", said)])
    lexicon = Lexicon(currency="GBP", offers=(), disclosures=(), prohibited=(), consent_tools=())
    reading = LocalReader(heads=Scripted({"act": ("pitch", 0.999)})).read([talk], lexicon)[0]
    assert [act.quote for act in reading.acts if act.source == "model"] == ["Would you care to warm up after a swim?"]


def test_anything_else_is_not_robotic_by_itself() -> None:
    robotic = {"register": ("robotic", 0.9)}
    assert (
        read([("agent", "Is there anything else I can help you with today?")], robotic).registers[0].register_
        == "neutral"
    )
    assert read([("agent", "Your request is important to us.")], robotic).registers[0].register_ == "robotic"


def test_of_two_offers_in_question_only_the_rules_know_which_is_meant() -> None:
    pool = {"id": "POOL", "names": ["pool pass", "pool"], "kind": "cross_sell", "timing": "during_task"}
    both = Lexicon.of((OfferPolicy.model_validate({**POLICY, "offers": [*POLICY["offers"], pool]}),))
    asked = ("agent", "Would you like to add the sauna add-on or the pool pass?")
    for answer, reply in (("not the sauna, thanks", "refuse"), ("I'll take the pool pass", "refuse")):
        scripted = LocalReader(heads=Scripted(PITCH, {"reply": (reply, 0.999)}))
        replies = scripted.read([_talk([asked, ("customer", answer)])], both)[0].replies
        assert ("POOL", "refuse") not in {(fact.offer, fact.reply) for fact in replies}


def test_a_question_after_another_try_is_no_coming_back() -> None:
    turns = [
        ADD,
        ("customer", "no thanks"),
        ("agent", "Are you sure you don't want the sauna add-on?"),
        ("customer", "okay fine what does it cost"),
    ]
    reading = read(turns, PITCH, {"reply": ("refuse", 0.95)}, PITCH, {"reply": ("ask", 0.95)})
    assert [fact.reply for fact in reading.replies] == ["refuse", "ask"]


def test_who_comes_back_to_it_must_be_heard_for_sure() -> None:
    turns = [ADD, ("customer", "no thanks"), ("agent", "Your locker is number nine."), ("customer", "my back aches so")]
    before = PITCH, {"reply": ("refuse", 0.95)}, {"act": ("none", 0.9)}
    for chance, found in ((0.6, ["refuse"]), (0.9, ["refuse", "reopen"])):
        reading = read(turns, *before, {"reply": ("ask", chance)})
        assert [fact.reply for fact in reading.replies] == found


def test_what_was_pitched_long_ago_is_not_answered_by_the_model_alone() -> None:
    between = [("customer", "my card is in the car"), ("agent", "Take your time."), ("customer", "one moment")] * 2
    turns = [ADD, *between, ("agent", "I have it."), ("customer", "we will leave that")]
    quiet = [{"act": ("none", 0.9)} if role == "agent" else {"reply": ("none", 0.99)} for role, _ in turns[1:-1]]
    reading = read(turns, PITCH, *quiet, {"reply": ("refuse", 0.9)})
    assert "refuse" not in {fact.reply for fact in reading.replies}


def test_what_a_rule_guesses_is_no_surer_than_both_are() -> None:
    turns = [ADD, ("customer", "and twelve for the towels")]
    rules = LocalReader(rules_only=True).read([_talk(turns)], LEXICON)[0].replies
    assert [(fact.reply, fact.confidence) for fact in rules] == [("ask", 0.5)]
    (doubted,) = read(turns, PITCH, {"reply": ("accept", 0.55)}).replies
    assert doubted.reply == "ask"
    assert doubted.confidence < 0.5


def test_a_question_whether_it_is_known_is_a_guess_of_the_rules() -> None:
    asked = [("agent", "Have you heard of our sauna add-on?")]
    rules = LocalReader(rules_only=True).read([_talk(asked)], LEXICON)[0].acts[0]
    assert rules.act == "pitch"
    PLAIN["act"]["stands"] = rules.confidence
    try:
        assert "pitch" not in {act.act for act in read(asked, {"act": ("question", 0.97)}).acts}
    finally:
        PLAIN["act"]["stands"] = 0.95


def test_a_no_to_what_was_only_spoken_of_needs_a_sure_model() -> None:
    turns = [("agent", "The sauna add-on is on your bill."), ("customer", "we never go in there")]
    mention = {"act": ("mention", 0.95)}
    for chance, found in ((0.45, []), (0.95, ["refuse"])):
        assert [fact.reply for fact in read(turns, mention, {"reply": ("refuse", chance)}).replies] == found


def test_what_rules_know_well_needs_a_very_sure_model() -> None:
    objection, taken = ("customer", "that's too much for me to spend"), ("customer", "I'd like to add the sauna add-on")
    for said_now, other, reply in ((objection, "refuse", "object"), (taken, "deflect", "accept")):
        assert [fact.reply for fact in read([ADD, said_now], PITCH, {"reply": (other, 0.95)}).replies] == [reply]
        assert [fact.reply for fact in read([ADD, said_now], PITCH, {"reply": (other, 0.9999)}).replies] == [other]


def test_talk_of_the_own_matter_takes_no_offer_and_hardly_refuses_it() -> None:
    matter = ("customer", "I want to get the second charge taken off")
    for reply, chance in (("accept", 0.9999), ("refuse", 0.95), ("defer", 0.95)):
        assert [fact.reply for fact in read([ADD, matter], PITCH, {"reply": (reply, chance)}).replies] == ["ignore"]
    assert [fact.reply for fact in read([ADD, matter], PITCH, {"reply": ("deflect", 0.95)}).replies] == ["deflect"]


def test_terms_are_read_back_where_a_yes_may_have_come_before() -> None:
    turns = [ADD, ("customer", "hm"), ("agent", "The sauna add-on starts on Monday, as said.")]
    for chance, act in ((0.95, "read_back"), (0.6, "mention")):
        reading = read(turns, PITCH, {"reply": ("none", 0.9)}, {"act": ("read_back", chance)})
        assert [fact.act for fact in reading.acts] == ["pitch", act]
    refused = [ADD, ("customer", "no thanks"), turns[2]]
    reading = read(refused, PITCH, {"reply": ("refuse", 0.95)}, {"act": ("read_back", 0.95)})
    assert reading.acts[-1].act == "mention", "nobody confirms what was turned down"


def test_an_offer_is_taken_off_the_table_beside_a_price_of_something_else() -> None:
    refused = [ADD, ("customer", "no thanks")]
    withdrawn = {"act": ("withdraw", 0.95)}
    said = [*refused, ("agent", "Fair enough. Your locker is four pounds.")]
    reading = read(said, PITCH, {"reply": ("refuse", 0.9)}, withdrawn)
    assert [act.act for act in reading.acts] == ["pitch", "withdraw"]


def test_after_a_question_the_agent_says_more_of_the_offer_only_where_the_model_hears_it() -> None:
    turns = [ADD, ("customer", "is it far from the pool?"), ("agent", "Right next to it.")]
    for says, found in (({"act": ("answer", 0.6)}, True), ({"act": ("none", 0.9)}, False)):
        reading = read(turns, PITCH, {"reply": ("ask", 0.95)}, says)
        assert any(act.turn == 2 for act in reading.acts) is found


def test_who_comes_back_to_what_was_never_heard_must_be_heard_for_sure() -> None:
    turns = [("agent", "Your locker is number nine."), ("customer", "that thing you told me of, what was it")]
    for chance, found in ((0.6, []), (0.95, ["reopen"])):
        reading = read(turns, {"act": ("none", 0.9)}, {"reply": ("reopen", chance)})
        assert [fact.reply for fact in reading.replies] == found
