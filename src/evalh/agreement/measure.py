"""Counts compared places and gives each construct its rates with intervals, overall and by cohort."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from evalh.agreement.labels import Labels, Recording
from evalh.agreement.match import Compared, by_construct, quoted
from evalh.models import Conversation
from evalh.models.agreement import FAULT, AgreementRow, Disagreement, Estimate
from evalh.models.comparison import ALL, NO_COHORT
from evalh.stats import agreement as stats
from evalh.stats.rates import wilson

MOST_DISAGREEMENTS = 25
"""So many are kept of each construct and label."""
FEWEST = 5
"""Cohorts of fewer conversations have no row of their own."""
DIGITS = 6
ALIKE = 1e-9
"""Draws that differ by less are the same."""

Rate = Callable[[stats.Floats], stats.Floats]
_NONE = float("nan")
RATES: dict[str, Rate] = {
    "precision": partial(stats.precision, undefined=_NONE),
    "recall": partial(stats.recall, undefined=_NONE),
    "f1": partial(stats.f1, undefined=_NONE),
    "balanced_accuracy": partial(stats.balanced_accuracy, undefined=_NONE),
    "kappa": partial(stats.binary_kappa, undefined=_NONE, same=_NONE),
}
"""The rates of a row; NaN where one is not defined, so that such a draw does not count."""
_SIDES = ("recall", "specificity")
"""The shares that are right of what has the label, and of what does not."""
_MADE_OF = {"precision": [0, 1], "recall": [0, 2], "f1": [0, 1, 2], "specificity": [1, 3]}
"""Of the shares, the counts (tp, fp, fn, tn) that each is made of."""


def rows_of(
    places: Sequence[Compared], labels: Labels, conversations: Mapping[Recording, Conversation]
) -> list[AgreementRow]:
    """A row for each construct and label, all conversations first, then by persona and by each facet.

    A label that is neither given nor found has no row, and neither have an evaluator without any place and a cohort of
    fewer than 5 conversations. Faults of turns are counted over all conversations only.
    """
    counts: Counter[tuple[Recording, str]] = Counter()
    for recording, held in labels.counting.items():
        counts.update((recording, one.construct_) for one in held)
    rows: list[AgreementRow] = []
    for (_, construct, _), own in by_construct(places).items():
        given = {recording: counts[recording, construct] for recording in {place.recording for place in own}}
        for event in _events(own):
            table = _Table([place for place in own if event not in place.unknown], event, given)
            rows += table.rows(conversations)
    return rows


def _events(places: Sequence[Compared]) -> list[str]:
    if places[0].kind == "evaluator":
        return [FAULT]
    return sorted({event for place in places for event in place.events})


@dataclass(frozen=True)
class _Table:
    """The places of one construct and one label."""

    places: Sequence[Compared]
    event: str
    given: Mapping[Recording, int]
    """How many labels of the construct each recording has."""

    def rows(self, conversations: Mapping[Recording, Conversation]) -> Iterator[AgreementRow]:
        """All conversations, then the cohorts in which there is something to count."""
        if not self.places:
            return
        yield self._row(self.places, None, ALL)
        if self.places[0].kind == "evaluator" and self.places[0].level == "turn":
            return
        cohorts: dict[tuple[str, str], list[Compared]] = {}
        for place in self.places:
            held = conversations[place.recording]
            for key, value in {"persona": held.persona, **held.facets}.items():
                cohorts.setdefault((key, value or NO_COHORT), []).append(place)
        for (key, cohort), inside in sorted(cohorts.items()):
            several = len({place.recording for place in inside}) >= FEWEST
            if several and any(self.event in place.events for place in inside):
                yield self._row(inside, key, cohort)

    def _row(self, places: Sequence[Compared], key: str | None, cohort: str) -> AgreementRow:
        outcomes = [place.outcome(self.event) for place in places]
        gold, found = [one for one, _ in outcomes], [one for _, one in outcomes]
        recordings = [place.recording for place in places]
        counts = stats.confusion(recordings, gold, found)
        tp, fp, fn, tn = map(int, counts.sum(axis=0))
        answers = [place.answer(self.event) for place in places]
        first = places[0]
        return AgreementRow(
            kind=first.kind,
            construct_=first.construct,
            label=self.event,
            level=first.level,
            cohort_key=key,
            cohort=cohort,
            labels=sum(self.given[recording] for recording in set(recordings)),
            conversations=len(counts),
            tp=tp,
            fp=fp,
            fn=fn,
            tn=tn,
            unsure=sum(one is not None and one.unsure for one in answers),
            ece=self._ece(places),
            **estimates(counts),
        )

    def _ece(self, places: Sequence[Compared]) -> float | None:
        """Of what was found with a confidence, but not of an evaluator's answers that it could not tell."""
        told = [
            (self.event in place.labelled, one.confidence)
            for place in places
            for one in place.found
            if one.label == self.event and one.confidence is not None and not (one.unsure and place.kind == "evaluator")
        ]
        if not told:
            return None
        return round(stats.ece([right for right, _ in told], [sure for _, sure in told]), DIGITS)


