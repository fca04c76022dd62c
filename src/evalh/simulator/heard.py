"""What the customer takes from all that the agent said since the customer's last turn.

What is done with offers and with the matter is the reader's to find; what is asked of the customer is found here, with
rules of their own, and never decided by the agent's exact words where the reader knows better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import re2

from evalh.errors import InternalError
from evalh.models import Claim, Issue, OfferAct, Reading, Turn
from evalh.models.vocabulary import Progress
from evalh.reader.issues import said_of_matter
from evalh.reader.language import reads
from evalh.reader.rules import Rule, RuleSet
from evalh.text.normalise import normalise
from evalh.text.sentences import sentences

Slot = Literal[
    "last4", "name", "date_of_birth", "email", "phone", "address", "postcode", "device", "since", "amount", "order",
    "which",
]  # fmt: skip
SLOTS: tuple[Slot, ...] = (
    "last4", "name", "date_of_birth", "email", "phone", "address", "postcode", "device", "since", "amount", "order",
    "which",
)  # fmt: skip
Question = Literal["is_solved", "anything_else", "may_mention", "add_it", "hold", "go_ahead", "yes_no", "open"]
_QUESTIONS: tuple[Question, ...] = (
    "hold", "anything_else", "is_solved", "add_it", "may_mention", "go_ahead", "open",
)  # fmt: skip
"""Which of a sentence's questions counts, where it could be several."""
LONG = {"voice": 70, "sms": 60}
LONG_WRITTEN = 120
"""Words from which on a turn is long, spoken or written."""
LAST = 40
"""Sentences of a turn that are listened to; of a longer one the last."""
SENTENCE = 600
"""Characters of a sentence that are listened to, its last."""
_YES_NO = re2.compile(
    r"^(?:(?:and|so|ok|okay|alright|great|now|but|um|uh|then|first|also|thanks|thank you|sure|sorry)\W+)*"
    r"(?:is|are|was|were|do|does|did|have|has|had|can|could|would|will|should|shall|may|am|any)(?:n't)?\b"
)
_WORDS = re2.compile(r"[a-z0-9]+(?:['.][a-z0-9]+)*")
_TELLS_LANGUAGE = 15
"""Words in which a language can be told."""
_BARE = 4
"""Words of a question at most that only asks for a yes to what was said before it: "Is that right?"."""
_INFORMS = 6
"""Words from which on a sentence tells something."""
_TELLS_NOTHING = frozenset({"working", "hold", "greeting", "farewell", "transfer", "supposes"})
_SPEAKS = ("pitch", "answer", "read_back")
"""The acts that go on about an offer."""
SURE = 0.6
"""How sure the reader is at least of progress that only its model sees."""
SETTLED = 0.8
"""How sure it is at least that an issue is settled."""
_WAITS = ("pitched", "asked", "answered", "objected", "reopened")
"""After these events an offer waits for an answer."""


@dataclass(frozen=True)
class Pitched:
    """An offer that was pitched; `count`: how often so far, this time included."""

    offer: str | None
    count: int = 1
    repeat: bool = False
    """Whether the customer had closed the topic."""
    asks: bool = False


@dataclass(frozen=True)
class Heard:
    """What the agent's turns did, in the customer's ears; the default is silence."""

    text: str = ""
    """Normalised."""
    pitches: tuple[Pitched, ...] = ()
    spoken_of: tuple[str | None, ...] = ()
    """Offers that were pitched, answered about, read back, or stated something of; the last one last."""
    taken: tuple[str | None, ...] = ()
    """Offers that were read back as agreed to."""
    told: frozenset[tuple[str | None, str]] = frozenset()
    """What has been said of offers up to now: (offer, kind of claim)."""
    pressed: bool = False
    progress: Progress | None = None
    settled: bool = False
    """Whether the reader takes an issue as answered or solved by these turns, in words that are not of an offer."""
    slots: tuple[Slot, ...] = ()
    """Facts that are asked for, in order."""
    question: Question | None = None
    """What is asked last beside facts."""
    asked: str = ""
    """The sentence of it, or of the first fact."""
    supposed: str = ""
    """The sentence in which the agent says what it takes the customer to want, where it asks whether that is so."""
    informs: frozenset[str] = frozenset()
    """The words of sentences that tell something: no question, no phrase of courtesy, nothing from where an offer is
    spoken of."""
    working: bool = False
    farewell: bool = False
    transfer: bool = False
    empathy: bool = False
    apology: bool = False
    robotic: bool = False
    impolite: bool = False
    long_turn: bool = False
    unread: bool = False
    """Whether nothing could be understood: no word, or a language the reader does not read."""

    @property
    def asks(self) -> bool:
        """Whether anything is asked of the customer."""
        return bool(self.slots) or self.question is not None


