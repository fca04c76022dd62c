"""Short questions about single facts, for a cascade: each with its few possible answers, "unclear" always among them.

A question is made of trusted words, a turn's number and an offer's id; nothing of the transcript stands in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalh.errors import InternalError
from evalh.judge import shape, votes
from evalh.judge.definitions import ABSENT, DEFINITIONS, QUOTING
from evalh.judge.facts import offers_text
from evalh.judge.tasks import Transcript
from evalh.models import Evidence, Lexicon

UNCLEAR = "unclear"
SETTLED = ("resolved", "promised")
_TRUSTED = re.compile(r"[^\s\x00-\x1f\x7f/\\]{1,200}")
ASKS: dict[str, str] = {
    "act": "what does the agent do with the offer {}?",
    "reply": "how does the customer answer the offer {}?",
    "claim": "of which offer does the agent state a price, a term or a feature?",
    "offer": "which offer is spoken of?",
    "register": "how does the agent speak?",
    "courtesy": "is the agent polite?",
    "progress": "what does it say of the customer's matter?",
    "pressure": "how does it press the customer?",
    "identity": "what is said of who speaks?",
    "intent": "which reason for the contact does the customer state?",
    "issue": "what became, by the end, of the problem raised here?",
    "mood": "which mood does the customer show?",
    "consent": "how is the question for consent to {} answered?",
}
"""By construct; "{}" stands for the offer."""

INSTRUCTIONS = "\n".join(
    (
        """\
"picks" answers the numbered questions under "Questions", all that are about turns of this request and are not \
"context", by their numbers: \
{"1": {"quote", "label", "sure"}, ...}. label: one of the answers in brackets; "none" where the turn has nothing of \
the kind asked about, "unclear" where the turn and those before it (for an issue, the whole transcript) do not decide \
it. The quote is of the turn asked about; for an issue, of the later turn that settles it, else of the one that raises \
it.""",
        QUOTING,
        *DEFINITIONS.values(),
    )
)


@dataclass(frozen=True)
class Query:
    """A question about one fact. `about` is a construct of the codebook, or "offer"; `choices` are its answers.

    `said` is for whoever asks: how the transcript calls the offer. It is never shown in a question. `kind` tells facts
    of one turn apart: of an issue, its intent.
    """

    id: str
    turn: int
    about: str
    offer: str | None = None
    said: str = ""
    choices: tuple[str, ...] = ()
    kind: str = ""


@dataclass(frozen=True)
class Picked:
    """The answer; no label where it is unclear or its quote is not in the transcript."""

    label: str | None
    evidence: Evidence | None = None
    confidence: float = votes.NOT_FOUND


Picks = dict[str, Picked]


class PicksSection:
    """Questions about facts that another reader is unsure of; `lexicon` tells which offers their ids stand for.

    Raises InternalError for a question that it cannot put.
    """

    name = "picks"
    particular = True
    """Its material is of one conversation only."""
    part = "facts"
    instructions = INSTRUCTIONS

    def __init__(self, queries: Sequence[Query], lexicon: Lexicon | None = None) -> None:
        self.queries = tuple(queries)
        self.lexicon = lexicon
        for query in self.queries:
            words = (*query.choices, *filter(None, (query.offer, query.kind)))
            if query.about not in ASKS or not query.choices or not all(map(_TRUSTED.fullmatch, words)):
                raise InternalError(f"the judge cannot be asked about {query.about!r} of turn {query.turn}")

    def material(self) -> str:
        """The offers, then the questions, numbered from 1."""
        asked = (f"{number}. {_question(query)}" for number, query in enumerate(self.queries, start=1))
        offers = (offers_text(self.lexicon), "") if self.lexicon is not None else ()
        return "\n".join((*offers, "Questions:", *asked))

    def schema(self, transcript: Transcript) -> Mapping[str, Any]:
        """An answer for each question whose turn may be spoken of, by its number."""
        answers = {
            str(number): shape.closed(
                quote=shape.words(), label=shape.label((UNCLEAR, *query.choices)), sure=shape.flag()
            )
            for number, query in self._asked(transcript)
        }
        return shape.keyed(answers)

    def read(self, value: Any, transcript: Transcript) -> Picks:
        """The answers by the ids of the questions. Raises Unreadable when one is missing or none of its choices."""
        shape.conform(value, self.schema(transcript), "picks")
        return {query.id: _picked(query, value[str(number)], transcript) for number, query in self._asked(transcript)}

    def merge(self, windows: Sequence[Sequence[Picks]]) -> Picks:
        """Of each question what most votes say, in the window that its turn belongs to.

        How an issue ended only the last window can tell.
        """
        settled = [_settled(of_window) for of_window in windows]
        issues = {query.id for query in self.queries if query.about == "issue"}
        early = {name: Picked(None) for of_window in settled[:-1] for name in of_window if name in issues}
        return {name: picked for of_window in settled for name, picked in of_window.items()} | early

    def _asked(self, transcript: Transcript) -> list[tuple[int, Query]]:
        turns = frozenset(transcript.turns)
        return [(number, query) for number, query in enumerate(self.queries, start=1) if query.turn in turns]


def _question(query: Query) -> str:
    asks = ASKS[query.about]
    before, here, after = asks.partition("{}")
    offer = query.offer if query.offer is not None else "that is not named or not in the list"
    asked = f"{before}{offer}{after}" if here else asks
    about = f"{query.about} of {query.kind}" if query.kind else query.about
    return f"Turn {query.turn}: {about}: {asked} ({' | '.join((*query.choices, UNCLEAR))})"


def _picked(query: Query, answer: Mapping[str, Any], transcript: Transcript) -> Picked:
    if answer["label"] == UNCLEAR:
        return Picked(None)
    found = (transcript.locate(turn, answer["quote"]) for turn in _may_quote(query, answer["label"], transcript))
    place = next(filter(None, found), None)
    if place is None and answer["label"] in ABSENT and not answer["quote"].strip():
        place = transcript.whole(query.turn)
    if place is None:
        return Picked(None)
    return Picked(answer["label"], place, votes.confidence(answer["sure"]))


def _may_quote(query: Query, label: str, transcript: Transcript) -> Iterator[int]:
    """The turns that the answer may rest on: for an issue later ones too, and only those where it was settled."""
    if query.about != "issue" or label not in SETTLED:
        yield query.turn
    if query.about == "issue":
        yield from (turn for turn in transcript.turns if turn > query.turn)


def _settled(cast: Sequence[Picks]) -> Picks:
    if len(cast) == 1:
        return dict(cast[0])
    merged: Picks = {}
    for name in cast[0]:
        ballots = [(vote[name].label, vote[name], vote[name].confidence) for vote in cast]
        won = votes.elect(ballots, len(cast))
        sure = won.confidence > 0 and won.item.label is not None
        merged[name] = Picked(won.item.label, won.item.evidence, won.confidence) if sure else Picked(None)
    return merged
