"""The phrases that come with evalh, by what they do: read once from `phrases/*.yaml`, checked, and found for a Line.

Which of them is said is left to `phrase`. A file is a list of entries, each with an `act` and its phrases (`say`);
what else an entry names says for whom and when its phrases are fit::

    - act: refuse            # a CustomerAct, or a list of them
      part: core             # core (default), opener or tail: words before and after a core
      style: hard            # a RefusalStyle
      about: price           # ask, object (which takes phrases without it as well)
      slot: last4            # give, cannot_give; hold, stuck, cannot, unasked, confirm: what the agent did
      intent: refund         # state, detail, question
      mood: [-3, -1]         # from and to, both within
      speech: [terse, brisk] # styles of speech
      variety: [en-GB]       # varieties of English
      channel: voice
      again: true            # only from the second time on; false: only the first time
      settled: false         # only while the matter is open; true: only when it is settled
      say: ["I'll pass on the {offer}."]

The placeholders are {offer}, {value} and {goal}; a phrase is fit only where the Line has what it needs. {offer} is a
name without an article: "the {offer}".
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, field_validator

from evalh.errors import InternalError
from evalh.models.base import Model, Words
from evalh.models.persona import RefusalStyle, SpeechStyle
from evalh.models.simulated import CustomerAct
from evalh.models.vocabulary import Channel, Intent
from evalh.simulator.lines import About, Line

PLACEHOLDER = re.compile(r"\{(offer|value|goal)\}")
_BRACES = re.compile(r"[{}]")
Part = Literal["core", "opener", "tail"]
Mood = Annotated[int, Field(ge=-3, le=3)]


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class Entry(Model):
    """Phrases that do the same, and for whom they are fit."""

    act: Annotated[tuple[CustomerAct, ...], BeforeValidator(_one_or_many), Field(min_length=1)]
    part: Part = "core"
    style: RefusalStyle | None = None
    about: About | None = None
    slot: str | None = None
    intent: Intent | None = None
    mood: tuple[Mood, Mood] | None = None
    speech: Annotated[tuple[SpeechStyle, ...], BeforeValidator(_one_or_many)] = ()
    variety: Words = ()
    channel: Channel | None = None
    again: bool | None = None
    settled: bool | None = None
    say: Annotated[Words, Field(min_length=1)]

    @field_validator("mood")
    @classmethod
    def _ordered(cls, value: tuple[int, int] | None) -> tuple[int, int] | None:
        if value is not None and value[0] > value[1]:
            raise ValueError("the first of the two is the lower one")
        return value

    @field_validator("say")
    @classmethod
    def _sayable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            if not text.strip() or text != text.strip() or not text.isprintable():
                raise ValueError(f"{text!r} is empty, or has spaces at its ends or characters that do not print")
            if _BRACES.search(PLACEHOLDER.sub("", text)):
                raise ValueError(f"{text!r} has braces that are none of {{offer}}, {{value}}, {{goal}}")
        return value


@dataclass(frozen=True, slots=True)
class Phrase:
    """One phrase of an entry."""

    text: str
    entry: Entry

    @property
    def words(self) -> int:
        """How many words it has, placeholders as one each."""
        return len(self.text.split())


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who says it, and where."""

    style: SpeechStyle = "plain"
    variety: str = "en-US"
    channel: str = "chat"


class Bank:
    """Phrases by act and part."""

    def __init__(self, entries: tuple[Entry, ...]) -> None:
        self.entries = entries
        self._phrases: dict[tuple[str, Part], list[Phrase]] = {}
        for entry in entries:
            found = [Phrase(text, entry) for text in entry.say]
            for act in entry.act:
                self._phrases.setdefault((act, entry.part), []).extend(found)

    def phrases(self, act: CustomerAct, part: Part = "core") -> tuple[Phrase, ...]:
        """All phrases of an act, in the order of the files."""
        return tuple(self._phrases.get((act, part), ()))

    def fit(self, line: Line, speaker: Speaker, part: Part = "core") -> list[Phrase]:
        """The phrases fit for `line`; where an entry names its slot or what it is about, only those of such entries.

        Cores are never none: where none is fit, who says it and in what mood is left out of account. Raises
        InternalError for an act without any.
        """
        sayable = [phrase for phrase in self.phrases(line.act, part) if _has(line, phrase)]
        fit = _narrowest(line, [phrase for phrase in sayable if _fits(line, speaker, phrase.entry)])
        if fit or part != "core":
            return fit
        fit = _narrowest(line, [phrase for phrase in sayable if _means(line, phrase.entry)]) or sayable
        if not fit:
            raise InternalError(f"there is no phrase for the act {line.act!r}")
        return fit


