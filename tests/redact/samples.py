"""Made-up values in many formats, and turns with numbers that are nobody's own."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from stdnum import luhn

ONES = "zero one two three four five six seven eight nine".split()  # noqa: SIM905
PREFIXES = [("4", 16), ("51", 16), ("2221", 16), ("34", 15), ("37", 15), ("6011", 16), ("36", 14), ("3530", 16)]
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def card(rng: random.Random) -> str:
    prefix, length = rng.choice(PREFIXES)
    body = prefix + "".join(rng.choice("0123456789") for _ in range(length - len(prefix) - 1))
    return body + luhn.calc_check_digit(body)


def grouped(digits: str, gap: str) -> str:
    sizes = (4, 6, 5) if len(digits) == 15 else (4, 6, 4) if len(digits) == 14 else (4, 4, 4, 4)
    pieces, at = [], 0
    for size in sizes:
        pieces.append(digits[at : at + size])
        at += size
    return gap.join(pieces)


def spoken(digits: str, every: int = 4, oh: str = "zero") -> str:
    words = [oh if digit == "0" else ONES[int(digit)] for digit in digits]
    return ", ".join(" ".join(words[at : at + every]) for at in range(0, len(words), every))


def doubled(digits: str) -> str:
    said, at = [], 0
    while at < len(digits):
        twice = digits[at : at + 2] == digits[at] * 2
        said.append(f"double {ONES[int(digits[at])]}" if twice else ONES[int(digits[at])])
        at += 2 if twice else 1
    return " ".join(said)


CARDS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "spaces": lambda digits: grouped(digits, " "),
    "dashes": lambda digits: grouped(digits, "-"),
    "dots": lambda digits: grouped(digits, "."),
    "double spaces": lambda digits: grouped(digits, "  "),
    "singles": " ".join,
    "pairs": lambda digits: " ".join(digits[at : at + 2] for at in range(0, len(digits), 2)),
    "wide": lambda digits: grouped(digits, " ").translate(WIDE),
    "arabic": lambda digits: digits.translate(ARABIC),
    "zero width": lambda digits: grouped(digits, "\u200b "),
    "hidden joiners": "\u200d".join,
    "no-break spaces": lambda digits: grouped(digits, "\u00a0"),
    "spoken": spoken,
    "spoken oh": lambda digits: spoken(digits, oh="oh"),
    "spoken double": doubled,
    "half spoken": lambda digits: f"{digits[:4]} {digits[4:8]} {spoken(digits[8:])}",
}
CARD_TURNS = ["{}", "my card is {}", "It's {}, expiry 04/29.", "card number: {} and the code is 123", "ok {} thanks"]
NAMES = ["jane.doe", "bob_smith", "k.o-brien", "maria", "li.wei77", "sam+orders"]
HOSTS = ["example.com", "mail.example.org", "bright-track.co.uk", "gmail.com", "normail.net"]
_SAID = {".": " dot ", "_": " underscore ", "-": " dash ", "+": " plus "}


def said(text: str) -> str:
    return "".join(_SAID.get(char, char) for char in text)


EMAILS: dict[str, Callable[[str, str], str]] = {
    "plain": lambda name, host: f"{name}@{host}",
    "upper": lambda name, host: f"{name}@{host}".upper(),
    "spaced": lambda name, host: f"{name} @ {host}",
    "brackets": lambda name, host: f"{name} (at) {host.replace('.', ' (dot) ')}",
    "square": lambda name, host: f"{name}[at]{host.replace('.', '[dot]')}",
    "spoken": lambda name, host: f"{said(name)} at {said(host)}",
    "half spoken": lambda name, host: f"{name} at {host}",
    "zero width": lambda name, host: f"{name[0]}\u200b{name[1:]}@{host}",
    "wide": lambda name, host: f"{name}＠{host}",
    "link": lambda name, host: f"<mailto:{name}@{host}>",
}
EMAIL_TURNS = ["my email is {}", "Send it to {}, please.", "{} is the e-mail on file", "You can e-mail me: {}."]
IBANS = [
    "DE89370400440532013000", "GB29NWBK60161331926819", "FR1420041010050500013M02606", "NL91ABNA0417164300",
    "ES9121000418450200051332", "IT60X0542811101000000123456", "CH9300762011623852957", "NO9386011117947",
    "MT84MALT011000012345MTLCAST001S", "PL61109010140000071219812874",
]  # fmt: skip
IBAN_FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "lower": str.lower,
    "groups": lambda iban: " ".join(iban[at : at + 4] for at in range(0, len(iban), 4)),
    "dashes": lambda iban: "-".join(iban[at : at + 4] for at in range(0, len(iban), 4)),
    "wide": lambda iban: iban.translate(WIDE),
}
PHONES: dict[str, Callable[[str], str]] = {
    "dashes": lambda n: f"{n[:3]}-{n[3:6]}-{n[6:]}",
    "brackets": lambda n: f"({n[:3]}) {n[3:6]}-{n[6:]}",
    "dots": lambda n: f"{n[:3]}.{n[3:6]}.{n[6:]}",
    "spaces": lambda n: f"{n[:3]} {n[3:6]} {n[6:]}",
    "plain": str,
    "international": lambda n: f"+1 {n[:3]} {n[3:6]} {n[6:]}",
    "glued": lambda n: f"+1{n}",
    "one": lambda n: f"1-{n[:3]}-{n[3:6]}-{n[6:]}",
    "spoken": lambda n: f"{spoken(n[:6], 3)}, {spoken(n[6:])}",
    "spoken oh": lambda n: spoken(n, 10, oh="oh"),
    "wide": lambda n: f"{n[:3]}-{n[3:6]}-{n[6:]}".translate(WIDE),
}
PHONE_TURNS = ["call me on {}", "My phone number is {}.", "you can reach me at {} after six", "{} is my mobile"]
AREAS = ["212", "415", "646", "312", "206", "303", "702", "617"]


def phone(rng: random.Random) -> str:
    return rng.choice(AREAS) + f"{rng.randint(200, 999)}{rng.randint(0, 9999):04d}"


def _number(rng: random.Random, digits: int) -> str:
    return str(rng.randint(1, 9)) + "".join(rng.choice("0123456789") for _ in range(digits - 1))


CLEAN: list[tuple[str, Callable[[random.Random], str]]] = [
    ("my order number is {}", lambda r: _number(r, r.randint(6, 12))),
    ("order #{} has not arrived", lambda r: _number(r, r.randint(6, 12))),
    ("{} is my order number", lambda r: _number(r, r.randint(7, 12))),
    ("the order ID is {}", lambda r: f"{_number(r, 3)}-{_number(r, 7)}-{_number(r, 7)}"),
    ("Your ticket number is {}.", lambda r: _number(r, r.randint(7, 10))),
    ("account number {} please", lambda r: _number(r, r.randint(8, 12))),
    ("My account is {}", lambda r: _number(r, 10)),
    ("tracking number {}", lambda r: "1Z" + _number(r, 16)),
    ("the tracking number is {}", lambda r: "94001" + _number(r, 17)),
    ("Tracking: {}", lambda r: f"{_number(r, 4)} {_number(r, 4)} {_number(r, 4)}"),
    ("the parcel {} is late", lambda r: "JD" + _number(r, 18)),
    ("it is ${} a month", lambda r: f"{r.randint(1, 999)}.{r.randint(0, 99):02d}"),
    ("That comes to ${} in total.", lambda r: f"{r.randint(1, 9)},{r.randint(100, 999)},{r.randint(100, 999)}.00"),
    ("the fees are {}", lambda r: ", ".join(f"{r.randint(10, 99)}.{r.randint(10, 99)}" for _ in range(4))),
    ("prices: {}", lambda r: " / ".join(f"£{r.randint(1000, 9999)}" for _ in range(4))),
    ("it was {}", lambda r: f"{r.randint(1, 9)} 500 {r.randint(10, 99)}.99"),
    ("we fly on {}", lambda r: f"2026-{r.randint(1, 12):02d}-{r.randint(1, 28):02d}"),
    ("call me back on {}", lambda r: f"{r.randint(1, 12):02d}/{r.randint(1, 28):02d}/2026"),
    ("call me on {} please", lambda r: f"{r.randint(1, 28)}.{r.randint(1, 12)}.2026 at {r.randint(8, 17)}:30"),
    ("it happened {}", lambda r: f"2026-{r.randint(1, 12):02d}-{r.randint(1, 28):02d} 10:{r.randint(10, 59)}:45"),
    ("SKU {} is out of stock", lambda r: f"{_number(r, 4)}-{_number(r, 4)}-{_number(r, 2)}"),
    ("the meter reading is {}", lambda r: _number(r, r.randint(5, 8))),
    ("the meter says {}", lambda r: spoken(_number(r, 7), 7)),
    ("meter serial {}", lambda r: _number(r, 10)),
    ("it took {}", lambda r: f"{r.randint(1, 59)} minutes {r.randint(1, 59)} seconds"),
    ("my booking reference is {}", lambda r: f"{r.choice('ABC')}{_number(r, 6)}{r.choice('XYZ')}"),
    ("Confirmation code: {}", lambda r: _number(r, r.randint(6, 10))),
    ("the invoice {} is wrong", lambda r: f"INV-2026-{_number(r, 6)}"),
    ("case number {}", lambda r: spoken(_number(r, 8), 4)),
    ("policy number {}", lambda r: f"{_number(r, 3)} {_number(r, 3)} {_number(r, 4)}"),
    ("flight {}", lambda r: f"BA{r.randint(100, 2999)}"),
    ("the serial is {}", lambda r: f"SN{_number(r, 12)}"),
    ("IMEI {}", lambda r: "35" + _number(r, 13)),
    ("the SIM number is {}", lambda r: "8944" + _number(r, 15)),
    ("has {} in it", lambda r: f"{r.randint(2, 9)} GB, {r.randint(100, 999)} minutes, {r.randint(1000, 9999)} SMS"),
    ("I paid twice: {}", lambda r: f"{r.randint(10, 99)} dollars and {r.randint(10, 99)} cents on the 3rd"),
    ("it's {} for the year", lambda r: "forty nine ninety nine a month, five eighty eight"),
    ("look at skylark dot com for {}", lambda r: "the offer"),
    ("we are at home dot {}", lambda r: "that is it"),
    ("the version is {}", lambda r: f"{r.randint(1, 9)}.{r.randint(10, 99)}.{r.randint(1000, 9999)}"),
    ("the router shows {}", lambda r: f"192.168.{r.randint(0, 255)}.{r.randint(100, 255)}"),
    ("room {} on the map", lambda r: f"{r.randint(1, 9)}, {r.randint(10, 99)}, {r.randint(100, 999)}"),
    ("my membership number is {}", lambda r: f"{_number(r, 4)} {_number(r, 4)} {_number(r, 2)}"),
    ("customer number {} here", lambda r: _number(r, r.randint(7, 11))),
    ("call me if it is {} dollars", lambda r: f"two thousand {ONES[r.randint(1, 9)]} hundred"),
    ("call about {}, both of them", lambda r: f"{r.randint(10, 99)}.{r.randint(10, 99)} and {r.randint(10, 99)}.50 7"),
    ("text me when it reaches {}", lambda r: f"{_number(r, 7)} dollars"),
    ("you can call and pay ${}", lambda r: _number(r, 7)),
    ("@skylark said {}", lambda r: "at most ten dot points"),
]  # fmt: skip


def clean_turns(count: int, seed: int = 7) -> Iterator[str]:
    rng = random.Random(seed)
    for index in range(count):
        template, value = CLEAN[index % len(CLEAN)]
        yield template.replace("{}", value(rng))
