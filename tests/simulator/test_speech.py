"""However a persona speaks, what it means stays: denials, facts, names of offers."""

from __future__ import annotations

from random import Random
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import LCSseq

from evalh.models.persona import Degree, Speech, SpeechStyle
from evalh.models.simulated import CustomerAct
from evalh.simulator.aloud import aloud
from evalh.simulator.bank import PLACEHOLDER, load_bank
from evalh.simulator.englishes import ARTICLES_LEFT_OUT, TOUCHES, in_full
from evalh.simulator.speech import spoken
from evalh.simulator.words import DENIALS, Kind, Word, capped, lowered, typed, words_of

PHRASES = sorted({phrase.text for act in get_args(CustomerAct) for phrase in load_bank().phrases(act)})
SPEECHES = st.builds(
    Speech,
    style=st.sampled_from(get_args(SpeechStyle)),
    variety=st.sampled_from(["en-US", "en-x-tl", *TOUCHES, *ARTICLES_LEFT_OUT]),
    disfluency=st.sampled_from(get_args(Degree)),
    asr_noise=st.sampled_from(get_args(Degree)),
)
CHANNELS = st.sampled_from(["chat", "voice", "sms"])


def say(
    text: str, kind: Kind = "plain", *, seed: int = 1, channel: str = "voice", lower: bool = False, **speech: str
) -> str:
    full = {"style": "plain", "disfluency": "none", **speech}
    return spoken(words_of([(text, kind)]), Speech.model_validate(full), channel, Random(seed), lower=lower)


def denials(text: str) -> int:
    words = [word.strip('.,;:!?"()…').lower() for word in text.split()]
    return sum(word in DENIALS for word in words)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(PHRASES), SPEECHES, CHANNELS, st.integers(0, 2**31), st.booleans())
def test_denials_are_neither_lost_nor_added(text: str, speech: Speech, channel: str, seed: int, lower: bool) -> None:
    plain = PLACEHOLDER.sub("it", text)
    said = spoken(words_of([(plain, "plain")]), speech, channel, Random(seed), lower=lower)
    assert said.strip()
    assert denials(said) == denials(plain)


@settings(max_examples=200, deadline=None)
@given(st.text("0123456789", min_size=1, max_size=12), SPEECHES, CHANNELS, st.integers(0, 2**31))
def test_digits_of_a_fact_stay(code: str, speech: Speech, channel: str, seed: int) -> None:
    words = words_of([("The last four are ", "plain"), (code, "code"), (" I think.", "plain")])
    said = spoken(words, speech, channel, Random(seed))
    as_written = speech.asr_noise == "none" or channel != "voice"
    assert (code if as_written else aloud(code, code=True)) in said


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["Fiber 500", "Secure Suite", "Travel Pass", "an extra line"]), SPEECHES, st.integers(0, 2**31))
def test_the_name_of_an_offer_stays_but_for_a_slip_at_high_noise(name: str, speech: Speech, seed: int) -> None:
    said = spoken(
        words_of([("I'll pass on the ", "plain"), (name, "offer"), (".", "plain")]), speech, "voice", Random(seed)
    )
    if speech.asr_noise == "none":
        assert name in said
    elif speech.asr_noise != "high":
        assert aloud(name).lower() in said


@given(SPEECHES, CHANNELS, st.integers(0, 2**31))
def test_the_same_chance_gives_the_same_words(speech: Speech, channel: str, seed: int) -> None:
    words = words_of([("Well, I think I would like to hear how much it costs, please.", "plain")])
    assert spoken(words, speech, channel, Random(seed)) == spoken(words, speech, channel, Random(seed))


@given(st.text(max_size=80), SPEECHES, CHANNELS)
def test_any_text_can_be_spoken(text: str, speech: Speech, channel: str) -> None:
    words = words_of([(text, "plain")])
    assert bool(spoken(words, speech, channel, Random(0)).strip()) == bool(words)


def test_a_recogniser_writes_no_capitals_no_marks_and_numbers_in_words() -> None:
    text = "Yes, I'd like the Fiber 500 at $49.99. Isn't that it?"
    assert (
        say(text, "offer", asr_noise="low")
        == "yes i'd like the fiber five hundred at forty nine ninety nine isn't that it"
    )


def test_in_a_chat_there_is_no_recogniser() -> None:
    assert say("I'd like the Fiber 500.", asr_noise="high", channel="chat") == "I'd like the Fiber 500."


