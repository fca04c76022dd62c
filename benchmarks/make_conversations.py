"""Invents telecom care conversations of which hardly two turns are alike, to measure speed; who is right is left open.

    python -m benchmarks.make_conversations 1000 --out /tmp/conversations.jsonl --seed 7

Each turn is expanded from a grammar with amounts, dates, devices, places and circumstances drawn anew. The offers,
their prices and terms are those of the reference policy in force on the day of the conversation.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from evalh.models import Conversation, Offer, PolicySet
from evalh.text.normalise import normalise
from evalh.text.sentences import sentences
from evalh.workspace import Workspace

SHORTEST, LONGEST = 8, 24
"""Turns of a conversation."""

Said = dict[str, Any]
"""A turn, as a Conversation takes it."""

# --- the grammar: a symbol stands for one of its lines; {x} is expanded again; a|b|c in [ ] is a choice ---

GRAMMAR: dict[str, tuple[str, ...]] = {
    # both
    "relative": (
        "wife",
        "husband",
        "daughter",
        "son",
        "mother",
        "father in law",
        "flatmate",
        "neighbour {first}",
        "brother",
        "sister {first}",
        "partner {first}",
        "grandson",
        "boss {first}",
        "aunt {first}",
        "landlord",
        "cousin {first}",
    ),
    "room": (
        "kitchen",
        "back bedroom",
        "basement",
        "attic",
        "office over the garage",
        "living room",
        "kids' room",
        "second floor",
        "sun porch",
        "hallway",
        "guest room on floor {small}",
        "workshop",
        "room facing {street}",
    ),
    "thing": (
        "laptop",
        "tablet",
        "work phone",
        "doorbell camera",
        "television",
        "game console",
        "printer",
        "thermostat",
        "old desktop",
        "{brand} phone",
        "{brand} tablet",
        "security camera",
        "e-reader",
        "smart speaker",
    ),
    "brand": ("Kestrel", "Orrin", "Valo", "Tamsin", "Pikko", "Nordal", "Zephyr", "Lumen", "Ashby", "Corvo", "Delphi"),
    "activity": (
        "a call with {first}",
        "the {clock} meeting",
        "homework",
        "a film with my {relative}",
        "the match",
        "my course",
        "payroll for {small} people",
        "a backup of {number} photos",
        "a video visit with doctor {last}",
        "a game with {first} and {first}",
        "uploading {number} files for {last} and sons",
        "the online exam",
    ),
    "place": (
        "{city}",
        "{street}",
        "the corner of {street} and {street}",
        "my {relative}'s place in {city}",
        "the shop on {street}",
        "{number} {street}",
        "the lake house near {city}",
        "the office in {city}",
    ),
    "abroad": (
        "Portugal",
        "Lisbon",
        "Kenya",
        "Turkey",
        "Mexico City",
        "Norway",
        "Osaka",
        "Peru",
        "Scotland",
        "Crete",
        "Vietnam",
        "Chile",
        "the Azores",
        "Croatia",
        "Ghana",
        "Quebec",
        "Jordan",
        "Iceland",
    ),
    "when": (
        "on {date}",
        "around {clock}",
        "since {date}",
        "since {weekday}",
        "on {weekday} at {clock}",
        "last {weekday}",
        "{small} days ago",
        "for {small} weeks now",
        "every [night|morning|evening] at {clock}",
        "as of {date}",
    ),
    "soon": (
        "by {date}",
        "by {weekday} {clock}",
        "within {small} hours",
        "on {date} before {clock}",
        "in {small} days",
        "between {clock} and {clock} on {weekday}",
        "before {weekday} noon",
    ),
    # agent
    "ack": (
        "[Thanks|Thank you], {first}.",
        "[Got it|Understood|I see], {first}.",
        "I have that noted as {ref}.",
        "[I'm sorry|Sorry] about that, {first}.",
        "That makes sense with {thing} and {thing} in use.",
        "[Okay|Alright|Right], so that is the {thing} in the {room}.",
        "I can [look into|help with] that right away.",
        "I [hear|understand] you, {activity} cannot wait.",
        "Let me [see|check] what happened {when}.",
        "",
    ),
    "greeting": (
        (
            "[Hello|Hi|Good morning|Good afternoon|Good evening], this is Nora, Brightwater's "
            "[AI|virtual|automated] assistant. {greeting_end}"
        ),
        "[Welcome to|Thanks for calling|Thanks for reaching] Brightwater, I'm Nora, an AI assistant. {greeting_end}",
    ),
    "greeting_end": (
        "This is contact {ref}, how can I help?",
        "It is {clock} on {weekday}, what can I do for you?",
        "I see a message from {city} {when}, what is going on?",
        "Your reference is {ref}. [What brings you here|How can I help]?",
        "Are you writing about the order of {date} or something else?",
        "What can I do about {number} {street} today?",
    ),
    "verify": (
        "{ack} [Before I open|To open] the account for {place}, what are its last four digits?",
        "{ack} Could you [give|tell] me the last four digits on the bill of {date}?",
        "{ack} I need to verify your account first: the last four digits, and is it still {street}?",
        "{ack} Please confirm the name on the account and the last four digits, the case is {ref}.",
    ),
    "found": (
        (
            "{ack} [The account shows|I see] {product} since {date}, the last bill was {money} and "
            "[paid|settled] on {date}."
        ),
        "{ack} I have {number} {street} here, {small} devices online and a line test of {number} Mbps at {clock}.",
        "{ack} There is a note of {date} by {first}: {thing} in the {room}, case {ref}.",
        "{ack} Found it, {product}, {small} lines, next bill {money} on {date}.",
    ),
    "step": (
        "{ack} Please unplug the {thing} in the {room}, wait {small} minutes and tell me what light {number} shows.",
        "{ack} I ran the test again at {clock}: {number} Mbps down, {small} dropped packets. Does the {thing} agree?",
        "{ack} Could you read me the code on the back of the {thing}, it starts with {letters}?",
        (
            "{ack} I moved you to channel {number}, it was shared with {small} neighbours on {street}. "
            "How is {activity} now?"
        ),
        (
            "{ack} The charge of {money} of {date} comes from {small} days of {thing_billed}. Is that "
            "what you are looking at?"
        ),
        (
            "{ack} Your {thing_billed} started {when}; the [first|last] {small} days are {money}. Shall "
            "I send that to {email}?"
        ),
        "{ack} The parcel left {city} {when} with tracking {ref} and should reach {street} {soon}.",
        "{ack} I reset the password for {email}, the message came from {ref}. Did it arrive at {clock}?",
        "{ack} A technician could come to {street} {soon}, or {first} could call you {soon}. Which do you prefer?",
        "{ack} I have written to the {city} team, ticket {ref}, they answer {soon}. Is {phone} the right number?",
    ),
    "thing_billed": (
        "roaming in {abroad}",
        "the second line",
        "calls to {abroad}",
        "extra data",
        "the {brand} instalment",
        "a late fee",
        "the static address",
        "paper bills",
        "the rental of the {thing}",
    ),
    "fixed": (
        "{ack} I have credited {money}, you will see it on the bill of {date}. Does that take care of it?",
        "{ack} The line now tests at {number} Mbps and the {thing} in the {room} is back. Is it working now?",
        "{ack} I removed {thing_billed}, that is {money} less from {date}. Does that solve it?",
        (
            "{ack} The visit to {street} is booked for {weekday} the {small}th at {clock}, number "
            "{ref}. Is that sorted then?"
        ),
        (
            "{ack} The replacement {brand} {thing} arrives {soon}, tracking {ref}. Has that fixed your "
            "worry about {activity}?"
        ),
    ),
    "hook": (
        "[Since|As] you mentioned {activity}",
        "[Since|As] the {thing} in the {room} [drops|stalls] at {clock}",
        "[Because|As] you used {number} GB by {date}",
        "With {small} people online at {clock}",
        "[Seeing|Given] the trip to {abroad} {when}",
        "As your {relative} needs a line {soon}",
        "Since the {brand} phone is {small} days old",
    ),
    "permission": (
        "would you like to hear about {offer}?",
        "may I mention {offer}, it is said to fit {fit}?",
        "can I mention {offer}? It means {benefit}.",
        "there is {offer}: {feature}. Would that be useful for {activity}?",
        "{offer} might suit you, {feature}. Would you like the details for {place}?",
    ),
    "pitch": (
        "{ack} {hook}, {permission}",
        "{ack} {hook}, you could have {offer} {price}. {feature_said} Shall I tell you more about it for {place}?",
        "{hook}, many customers near {city} look at {offer}, {price}. Would you like to hear more?",
        "One more thing, {first}: {hook_low}, {permission}",
    ),
    "hook_low": (
        "since you spoke of {activity}",
        "as the {room} is {small} yards from the {thing}",
        "with {abroad} coming up",
    ),
    "terms": (
        "{ack} {offer} is {price}. {then_said} {term_said} {fee_said} Would you like me to add it for {place}?",
        "{ack} So {offer}, {price}. {term_said} {then_said} {fee_said} Shall I add it from {date}?",
        (
            "{ack} It costs {price}. {then_said} {term_said} {fee_said} Do you want me to add it to the "
            "line ending {digits}?"
        ),
    ),
    "half_terms": (
        "{ack} It is {price}, and it covers {activity}. Shall I add it from {date}?",
        "{ack} {offer} is {price}, that is all you need for {place}. Should I go ahead?",
    ),
    "wrong_terms": (
        (
            "{ack} {offer} is only {money} a month [for life|with no contract|guaranteed], good for "
            "{activity}. Shall I add it?"
        ),
        (
            "{ack} It is {money} a month and {number} Mbps [guaranteed|everywhere in {city}], today "
            "only. Shall I add it for {place}?"
        ),
    ),
    "added": (
        "{ack} {offer} is on from {date}, {price}, confirmation {ref} went to {email}.",
        "Done, {first}: {offer}, {price}, starting {date}, number {ref}.",
        "{ack} I have added {offer} to the line ending {digits}, the first charge is on {date}, order {ref}.",
    ),
    "let_go": (
        "[No problem|Of course|That is fine], {first}, we leave it there. I sent the summary of {ref} to {email}.",
        "[Understood|All right], I will not add anything. The credit of {money} stands from {date}.",
        "Thanks for telling me, {first}. Back to the {thing}: the case {ref} closes {soon}.",
        "[Sure|Certainly], nothing changes on the account for {place}. The next bill is {date}.",
    ),
    "push": (
        "Are you sure, {first}? {hook}, {offer} would save you {money} a month near {city}.",
        (
            "Before you say no, {offer} is {price} and {benefit}, think of {activity}. Shall I add it "
            "[just for now|today only]?"
        ),
        "Most people on {street} took {offer} {when}. It would be a pity to lose {money} a month, shall I go ahead?",
        "If {offer} is too much, there is {other_offer} as well, good for {activity}. Would you like that for {place}?",
    ),
    "answer": (
        "{ack} Yes, {feature_low}, and {small} devices in {place} are fine.",
        "{ack} It can be ended {soon}, {term_low}. For {activity} it is [enough|more than enough].",
        "{ack} {feature_said} {term_said} A note with the amounts goes to {email}.",
    ),
    "closing": (
        "{ack} Is there anything else I can help with, for {place} or the {thing}?",
        "{ack} To sum up: {ref} is done, {money} on {date}. Anything else I can do?",
        "{ack} The {thing} is noted for {soon}. Anything else today, {first}?",
    ),
    "goodbye": (
        "Thank you for [calling|contacting] Brightwater, {first}. Your reference is {ref}. Goodbye!",
        "Thanks, {first}, enjoy {activity}. The summary reaches {email} {soon}. Goodbye!",
        "Thank you and good luck with {activity} in {city}. Bye, {first}.",
    ),
    # customer
    "lead": (
        "uh ",
        "um ",
        "well ",
        "so ",
        "yeah ",
        "look ",
        "okay ",
        "hi ",
        "i mean ",
        "you know ",
        "like ",
        "right ",
        "",
        "",
        "",
    ),
    "tail": (
        " my {relative} needs it for {activity}",
        " i have to leave at {clock}",
        " we are at {place} until {date}",
        " it was the same {when}",
        " the {thing} in the {room} says {number}",
        " i wrote to you {when} about it already",
        " i am holding the bill of {date} here",
        " {first} told me so {when}",
        " sorry the {thing} is loud here",
        "",
        "",
    ),
    "mood": (
        "this is really [annoying|frustrating]",
        "i'm [a bit|quite|so] fed up",
        "no rush",
        "i'm not angry just tired of it",
        "third time this month",
        "it's driving my {relative} mad",
        "i appreciate the help",
        "sorry to bother you",
    ),
    "problem": (
        "the {thing} in the {room} [drops|loses] the wifi {when}, usually during {activity}, {mood}",
        "my internet at {place} is slow {when}, i get {number} meg for {activity}",
        "there's a charge of {money} from {date} i don't [know|recognise], something with {thing_billed}",
        "i'm travelling to {abroad} {when} with my {relative} and want to know what my phone does there",
        "i ran out of data {when} again, {number} gigs gone with {activity}",
        "my order {ref} for the {brand} {thing} should have come to {street} {when}, {mood}",
        "we're moving from {street} to {place} {soon}, what happens to the internet",
        "i got a new {brand} phone {when} and the line ending {digits} doesn't work on it",
        "i can't get into my account {email}, it says error {number} {when}",
        "[i want to cancel|what would it cost to leave], the others offer {money} near {city}, {mood}",
        "the bill went from {money} to {money} {when}, is that {thing_billed}",
        "my {relative} wants a phone of their own {soon}, can that go on the account of {place}",
        "nothing works at {place} {when}, not even {activity}, is there an outage",
        "i lost my job {when} and can't pay the {money} {soon}",
    ),
    "digits_said": (
        "it's {digits}, name is {first} {last}",
        "{digits}, and yes still {street}",
        "the last four are {digits} i think, {last}",
        "{digits} on the one from {date}",
        "sure, {first} {last}, {digits}, the {street} one",
    ),
    "reply": (
        "light {number} is [green|red|blinking], and the {thing} still [hangs|drops] during {activity}",
        "yes that's the {money} from {date}, i never asked for {thing_billed}",
        "it says {letters} {digits} on the back of the {thing}",
        "{soon} works for me, tell {first} to ring {phone}",
        "hold on i'm walking to the {room}, now it shows {number}",
        "i did that {when} and then {small} more times",
        "no the {thing} is in the {room}, not at {place}",
        "did you mean the {brand} {thing} or the {thing}, i have both",
        "okay it came at {clock}, {mood}",
        "and what about {thing_billed}, was {money} {when}",
        "can someone come to {street} {soon} instead",
        "{mood}, i had {small} people on this since {date}",
        "please send it to {email}, my {relative} reads {phone}",
    ),
    "solved": (
        "[yes|yeah] that [works|solves it], the {thing} is back and {activity} runs",
        "perfect, {money} on {date}, thank you {mood}",
        "great the {room} has signal again, {number} meg now",
        "okay that's sorted, i'll look at the bill of {date}",
        "[looks good|that'll do], {small} bars in the {room}",
    ),
    "not_solved": (
        "no the {thing} in the {room} still drops, that's the {small}th time",
        "not really, the {money} is still there {when}",
        "that doesn't help with {activity}, {mood}",
    ),
    "accept": (
        "[yes please|sure|yeah okay] add it, for the line ending {digits}",
        "okay let's do that from {date}, my {relative} will be happy",
        "yes go ahead, {money} more is fine with {activity}",
        "sounds good, put {offer} on it, i'm at {place}",
        "yes, take it off the card ending {digits}, and send it to {email}",
    ),
    "refuse": (
        "[no thanks|no thank you|nah], i've {number} gigs left and {activity} works",
        "no, i [don't need|don't want] {offer}, not for {money}",
        "not interested, my {relative} has that from work in {city}",
        "i said no, i only called about the {thing}",
        "no please just {reply_short}",
        "i'm good, uh we only use it for {activity}",
        "stop selling me stuff, {mood}",
    ),
    "reply_short": ("fix the {thing}", "send the {money} back", "close {ref}", "look at {thing_billed}"),
    "defer": (
        "[maybe later|not now|not today], ask me after {date}",
        "let me talk to my {relative} first, {soon} maybe",
        "i'll think about it, have to see {activity} first",
        "hm maybe when the contract ends {when}",
    ),
    "deflect": (
        "and when does the {thing} arrive at {street} again",
        "what was the number for {ref}, i write it down at {clock}",
        "can we finish the {money} thing first",
        "hang on, {first} is at the door in the {room}",
    ),
    "object": (
        "{money} is [too much|a lot|expensive] for {activity}",
        "the others near {city} do that for {money}",
        "i don't want another contract until {date}",
        "last time {offer} was {money}, {when}, why is it more",
    ),
    "ask": (
        "how much is that for {small} lines",
        "what does it cost after {date}, and does it work in {place}",
        "is there a contract, we move {soon}",
        "does it do {activity} on the {thing} too",
        "can i end it {soon} if my {relative} doesn't like it",
        "what do i get for {money} then, {number} gigs",
    ),
    "unclear": (
        "hm {money}",
        "uh huh, {first} what, the {thing}",
        "okay so {offer} and {money} right",
        "mm i see, for the {room}",
        "well my {relative} did say something {when}",
    ),
    "done": (
        "no that's all, i'm off to {activity}",
        "nothing else, the {thing} can wait until {date}",
        "that's it, thanks {mood}",
        "no thank you, {first} picks me up at {clock}",
        "all good now, bye from {city}",
    ),
}

CITIES = (
    "Ogden", "Lubbock", "Dayton", "Tacoma", "Pueblo", "Fresno", "Bangor", "Macon", "Salem", "Boise", "Eugene", "Toledo",
    "Waco", "Reno", "Provo", "Akron", "Yuma", "Duluth", "Mobile", "Topeka", "Laredo", "Nashua", "Flint", "Athens",
)  # fmt: skip
STREETS = (
    "Alder", "Birch", "Canal", "Depot", "Elm", "Foundry", "Granite", "Harbor", "Ivy", "Juniper", "Kiln", "Linden",
    "Mill", "Nettle", "Orchard", "Poplar", "Quarry", "Ridge", "Spruce", "Tanner", "Union", "Vine", "Willow", "Yarrow",
)  # fmt: skip
FIRST = (
    "Ana", "Bram", "Chidi", "Dora", "Eli", "Fatima", "Goran", "Hana", "Ivo", "June", "Kofi", "Lena", "Mateo", "Nadia",
    "Omar", "Priya", "Quinn", "Rosa", "Sami", "Tess", "Uma", "Viktor", "Wanda", "Xiu", "Yusuf", "Zoe", "Marlon",
)  # fmt: skip
LAST = (
    "Abara", "Brandt", "Castillo", "Dvorak", "Eriksen", "Fofana", "Grigori", "Haddad", "Ito", "Jansen", "Kowal", "Lund",
    "Moreau", "Nakata", "Okafor", "Petrov", "Quist", "Rahimi", "Silva", "Tanaka", "Ueda", "Vargas", "Weiss", "Young",
)  # fmt: skip
REGIONS = ("US-CA", "US-CO", "US-OH", "US-TX", "US-UT", "US-WA", "US-ME", "US-AK", "US-VA", "US-NV", "US-GA")
SLIPS = {
    "brightwater": "bright water", "wifi": "why fi", "fiber": "viper", "your": "you're", "to": "too", "there": "their",
    "protect": "project", "pass": "past", "bill": "build", "line": "lion", "data": "day to", "plan": "plane",
    "internet": "in the net", "mesh": "mash", "credit": "crate it", "two": "to", "meg": "mag", "for": "four",
}  # fmt: skip
_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")

_PUNCTUATION = re.compile(r"[,.?!](?!\w)")
_PART = re.compile(r"\{(\w+)\}|\[([^\[\]]*)\]")


@lru_cache(maxsize=1)
def reference_policies() -> PolicySet:
    """The policy whose offers are spoken of."""
    return Workspace.reference().policies("brightwater-care")


def in_words(number: int) -> str:
    """A number from 0 to 999 as it is spoken."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        ones = number % 10
        return _TENS[number // 10] + (f" {_ONES[ones]}" if ones else "")
    rest = number % 100
    return f"{_ONES[number // 100]} hundred" + (f" {in_words(rest)}" if rest else "")


# --- one conversation's world ---


@dataclass
class Scene:
    """Who talks about what, and the dice; `say` expands a symbol of the grammar."""

    rng: random.Random
    voice: bool
    started: datetime
    fixed: dict[str, str] = field(default_factory=dict)

    def say(self, symbol: str) -> str:
        """A line for `symbol`, as the agent would speak it."""
        return " ".join(self._expand("{" + symbol + "}").split())

    def _expand(self, text: str) -> str:
        while _PART.search(text):
            text = _PART.sub(self._part, text)
        return text

    def _part(self, match: re.Match[str]) -> str:
        symbol, choices = match.group(1), str(match.group(2))
        if symbol is None:
            return self.rng.choice(choices.split("|"))
        if symbol in self.fixed:
            return self.fixed[symbol]
        return SLOTS[symbol](self) if symbol in SLOTS else self.rng.choice(GRAMMAR[symbol])

    def spoken(self, number: int) -> str:
        """A number, in words when the conversation is a call, most of the time."""
        return in_words(number) if self.voice and self.rng.random() < 0.7 else str(number)

    def amount(self, text: str) -> str:
        """An amount of dollars, as it is written or spoken."""
        whole, cents = (int(part) for part in text.split(".")) if "." in text else (int(text), 0)
        if not self.voice or self.rng.random() < 0.3:
            return f"${whole}.{cents:02d}" if cents else f"${whole}"
        return f"{in_words(whole)} {in_words(cents)}" if cents else f"{in_words(whole)} dollars"


def _code(scene: Scene) -> str:
    letters = "".join(scene.rng.choices("ABCDEFGHJKLMNPRSTUVWXYZ", k=2))
    return f"{letters}-{scene.rng.randint(1000, 99999)}"


def _date(scene: Scene) -> str:
    day = scene.started + timedelta(days=scene.rng.randint(-60, 60))
    return f"{day:%B} {day.day}" + scene.rng.choice(("", "th" if 4 <= day.day <= 20 else "", f", {day.year}"))


def _clock(scene: Scene) -> str:
    hour, minute = scene.rng.randint(1, 12), scene.rng.choice((0, 5, 10, 15, 20, 25, 30, 40, 45, 50))
    return f"{hour}:{minute:02d}" if minute else f"{hour} [am|pm]"


def _email(scene: Scene) -> str:
    return f"{scene.rng.choice(FIRST)}.{scene.rng.choice(LAST)}{scene.rng.randint(1, 99)}@mail.example".lower()


SLOTS: dict[str, Callable[[Scene], str]] = {
    "city": lambda scene: scene.rng.choice(CITIES),
    "street": lambda scene: f"{scene.rng.choice(STREETS)} {scene.rng.choice(('Street', 'Lane', 'Road', 'Avenue'))}",
    "first": lambda scene: scene.rng.choice(FIRST),
    "last": lambda scene: scene.rng.choice(LAST),
    "number": lambda scene: scene.spoken(scene.rng.randint(11, 990)),
    "small": lambda scene: scene.spoken(scene.rng.randint(2, 12)),
    "money": lambda scene: scene.amount(f"{scene.rng.randint(3, 240)}.{scene.rng.choice((0, 25, 49, 50, 95, 99)):02d}"),
    "digits": lambda scene: f"{scene.rng.randint(0, 9999):04d}",
    "letters": lambda scene: "".join(scene.rng.choices("ABCDEFGHKMPRSTX", k=3)),
    "ref": _code,
    "date": _date,
    "weekday": lambda scene: scene.rng.choice(("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")),
    "clock": _clock,
    "email": _email,
    "phone": lambda scene: f"555-01{scene.rng.randint(10, 99)}",
}


def _offer_slots(scene: Scene, offer: Offer, other: Offer) -> dict[str, str]:
    feature = scene.rng.choice(offer.features).text if offer.features else offer.name
    months = offer.term.months if offer.term else 0
    term = f"there is a {months}-month contract" if months else "there is no contract"
    return {
        "offer": scene.rng.choice(offer.names) if scene.rng.random() < 0.3 else offer.name,
        "other_offer": other.name,
        "fit": scene.rng.choice(offer.fits or (offer.name,)),
        "benefit": scene.rng.choice(offer.benefits or (feature,)),
        "feature": feature,
        "feature_low": feature,
        "feature_said": f"{feature[0].upper()}{feature[1:]}.",
        "term_low": term,
        "term_said": f"{term[0].upper()}{term[1:]}{_leaving(scene, offer)}.",
        "price": _price(scene, offer),
        "then_said": _then(scene, offer),
        "fee_said": " ".join(f"The {fee.name} is {scene.amount(fee.amount)}." for fee in offer.fees),
    }


def _price(scene: Scene, offer: Offer) -> str:
    if offer.price is None:
        return "ten dollars off a month"
    per = f" per {offer.price.per}" if offer.price.per else ""
    period = "a one-time charge" if offer.price.period == "once" else f"a {offer.price.period}"
    return f"{scene.amount(offer.price.amount)} {period}{per}"


def _then(scene: Scene, offer: Offer) -> str:
    if offer.price is None or offer.price.then is None or offer.price.promo_months is None:
        return ""
    return f"After {scene.spoken(offer.price.promo_months)} months it is {scene.amount(offer.price.then)}."


def _leaving(scene: Scene, offer: Offer) -> str:
    fee = offer.term.early_termination_fee if offer.term else None
    return f", and leaving early costs {scene.amount(fee)}" if fee else ""


# --- how the sides speak ---


def agent(scene: Scene, symbol: str, *calls: Said) -> Said:
    """A turn of the agent."""
    text = scene.say(symbol)
    return {"role": "agent", "text": text[0].upper() + text[1:], "tool_calls": list(calls)}


def customer(scene: Scene, symbol: str) -> Said:
    """A turn of the customer: disfluent and misheard on a call, hasty in a chat."""
    text = " ".join((scene.say("lead") + " " + scene.say(symbol) + " " + scene.say("tail")).split())
    return {"role": "customer", "text": _heard(scene.rng, text) if scene.voice else _typed(scene.rng, text)}


def _heard(rng: random.Random, text: str) -> str:
    words = _PUNCTUATION.sub("", text).lower().split()
    return " ".join(piece for word in words for piece in _slip(rng, word))


def _slip(rng: random.Random, word: str) -> list[str]:
    chance = rng.random()
    if chance < 0.025:
        return [word, word]
    if chance < 0.05:
        return [rng.choice(("uh", "um", "er", "like")), word]
    if chance < 0.06:
        return []
    return [SLIPS[word] if word in SLIPS and rng.random() < 0.08 else word]


def _typed(rng: random.Random, text: str) -> str:
    if rng.random() < 0.5:
        text = text[:1].upper() + text[1:] + rng.choice((".", "!", "", "?" if " what " in text else "."))
    words = [_typo(rng, word) for word in text.split()]
    return " ".join(words)


def _typo(rng: random.Random, word: str) -> str:
    if len(word) < 5 or not word.isalpha() or rng.random() > 0.02:
        return word
    at = rng.randrange(1, len(word) - 2)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _call(name: str, result: str, **arguments: Any) -> Said:
    return {"name": name, "arguments": arguments, "result": result}


# --- what happens ---


def held(scene: Scene, offer: Offer, length: int) -> list[Said]:
    """The turns of a conversation of about `length` turns, offered once, well or badly, or not at all."""
    solved = scene.rng.random() < 0.85
    pitched = _offered(scene, offer, length - 8) if scene.rng.random() < 0.8 else []
    start, end = _opening(scene), [*_fixing(scene, solved), *pitched, *_closing(scene)]
    middle = [turn for _ in range((length - len(start) - len(end)) // 2) for turn in _exchange(scene)]
    return [*start, *middle, *end]


def _opening(scene: Scene) -> list[Said]:
    digits = scene.rng.randint(0, 9999)
    lookup = _call("get_account", f"balance {scene.rng.randint(0, 300)}", last4=f"{digits:04d}")
    return [
        agent(scene, "greeting"),
        customer(scene, "problem"),
        {**agent(scene, "verify"), "tool_calls": [lookup] if scene.rng.random() < 0.4 else []},
        customer(scene, "digits_said"),
    ]


def _exchange(scene: Scene) -> list[Said]:
    return [agent(scene, scene.rng.choice(("step", "step", "found"))), customer(scene, "reply")]


def _fixing(scene: Scene, solved: bool) -> list[Said]:
    return [agent(scene, "fixed"), customer(scene, "solved" if solved else "not_solved")]


def _closing(scene: Scene) -> list[Said]:
    last = [agent(scene, "closing"), customer(scene, "done")]
    return [*last, agent(scene, "goodbye")] if scene.rng.random() < 0.5 else last


def _offered(scene: Scene, offer: Offer, room: int) -> list[Said]:
    course = scene.rng.choices(list(COURSES), weights=[weight for weight, _ in COURSES.values()])[0]
    turns = [_offer_turn(scene, offer, symbol) for symbol in COURSES[course][1]]
    return turns if len(turns) <= room else turns[:2] if room >= 2 else []


def _offer_turn(scene: Scene, offer: Offer, symbol: str) -> Said:
    if symbol in CUSTOMER_SIDE:
        return customer(scene, symbol)
    if symbol == "added":
        return agent(scene, symbol, _call("add_offer", "ok", offer=offer.id, account=scene.say("digits")))
    return agent(scene, symbol)


CUSTOMER_SIDE = frozenset(("accept", "refuse", "defer", "deflect", "object", "ask", "unclear"))
COURSES: dict[str, tuple[int, tuple[str, ...]]] = {
    "plain_yes": (4, ("pitch", "ask", "terms", "accept", "added")),
    "quick_yes": (2, ("pitch", "accept", "half_terms", "accept", "added")),
    "plain_no": (5, ("pitch", "refuse", "let_go")),
    "later": (3, ("pitch", "defer", "let_go")),
    "elsewhere": (2, ("pitch", "deflect", "let_go")),
    "pushed": (3, ("pitch", "refuse", "push", "refuse", "let_go")),
    "pushed_twice": (1, ("pitch", "defer", "push", "refuse", "push", "accept", "added")),
    "object_no": (2, ("pitch", "object", "answer", "refuse", "let_go")),
    "object_yes": (2, ("pitch", "object", "answer", "ask", "terms", "accept", "added")),
    "wrong": (2, ("pitch", "ask", "wrong_terms", "accept", "added")),
    "presumed": (1, ("pitch", "unclear", "added", "refuse", "let_go")),
    "unclear_yes": (2, ("pitch", "unclear", "terms", "accept", "added")),
}
"""What becomes of an offer: how often, and by which turns."""


# --- the whole ---


def make_conversation(number: int, seed: int, policies: PolicySet, length: int | None = None) -> Conversation:
    """Conversation `number` of a seed, of about `length` turns or as many as chance has it; none depends on others."""
    rng = random.Random(f"{seed}/{number}")
    started = datetime(2026, 10, 1, 8, tzinfo=UTC) + timedelta(minutes=rng.randrange(60 * 24 * 60))
    found = policies.in_force(started.date())
    offers = found.policy.offers if found is not None else policies.newest.offers
    offer, other = rng.sample(offers, 2)
    scene = Scene(rng, rng.random() < 0.6, started, {"first": rng.choice(FIRST), "product": "Fiber 300"})
    scene.fixed.update(_offer_slots(scene, offer, other))
    drawn = rng.randint(SHORTEST, LONGEST)
    turns = held(scene, offer, drawn if length is None else length)
    return Conversation.model_validate(
        {
            "id": f"made-{seed}-{number:06d}",
            "channel": "voice" if scene.voice else "chat",
            "started_at": started,
            "agent": {"name": "care", "prompt_version": "v1"},
            "facets": {"state": "made"},
            "customer": _record(scene, offer),
            "turns": _timed(rng, turns) if scene.voice else turns,
        }
    )


def _record(scene: Scene, offer: Offer) -> dict[str, Any]:
    rng, rules = scene.rng, offer.eligibility
    signals = (*rules.signals, "streaming", "price_sensitive", "no_offers")
    products = rng.sample(("DSL-25", "FIBER-100", "FIBER-300", "MOBILE-5", "MOBILE-15", "UNL-START", "PROTECT"), 2)
    return {
        "region": rng.choice(REGIONS),
        "segment": rng.choice((*rules.segments, "home_only", "mobile_only", "mobile_and_home")),
        "lifecycle": rng.choice((*rules.lifecycle, "in_contract", "renewal")),
        "plan": products[0],
        "products": products,
        "tenure_months": rng.randint(1, 140),
        "open_cases": rng.choices(([], ["billing_dispute"], ["service_fault"]), weights=(8, 1, 1))[0],
        "signals": sorted(set(rng.choices(signals, k=2))),
        "marketing_consent": rng.random() < 0.5,
        "account": {"past_due": rng.random() < 0.05},
    }


def _timed(rng: random.Random, turns: Sequence[Said]) -> list[Said]:
    at, timed = 0.0, []
    for turn in turns:
        seconds = round(len(turn["text"]) / 15 + rng.random(), 2)
        times = {"start": round(at, 2), "end": round(at + seconds, 2), "confidence": round(rng.uniform(0.6, 1), 3)}
        timed.append({**turn, **times, **_cut_off(rng, turn)})
        at += seconds + rng.random()
    return timed


def _cut_off(rng: random.Random, turn: Said) -> Said:
    if turn["role"] != "agent" or rng.random() > 0.03:
        return {}
    return {"interrupted": True, "delivered": int(len(turn["text"]) * rng.uniform(0.4, 0.95))}


def make_conversations(count: int, seed: int = 7) -> Iterator[Conversation]:
    """`count` conversations, one at a time; the same seed gives the same ones."""
    policies = reference_policies()
    return (make_conversation(number, seed, policies) for number in range(count))


@dataclass(frozen=True)
class Variety:
    """How much of what was said was said once only."""

    conversations: int
    turns: int
    distinct_turns: int
    sentences: int
    distinct_sentences: int

    def __str__(self) -> str:
        return (
            f"{self.conversations} conversations; {self.turns} turns, {self.distinct_turns / max(1, self.turns):.1%} "
            f"distinct; {self.sentences} sentences, {self.distinct_sentences / max(1, self.sentences):.1%} distinct"
        )


def variety(conversations: Iterable[Conversation]) -> Variety:
    """How many turns and sentences differ, after normalisation."""
    turns: set[int] = set()
    said: set[int] = set()
    held, all_turns, all_said = 0, 0, 0
    for conversation in conversations:
        texts = [normalise(turn.text).text for turn in conversation.turns]
        pieces = [text[start:end] for text in texts for start, end in sentences(text)]
        turns.update(map(hash, texts))
        said.update(map(hash, pieces))
        held, all_turns, all_said = held + 1, all_turns + len(texts), all_said + len(pieces)
    return Variety(held, all_turns, len(turns), all_said, len(said))


def write(path: Path, count: int, seed: int) -> None:
    """Write the conversations as JSON Lines."""
    with path.open("w", encoding="utf-8") as stream:
        for conversation in make_conversations(count, seed):
            stream.write(conversation.model_dump_json(exclude_none=True, exclude_defaults=True) + "\n")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Write invented telecom care conversations as JSON Lines.")
    parser.add_argument("count", type=int)
    parser.add_argument("--out", type=Path, help="the file; without it only the variety is told")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    if given.out is not None:
        write(given.out, given.count, given.seed)
    print(variety(make_conversations(given.count, given.seed)), file=sys.stderr)


if __name__ == "__main__":
    main()