def weight(phrase: Phrase, line: Line) -> int:
    """How many chances a phrase has, from 1: the closer it is made for this customer, mood and case, the more."""
    entry = phrase.entry
    score = 1 + (entry.style is not None) + (entry.intent is not None) + (entry.channel is not None)
    score += 2 * (entry.again is True) + 2 * (entry.mood is not None and abs(line.mood) >= 1)
    score += 5 * bool(entry.speech) + 2 * bool(entry.variety)
    return score + 2 * ("{" in phrase.text)


def is_sayable(text: str, line: Line) -> bool:
    """Whether `line` has what the placeholders of `text` stand for."""
    has = {"offer": line.offer_name, "value": line.value, "goal": line.goal}
    return all((has[match[1]] or "").strip() for match in PLACEHOLDER.finditer(text))


def _has(line: Line, phrase: Phrase) -> bool:
    return is_sayable(phrase.text, line)


def _means(line: Line, entry: Entry) -> bool:
    """Whether its phrases do what the line does, whoever says them."""
    own = (entry.style, line.style), (entry.slot, line.slot), (entry.intent, line.intent)
    if any(wanted is not None and wanted != has for wanted, has in own):
        return False
    if entry.about is not None and line.about is not None and entry.about != line.about:
        return False
    if entry.again is not None and entry.again != (line.count > 1):
        return False
    return entry.settled is None or entry.settled == line.settled


def _fits(line: Line, speaker: Speaker, entry: Entry) -> bool:
    if not _means(line, entry):
        return False
    if entry.mood is not None and not entry.mood[0] <= line.mood <= entry.mood[1]:
        return False
    if entry.speech and speaker.style not in entry.speech:
        return False
    if entry.variety and speaker.variety not in entry.variety:
        return False
    return entry.channel is None or entry.channel == speaker.channel


def _narrowest(line: Line, phrases: list[Phrase]) -> list[Phrase]:
    """Those of the line's own slot and of what it is about, if there are any; fault may be found with nothing named."""
    own = [phrase for phrase in phrases if line.slot is not None and phrase.entry.slot == line.slot]
    phrases = own or phrases
    abouts = (line.about, None) if line.act == "object" else (line.about,)
    own = [phrase for phrase in phrases if line.about is not None and phrase.entry.about in abouts]
    return own or phrases


@cache
def load_bank() -> Bank:
    """The bank that comes with evalh. Raises InternalError where a file of it is wrong."""
    from ruamel.yaml import YAML

    entries: list[Entry] = []
    for name, raw in _files():
        data = YAML(typ="safe").load(raw.decode("utf-8"))
        try:
            entries += TypeAdapter(tuple[Entry, ...]).validate_python(data or ())
        except ValidationError as error:
            raise InternalError(f"phrases/{name}: {error}") from error
    return Bank(tuple(entries))


@cache
def bank_sha256() -> str:
    """The digest of all phrase files."""
    content = hashlib.sha256()
    for name, raw in _files():
        content.update(name.encode() + b"\0" + raw + b"\0")
    return content.hexdigest()


def _files() -> Iterator[tuple[str, bytes]]:
    """The phrase files by name, with the same line ends everywhere."""
    found = [item for item in files("evalh.simulator").joinpath("phrases").iterdir() if item.name.endswith(".yaml")]
    for item in sorted(found, key=lambda item: item.name):
        yield item.name, item.read_bytes().replace(b"\r\n", b"\n")
