"""An offer as the demo agent sells it: whom it may be made to, why, what it does for them, and its terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .words import join

SIGNS = {
    "travel_booked": "you have a trip coming up",
    "roaming": "you used your phone abroad",
    "weak_wifi": "the signal is weak in part of your home",
    "large_home": "your home is on the larger side",
    "data_overage": "you went over your data more than once",
    "heavy_data": "you use a lot of data",
    "hotspot_use": "you use the hotspot a lot",
    "works_from_home": "you work from home",
    "many_devices": "you have many devices online",
    "streaming": "you stream a good deal",
    "slow_speed": "your line is on the slow side",
    "gaming": "you play online",
    "large_uploads": "you send large files",
    "security_concern": "you asked about safety online",
    "children_online": "you have children online",
    "international_calls": "you call other countries",
    "new_device": "you have a new phone",
    "device_repair": "you had a phone repaired",
    "device_lost": "you lost a phone before",
    "family_line": "you were thinking of a phone for the family",
    "tablet_owner": "you have a tablet",
    "watch_owner": "you have a watch with its own radio",
    "remote_access": "you reach your network from outside",
    "hosts_server": "you run a server",
    "card_payments": "you take card payments",
    "needs_uptime": "you can't do without the line",
    "price_sensitive": "you keep an eye on the bill",
    "competitor_quote": "you had a cheaper quote",
}
BENEFITS = {
    "FIBER-300": ("pages and shows load without waiting", "you have no data cap to watch"),
    "FIBER-500": ("video calls drop out less", "several of you can stream at once"),
    "FIBER-1G": ("large downloads finish in minutes", "the whole house can be online at once"),
    "FIBER-2G": ("big uploads finish while nobody else slows down", "backups are done sooner"),
    "MESH": ("the Wi-Fi is steady in the rooms where it drops today", "it carries the signal to the far rooms"),
    "SECURE-SUITE": ("bad links are stopped before they open", "you set the children's screen hours in one place"),
    "STREAM-BUNDLE": ("you have one bill in place of three", "you watch it all from one place"),
    "MOBILE-20": ("you'd have no more overage charges", "there is enough left for a hotspot day"),
    "UNL-START": ("you'd have no overage charges at all", "you never have to count your data"),
    "UNL-PLUS": ("you have enough hotspot for a work week away", "video is sharper"),
    "FAMILY-LINE": ("the whole family is on one bill", "a child's phone costs less than a plan of its own"),
    "TRAVEL-PASS": ("maps and messages work on arrival", "you pay only for the days you use it"),
    "TRAVEL-PASS-PLUS": ("you have one price for the whole trip", "there is no daily charge to keep track of"),
    "INTL-CALL": ("you have one monthly price in place of a charge for each call", "you needn't count minutes"),
    "PROTECT": ("a repair has a set charge in place of the shop's price", "a broken screen is no drama"),
    "PROTECT-PLUS": ("a lost phone is replaced for a set charge", "you're never long without a phone"),
    "TABLET-LINE": ("the tablet is online in the car or on the train", "you don't need Wi-Fi for it"),
    "WATCH-LINE": ("calls reach the watch when the phone stays at home", "you can leave the phone behind"),
    "STATIC-IP": ("cameras and remote access keep the same address", "nothing has to follow a changing address"),
    "BIZ-BACKUP": ("the card reader keeps working when fiber is down", "you don't lose sales to an outage"),
    "LOYALTY-CREDIT": ("your bill is lower without changing anything", "your plan stays exactly as it is"),
}  # fmt: skip
FORBIDDEN = frozenset({"vulnerable", "hardship", "recent_complaint", "unresolved_fault", "no_offers"})
"""Signals with which nothing is offered."""


class Offer:
    """An offer of the policy, as `contact.offers` has it. All amounts are read from it."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given
        self.id = str(given["id"])
        self.name = str(given["names"][0])
        self._price: Mapping[str, Any] = given.get("price") or {}
        self._rules: Mapping[str, Any] = given.get("eligibility") or {}

    @property
    def saves(self) -> bool:
        """Whether it is there to keep a customer."""
        return self._given.get("kind") == "retention"

    @property
    def is_plan(self) -> bool:
        """Whether it takes the place of what the customer has."""
        return self._given.get("kind") == "upsell"

    @property
    def amount(self) -> str | None:
        """The price."""
        return self._price.get("amount")

    def is_named(self, text: str) -> bool:
        """Whether one of its names is said."""
        return any(str(name).lower() in text.lower() for name in self._given["names"])

    # -- for whom

    def signs(self, record: Mapping[str, Any]) -> list[str]:
        """The signals of a customer's record that speak for it."""
        return [item for item in signals(record) if item in (self._rules.get("signals") or ())]

    def reason(self, record: Mapping[str, Any]) -> str:
        """Why it is mentioned, as a clause."""
        return next((SIGNS[sign] for sign in self.signs(record) if sign in SIGNS), "it seems to fit")

    def may_be_had(self, contact: Any) -> bool:
        """Whether the policy's lines of eligibility let this customer have it, and something speaks for it."""
        record = contact.customer or {}
        region = str(record.get("region") or "")
        regions = self._rules.get("regions") or [region]
        return bool(
            self._given.get("status") == "active"
            and self.id not in (record.get("products") or ())
            and self.signs(record)
            and any(region == one or region.startswith(f"{one}-") for one in regions)
            and region not in (self._rules.get("regions_blocked") or ())
            and all(
                record.get(field) in (self._rules.get(line) or [record.get(field)])
                for field, line in (("segment", "segments"), ("lifecycle", "lifecycle"))
            )
            and holds(self._rules.get("condition"), contact)
        )

    # -- what is said of it

    def benefit(self, at: int) -> str:
        """What it would do for the customer, as a clause."""
        said = BENEFITS.get(self.id) or tuple(self._given.get("benefits") or ("you get more out of it",))
        return str(said[at % len(said)])

    def features(self) -> str:
        """What it has."""
        return "; ".join(feature["text"] for feature in self._given.get("features", ())[:2])

    def answer(self, topic: str, record: Mapping[str, Any]) -> str:
        """What is said to a question about it."""
        return {
            "price": self.price(),
            "term": self.contract(),
            "fee": self.fees() or "There is no fee for setting it up, only the price.",
            "catch": join("None that I know of, but here is all of it.", self.fees(), self.contract()),
            "visit": "No, nobody has to come out for it.",
            "number": "Yes, your number stays as it is.",
            "limits": f"What you get: {self.features()}.",
            "how": "I add it here, and it works within the hour. There is nothing you need to do.",
            "why_me": f"I thought of it because {self.reason(record)}.",
        }.get(topic, f"What you get: {self.features()}. So {self.benefit(1)}.")

    # -- its terms

    def terms(self) -> str:
        """The price, and all else the customer has to know before deciding."""
        return join(self.price(), self.fees(), self.contract(), self.limits())

    def monthly(self) -> str:
        """The price alone, and that it is not much."""
        return f"It's only ${self.amount} a {self._price.get('period', 'month')}." if self.amount else ""

    def price(self) -> str:
        """The price, and what it is later."""
        if not self._price:
            credit = (self._given.get("discounts") or [{}])[0]
            back = "After that your bill goes back to the usual price."
            return f"It takes ${credit.get('amount')} off each month for {credit.get('months')} months. {back}"
        period = "for the whole trip" if self._price["period"] == "trip" else f"a {self._price['period']}"
        per = {"line": " for each line", "device": " for each phone"}.get(str(self._price.get("per")), "")
        if not self._price.get("then"):
            return f"It's ${self.amount} {period}{per}."
        first = f"${self.amount} a month{per} for the first {self._price['promo_months']} months"
        return f"It's {first} and ${self._price['then']} a month after that."

    def fees(self) -> str:
        """What is charged beside the price."""
        fees = self._given.get("fees") or ()
        once = [f"There is also a one-time {fee['name']} of ${fee['amount']}." for fee in fees if fee["when"] == "once"]
        used = " or ".join(f"a {fee['name']} of ${fee['amount']}" for fee in fees if fee["when"] == "use")
        return join(*once, f"When you make a claim there is {used}." if used else "")

    def contract(self) -> str:
        """How long it binds, and what leaving early costs."""
        term = self._given.get("term") or {}
        if not term.get("months"):
            return "There's no contract, so you can remove it at any time."
        fee = term.get("early_termination_fee")
        return f"It's a {term['months']}-month agreement" + (
            f" with a fee of ${fee} if you leave early." if fee else "."
        )

    def limits(self) -> str:
        """What else has to be said of it."""
        wanted = self._given.get("disclosures") or ()
        features = {feature["id"]: feature["text"] for feature in self._given.get("features") or ()}
        return join(
            "Those are top speeds; what you get depends on your devices." if "speeds_vary" in wanted else "",
            f"That's {features['data']}." if "fair_use" in wanted and "data" in features else "",
            "You are charged only for the days you use it." if "travel_days" in wanted else "",
            f"It {features['length']}." if "travel_limit" in wanted and "length" in features else "",
        )


def signals(record: Mapping[str, Any]) -> list[str]:
    """The signals of a customer's record, without what they are about: `roaming:AR` is `roaming`."""
    return [str(item).split(":")[0] for item in record.get("signals") or ()]


def nothing_forbids(record: Mapping[str, Any]) -> bool:
    """Whether nothing in a customer's record forbids an offer."""
    past_due = (record.get("account") or {}).get("past_due")
    return not (FORBIDDEN & set(signals(record)) or record.get("open_cases") or past_due)


def holds(condition: str | None, contact: Any) -> bool:
    """Whether a condition of the policy holds for the customer; what cannot be told does not."""
    if not condition:
        return True
    import cel

    given = {"customer": dict(contact.customer or {}), "intents": [], "channel": contact.channel}
    try:
        return cel.compile(condition).execute({**given, "language": contact.language}) is True
    except Exception:  # cel has no exception type of its own
        return False