@dataclass
class _Said:
    """What the sentences of the agent's turns say, as it is gathered."""

    slots: list[Slot] = field(default_factory=list)
    question: Question | None = None
    asked: str = ""
    stated: str = ""
    supposed: str = ""
    labels: set[str] = field(default_factory=set)
    informs: set[str] = field(default_factory=set)
    farewell: bool = False


def last_said(turns: Sequence[Turn]) -> list[Turn]:
    """The agent's turns since the customer's last."""
    start = max((at + 1 for at, turn in enumerate(turns) if turn.role == "customer"), default=0)
    return [turn for turn in turns[start:] if turn.role in ("agent", "human_agent")]


def hear(turns: Sequence[Turn], reading: Reading, channel: str = "chat") -> Heard:
    """What is heard in the turns since the customer's last, which `reading` has read."""
    block = last_said(turns)
    since = {turn.index for turn in block}
    text = " ".join(normalise(turn.heard).text for turn in block).strip()
    words = len(_WORDS.findall(text))
    if not words or not reading.read or not _understood(turns, block):
        return Heard(text=text, unread=True)
    sold = _sold(reading, since)
    said = _said(block, sold)
    if _asked_of_offer(reading, block):
        said.informs.clear()
    pitches = _pitches(reading, since)
    return Heard(
        text=text,
        pitches=pitches,
        spoken_of=_spoken_of(reading, since),
        taken=tuple(dict.fromkeys(act.offer for act in reading.acts if act.turn in since and act.act == "read_back")),
        told=frozenset((claim.offer, claim.kind) for claim in reading.claims),
        pressed=any(fact.turn in since for fact in reading.pressures),
        progress=_progress(reading, block, sold, informs=bool(said.informs)),
        settled=any(_settles(issue, reading) for issue in reading.issues if issue.resolved_turn in since),
        slots=tuple(dict.fromkeys(said.slots)),
        question=_question(said, reading, since),
        asked=said.asked,
        supposed=said.supposed,
        informs=frozenset(said.informs),
        working="working" in said.labels or "hold" in said.labels,
        farewell=said.farewell,
        transfer="transfer" in said.labels,
        apology="apology" in said.labels,
        long_turn=words > LONG.get(channel, LONG_WRITTEN),
        **_manner(reading, since),
    )


def _understood(turns: Sequence[Turn], block: Sequence[Turn]) -> bool:
    """Whether the agent's turns are in a language that is read; of short ones the turns before say so too."""
    texts = [turn.heard for turn in block]
    before = [turn.heard for turn in turns[: block[0].index] if turn.role in ("agent", "human_agent")] if block else []
    while before and len(" ".join(texts).split()) < _TELLS_LANGUAGE:
        texts.insert(0, before.pop())
    return reads("en", texts)[0]


def _manner(reading: Reading, since: set[int]) -> dict[str, bool]:
    registers = {fact.register_ for fact in reading.registers if fact.turn in since}
    return {
        "empathy": "empathetic" in registers,
        "robotic": "robotic" in registers,
        "impolite": any(fact.courtesy == "impolite" for fact in reading.courtesies if fact.turn in since),
    }