def estimates(counts: NDArray[np.int64]) -> dict[str, Estimate | None]:
    """The rates of counts, conversations by (tp, fp, fn, tn), with their intervals; None where one is not defined."""
    drawn = stats.resampled(counts)
    found: dict[str, Estimate | None] = {}
    for name in RATES:
        one = _share(name, counts, drawn) if name in _MADE_OF else _of_both_sides(name, counts, drawn)
        bounds = [round(number, DIGITS) + 0.0 for number in (one.value, one.low, one.high)]
        found[name] = None if np.isnan(one.value) else Estimate(value=bounds[0], low=bounds[1], high=bounds[2])
    return found


def _plain(name: str, counts: NDArray[np.int64], drawn: stats.Floats) -> stats.Interval:
    rate = _specificity if name == "specificity" else RATES[name]
    return stats.percentiles(float(rate(counts.sum(axis=0).astype(np.float64))), rate(drawn))


def _specificity(counts: stats.Floats) -> stats.Floats:
    return stats.recall(counts[..., [3, 2, 1, 0]], undefined=_NONE)


def _share(name: str, counts: NDArray[np.int64], drawn: stats.Floats) -> stats.Interval:
    """A share with its interval.

    Where no draw differs, as when nothing was wrong or one conversation decides, the draws tell nothing: the interval
    is Wilson's for so many conversations as the share is made of.
    """
    found = _plain(name, counts, drawn)
    if found.high - found.low > ALIKE:
        return found
    n = int((counts[:, _MADE_OF[name]].sum(axis=1) > 0).sum())
    low, high = wilson(found.value * n, n) or (0.0, 1.0)
    return stats.Interval(found.value, min(found.value, low), max(found.value, high))


def _of_both_sides(name: str, counts: NDArray[np.int64], drawn: stats.Floats) -> stats.Interval:
    """Balanced accuracy or kappa with its interval.

    Where the draws of a side tell nothing, it is as wide as both sides allow: balanced accuracy is the mean of what is
    right with and without the label, and kappa is 0 where that is 0.5 and 1 where it is 1.
    """
    found = _plain(name, counts, drawn)
    if all(side.high - side.low > ALIKE for side in (_plain(side, counts, drawn) for side in _SIDES)):
        return found
    sides = [_share(side, counts, drawn) for side in _SIDES]
    low, high = (sum(ends) / 2.0 for ends in zip(*((side.low, side.high) for side in sides), strict=True))
    if name == "kappa":
        low, high = 2.0 * low - 1.0, 2.0 * high - 1.0
    return stats.Interval(found.value, min(found.low, low), max(found.high, high))


def disagreements(
    places: Sequence[Compared], conversations: Mapping[Recording, Conversation], most: int = MOST_DISAGREEMENTS
) -> list[Disagreement]:
    """Where label and finding differ: of each construct and label at most `most`, the most confident first."""
    found: list[Disagreement] = []
    for own in by_construct(places).values():
        for event in _events(own):
            wrong = [place for place in own if event not in place.unknown and _differs(place, event)]
            wrong.sort(key=lambda place: _rank(place, event))
            found += [_disagreement(place, event, conversations[place.recording]) for place in wrong[:most]]
    return found


def _differs(place: Compared, event: str) -> bool:
    wanted, got = place.outcome(event)
    return wanted != got


def _rank(place: Compared, event: str) -> tuple[float, str, str, int, int]:
    answer = place.answer(event)
    sure = answer.confidence if answer is not None and answer.confidence is not None else 0.5
    case, version, trial = place.recording
    return -sure, case, version, trial, place.turn if place.turn is not None else -1


def _disagreement(place: Compared, event: str, conversation: Conversation) -> Disagreement:
    answer = place.answer(event)
    others = ", ".join(dict.fromkeys(one.words or one.label for one in place.found))
    case, version, trial = place.recording
    return Disagreement(
        kind=place.kind,
        construct_=place.construct,
        label=event,
        level=place.level,
        case=case,
        prompt_version=version,
        trial=trial,
        turn=place.turn,
        offer=place.offer,
        labelled=place.words,
        found=others or None,
        unsure=answer is not None and answer.unsure,
        confidence=answer.confidence if answer is not None else None,
        reason=answer.reason if answer is not None else "",
        evidence=quoted(place, conversation, answer),
    )