def test_noise_grows_with_its_degree() -> None:
    text = (
        "can you hear me i want the price of the plan for this account again and maybe the upgrade today or this week"
    )

    def slips(degree: str) -> int:
        said = [say(text, asr_noise=degree, seed=seed).split() for seed in range(50)]
        return sum(LCSseq.distance(text.split(), words) for words in said)

    assert slips("none") == 0
    assert slips("low") < slips("medium") < slips("high")


def test_stumbling_grows_with_its_degree_and_is_rare_in_writing() -> None:
    text = "I was hoping you could tell me what it is, and when it comes, because I really need it soon."
    long = {
        (degree, channel): sum(len(say(text, disfluency=degree, seed=seed, channel=channel)) for seed in range(60))
        for degree in get_args(Degree)
        for channel in ("voice", "chat")
    }
    assert long["none", "voice"] == 60 * len(text)
    assert long["none", "voice"] < long["low", "voice"] < long["medium", "voice"] < long["high", "voice"]
    assert long["high", "chat"] < long["low", "voice"]


def test_what_is_said_twice_is_no_fact() -> None:
    said = {say("It is the one I want.", disfluency="high", seed=seed) for seed in range(200)}
    assert any("It, it" in text for text in said)
    facts = {say("i i i i", "value", disfluency="high", seed=seed).count("i") for seed in range(200)}
    assert facts == {4}


@pytest.mark.parametrize(
    ("style", "text", "said"),
    [
        ("formal", "I'm afraid I can't, it's too dear.", "I am afraid I cannot, it is too dear."),
        ("formal", "I don't know, and they won't say.", "I do not know, and they will not say."),
        ("simple", "It's been a week and that's all I've heard.", "It has been a week and that is all I have heard."),
        ("formal", "Don't you think I'd better go?", "Don't you think I'd better go?"),
        ("plain", "I'm afraid I can't.", "I'm afraid I can't."),
    ],
)
def test_formal_and_simple_speech_has_full_forms(style: str, text: str, said: str) -> None:
    assert say(text, style=style) == said


@pytest.mark.parametrize(
    ("variety", "text", "said"),
    [
        ("en-GB", "Do me a favor and apologize to my neighbor.", "Do me a favour and apologise to my neighbour."),
        ("en-US", "Do me a favor and apologize to my neighbor.", "Do me a favor and apologize to my neighbor."),
        ("en-AU", "It was canceled while I was on vacation.", "It was cancelled while I was on holiday."),
    ],
)
def test_spelling_follows_the_variety(variety: str, text: str, said: str) -> None:
    assert say(text, variety=variety) == said


@pytest.mark.parametrize(
    ("variety", "text", "touched"),
    [
        ("en-IN", "Please send it today.", "Kindly send it today itself."),
        ("en-IE", "Thanks a lot.", "Thanks a million."),
        ("en-x-es", "How much does it cost?", "How much it costs?"),
        ("en-x-pl", "I have the bill here and a lot to ask.", "I have bill here and a lot to ask."),
    ],
)
def test_a_touch_comes_now_and_then(variety: str, text: str, touched: str) -> None:
    said = [say(text, variety=variety, seed=seed) for seed in range(60)]
    assert 0 < said.count(touched) < 60


def test_a_touch_leaves_facts_alone() -> None:
    words = words_of([("Ask for ", "plain"), ("Color Center, 12 the Vacation Road", "value"), (".", "plain")])
    assert (
        spoken(words, Speech(variety="en-GB", disfluency="none"), "chat", Random(0)).count("Color Center, 12 the") == 1
    )


def test_who_types_without_capitals_leaves_names_facts_and_abbreviations() -> None:
    words = words_of([("My ZIP on the ", "plain"), ("Fiber 500", "offer"), (" is Due.", "plain")])
    assert typed(words) == "my ZIP on the Fiber 500 is due."


def test_a_sentence_goes_on_without_a_capital_that_is_not_its_own() -> None:
    assert [word.text for word in lowered([Word("No,"), Word("thanks")])] == ["no,", "thanks"]
    assert lowered([Word("I'm")]) == [Word("I'm")]
    assert lowered([Word("USB")]) == [Word("USB")]
    assert lowered([Word("Anna", "value")]) == [Word("Anna", "value")]
    assert capped([Word("so")]) == [Word("So")]
    assert capped([]) == lowered([]) == []


def test_a_word_of_two_pieces_is_the_one_that_is_kept() -> None:
    assert words_of([("(", "plain"), ("4821", "code"), (").", "plain")]) == [Word("(4821).", "code")]


@pytest.mark.parametrize(
    ("denial", "full"), [("can't", "cannot"), ("Won't,", "Will not,"), ("isn't", "is not"), ("cent", "cent")]
)
def test_denials_in_full(denial: str, full: str) -> None:
    assert in_full(denial) == full
