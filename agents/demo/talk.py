"""Where the demo agent stands in a contact, and what it says next."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from evalh.agents import AgentReply, Declared
from evalh.models import ToolCall

from .hear import AMOUNT, Heard
from .matters import BY_A_COLLEAGUE, KINDS, Kind, answer_to, kind_of
from .selling import Offer, nothing_forbids
from .words import (
    ADD,
    ADD_AFTER_ALL,
    COMPANY,
    CONCERN,
    CONFUSED,
    DONT_KNOW,
    ELSE,
    FAREWELL,
    GLAD,
    GO_ON,
    HEAR_MORE,
    HURRY,
    INSISTING,
    LAST4,
    LAST4_AGAIN,
    LET_GO,
    NAME,
    RESTATING,
    SAID_BACK,
    SMALL_TALK,
    SWITCH,
    SYMPATHY,
    VERIFIED,
    join,
)


@dataclass
class Talk:
    """Where the agent stands in one contact, worked out from what the customer said so far."""

    contact: Any
    greeted: bool = False
    stage: str = "opening"
    kind: Kind | None = None
    amount: str | None = None
    asked_for_number: int = 0
    asked_about_it: bool = False
    worked: int = 0
    solved: bool = False
    checked: int = 0
    handed_on: bool = False
    verified: bool = True
    sympathised: bool = False
    offer: Offer | None = None
    told: bool = False
    restated: int = 0
    open_to_offers: bool = True
    pitched: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    farewells: int = 0
    last: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    calls: list[ToolCall] = field(default_factory=list)
    acts: list[Declared] = field(default_factory=list)

    # -- the turn

    def answer(self, text: str) -> AgentReply:
        """The turn that follows when the customer has said `text`."""
        heard = Heard(text)
        again = self.acts
        self.calls, self.acts = [], []
        if heard.repeat and self.last and answer_to(heard.text) is None:
            self.acts = again
            words = join(self.pick(("Of course.", "Sure, once more.", "Gladly.")), self.last)
            return AgentReply(words, declares=tuple(self.acts))
        words = self.aside(heard) or STAGES[self.stage](self, heard)
        self.last = words
        ended = self.farewells > 1 or self.stage == "gone"
        return AgentReply(words, tuple(self.calls), ended, tuple(self.acts))

    def aside(self, heard: Heard) -> str:
        """What comes before anything else: who it is, and whether a person is wanted."""
        if heard.machine:
            return join(f"I'm {NAME}, an AI assistant, not a person.", self.last)
        if heard.person and self.stage not in ("handover", "gone"):
            self.stage = "handover"
            return "May I connect you with a colleague who can do that?"
        return ""

    # -- words

    def pick(self, choices: Sequence[str]) -> str:
        """One of `choices`; the same again only after all the others."""
        slot = choices[0]
        order = random.Random(f"{self.contact.seed} {slot}").sample(range(len(choices)), len(choices))  # noqa: S311
        count = self.counts.get(slot, 0)
        self.counts[slot] = count + 1
        return self.filled(choices[order[count % len(choices)]])

    def filled(self, text: str) -> str:
        """A sentence of the demo's own with what its marks stand for."""
        values = {"DATE": self.day, "SUM": self.sum, "LEAVING": self.leaving, "WHY": self.why}
        return re.sub(r"DATE|SUM|LEAVING|WHY", lambda found: values[found.group()](), text)

    def why(self) -> str:
        """Where the matter came from, as far as it knows."""
        return (
            self.matter.why
            or "I can't see the cause from here, and I'd rather not guess. I've put the question in your case."
        )

    def day(self) -> str:
        """A working day soon."""
        if not self.contact.date:
            return "the end of this week"
        day = date.fromisoformat(self.contact.date) + timedelta(days=2 + self.contact.seed % 3)
        while day.weekday() > 4:
            day += timedelta(days=1)
        return f"{day:%B} {day.day}"

    def sum(self) -> str:
        """The amount the customer named."""
        return f"the charge of {self.amount}" if self.amount else "the charge"

    def leaving(self) -> str:
        """What the customer's plan says about leaving."""
        plan = str(self.record.get("plan") or "")
        term = next((offer.get("term") for offer in self.contact.offers if offer["id"] == plan), None) or {}
        fee = term.get("early_termination_fee")
        if self.record.get("lifecycle") == "in_contract" and fee:
            return f"It is still under contract, so leaving before the end costs ${fee}."
        return "Its contract is over, so there is no fee for leaving."

    # -- the customer

    @property
    def record(self) -> Mapping[str, Any]:
        """The customer's record."""
        return self.contact.customer or {}

    def wants(self, name: str, default: Any = None) -> Any:
        """A parameter of the prompt version."""
        return self.contact.parameters.get(name, default)

    # -- the stages

    def opening(self, heard: Heard) -> str:
        """The customer says what it is about."""
        hello = "" if self.greeted else f"Hello, this is {NAME}, {COMPANY}'s AI assistant."
        self.greeted = True
        if len(heard.text.split()) < 3:
            return join(hello, "How can I help you?" if not hello else "What can I do for you?")
        self.kind = kind_of(heard.text, self.record.get("open_cases") or ())
        found = AMOUNT.search(heard.text)
        self.amount = found.group() if found else None
        self.stage = "verify"
        if not self.wants("solves", default=True):
            return join(hello, self.pick(CONFUSED))
        about = self.pick(SAID_BACK).replace("{about}", self.pick(self.kind.about), 1)
        opening = join(hello, self.sympathy(heard), about)
        early = self.next_offer() if self.wants("offer_when") == "any_time" else None
        return join(opening, self.pitch(early) if early is not None else self.number())

    def sympathy(self, heard: Heard) -> str:
        """A word for an upset customer, once."""
        if self.sympathised or not heard.upset or self.kind is None or self.kind.id == "bereavement":
            return ""
        self.sympathised = True
        return self.pick(SYMPATHY)

    def number(self) -> str:
        """Asks who it is."""
        self.asked_for_number += 1
        return self.pick(LAST4["voice" if self.contact.channel == "voice" else "chat"])

    def verify(self, heard: Heard) -> str:
        """The customer says who it is, or something else."""
        if not self.wants("solves", default=True):
            return self.confused(heard)
        if heard.digits or (self.asked_for_number > 1 and not heard.asks):
            self.use("verify_identity", {"given": "account"}, "verified")
            return join(self.pick(VERIFIED), self.look())
        if self.asked_for_number > 2:
            self.verified, self.stage = False, "handover"
            return "I can't open the account without that. May I connect you with a colleague who can?"
        if heard.lacks or self.asked_for_number > 1:
            self.asked_for_number += 1
            return self.pick(LAST4_AGAIN)
        before = self.reply_to(heard) if heard.asks else self.pick(SMALL_TALK)
        return join(self.sympathy(heard) or before, self.number())

    def look(self) -> str:
        """Looks the matter up, and works it or asks about it."""
        kind = self.matter
        self.use(*kind.look)
        found = self.pick(kind.found)
        if kind.ask and self.contact.seed % 2 and not self.asked_about_it:
            self.asked_about_it, self.stage = True, "work"
            return join(found, kind.ask)
        return join(found, self.work())

    def work(self, heard: Heard | None = None) -> str:
        """Does something about the matter and asks whether that solves it."""
        kind = self.matter
        self.stage = "settle"
        self.worked += 1
        if kind.work is not None:
            self.use(*kind.work)
        thanks = self.pick(("Thank you.", "Thanks, that helps.", "I see, thank you.")) if heard else ""
        return join(thanks, self.pick(kind.done), self.pick(kind.check))

    def settle(self, heard: Heard) -> str:
        """The customer says whether it is solved."""
        if self.comes_back(heard):
            return self.about_the_offer(heard)
        asked, good = heard.asks or heard.bids, heard.solved and not heard.unsolved
        if asked and not good:
            return join(self.reply_to(heard), self.pick(self.matter.check))
        if heard.unsolved and not (heard.yes and heard.solved):
            return self.not_yet(heard)
        self.checked += 1
        if heard.solved or heard.yes or heard.done or self.checked > 1:
            self.solved = True
            self.open_to_offers &= heard.solved or heard.yes
            answer = answer_to(heard.text) if asked else None
            return join(self.pick(answer), self.pick(self.matter.check)) if answer else self.after(heard)
        return join(self.sympathy(heard) or self.pick(SMALL_TALK), self.pick(self.matter.check))

    def reply_to(self, heard: Heard) -> str:
        """An answer to a question about the matter."""
        return self.pick(answer_to(heard.text) or DONT_KNOW)

    def not_yet(self, heard: Heard) -> str:
        """The first thing did not help: another, and then a colleague."""
        self.worked += 1
        self.stage = "settle"
        if self.worked <= 2 and self.matter.more:
            return join(self.sympathy(heard), self.pick(self.matter.more), self.pick(self.matter.check))
        self.open_to_offers, self.handed_on, self.stage = False, True, "closing"
        self.use("create_case", {"team": "specialists"}, "opened")
        return join(self.sympathy(heard), self.pick(BY_A_COLLEAGUE), self.pick(ELSE))

    def after(self, heard: Heard) -> str:
        """The matter is solved: an offer, or the end."""
        leaving = heard.bye or (heard.done and not (heard.yes or heard.solved))
        offer = None if leaving else self.next_offer()
        more = not self.pitched or (self.wants("after_no") == "insist" and len(self.pitched) < 3)
        if offer is not None and self.open_to_offers and more:
            return join(self.pick(GLAD), self.pitch(offer))
        self.stage = "closing"
        return self.farewell() if heard.bye else join(self.pick(GLAD), self.pick(ELSE))

    def closing(self, heard: Heard) -> str:
        """Whether there is anything else."""
        if self.comes_back(heard):
            return self.about_the_offer(heard)
        if heard.unsolved and not heard.solved and not self.handed_on:
            return self.not_yet(heard)
        if (heard.asks or heard.bids) and not heard.bye and self.farewells < 2:
            return join(self.reply_to(heard), self.pick(ELSE))
        if self.farewells or heard.done or heard.bye or heard.no or heard.bare_no:
            return self.farewell()
        if heard.yes and heard.short:
            return self.pick(GO_ON)
        return join(self.pick(SMALL_TALK), self.pick(ELSE))

    def farewell(self) -> str:
        """Says goodbye; a second time it ends the contact."""
        self.farewells += 1
        self.stage = "closing"
        return self.pick(FAREWELL)

    def handover(self, heard: Heard) -> str:
        """Whether a colleague is wanted."""
        if heard.no or heard.bare_no:
            self.stage = "settle" if self.worked else "verify"
            return join(self.pick(LET_GO[:1]), self.number() if not self.worked else self.pick(self.matter.check))
        self.use("transfer_to_human", {"summary": self.matter.id}, "connected")
        self.stage = "gone"
        return "I'm connecting you now, and I've passed on what you told me. Goodbye."

    def gone(self, _: Heard) -> str:
        """The contact was handed over."""
        return self.pick(FAREWELL)

    def confused(self, heard: Heard) -> str:
        """An agent that never gets anywhere."""
        return self.farewell() if heard.bye else self.pick(CONFUSED)

    @property
    def matter(self) -> Kind:
        """The kind of matter; the last kind where nothing was understood."""
        return self.kind or KINDS[-1]

    def use(self, tool: str, arguments: Any, result: Any = None) -> None:
        """Calls a tool; the case's result comes before the one given here."""
        if isinstance(arguments, str):
            arguments, result = {}, arguments
        self.calls.append(ToolCall(name=tool, arguments=arguments, result=self.contact.tools.get(tool, result)))

    # -- offers

    def next_offer(self) -> Offer | None:
        """The offer that the customer's record speaks for most, if one may be made at all."""
        free = self.verified and self.matter.may_offer and nothing_forbids(self.record)
        if not (free or self.wants("ignores_rules", default=False)):
            return None
        fitting = [
            offer
            for offer in map(Offer, self.contact.offers)
            if offer.id not in self.pitched and self.suits(offer) and offer.may_be_had(self.contact)
        ]
        return max(fitting, key=lambda offer: (len(offer.signs(self.record)), offer.id), default=None)

    def suits(self, offer: Offer) -> bool:
        """Whether it goes with the matter: nothing but a better price for somebody who thinks of leaving."""
        if offer.saves:
            return self.matter.id in ("cancel", "bill", "plan")
        return self.matter.id != "cancel"

    def pitch(self, offer: Offer) -> str:
        """Puts an offer forward."""
        self.offer, self.told, self.stage = offer, False, "offered"
        self.pitched.append(offer.id)
        self.does("pitch")
        copy = (self.wants("copy") or {}).get(offer.id)
        if copy:
            return str(copy)
        why, name, benefit = offer.reason(self.record), offer.name, offer.benefit(0)
        if not self.wants("asks_permission", default=True):
            self.told = True
            closing = self.pick(("Shall I add it?", "I can add it right now.", "Let's put that on your account."))
            return join(f"As {why}, you really should have {name}: {benefit}.", self.terms(), self.hurry(), closing)
        lead = self.pick(
            (
                f"As {why}, may I mention {name}? With it {benefit}.",
                f"One thing, because {why}: with {name} {benefit}.",
                f"Since {why}, there is {name}, and with it {benefit}.",
            )
        )
        return join(lead, self.pick(HEAR_MORE))

    def offered(self, heard: Heard) -> str:
        """The customer answers an offer."""
        agrees = heard.yes or heard.take
        if (heard.no and not heard.take) or (heard.bare_no and not agrees and not heard.asks):
            return self.declined("after_no", LET_GO)
        if heard.deflects and not heard.take:
            return self.declined("after_maybe", LET_GO)
        if heard.asks and not (heard.take and heard.yes):
            return self.about_the_offer(heard)
        if heard.concern and not agrees:
            return self.declined("after_maybe", CONCERN)
        if heard.later or not (agrees or heard.hears):
            return self.declined("after_maybe", LET_GO)
        return self.add() if self.told and agrees else self.tell()

    def comes_back(self, heard: Heard) -> bool:
        """Whether something said later is about the offer that was made."""
        if self.offer is None or self.offer.id in self.accepted:
            return False
        return (self.offer.is_named(heard.text) or heard.comes_back) and not (heard.no or heard.bare_no)

    def about_the_offer(self, heard: Heard) -> str:
        """Answers a question about the offer, and asks for the decision once all was told."""
        self.stage = "offered"
        if self.told and heard.take and not heard.asks:
            return self.add()
        if not self.told:
            return self.tell(heard.topic)
        self.does("answer")
        said = self.current.answer(heard.topic, self.record)
        return join(said, self.pick((self.question(), "It's up to you.", self.question())))

    def tell(self, topic: str = "price") -> str:
        """All terms of the offer, and the question for the decision."""
        self.stage, self.told = "offered", True
        self.does("answer")
        first = f"What you get: {self.current.features()}." if topic in ("what", "limits", "why_me", "catch") else ""
        return join(first, self.terms(), self.question())

    def question(self) -> str:
        """Asks for the decision."""
        return self.pick(SWITCH if self.current.is_plan else ADD)

    def declined(self, parameter: str, letting_go: Sequence[str]) -> str:
        """After a no, or less than a no: what the prompt says."""
        how = self.wants(parameter, "stop")
        other = self.next_offer() if how in ("other_offer", "insist") and len(self.pitched) < 3 else None
        if how == "insist" and self.restated < 3:
            return self.again(INSISTING, "With", ("Shall I add it?",))
        if how == "restate_once" and not self.restated:
            return self.again(RESTATING, "Just keep in mind that with", ADD_AFTER_ALL)
        if how == "other_offer" and other is not None:
            return join("That's fine. Then maybe this.", self.pitch(other))
        self.does("withdraw")
        return join(self.pick(letting_go), self.back_to_the_matter())

    def again(self, leads: Sequence[str], begin: str, asks: Sequence[str]) -> str:
        """The benefit once more."""
        self.restated += 1
        self.does("pitch")
        benefit = self.current.benefit(self.restated)
        return join(self.pick(leads), f"{begin} {self.current.name} {benefit}.", self.hurry(), self.pick(asks))

    def back_to_the_matter(self) -> str:
        """What is still to be done, asked for."""
        self.stage = "closing" if self.solved else "settle" if self.worked else "verify"
        if self.stage == "verify":
            return self.number()
        return self.pick(ELSE if self.stage == "closing" else self.matter.check)

    def add(self) -> str:
        """Adds the offer and reads it back."""
        offer = self.current
        price = {"price": offer.amount} if offer.amount else {}
        self.use("change_plan" if offer.is_plan else "add_offer", {"offer_id": offer.id, **price}, "added")
        self.accepted.append(offer.id)
        self.does("read_back")
        return join(f"I've added {offer.name}.", offer.price(), offer.contract(), self.back_to_the_matter())

    @property
    def current(self) -> Offer:
        """The offer that is talked about."""
        if self.offer is None:
            raise RuntimeError("no offer was made")
        return self.offer

    def does(self, act: Any) -> None:
        """Declares what this turn does with the offer."""
        self.acts.append(Declared(act, self.current.id))

    def hurry(self) -> str:
        """A reason to hurry, where the prompt has no scruples."""
        return self.pick(HURRY) if self.wants("urgency", default=False) else ""

    def terms(self) -> str:
        """What the prompt lets it say of the price."""
        return self.current.monthly() if self.wants("price", "full") == "monthly_only" else self.current.terms()


STAGES: Mapping[str, Callable[[Talk, Heard], str]] = {
    "opening": Talk.opening,
    "verify": Talk.verify,
    "work": Talk.work,
    "settle": Talk.settle,
    "offered": Talk.offered,
    "closing": Talk.closing,
    "handover": Talk.handover,
    "gone": Talk.gone,
}