def _progress(
    reading: Reading, block: Sequence[Turn], sold: Sequence[tuple[int, str]], *, informs: bool
) -> Progress | None:
    """What the turns say of the matter, the last one first.

    Where an offer is spoken of, only the sentences before count, and only the rules judge them. What only the model
    sees has to be sure, and to stand beside a sentence that tells something. A formula of politeness is no promise.
    """
    said = {turn.index: normalise(turn.heard).text for turn in block}
    for fact in (fact for fact in reversed(reading.progress) if fact.turn in said):
        words = [words for at, words in sold if at == fact.turn]
        by_rule = fact.source == "rule"
        if words or (by_rule and fact.says == "promised"):
            counts = said_of_matter("agent", _beside(said[fact.turn], words))[0] == fact.says
        else:
            counts = by_rule or (fact.confidence >= SURE and informs)
        if counts:
            return fact.says
    return None


def _beside(text: str, sold: Sequence[str]) -> str:
    """What a turn says before any sentence that speaks of an offer, formulas aside."""
    found: list[str] = []
    for start, end in sentences(text)[-LAST:]:
        sentence = text[max(start, end - SENTENCE) : end]
        if any(words in sentence or sentence in words for words in sold):
            break
        found += [] if _is_formula(sentence) else [sentence]
    return " ".join(found)


def _is_formula(sentence: str) -> bool:
    """Whether there is little in the sentence beside phrases of politeness."""
    hits = [hit for hit in rules().hits(sentence) if hit.label == "formula"]
    rest = "".join(" " if any(hit.start <= at < hit.end for hit in hits) else char for at, char in enumerate(sentence))
    return bool(hits) and len(_WORDS.findall(rest)) < _INFORMS


def _asked_of_offer(reading: Reading, block: Sequence[Turn]) -> bool:
    """Whether the customer's last turn asked about an offer, so that what is told next is of that."""
    before = block[0].index - 1
    return any(entry.turn == before and entry.event in ("asked", "reopened", "objected") for entry in reading.ledger)


def _settles(issue: Issue, reading: Reading) -> bool:
    """Whether the issue is surely settled, by a turn in which no offer is spoken of."""
    place = issue.resolution
    if place is None or issue.confidence < SETTLED:
        return False
    return not any(fact.turn == place.turn for fact in _about_offers(reading))


def _pitches(reading: Reading, since: set[int]) -> tuple[Pitched, ...]:
    """Each offer once, in the order in which it was last pitched."""
    found: dict[str | None, Pitched] = {}
    entries = [entry for entry in reading.ledger if entry.turn in since and entry.event == "pitched"]
    for act in (act for act in reading.acts if act.turn in since and act.act == "pitch"):
        entry = next((entry for entry in reversed(entries) if entry.offer == act.offer), None)
        before = found.pop(act.offer, None)
        count, repeat = (entry.pitches, entry.repeat_of is not None) if entry is not None else (1, False)
        found[act.offer] = Pitched(act.offer, count, repeat, act.asks or (before is not None and before.asks))
    return tuple(found.values())


def _spoken_of(reading: Reading, since: set[int]) -> tuple[str | None, ...]:
    facts = sorted((one for one in _about_offers(reading) if one.turn in since), key=lambda one: (one.turn, one.end))
    return tuple(reversed(dict.fromkeys(fact.offer for fact in reversed(facts))))


def _about_offers(reading: Reading) -> list[OfferAct | Claim]:
    """Every fact that an agent goes on about an offer."""
    return [*(act for act in reading.acts if act.act in _SPEAKS), *reading.claims]


def _sold(reading: Reading, since: set[int]) -> list[tuple[int, str]]:
    """The words in which offers are spoken of, with their turns."""
    facts = [fact for fact in _about_offers(reading) if fact.turn in since and fact.quote.strip()]
    return [(fact.turn, normalise(fact.quote).text.strip()) for fact in facts]


def _question(said: _Said, reading: Reading, since: set[int]) -> Question | None:
    """The last question; one that the reader takes as asking for the sale is that, however it is put.

    Where no offer was spoken of, and none is open, what sounds like it is about the matter.
    """
    asks = any(act.asks and act.act == "pitch" for act in reading.acts if act.turn in since)
    if asks and said.question in ("go_ahead", "yes_no", "open", None):
        return "add_it"
    if said.question == "add_it" and not _spoken_of(reading, since) and not _is_open(said, reading):
        return "go_ahead"
    return said.question


