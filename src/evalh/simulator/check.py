"""What is wrong with a persona that a simulated customer could not play: above all, an agenda that cannot end."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import get_args

from evalh.models import Persona
from evalh.models.persona import AgendaItem, Moment
from evalh.simulator.conditions import BadCondition, check_condition

MOMENTS: tuple[str, ...] = get_args(Moment)
_TAG = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")
_BRACES = re.compile(r"\{[^{}]*\}|[{}]")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where in the file, what, and what to do about it."""

    at: tuple[str | int, ...]
    problem: str
    remedy: str

    def __str__(self) -> str:
        where = ".".join(str(part) for part in self.at)
        return f"{where}: {self.problem}; {self.remedy}"


def problems(persona: Persona, offers: Collection[str] | None = None) -> list[Problem]:
    """Everything that is wrong; `offers`: the ids of all offers of the policies, where these are known."""
    return [
        *_agenda(persona), *_words(persona), *_conditions(persona), *_offers(persona, offers), *_speech(persona),
    ]  # fmt: skip


def accepts_ever(persona: Persona) -> bool:
    """Whether the persona may come to accept an offer: of its own will, or worn down."""
    willing = persona.accepts is not None and persona.accepts.when.strip() != "false"
    return willing or persona.refusal.then == "give_in"


def turns_down_ever(persona: Persona) -> bool:
    """Whether there is any offer that the persona turns down in a turn after which the contact goes on."""
    refusal = persona.refusal
    return refusal.times > 0 or refusal.then not in ("give_in", "leave")


def _agenda(persona: Persona) -> Iterator[Problem]:
    items = {item.id: item for item in persona.agenda}
    for index, item in enumerate(persona.agenda):
        at = ("agenda", index, "after")
        if item.id in MOMENTS:
            yield Problem(("agenda", index, "id"), f"{item.id!r} is the name of a moment", "give the item another id")
        elif any(item.id == other.id for other in persona.agenda[:index]):
            problem = f"the agenda item {item.id!r} is defined twice"
            yield Problem(("agenda", index, "id"), problem, "give one of them another id")
        elif item.after not in MOMENTS and item.after not in items:
            known = ", ".join((*MOMENTS, *(name for name in items if name != item.id)))
            yield Problem(at, f"there is no moment or item {item.after!r}", f"use one of {known}")
        elif circle := _circle(item, items):
            problem = f"the agenda cannot end: {' waits for '.join(repr(name) for name in circle)}"
            yield Problem(at, problem, "let one of them follow a moment such as 'stated'")
        elif item.required:
            yield from _never(persona, index, item, items)


def _circle(item: AgendaItem, items: dict[str, AgendaItem]) -> list[str]:
    """The ids from `item` back to itself; none where there is no such circle."""
    path = [item.id]
    while (after := items[path[-1]].after) in items:
        if after in path:
            return [*path, after] if after == item.id else []
        path.append(after)
    return []


def _never(persona: Persona, index: int, item: AgendaItem, items: dict[str, AgendaItem]) -> Iterator[Problem]:
    """Why an item that is required can never be said."""
    must = f"the agenda cannot end: {item.id!r} is required"
    if not item.say:
        yield Problem(("agenda", index, "say"), f"{must} and has no words", "add ways to say it, or do not require it")
    seen: set[str] = {item.id}
    last = item
    while last.after in items and last.after not in seen:
        last = items[last.after]
        seen.add(last.id)
        if not last.say:
            problem = f"{must} and waits for {last.id!r}, which has no words and is left out"
            yield Problem(("agenda", index, "after"), problem, f"add ways to say {last.id!r}, or let it follow another")
            return
        if not last.required:
            problem = f"{must} and waits for {last.id!r}, which need not be said"
            yield Problem(("agenda", index, "after"), problem, f"require {last.id!r} too, or let it follow another")
            return
    if last.after == "accepted" and not accepts_ever(persona):
        problem = f"{must} after 'accepted', and this persona never accepts"
        yield Problem(("agenda", index, "after"), problem, "let it follow another moment, or give 'accepts'")
    elif last.after == "refused" and not turns_down_ever(persona):
        then = "gives in to every offer" if persona.refusal.then == "give_in" else "leaves at the first offer"
        problem = f"{must} after 'refused', and this persona {then}"
        yield Problem(("agenda", index, "after"), problem, "let it follow another moment, or raise 'refusal.times'")


def _words(persona: Persona) -> Iterator[Problem]:
    for index, item in enumerate(persona.agenda):
        for number, text in enumerate(item.say):
            at = ("agenda", index, "say", number)
            wrong = next((found for found in _BRACES.findall(text) if found != "{goal}"), None)
            if wrong is not None:
                yield Problem(at, f"{wrong!r} stands for nothing", "use {goal}, or leave the braces out")
            elif not text.strip():
                yield Problem(at, "is empty", "write what is said, or remove it")


def _conditions(persona: Persona) -> Iterator[Problem]:
    for name, rule in (("accepts", persona.accepts), ("reopens", persona.reopens)):
        if rule is None:
            continue
        try:
            check_condition(rule.when)
        except BadCondition as error:
            yield Problem((name, "when"), str(error), "see docs/personas.md for what a condition may name")


def _offers(persona: Persona, known: Collection[str] | None) -> Iterator[Problem]:
    for index, offer in enumerate(persona.accepts.offers if persona.accepts is not None else ()):
        if known is not None and offer not in known:
            problem = f"no policy has an offer {offer!r}"
            yield Problem(("accepts", "offers", index), problem, f"use one of {', '.join(sorted(known)) or 'none'}")


def _speech(persona: Persona) -> Iterator[Problem]:
    variety = persona.speech.variety
    if not _TAG.fullmatch(variety):
        yield Problem(("speech", "variety"), f"{variety!r} is no language tag", "use one such as en-GB or en-x-es")
