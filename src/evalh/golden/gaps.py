"""What a golden set lacks: cohorts that the gate cannot test, personas, offers and intents that nothing is about."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import get_args

from evalh.models import Case, GateConfig, OfferPolicy, RunConfig
from evalh.models.golden_check import GoldenFinding
from evalh.models.vocabulary import Intent

MAX_VALUES = 12
"""A facet of more values is looked at only where a configuration compares by it, or it is the intent."""
NAMED = 5
"""So many examples are named in a sentence."""
PERSONA, INTENT = "persona", "intent"
_QUOTED = re.compile(r"""["']([a-z_]+)["']""")


@dataclass(frozen=True)
class Wants:
    """What the run configurations of a set ask of it: cohorts, and independent cases of each."""

    cohorts: tuple[str, ...]
    pairs: int

    @staticmethod
    def of(configs: Iterable[RunConfig]) -> Wants:
        """Of those that run the set; by default the gate's own numbers, by persona."""
        every = list(configs)
        cohorts = tuple(dict.fromkeys([PERSONA, *(config.cohort for config in every)]))
        return Wants(cohorts, max([config.gate.min_pairs for config in every] or [GateConfig().min_pairs]))


def families(cases: Iterable[Case]) -> int:
    """How many of the cases are independent: those of one template count once."""
    return len({("template", case.template) if case.template else ("case", case.id) for case in cases})


def cohort_gaps(cases: Sequence[Case], wants: Wants) -> Iterator[GoldenFinding]:
    """Cohorts with fewer independent cases than the gate needs, and personas that never meet a value of a facet."""
    for key in wants.cohorts:
        yield from _few(key, _grouped(cases, key), wants.pairs)
    for key in sorted({name for case in cases for name in case.facets}):
        yield from _never_met(key, cases, known=key in (*wants.cohorts, INTENT))


def _grouped(cases: Iterable[Case], key: str) -> dict[str, list[Case]]:
    held: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        value = case.persona if key == PERSONA else case.facets.get(key)
        if value is not None:
            held[value].append(case)
    return dict(sorted(held.items()))


def _few(key: str, grouped: Mapping[str, Sequence[Case]], needed: int) -> Iterator[GoldenFinding]:
    few = {value: number for value, held in grouped.items() if (number := families(held)) < needed}
    if not few:
        return
    told = [f"{value} {number}" for value, number in few.items()]
    text = (
        f"{len(few)} of {count(len(grouped), f'{key} cohort')} {'has' if len(few) == 1 else 'have'} fewer independent "
        f"cases than the {needed} that the gate needs: {some(told)}"
    )
    yield GoldenFinding(kind="cohort_gap", text=text, items=tuple(few))


def _never_met(key: str, cases: Sequence[Case], *, known: bool) -> Iterator[GoldenFinding]:
    values = sorted({case.facets[key] for case in cases if key in case.facets})
    personas = sorted({case.persona for case in cases if case.persona is not None})
    usual = 2 * sum(key in case.facets for case in cases) >= len(cases)
    if len(values) < 2 or len(personas) < 2 or not (known or (usual and len(values) <= MAX_VALUES)):
        return
    there = {(case.persona, case.facets.get(key)) for case in cases}
    every = list(product(personas, values))
    empty = [f"{persona} x {value}" for persona, value in every if (persona, value) not in there]
    if empty:
        text = f"{len(empty)} of {len(every)} pairs of persona and {key} have no case: {some(empty)}"
        yield GoldenFinding(kind="cohort_gap", text=text, items=tuple(empty))


def unused_personas(cases: Sequence[Case], personas: Collection[str]) -> Iterator[GoldenFinding]:
    """Personas of the workspace that no case has, and cases that have none."""
    used = {case.persona for case in cases}
    unused = [name for name in personas if name not in used]
    if unused:
        text = f"no case is of {'this persona' if len(unused) == 1 else 'these personas'}: {some(unused)}"
        yield GoldenFinding(kind="unused_persona", text=text, items=tuple(unused))
    without = [case.id for case in cases if case.persona is None]
    if without:
        text = f"{count(len(without), 'case')} without a persona, which nobody can play: {some(without)}"
        yield GoldenFinding(kind="unused_persona", text=text, items=tuple(without))


def unseen_offers(policy: OfferPolicy, seen: Collection[str]) -> Iterator[GoldenFinding]:
    """Offers that are on sale and that nobody names in any recording."""
    unseen = [offer.id for offer in policy.offers if offer.status == "active" and offer.id not in seen]
    if unseen:
        text = f"no recording names {count(len(unseen), 'offer')} of {policy.id} {policy.version}: {some(unseen)}"
        yield GoldenFinding(kind="unseen_offer", text=text, items=tuple(unseen))


def unseen_intents(policy: OfferPolicy, seen: Collection[str]) -> Iterator[GoldenFinding]:
    """Intents that the policy has rules for and no case or label has; nothing where none says its intent."""
    unseen = [name for name in _intents_of(policy) if name not in seen]
    if unseen and seen:
        text = f"the policy has rules for {count(len(unseen), 'intent')} that no case has: {some(unseen)}"
        yield GoldenFinding(kind="unseen_intent", text=text, items=tuple(unseen))


def _intents_of(policy: OfferPolicy) -> list[str]:
    """The intents that its rules name, in conduct or in a condition over `intents`."""
    conditions = [rule.when for rule in policy.suppression]
    conditions += [offer.eligibility.condition or "" for offer in policy.offers]
    quoted = (name for condition in conditions if "intents" in condition for name in _QUOTED.findall(condition))
    known = get_args(Intent)
    return list(dict.fromkeys([*policy.conduct.no_offer_intents, *(name for name in quoted if name in known)]))


def version_gaps(recorded: Mapping[str, Collection[str]], cases: Sequence[Case]) -> Iterator[GoldenFinding]:
    """Cases that some prompt version has no recording of, while there are recordings at all."""
    for version, held in recorded.items():
        lacking = [case.id for case in cases if case.id not in held]
        if lacking:
            text = f"{count(len(lacking), 'case')} of {len(cases)} not recorded by {version}: {some(lacking)}"
            yield GoldenFinding(kind="version_gap", text=text, items=tuple(lacking))


def count(number: int, noun: str) -> str:
    """``1 case``, ``2 cases``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def some(names: Sequence[str]) -> str:
    """The first of the names, and how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
