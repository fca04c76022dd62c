"""Everyday words after "does that sort it?" and after a pitch: denials, going on about the matter, objections, noes.

`said/worked_on.yaml` and `said/held_out.yaml` were written before the rules, the first to make them with. Some set
phrases of the second found their way into the rules, so `said/fresh.yaml` was written after them and changed nothing:
it says how far the rules carry to other words, which is not far. Only the share that is read counts there.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from evalh.models import Conversation, Lexicon, OfferPolicy, Reading
from evalh.reader.local import LocalReader

OFFER = {"id": "PASS", "names": ["Travel Pass", "pass"], "kind": "cross_sell", "timing": "during_task"}
POLICY = {"id": "p", "version": "1", "effective": {"from": "2000-01-01"}, "offers": [OFFER]}
LEXICON = Lexicon.of((OfferPolicy.model_validate(POLICY),))
PITCH = "While I have you, would you like to add the Travel Pass for ten dollars a month?"
MATTERS = {
    "internet": (
        "My internet has been dropping every evening this week.",
        "I've reset the line from here and it's fixed. Does that sort it?",
        "I can see the drops on your line.",
    ),
    "access": (
        "I can't get into my account.",
        "I've reset your password. Did that do the trick?",
        "I see the account is locked.",
    ),
    "charge": (
        "I've been charged twice this month.",
        "I've refunded the second charge to your card. Is that sorted for you now?",
        "I see two charges on the third.",
    ),
    "heating": (
        "The heating isn't coming on.",
        "I've restarted the thermostat from here. Is it working now?",
        "I see the thermostat is offline.",
    ),
}
OF_THE_MATTER = {"denied": "unresolved", "confirmed": "resolved", "neither": ""}
OF_THE_OFFER = {
    "went_on": {"ignore", "deflect"},
    "turned_down": {"refuse", "defer", "deflect", "object"},
    "taken": {"accept"},
    "objected": {"object"},
    "refused": {"refuse"},
    "beside": {"ignore", "ask", "deflect"},
}
SHARES = {
    "worked_on": dict.fromkeys((*OF_THE_MATTER, *OF_THE_OFFER), 0.9) | {"beside": 0.8},
    "held_out": dict.fromkeys((*OF_THE_MATTER, *OF_THE_OFFER), 0.9) | {"taken": 0.85, "beside": 0.7},
    "fresh": {"denied": 0.8, "confirmed": 0.7, "neither": 1.0, "went_on": 0.75, "taken": 0.8, "beside": 1.0},
}
MISSED = {
    ("worked_on", "beside"): "0.60: a complaint about a charge right after a pitch may pass for an objection",
    ("fresh", "went_on"): "0.71: talk of the own matter in the words of a yes right after a pitch passes for one",
}
"""What is read less well than it should be, with the share that is."""
READER = LocalReader()


def conversation(group: str, matter: str, text: str) -> Conversation:
    complaint, fixed, found = MATTERS[matter]
    agent = fixed if group in OF_THE_MATTER else f"{found} {PITCH}"
    turns = [
        {"role": role, "text": said} for role, said in (("customer", complaint), ("agent", agent), ("customer", text))
    ]
    return Conversation.model_validate({"id": "c", "language": "en", "turns": turns})


def is_read(group: str, reading: Reading) -> bool:
    if group in OF_THE_MATTER:
        issue = reading.issues[0]
        return (issue.status if issue.word == "customer" else "") == OF_THE_MATTER[group]
    replies = {fact.reply for fact in reading.replies if fact.turn == 2}
    return bool(replies) and replies <= OF_THE_OFFER[group]


@cache
def missed(file: str, group: str) -> tuple[list[str], int]:
    """What is not read as it is meant, and how many there are."""
    path = Path(__file__).with_name("said") / f"{file}.yaml"
    held = YAML(typ="safe").load(path.read_text(encoding="utf-8"))[group]
    said = [(matter, text) for matter, texts in held.items() for text in texts]
    readings = READER.read([conversation(group, *item) for item in said], LEXICON)
    wrong = [text for (_, text), reading in zip(said, readings, strict=True) if not is_read(group, reading)]
    return wrong, len(said)


def groups() -> Iterator[Any]:
    """File and group of each share."""
    for file, shares in SHARES.items():
        for group in shares:
            missed_by = MISSED.get((file, group))
            marks = [pytest.mark.xfail(strict=True, reason=missed_by)] if missed_by else []
            yield pytest.param(file, group, marks=marks)


@pytest.mark.parametrize(("file", "group"), list(groups()))
def test_what_people_say_is_mostly_read(file: str, group: str) -> None:
    wrong, count = missed(file, group)
    assert 1 - len(wrong) / count >= SHARES[file][group], wrong


def test_no_denial_is_read_as_a_confirmation() -> None:
    assert missed("worked_on", "denied")[0] == []


def test_no_going_on_and_no_refusal_is_read_as_a_yes() -> None:
    assert missed("worked_on", "went_on")[0] == []
    assert missed("worked_on", "turned_down")[0] == []


def test_a_denial_is_one_only_where_it_was_asked() -> None:
    turns = [
        ("customer", "I've been charged twice."),
        ("agent", "Do you have a reference?"),
        ("customer", "Sadly not."),
    ]
    rows = [{"role": role, "text": text} for role, text in turns]
    (reading,) = READER.read([Conversation.model_validate({"id": "c", "language": "en", "turns": rows})], LEXICON)
    assert reading.issues[0].word is None
