"""A customer's voice: lines become words, chosen from the bank, put together, and spoken as the persona speaks.

Which phrase is said follows from the seed, from what is done and for the how-manieth time, and from what was said
before; never from the agent's words. Each phrase has a rank that follows from the seed; of those that are fit, the
first that was not said yet is taken. So the same customer speaks alike to every agent, and says nothing twice in the
same words while there are others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from evalh.models.persona import Persona, SpeechStyle
from evalh.simulator.bank import PLACEHOLDER, Part, Phrase, Speaker, is_sayable, load_bank, weight
from evalh.simulator.lines import Line
from evalh.simulator.seeds import chance, dealt
from evalh.simulator.speech import spoken
from evalh.simulator.words import Kind, Word, capped, lowered, row, words_of

_LONGEST: dict[SpeechStyle, int] = {"terse": 8, "brisk": 12, "simple": 13}
"""Words that a core has at most, where there are enough such."""
_SHORTEST: dict[SpeechStyle, int] = {"chatty": 7, "rambling": 9}
_ENOUGH = 4
_OPENS: dict[SpeechStyle, float] = {
    "plain": 0.25, "terse": 0.05, "brisk": 0.2, "chatty": 0.5, "rambling": 0.6, "simple": 0.25, "formal": 0.15,
    "technical": 0.15,
}  # fmt: skip
"""How often something is said before a core."""
_CLOSES: dict[SpeechStyle, float] = {
    "plain": 0.2, "terse": 0.0, "brisk": 0.1, "chatty": 0.4, "rambling": 0.55, "simple": 0.2, "formal": 0.3,
    "technical": 0.1,
}  # fmt: skip
"""How often something is said after it."""
_LOWER: dict[SpeechStyle, float] = {
    "plain": 0.4, "terse": 0.7, "brisk": 0.5, "chatty": 0.4, "rambling": 0.4, "simple": 0.2, "formal": 0.0,
    "technical": 0.1,
}  # fmt: skip
"""How many customers type without capitals."""
_BEGINNINGS = frozenset(
    row(
        "oh ah well look listen right ok okay no nope nah yes yeah yep yup sure sorry hi hello hey so and but "
        "actually now um uh er hm hmm great thanks thank please honestly wait hang hold fine good alright all"
    )
)
"""First words of a phrase that needs nothing before it."""
_ASKING = frozenset(
    row("what what's how who when where why which is are do does did can could would will any anything")
)
"""First words of a question."""
_TELLING = 4
"""Letters of a word that is not to stand both in a core and beside it."""
_NO_GOAL = "get some help with something"
_TURNS_DOWN = ("refuse", "defer", "deflect", "object", "ignore")
_GOES_ON = ("question", "unsolved", "state", "detail", "ask", "tell")
_JOINS = {
    ("turned down", "goes on"): ("But", "Now,", "So", "Anyway,", ""),
    ("accepted", "goes on"): ("And", "But", "Oh, and", ""),
    ("", "goes on"): ("And", "Also,", "", ""),
}
"""What stands between two lines, by what they do."""


class Voice:
    """The words of one customer in one conversation. Lines are given turn by turn, in order."""

    def __init__(self, persona: Persona, seed: int) -> None:
        self._speech = persona.speech
        self._seed = dealt(seed, "voice", persona.id)
        self._said: Counter[str] = Counter()
        self._lower = chance(self._seed, "typing").random() < _LOWER[persona.speech.style]

    def words(self, lines: Sequence[Line], turn: int, channel: str = "chat") -> str:
        """What the customer says in turn `turn`: the lines in order. Empty only where there is no line."""
        speaker = Speaker(self._speech.style, self._speech.variety, channel)
        befores = ["", *(self._join(first, second) for first, second in pairwise(lines))]
        said = [
            self._spoken(line, before, speaker, turn, first=at == 0, last=at == len(lines) - 1)
            for at, (line, before) in enumerate(zip(lines, befores, strict=False))
        ]
        text = " ".join(said)
        return text[:-1] if self._lower and channel != "voice" and text.endswith(".") and len(text) > 1 else text

    def _spoken(self, line: Line, before: str, speaker: Speaker, turn: int, *, first: bool, last: bool) -> str:
        line = _sayable(line)
        own = [text for text in line.say if is_sayable(text, line)]
        core = self._own(own) if own else self._picked(load_bank().fit(line, speaker), line)
        repeated = self._said[core] > 1
        words = _finished(_filled(core, line))
        if not own:
            words = _all_capped(words)
            opener = self._beside("opener", _OPENS, line, core, speaker) if first else ""
            tail = self._beside("tail", _CLOSES, line, f"{opener} {core}", speaker) if last else ""
            words = _opened(_filled(opener, line), words) + _filled(tail, line)
        words = _opened(words_of([(before, "plain")] if _goes_before(before, core) else []), words)
        parts = (line.act, core, turn) if repeated else (line.act, core)
        return spoken(words, self._speech, speaker.channel, chance(self._seed, "spoken", *parts), lower=self._lower)

    def _own(self, texts: Sequence[str]) -> str:
        """Of the words that the persona or the case gives, those said least often; of equals the first by rank."""
        text = min(texts, key=lambda text: (self._said[text], self._rank(text, 1)))
        self._said[text] += 1
        return text

    def _picked(self, phrases: Sequence[Phrase], line: Line) -> str:
        """Of the phrases said least often, of a length that suits the style, the first by rank."""
        least = min(self._said[phrase.text] for phrase in phrases)
        fresh = [phrase for phrase in phrases if self._said[phrase.text] == least]
        fresh = _of_length(fresh, self._speech.style) if fresh[0].entry.part == "core" else fresh
        text = min(fresh, key=lambda phrase: self._rank(phrase.text, weight(phrase, line))).text
        self._said[text] += 1
        return text

    def _rank(self, text: str, draws: int) -> int:
        return min(dealt(self._seed, "phrase", text, draw) for draw in range(draws))

    def _beside(self, part: Part, often: dict[SpeechStyle, float], line: Line, core: str, speaker: Speaker) -> str:
        """Something to say before or after `core`, or nothing: no word of weight is to be heard twice."""
        drawn = chance(self._seed, part, line.act, line.count, line.item or "", line.slot or "").random()
        if drawn >= often[speaker.style] or (part == "opener" and not _goes_before("", core)):
            return ""
        heard = _telling(core)
        found = [phrase for phrase in load_bank().fit(line, speaker, part) if not heard & _telling(phrase.text)]
        return self._picked(found, line) if found else ""

    def _join(self, first: Line, second: Line) -> str:
        if second.act not in _GOES_ON or second.say:
            return ""
        down = "turned down" if first.act in _TURNS_DOWN else "accepted" if first.act == "accept" else ""
        source = chance(self._seed, "join", first.act, second.act, second.count)
        return source.choice(_JOINS[down, "goes on"])


def _sayable(line: Line) -> Line:
    """A line that lacks what its phrases need as one that can be said."""
    if line.act == "give" and not (line.value or "").strip():
        return replace(line, act="cannot_give")
    return line if line.goal.strip() or line.act != "state" else replace(line, goal=_NO_GOAL)


def _filled(text: str, line: Line) -> list[Word]:
    """The words of a phrase with its placeholders filled, in one pass: what is put in is not looked at again."""
    pieces: list[tuple[str, Kind]] = []
    end = 0
    for match in PLACEHOLDER.finditer(text):
        pieces += [(text[end : match.start()], "plain"), _value(match[1], line)]
        end = match.end()
    return words_of([*pieces, (text[end:], "plain")])


def _value(name: str, line: Line) -> tuple[str, Kind]:
    if name == "goal":
        return line.goal.strip().rstrip("."), "plain"
    if name == "offer":
        return _without_article(line.offer_name or "it"), "offer"
    value = (line.value or "").strip()
    if value in ("yes", "no"):
        return value, "plain"
    return value, "value" if any(char.isalpha() for char in value) or not value[-1:].isdigit() else "code"


def _without_article(name: str) -> str:
    head, _, rest = name.strip().partition(" ")
    return rest if rest and head.lower() in ("the", "a", "an", "your", "our") else name.strip()


def _finished(words: list[Word]) -> list[Word]:
    """As a sentence: with a capital, and a full stop or a question mark where there is no mark."""
    if not words:
        return words
    last = words[-1]
    if last.text[-1:] not in ".!?,;:…":
        words = [*words[:-1], Word(last.text + ("?" if _asks(words) else "."), last.kind)]
    return capped(words)


def _ends_a_sentence(word: Word) -> bool:
    return word.text[-1:] in ".!?"


def _all_capped(words: Sequence[Word]) -> list[Word]:
    """Every sentence with a capital."""
    starts = [0, *(at + 1 for at, word in enumerate(words[:-1]) if _ends_a_sentence(word))]
    return [one for at, end in pairwise([*starts, len(words)]) for one in capped(words[at:end])]


def _asks(words: Sequence[Word]) -> bool:
    """Whether the last sentence begins as a question does; "what a" is none."""
    ends = [at + 1 for at, word in enumerate(words[:-1]) if _ends_a_sentence(word)]
    bare = [word.bare for word in words[ends[-1] if ends else 0 :]]
    while bare[:1] and bare[0] in _BEGINNINGS:
        del bare[0]
    return bare[:1] != [] and bare[0] in _ASKING and bare[1:2] not in (["a"], ["an"])


def _opened(opener: list[Word], words: list[Word]) -> list[Word]:
    """`words` after `opener`, in the same sentence unless the opener ends one."""
    if not opener:
        return words
    return [*opener, *(words if _ends_a_sentence(opener[-1]) else lowered(words))]


def _goes_before(join: str, core: str) -> bool:
    """Whether a core may follow a word that joins it to what was said: not one that begins or goes on with such."""
    bare = _bare(core)
    return bool(bare) and bare[0] not in _BEGINNINGS and set(_bare(join)).isdisjoint(bare)


def _of_length(phrases: list[Phrase], style: SpeechStyle) -> list[Phrase]:
    longest, shortest = _LONGEST.get(style), _SHORTEST.get(style)
    suited = [
        phrase
        for phrase in phrases
        if (longest is None or phrase.words <= longest) and (shortest is None or phrase.words >= shortest)
    ]
    return suited if len(suited) >= min(_ENOUGH, len(phrases)) else phrases


def _bare(text: str) -> list[str]:
    return [word.bare for word in words_of([(text, "plain")])]


def _telling(text: str) -> set[str]:
    """The words of weight; "no" and "yes" are such."""
    return {word for word in _bare(text) if len(word) >= _TELLING or word in ("no", "yes")}
