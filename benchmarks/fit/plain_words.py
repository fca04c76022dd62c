"""Counts the words of everyday talk that `evalh.reader.strangers` takes for no name.

    python -m benchmarks.fit.plain_words --data DIR

DIR holds STAR, tau-bench, Persuasion for Good, MultiDoGO and NLU++ as gzipped lines of JSON. A word is plain that five
or more conversations have without a capital, and that mostly has none inside a sentence. Lines that nothing is fitted
on are left out. The words of `MORE` are added: services that those conversations are not about.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.held_out import held_out

WORDS = Path("src/evalh/reader/weights/plain_words.txt")
CORPORA = ("star_dev", "tau_dev", "p4g_dev", "multidogo_train_dev", "nlupp_dev")
AT_LEAST = 5
MOSTLY = 0.6
MORE = """
accommodation actor actors actress adult airfare alarm album allergic amenities amenity apartment appliance
appointment approximately architecture arrival arrive arrives artist attraction attractions author authors average
averages award bakery balcony band bar barber bath bathroom baths bathtub beach beauty bed bedroom bedrooms beds bill
billed boarding boiler booked booking breakfast broadband broadcast brunch buffet bus buses calculated calm
cardiologist carpet carrier cast celsius centre checkup chef cinema classified clinic clinical cloudy coach comedy
commute compact complex concert congrats congratulations connection connections convenience convertible cool copay
costing cottage counselor coupe courtyard coverage cozy crew cruise cuisine cultural currency currently deductible
degree degrees delicious deluxe dental dentist depart departing departs departure deposit dermatologist destination
diesel dine dining directed director dish dishes distance doctor documentary double downtown drama driver drizzle drug
dry dryer duplex economy electric electricity elevator energy engineer entertainment entrance entry episode equipped
event events exhibit exhibition expected expensive expiration fahrenheit family fare fiber fibre film films fitness
flat flies flights foggy forecast forecasted fridge fuel furnished furniture gallery garage garden gas genre gig
gigabyte gigabytes gluten gourmet grill guest guests gym gynecologist haircut hairdresser halal handset handsets
hatchback heating held heritage hero high hike historic historical holiday horror hostel hot hotel hotels humid
humidity hybrid inbound indoor inexpensive insurance insured interest interior internet itinerary jazz kitchen kosher
landline landmark laundry layover layovers lease leaves leaving liability licensed likelihood located location lodge
lodging loft lounge lovely lunch luxury mains map massage match meal mean megabit menu meter meters mild minibar
moderate moderately momentarily mortgage motel motor movie movies museum museums music nail nearby nice nightclub
nonstop noodle novel nurse oceanfront offer offers ophthalmologist optician organic orthodontist outbound outdoor
outdoors overdraft overnight park parking parks passenger passengers patio paying peaceful pediatrician perform
performing permitted pet pets pharmacy physician pickup pizza place places playing playlist pleasant plumber pool pop
popular possibility precipitation premises premium priced pricey prohibited property psychiatrist psychologist pub
pure quiet rain raining rainy rated rating reggae regret release released reliable rental rented renting rents
reservation reserve reserved resort respectively restaurant restaurants revealed rider riders roaming rock romantic
room roommate rooms route router salad salon savings scenic scheduling science scooter screening seafood seat seater
seating seats sedan serve serves service serving shade shared showers showing shuttle sightseeing sim singer single
sit situated smoke smoking snack snow snowy song songs sound sounds spa spacious spicy sports sporty stadium standard
star starring stars station stations stay staying steak stop stopover stops storm streaming studio stylist suburb
suitable suite suites sunny supper surgeon sushi suv taco take takes tapas tariff tariffs taxi taxis tea team
telephone temp temperature temperatures terrace theater theatre therapist therapy thunderstorm ticket tickets title
titled titles toilet tour tourist touristy towels tower townhouse track tracks traditional traffic train trains tram
transfer transfers transit transport transportation travel traveler travelers treatment trendy truck truly tube
umbrella underway unfurnished unit upscale urgent vacation vaccination van vegan vegetables vegetarian vegetarians
vehicle vehicles venue venues veterinarian view views vintage visit visitor visitors vocal voltage voucher walk
walking warm washer watch water weather wedding wheelchair wifi wind windy wine worship writer yoga zoo
"""
_WORD = re.compile(r"[A-Za-z]{2,}(?:'[a-z]+)?")


def main() -> None:
    parser = argparse.ArgumentParser(description="counts the words of everyday talk")
    parser.add_argument("--data", type=Path, required=True, help="the folder of the corpora")
    words = sorted(counted(parser.parse_args().data) | set(MORE.split()))
    WORDS.write_text("\n".join(words) + "\n", encoding="utf-8")
    print(f"wrote {len(words):,} words to {WORDS}")


def counted(folder: Path) -> set[str]:
    """The words that are plain by the corpora in `folder`."""
    small: Counter[str] = Counter()
    every: Counter[str] = Counter()
    where: defaultdict[str, set[str]] = defaultdict(set)
    for conversation, text in turns(folder):
        for word in inner_words(text):
            every[word.lower()] += 1
            if word[0].islower():
                small[word] += 1
                where[word].add(conversation)
    return {word for word, count in small.items() if len(where[word]) >= AT_LEAST and count >= MOSTLY * every[word]}


def turns(folder: Path) -> Iterator[tuple[str, str]]:
    """The turns with the conversation they stand in."""
    for name in CORPORA:
        with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as stream:
            for line in map(json.loads, stream):
                if not held_out(line):
                    yield from ((str(line.get("conversation") or line["id"]), text) for text in _texts(line))


def inner_words(text: str) -> Iterator[str]:
    """The words of a turn but for those with a capital that begins a sentence."""
    for match in _WORD.finditer(text):
        before = text[: match.start()].rstrip()
        if match.group()[0].islower() or (before and before[-1] not in ".!?:-*"):
            yield match.group()


def _texts(line: dict[str, Any]) -> list[str]:
    if "turns" not in line:
        return [line["text"]]
    return [turn["text"] for turn in line["turns"] if turn["role"] in ("customer", "agent")]


if __name__ == "__main__":
    main()
