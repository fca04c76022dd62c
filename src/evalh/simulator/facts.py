"""What a customer says when asked for a fact: what the case and the customer's record know, else something plausible.

The same customer gives the same fact each time, and to every prompt version. Nothing here is of a real person.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from random import Random
from typing import get_args

from evalh.models import Case, Persona
from evalh.simulator.heard import Slot
from evalh.simulator.seeds import chance
from evalh.text.amounts import amounts
from evalh.text.normalise import normalise

_WORD = re.compile(r"[a-z0-9]+")
_RECORD: dict[str, tuple[str, ...]] = {
    "last4": ("last4", "account_last4", "account_number", "card_last4", "id"),
    "name": ("name", "full_name"),
    "date_of_birth": ("date_of_birth", "dob", "birthdate"),
    "email": ("email", "e_mail"),
    "phone": ("phone", "phone_number", "mobile"),
    "address": ("address", "street"),
    "postcode": ("postcode", "zip", "zip_code", "postal_code"),
    "device": ("device", "phone_model"),
    "order": ("order", "order_number", "reservation", "confirmation"),
}
"""Where a customer's record keeps a fact."""
_FIRST = {
    "es": "Lucia Mateo Elena Diego Carmen Andres Paloma Julio",
    "zh": "Wei Jing Min Hao Lan Ying Ming Xin",
    "pl": "Agata Tomasz Kasia Marek Ewa Piotr Zofia Janek",
    "IN": "Anjali Rohan Priya Vikram Meera Arjun Sunita Kiran",
    "NG": "Chidi Ngozi Tunde Amara Femi Zainab Emeka Bisi",
    "": "Dana Marcus Elaine Trevor Joy Walt Renee Curtis Paula Glenn Tess Howard Nadine Keith Abby Roland",
}
_LAST = {
    "es": "Ibarra Quintero Salcedo Montes Rivas Cordero",
    "zh": "Lin Zhao Chen Xu Tang Luo",
    "pl": "Zielinska Nowicki Wrona Sikora Kaczmarek Lis",
    "IN": "Iyer Mehta Nair Kulkarni Bose Reddy",
    "NG": "Okafor Adeyemi Balogun Eze Danjuma Nwosu",
    "": "Pruitt Halloran Becker Tillman Vance Odom Larkin Sayre Whitcomb Fenner Judd Mabry",
}
_STREETS = ("Alder", "Quarry", "Linden", "Mill Pond", "Second", "Orchard", "Depot", "Prospect", "Cedar Hill", "Fulton")
_KINDS = ("Street", "Avenue", "Road", "Lane")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_BORN = {"senior": (1936, 1948), "older_adult": (1951, 1964), "young_adult": (1997, 2005)}
_BORN_ELSE = (1969, 1994)
_ZIPS = """
AL 352 AK 995 AZ 850 AR 722 CA 941 CO 802 CT 061 DE 198 FL 331 GA 303 HI 968 ID 837 IL 606 IN 462 IA 503 KS 672
KY 402 LA 701 ME 041 MD 212 MA 021 MI 482 MN 554 MS 392 MO 631 MT 591 NE 681 NV 891 NH 031 NJ 071 NM 871 NY 112
NC 282 ND 581 OH 432 OK 731 OR 972 PA 191 RI 029 SC 292 SD 571 TN 372 TX 787 UT 841 VT 054 VA 232 WA 981 WV 253
WI 532 WY 820 DC 200
"""
_ZIP = dict(zip(_ZIPS.split()[::2], _ZIPS.split()[1::2], strict=True))
"""The first digits of a ZIP code in each state."""
_SLOTS = frozenset(get_args(Slot))
"""Facts that are given only where they are asked for: "is the phone on?" asks for no number."""


class Facts:
    """The facts of one customer."""

    def __init__(self, persona: Persona, case: Case, seed: int) -> None:
        self._persona = persona
        self._case = case
        self._seed = seed
        self._given = case.matter.facts if case.matter is not None else {}

    def of(self, slot: Slot, question: str = "") -> str | None:
        """The fact that is asked for in `question`; None: the customer does not have it at hand."""
        return self._given.get(slot) or self._in_words(question) or self._recorded(slot) or self._made(slot)

    def said_of(self, question: str) -> str | None:
        """A fact of the case that a word of `question` names."""
        return self._in_words(question)

    def _in_words(self, question: str) -> str | None:
        asked = set(_WORD.findall(question))
        named = ((name.lower(), value) for name, value in self._given.items() if name not in _SLOTS)
        return next((value for name, value in named if name in asked), None)

    def _recorded(self, slot: Slot) -> str | None:
        record = self._case.customer or {}
        account = record.get("account")
        places = [record, account] if isinstance(account, Mapping) else [record]
        for place in places:
            for name in _RECORD.get(slot, ()):
                if value := _text(place.get(name)):
                    return value[-4:] if slot == "last4" else value
        return None

    def _made(self, slot: Slot) -> str | None:
        """What is made up; a device, a day, an order number and a choice are not: they could contradict the case."""
        by_chance = chance(self._seed, "fact", slot)
        ways: dict[Slot, Callable[[], str | None]] = {
            "last4": lambda: f"{by_chance.randrange(10_000):04d}",
            "name": self._name,
            "date_of_birth": lambda: self._born(by_chance),
            "email": lambda: f"{self._name().lower().replace(' ', '.')}{by_chance.randrange(10, 99)}@example.com",
            "phone": lambda: f"555-01{by_chance.randrange(100):02d}",
            "address": lambda: f"{by_chance.randrange(3, 940)} {by_chance.choice(_STREETS)} {by_chance.choice(_KINDS)}",
            "postcode": lambda: self._zip(by_chance),
            "amount": self._amount,
        }
        make = ways.get(slot)
        return make() if make is not None else None

    def _name(self) -> str:
        if given := self._given.get("name"):
            return given
        by_chance = chance(self._seed, "fact", "name")
        variety = self._persona.speech.variety.rpartition("-")[2]
        tongue = self._persona.facets.get("first_language", variety)
        first, last = (names.get(tongue, names[""]).split() for names in (_FIRST, _LAST))
        return f"{by_chance.choice(first)} {by_chance.choice(last)}"

    def _born(self, by_chance: Random) -> str:
        age = self._case.facets.get("age_group", self._persona.facets.get("age_group", ""))
        year = by_chance.randint(*_BORN.get(age, _BORN_ELSE))
        return f"{by_chance.choice(_MONTHS)} {by_chance.randint(1, 28)}, {year}"

    def _zip(self, by_chance: Random) -> str | None:
        region = _text((self._case.customer or {}).get("region")) or ""
        start = _ZIP.get(region.rpartition("-")[2])
        return f"{start}{by_chance.randrange(100):02d}" if start else None

    def _amount(self) -> str | None:
        """The first amount of money that the case's goal or title names."""
        for text in (normalise(self._case.goal).text, normalise(self._case.title).text):
            for one in amounts(text):
                if one.kind == "money":
                    return text[one.start : one.end]
        return None


def _text(value: object) -> str | None:
    """A text or a number as text; None for anything else."""
    plain = isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip()
    return str(value).strip() if plain else None
