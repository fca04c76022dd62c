"""Reads conversations as users of the library do, keeps how long it took, and draws plain answers from the facts."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from evalh.evaluator import EvalContext
from evalh.models import Conversation, Fact, Lexicon, OfferPolicy, Reading, Turn
from evalh.models.vocabulary import Reply
from evalh.reader.local import LocalReader

SURE = EvalContext.unsure_below
"""The confidence from which an evaluator bases a verdict on a fact, unless it is told otherwise."""
TURNED_DOWN: tuple[Reply, ...] = ("refuse", "defer", "deflect")
_SETTLED = ("resolved", "promised")


@dataclass(frozen=True)
class Speed:
    """How long it took to read the conversations of a corpus."""

    corpus: str
    conversations: int
    turns: int
    """The turns in them; for what is no conversation, how many were read."""
    seconds: float


@dataclass
class Desk:
    """Where everything is read, by one reader, as `LocalReader().read(conversations, lexicon)`."""

    reader: LocalReader = field(default_factory=LocalReader)
    speeds: list[Speed] = field(default_factory=list)

    def read(self, corpus: str, conversations: Sequence[Conversation], lexicon: Lexicon) -> list[Reading]:
        """One reading for each conversation, in order."""
        turns = sum(len(conversation.turns) for conversation in conversations)
        with self.timed(corpus, len(conversations), turns):
            return self.reader.read(conversations, lexicon)

    @contextmanager
    def timed(self, corpus: str, size: int, turns: int | None = None) -> Iterator[None]:
        """Keeps how long what is inside takes for so many conversations (or texts)."""
        begun = time.perf_counter()
        yield
        seconds = time.perf_counter() - begun
        self.speeds.append(Speed(corpus, size, size if turns is None else turns, seconds))


def conversation(name: str, turns: Iterable[tuple[str, str]]) -> Conversation:
    """A chat of (role, text) turns."""
    said = [{"role": role, "text": text} for role, text in turns]
    return Conversation.model_validate({"id": name, "turns": said})


def lexicon(*names: str) -> Lexicon:
    """What a reader knows of a policy with one offer of these names, or with none."""
    offers = [{"id": "OFFER", "names": names, "kind": "cross_sell", "timing": "during_task"}] if names else []
    policy = {"id": "validity", "version": "1", "effective": {"from": "2000-01-01"}, "offers": offers}
    return Lexicon.of((OfferPolicy.model_validate(policy),))


def sure(fact: Fact) -> bool:
    """Whether a fact is sure enough to count; what is not is as if it had not been read."""
    return fact.confidence >= SURE


def pitch_turns(reading: Reading) -> set[int]:
    """The turns that surely pitch an offer, named or not."""
    return {act.turn for act in reading.pitches() if sure(act)}


def asking_turns(reading: Reading) -> set[int]:
    """The turns whose pitch asks the customer for an answer."""
    return {act.turn for act in reading.pitches() if sure(act) and act.asks}


def repeat_turns(reading: Reading) -> set[int]:
    """The turns that surely pitch after the customer closed the topic."""
    return {entry.turn for entry in reading.ledger if entry.repeat_of is not None and sure(entry)}


def replies_at(reading: Reading, turn: int) -> list[Reply]:
    """The sure answers of a turn, surest first."""
    found = [fact for fact in reading.replies if fact.turn == turn and sure(fact)]
    return [fact.reply for fact in sorted(found, key=lambda fact: -fact.confidence)]


def settled(reading: Reading) -> str:
    """Whether all that the customer came with was settled: "yes", "no", or "unsure".

    Any issue that surely was not makes it "no"; no issue at all, and any whose end is not surely known, "unsure".
    """
    if any(issue.status == "unresolved" and sure(issue) for issue in reading.issues):
        return "no"
    known = bool(reading.issues) and all(issue.status in _SETTLED and sure(issue) for issue in reading.issues)
    return "yes" if known else "unsure"


def ends(reading: Reading) -> str:
    """How the issues ended and by whose word, such as "resolved (agent) + open"."""
    said = {
        f"{issue.status}{'' if sure(issue) else ', unsure'}{f' ({issue.word})' if issue.word else ''}"
        for issue in reading.issues
    }
    return " + ".join(sorted(said)) or "no issue read"


def frustration(reading: Reading) -> float:
    """The chance that the customer is frustrated in at least one turn, if turns were independent (noisy or).

    A turn read as frustrated has its confidence as chance, any other the half of what is left to it.
    """
    calm = 1.0
    for mood in reading.moods:
        calm *= 1.0 - (mood.confidence if mood.mood == "frustrated" else (1.0 - mood.confidence) / 2)
    return 1.0 - calm


def context(turns: Sequence[Turn], index: int, before: int = 3) -> str:
    """A turn with those before it, a line each, the turn itself marked."""
    first = max(0, index - before)
    lines = [f"  {turn.role}: {turn.text}" for turn in turns[first:index] if turn.text.strip()]
    return "\n".join([*lines, f"> {turns[index].role}: {turns[index].text}"])


def whole(turns: Sequence[Turn], last: int = 8) -> str:
    """The last turns of a conversation, a line each."""
    return "\n".join(f"  {turn.role}: {turn.text}" for turn in turns[-last:] if turn.text.strip())