def _is_open(said: _Said, reading: Reading) -> bool:
    """Whether the last offer waits for an answer; one that has its answer does while the agent tells nothing else."""
    return bool(reading.ledger) and (reading.ledger[-1].event in _WAITS or not said.informs)


def _said(block: Sequence[Turn], sold: Sequence[tuple[int, str]]) -> _Said:
    said = _Said()
    for turn in block:
        text = normalise(turn.heard).text
        pitches = [words for index, words in sold if index == turn.index]
        selling = False
        for start, end in sentences(text)[-LAST:]:
            sentence = text[max(start, end - SENTENCE) : end]
            selling = selling or any(words in sentence or sentence in words for words in pitches)
            _take(said, sentence, selling)
    return said


def _take(said: _Said, sentence: str, selling: bool) -> None:
    labels = {hit.label for hit in rules().hits(sentence)}
    asks = "?" in sentence[-3:] or "requests" in labels
    said.labels |= labels & {"working", "hold", "transfer", "apology"}
    slots = _slots(sentence) if asks else []
    question = next((one for one in _QUESTIONS if one in labels), None) if asks else None
    if question is None and not slots and "?" in sentence[-3:]:
        question = "yes_no" if _YES_NO.search(sentence) else "open"
    _note(said, sentence, slots, question)
    words = _WORDS.findall(sentence)
    _suppose(said, sentence, "supposes" in labels, bare=question in ("yes_no", "go_ahead") and len(words) <= _BARE)
    said.farewell = (said.farewell or "farewell" in labels) and question is None and not slots
    plain = not asks and not selling and not labels & _TELLS_NOTHING and not _is_formula(sentence)
    if plain and len(words) >= _INFORMS:
        said.informs.update(words)


def _suppose(said: _Said, sentence: str, supposes: bool, *, bare: bool) -> None:
    """Keeps what the agent supposes where it asks whether that is so, in the sentence or in a short one after it."""
    said.stated = sentence if supposes else said.stated
    if bare or (supposes and "?" in sentence[-3:]):
        said.supposed = said.stated


def _note(said: _Said, sentence: str, slots: list[Slot], question: Question | None) -> None:
    """Facts that are asked for are kept whatever follows; of other questions the last one counts."""
    keeps = question in (None, "go_ahead", "yes_no", "open") if slots else False
    said.slots += slots
    if slots and not said.asked:
        said.asked = sentence
    if question is not None and not keeps:
        said.question, said.asked = question, sentence


def _slots(sentence: str) -> list[Slot]:
    """The facts that are asked for, in the order of the sentence."""
    found = {hit.label: hit.start for hit in reversed(list(rules().hits(sentence))) if hit.label in SLOTS}
    if len(found) > 1:
        found.pop("which", None)
    return sorted((slot for slot in SLOTS if slot in found), key=found.__getitem__)


@cache
def rules() -> RuleSet:
    """The rules by which sentences are heard."""
    from ruamel.yaml import YAML

    text = files("evalh.simulator").joinpath("lexicons", "heard.yaml").read_text("utf-8")
    data = YAML(typ="safe", pure=True).load(text)
    if data.get("schema") != "evalh.rules/1":
        raise InternalError("simulator/lexicons/heard.yaml has no schema evalh.rules/1")
    macros = {"{" + name + "}": f"(?:{pattern})" for name, pattern in data["macros"].items()}
    return RuleSet("heard", tuple(_rule(item, macros) for item in data["rules"]))


def _rule(item: dict[str, Any], macros: dict[str, str]) -> Rule:
    """A rule with its macros written out."""
    return Rule(item["id"], item["label"], 1.0, _expanded(item["any"], macros), _expanded(item.get("unless"), macros))


def _expanded(patterns: list[str] | None, macros: dict[str, str]) -> tuple[str, ...]:
    expanded = list(patterns or ())
    for name, pattern in macros.items():
        expanded = [text.replace(name, pattern) for text in expanded]
    return tuple(expanded)
