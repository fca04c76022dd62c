# ruff: noqa: E501
"""Offers of other businesses than telecom through the local reader: bank, hotel, gym, energy, software, retail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

import pytest

from evalh.models import Claim, Lexicon, Reading
from evalh.reader.local import LocalReader
from evalh.testing import make_conversation, make_policy

READER = LocalReader(rules_only=True)

OFFERS: dict[str, list[dict[str, Any]]] = {
    "bank": [
        {
            "id": "PREMIER",
            "names": ["Premier Account"],
            "category": "current_account",
            "kind": "upsell",
            "price": {"amount": "15.00", "period": "month"},
            "term": {"months": 0},
            "features": [{"id": "fx", "text": "no foreign transaction fees"}],
            "benefits": ["a higher savings rate"],
        },
        {
            "id": "CARD-TRAVEL",
            "names": ["Travel Card Insurance", "card travel cover"],
            "category": "insurance",
            "kind": "cross_sell",
            "price": {"amount": "48.00", "period": "year"},
            "features": [{"id": "medical", "text": "emergency medical costs up to 50,000 dollars"}],
        },
    ],
    "hotel": [
        {
            "id": "BREAKFAST",
            "names": ["Breakfast Buffet", "breakfast"],
            "category": "dining",
            "kind": "cross_sell",
            "price": {"amount": "18.00", "period": "day", "per": "guest"},
            "features": [{"id": "hours", "text": "served from 6:30 to 10:30"}],
        },
        {
            "id": "LATE-OUT",
            "names": ["Late Checkout"],
            "category": "stay",
            "kind": "cross_sell",
            "price": {"amount": "35.00", "period": "once"},
            "features": [{"id": "time", "text": "keep the room until 3 pm"}],
            "benefits": ["a slow last morning"],
        },
        {
            "id": "SEA-SUITE",
            "names": ["Sea View Suite", "room upgrade"],
            "category": "room",
            "kind": "upsell",
            "price": {"amount": "60.00", "period": "once", "per": "night"},
            "benefits": ["a balcony over the bay"],
        },
    ],
    "gym": [
        {
            "id": "GOLD",
            "names": ["Gold Membership", "Gold"],
            "category": "membership",
            "kind": "upsell",
            "price": {"amount": "59.00", "period": "month"},
            "fees": [{"id": "joining", "name": "joining fee", "amount": "20.00"}],
            "term": {"months": 12, "early_termination_fee": "75.00"},
            "features": [{"id": "clubs", "text": "access to all 40 clubs"}],
            "benefits": ["train anywhere"],
        },
        {
            "id": "PT-5",
            "names": ["personal training", "PT pack"],
            "category": "coaching",
            "kind": "cross_sell",
            "price": {"amount": "200.00", "period": "once"},
            "features": [{"id": "sessions", "text": "5 one-to-one sessions"}],
        },
    ],
    "energy": [
        {
            "id": "GREEN-FIX",
            "names": ["Green Fixed Tariff", "green tariff"],
            "category": "tariff",
            "kind": "upsell",
            "price": {"amount": "92.00", "period": "month"},
            "term": {"months": 24, "early_termination_fee": "50.00"},
            "features": [{"id": "source", "text": "100 percent wind and solar"}],
            "benefits": ["the same bill every month"],
        },
        {
            "id": "BOILER",
            "names": ["Boiler Cover", "boiler care"],
            "category": "home_cover",
            "kind": "cross_sell",
            "price": {"amount": "14.50", "period": "month"},
            "term": {"months": 12},
            "features": [{"id": "service", "text": "one boiler service a year"}],
            "benefits": ["no repair bills in winter"],
        },
    ],
    "software": [
        {
            "id": "PRO",
            "names": ["Pro plan", "Pro"],
            "category": "plan",
            "kind": "upsell",
            "price": {"amount": "24.00", "period": "month", "per": "user"},
            "term": {"months": 0},
            "features": [{"id": "sso", "text": "single sign-on"}, {"id": "projects", "text": "unlimited projects"}],
        },
        {
            "id": "SEATS",
            "names": ["extra seats", "additional seats"],
            "category": "seats",
            "kind": "cross_sell",
            "price": {"amount": "9.00", "period": "month", "per": "seat"},
        },
    ],
    "retail": [
        {
            "id": "WARRANTY",
            "names": ["Extended Warranty", "three year warranty"],
            "category": "protection",
            "kind": "cross_sell",
            "price": {"amount": "39.99", "period": "once"},
            "features": [{"id": "damage", "text": "accidental damage"}],
            "benefits": ["repairs without a bill"],
        },
        {
            "id": "CLUB",
            "names": ["Club Membership", "Hearth Club"],
            "category": "loyalty",
            "kind": "cross_sell",
            "price": {"amount": "5.00", "period": "month"},
            "discounts": [{"id": "first", "percent": "10"}],
            "features": [{"id": "delivery", "text": "free next day delivery"}],
        },
    ],
}


@dataclass(frozen=True)
class Case:
    """A conversation and what a person reads in it; None: not judged."""

    script: str
    ledger: list[str]
    claims: list[str] | None = None
    issues: list[str] | None = None


CASES: dict[str, dict[str, Case]] = {
    "bank": {
        "a premium account asked about, then left for later": Case(
            """
            C: Hi, why was I charged 4.20 on my card in Lisbon last week?
            A: That's the foreign transaction fee on your Classic account. Since you travel often, the Premier Account has no foreign transaction fees. Would you like to hear more?
            C: hm what's the monthly fee on that
            A: It's $15 a month with no minimum term.
            C: I'll have a think about it, thanks
            A: Of course. Anything else today?
            C: no that's everything
            """,
            ["pitched PREMIER", "asked PREMIER", "answered PREMIER", "deferred PREMIER"],
            claims=["PREMIER fee 0", "PREMIER price 15/month", "PREMIER term 0"],
        ),
        "insurance the customer has through work": Case(
            """
            C: need to let you know im going to japan on the 4th so my card doesnt get blocked
            A: I've added a travel notice for Japan from the 4th. Would you like to add Travel Card Insurance for $48 a year?
            C: nah my work covers all that
            A: Understood, I'll leave the insurance off. Have a great trip!
            C: cheers
            """,
            ["pitched CARD-TRAVEL", "refused CARD-TRAVEL", "withdrawn CARD-TRAVEL"],
            claims=["CARD-TRAVEL price 48/year"],
        ),
        "a blocked card first": Case(
            """
            C: my card's been swallowed by the machine and i'm standing outside in the rain
            A: I'm sorry to hear that. While I have you, have you thought about our Premier Account?
            C: seriously? can you just cancel the card please
            A: Your card is cancelled and a new one is on its way.
            C: ok thanks
            """,
            ["pitched PREMIER", "deflected PREMIER"],
        ),
        "spoken, pressed after a no": Case(
            """
            C: yeah uh i wanna check if my salary came in
            A: yes it came in this morning two thousand one hundred dollars and um i see you qualify for the premier account shall i switch you over
            C: uh no no thank you
            A: it's only fifteen a month and you'd get a higher savings rate on that salary
            C: i said no
            A: okay no worries i'll leave it as it is
            """,
            [
                "pitched PREMIER",
                "refused PREMIER",
                "pitched PREMIER repeat=same",
                "refused PREMIER",
                "withdrawn PREMIER",
            ],
        ),
        "a customer who asks for it herself": Case(
            """
            C: Good afternoon, does the card travel cover pay out if my bag is lost?
            A: Good afternoon! No, the card travel cover pays medical costs only, up to $50,000.
            C: Right, that's rather limited for 48 a year.
            A: I understand. Is there anything else?
            C: No, thank you.
            """,
            ["asked CARD-TRAVEL", "answered CARD-TRAVEL", "objected CARD-TRAVEL"],
        ),
        "an account they already have": Case(
            """
            C: there's a fifteen dollar charge here what is it
            A: That's the monthly fee for your Premier Account, which you've had since May.
            C: oh right forgot about that
            A: No problem. Is there anything else I can help with?
            C: nope all good
            """,
            [],
            claims=[],
            issues=["billing_question resolved"],
        ),
        "a yes to the terms": Case(
            """
            C: hey what would it cost to send euros every month
            A: On your account it's $3 a transfer. With the Premier Account those transfers are free; it's $15 a month. Shall I upgrade you?
            C: yes please do
            A: Done, you're now on the Premier Account at $15 a month.
            C: fab ta
            """,
            ["pitched PREMIER", "accepted PREMIER"],
        ),
        "a second card holder, spoken, put off": Case(
            """
            C: hi um i got a letter saying my rate changes
            A: yes your savings rate goes to two point one on the first of the month you'd get three with the premier account it's fifteen a month want me to move you over
            C: i'd have to see what my wife says
            A: sure of course anything else
            C: nope that's it
            """,
            ["pitched PREMIER", "deferred PREMIER"],
        ),
        "no more trips": Case(
            """
            C: can you close my travel pot and send the money to my main account
            A: Closed, and $310 is back in your main account. Before you go, have you heard of our Travel Card Insurance?
            C: I don't really travel anymore love
            A: Fair enough! Have a lovely day.
            """,
            ["pitched CARD-TRAVEL", "refused CARD-TRAVEL"],
        ),
    },
    "hotel": {
        "late checkout taken at the desk line": Case(
            """
            C: hi room 412 what time do we need to be out tomorrow
            A: Checkout is at 11 am. I could also offer you Late Checkout until 3 pm for $35. Would you like that?
            C: ooh yes go on then
            A: Lovely, I've added Late Checkout to your room.
            > add_offer offer_id=LATE-OUT price=35.00
            C: thank you so much
            """,
            ["pitched LATE-OUT", "accepted LATE-OUT", "booked LATE-OUT"],
            claims=["LATE-OUT price 35"],
        ),
        "breakfast refused, suite tried": Case(
            """
            C: id like to confirm my booking for two nights from friday
            A: Your booking is confirmed for two nights from Friday. Would you like to include breakfast at $18 per guest a day?
            C: no we never eat breakfast
            A: No problem. How about a Sea View Suite with a balcony over the bay?
            C: no, the room we've got is fine
            """,
            [
                "pitched BREAKFAST",
                "refused BREAKFAST",
                "pitched SEA-SUITE repeat=other",
                "refused SEA-SUITE",
            ],
            claims=["BREAKFAST price 18/day"],
        ),
        "the noise comes first": Case(
            """
            C: the people next door have been partying since two am and nobody at reception picks up
            A: I'm so sorry. We could move you to a Sea View Suite for $60 more per night, would you be interested?
            C: i'm not paying sixty dollars because your other guests are loud
            A: You're right, I apologise. Security is on the way to that room now.
            C: fine
            """,
            ["pitched SEA-SUITE", "refused SEA-SUITE"],
            claims=["SEA-SUITE price 60"],
        ),
        "a partner decides": Case(
            """
            C: just checking you got my note about the cot
            A: Yes, the cot will be in your room. Many families like to add the Breakfast Buffet, shall I put it on for you?
            C: lemme check with my husband when he's back
            A: Of course, just let us know.
            C: will do thanks
            """,
            ["pitched BREAKFAST", "deferred BREAKFAST"],
            issues=["information resolved"],
        ),
        "a question for both prices": Case(
            """
            C: how much is breakfast and can we check out late
            A: Breakfast is $18 per guest a day, and Late Checkout until 3 pm is $35.
            C: ok late checkout then, no breakfast
            A: Great, Late Checkout at $35 is added.
            """,
            [
                "asked BREAKFAST",
                "asked LATE-OUT",
                "answered BREAKFAST",
                "answered LATE-OUT",
                "accepted LATE-OUT",
                "refused BREAKFAST",
            ],
            claims=["BREAKFAST price 18/day", "LATE-OUT price 35"],
        ),
        "spoken, a change of mind": Case(
            """
            C: yeah hi i wanted to know is the pool open tonight
            A: yes it's open until ten would you also like late checkout for your last day
            C: mm no not really
            A: alright no trouble enjoy the pool
            C: actually wait how much was the late checkout
            A: it's thirty five dollars
            C: okay yeah put that on
            """,
            [
                "pitched LATE-OUT",
                "refused LATE-OUT",
                "reopened LATE-OUT",
                "answered LATE-OUT",
                "accepted LATE-OUT",
            ],
            claims=["LATE-OUT price 35"],
        ),
        "a meal that is part of the rate": Case(
            """
            C: is breakfast in my rate or do i pay extra
            A: Good news, breakfast is already included in your rate.
            C: perfect and parking?
            A: Parking is free for guests.
            C: great thanks bye
            """,
            [],
        ),
        "half price at the door": Case(
            """
            C: Could I get extra towels in 208?
            A: They're on their way. And since you're here for your anniversary, the Sea View Suite has a balcony over the bay for $60 a night. Can I tempt you?
            C: Go on, what's the difference in size?
            A: It's about twice the size of your room.
            C: Hmm, tempting, but we're only here one more night.
            """,
            ["pitched SEA-SUITE", "asked SEA-SUITE", "answered SEA-SUITE", "refused SEA-SUITE"],
        ),
        "spoken, two in a row": Case(
            """
            C: hey i'm driving in late tonight is that okay
            A: no problem at all reception is open all night would you like breakfast tomorrow it's eighteen a person
            C: yeah why not
            A: great breakfast is on your booking and would you want late checkout as well
            C: nah we gotta be in austin by noon
            A: got it safe travels
            """,
            ["pitched BREAKFAST", "accepted BREAKFAST", "pitched LATE-OUT", "refused LATE-OUT"],
        ),
    },
    "gym": {
        "gold is too dear": Case(
            """
            C: hiya can i use the city branch as well as my local one
            A: Your Standard membership is for one club. Gold Membership gives you access to all 40 clubs for $59 a month. Fancy upgrading?
            C: oof that's steep
            A: I hear you. Would you like to stay on Standard, then?
            C: yeah i'll stick with what i've got
            """,
            ["pitched GOLD", "objected GOLD", "refused GOLD"],
            claims=["GOLD price 59/month"],
        ),
        "personal training after an injury": Case(
            """
            C: i need to freeze my membership i tore a ligament
            A: Oh no, I hope you heal quickly. I've frozen it for three months. When you're back, personal training could help you ease in. Interested?
            C: maybe once the physio says i can
            A: Sure thing. Take care!
            """,
            ["pitched PT-5", "deferred PT-5"],
            issues=["change resolved"],
        ),
        "spoken terms in a long turn": Case(
            """
            C: um i'm thinking of moving up to gold what's the deal there
            A: so gold is fifty nine dollars a month it's a twelve month contract and there's a twenty dollar joining fee
            C: and if i quit early
            A: then it's a seventy five dollar cancellation fee
            C: hmm okay sign me up
            """,
            ["asked GOLD", "answered GOLD", "asked GOLD", "answered GOLD", "accepted GOLD"],
            claims=[
                "GOLD price 59/month",
                "GOLD term 12",
                "GOLD fee 20",
                "GOLD early_termination_fee 75",
            ],
        ),
        "a member who only wants to cancel": Case(
            """
            C: I want to cancel my membership please.
            A: I'm sorry to see you go. Before you do, would you consider personal training to get you motivated again?
            C: No. Please cancel it.
            A: Your membership is cancelled as of the 30th.
            C: Thank you.
            """,
            ["pitched PT-5", "refused PT-5"],
            issues=["cancel resolved"],
        ),
        "no answer to the pitch": Case(
            """
            C: what time does spin start tomorrow
            A: Spin starts at 7 am. By the way, our PT pack is five one-to-one sessions for $200.
            C: and do i have to book the bike
            A: Yes, you can book a bike in the app.
            C: ok
            """,
            ["pitched PT-5", "ignored PT-5"],
            claims=["PT-5 price 200"],
        ),
        "a no about something else": Case(
            """
            C: my entry fob doesn't open the door anymore
            A: I've reactivated your fob. Did you change your phone number recently?
            C: no
            A: Thanks. You train six days a week, so Gold would let you train anywhere. Shall I move you up?
            C: not for me mate
            """,
            ["pitched GOLD", "refused GOLD"],
        ),
        "spoken, tied up elsewhere": Case(
            """
            C: i was charged for a class i cancelled
            A: let me check yes i see it i've refunded the twelve dollars also have you thought about going gold you could use any of the clubs
            C: i'm only here till august so there's no point
            A: makes sense anything else
            C: no ta
            """,
            ["pitched GOLD", "refused GOLD"],
        ),
        "a free taster wanted": Case(
            """
            C: do you do personal training and how much is it
            A: We do! Personal training is $200 for 5 one-to-one sessions.
            C: yikes. any way to try one first?
            A: There's no taster session at the moment, I'm afraid.
            C: ok leave it then
            """,
            ["asked PT-5", "answered PT-5", "asked PT-5", "answered PT-5", "refused PT-5"],
            claims=["PT-5 price 200"],
        ),
    },
    "energy": {
        "boiler cover held by the landlord": Case(
            """
            C: morning, submitting my meter reading, it's 44817
            A: Thank you, I've recorded 44817. Do you have cover for your boiler? Our Boiler Cover is $14.50 a month.
            C: we rent, the landlord sorts that
            A: Understood. Your next bill is due on the 12th.
            """,
            ["pitched BOILER", "refused BOILER"],
            claims=["BOILER price 14.50/month"],
        ),
        "a tariff wanted in writing": Case(
            """
            C: bill's gone up again hasn't it
            A: It has, because your fixed deal ended in March. The Green Fixed Tariff would give you the same bill every month, $92 for 24 months. Want me to switch you?
            C: can you email me the details and i'll see
            A: I'll send them now.
            C: ta
            """,
            ["pitched GREEN-FIX", "deferred GREEN-FIX"],
            claims=["GREEN-FIX price 92/month", "GREEN-FIX term 24"],
        ),
        "a power cut is no time for it": Case(
            """
            C: whole street has no power and my mum's on oxygen
            A: I'm sending an engineer right now, they'll be there within the hour. Also, our boiler cover could protect you in winter, would you like it?
            C: for god's sake i don't care about boilers, when is he coming
            A: Within the hour. I'm sorry.
            """,
            ["pitched BOILER", "refused BOILER"],
        ),
        "spoken, trust is the trouble": Case(
            """
            C: i'd like to pay my bill with a card
            A: that's gone through thank you would you like to hear about our green tariff it's all wind and solar
            C: yeah i don't really believe that green stuff
            A: fair enough it is certified by an outside body would you like me to send you the certificate
            C: no don't bother
            """,
            ["pitched GREEN-FIX", "objected GREEN-FIX", "answered GREEN-FIX", "refused GREEN-FIX"],
            issues=["payment resolved"],
        ),
        "both offered, one taken": Case(
            """
            C: I'm moving in on the first and need to set up gas and electric.
            A: All set up from the first. You could go on our green tariff at $92 a month, and we also do boiler care for $14.50 a month. Would you like either?
            C: Just the green tariff please.
            A: Lovely. So that's the Green Fixed Tariff at $92 a month for 24 months, and $50 if you leave early. Is that okay?
            C: yes that's fine
            > add_offer offer_id=GREEN-FIX
            """,
            ["pitched GREEN-FIX", "pitched BOILER", "accepted GREEN-FIX", "refused BOILER", "accepted GREEN-FIX"],
        ),
        "a repair is not the cover": Case(
            """
            C: boiler's leaking can you send someone
            A: An engineer will be with you tomorrow between 8 and 12.
            C: what'll that cost me
            A: The call-out is $85. With Boiler Cover it would have been free; it's $14.50 a month if you'd like it for next time.
            C: let's get this one fixed first
            """,
            ["pitched BOILER", "deflected BOILER"],
            claims=["BOILER price 14.50/month"],
            issues=["service_fault promised"],
        ),
        "one question at a time": Case(
            """
            C: Why is my direct debit going up?
            A: Your usage was higher than estimated. You could fix your costs with our Green Fixed Tariff. Would you like to hear how it works?
            C: One thing at a time. What was the estimate based on?
            A: On last year's readings from January to March.
            C: I see. OK, and this fixed tariff, is it dearer than what I'm on?
            A: It's $92 a month, so $4 more than now.
            C: That's alright, put me on it please.
            """,
            [
                "pitched GREEN-FIX",
                "deflected GREEN-FIX",
                "reopened GREEN-FIX",
                "answered GREEN-FIX",
                "accepted GREEN-FIX",
            ],
        ),
        "spoken, a new boiler": Case(
            """
            C: yeah i'm calling to give you my new phone number
            A: lovely that's updated do you want boiler cover for fourteen fifty a month no repair bills in winter
            C: it's brand new it's got ten years guarantee on it
            A: oh perfect then you don't need it
            C: ha no bye
            """,
            ["pitched BOILER", "refused BOILER"],
        ),
    },
    "software": {
        "a trial of pro turned down by budget": Case(
            """
            C: we keep hitting the project limit on the free tier
            A: I can archive old ones for you. The Pro plan has unlimited projects at $24 per user per month. Would you like to upgrade?
            C: we're a charity, there's no money for that
            A: Totally understand. I've archived four old projects, so you can create new ones now.
            C: legend thank you
            """,
            ["pitched PRO", "refused PRO"],
            claims=["PRO price 24/month"],
        ),
        "seats asked and bought": Case(
            """
            C: How much are extra seats?
            A: Extra seats are $9 per seat per month. How many do you need?
            C: three
            A: That's $27 a month for three extra seats. Shall I add them?
            C: yep go ahead
            > add_seats quantity=3
            """,
            ["asked SEATS", "answered SEATS", "answered SEATS", "accepted SEATS"],
        ),
        "an enterprise buyer passes it on": Case(
            """
            C: SSO is failing with error 403
            A: SSO isn't part of Team. It comes with the Pro plan, which I can switch on for you today. Shall I?
            C: procurement handles upgrades on our side
            A: Noted. I'll email you a summary.
            """,
            ["pitched PRO", "deferred PRO"],
        ),
        "a bug, then a deal, then a bug": Case(
            """
            C: export to csv is broken since this morning
            A: Sorry about that, we've identified the bug and a fix is rolling out today. Have you considered Pro? It comes with priority support.
            C: so will the export work by 5 or not
            A: Yes, it should be fixed by 3 pm.
            C: k
            """,
            ["pitched PRO", "ignored PRO"],
            issues=["service_fault promised"],
        ),
        "half a yes is a question": Case(
            """
            C: can guests comment without an account
            A: Not on your plan, but with Pro they can. Shall I tell you what it costs?
            C: sure
            A: It's $24 per user a month, month to month.
            C: yeah that's not gonna fly with my boss
            """,
            ["pitched PRO", "asked PRO", "answered PRO", "refused PRO"],
            claims=["PRO price 24/month", "PRO term 0"],
        ),
        "the plan they are on": Case(
            """
            C: which plan am i on
            A: You're on the Pro plan with 12 seats, renewing on 3 June.
            C: okay and can i change the card
            A: Yes, under Settings and Billing you can update your card.
            C: found it thanks
            """,
            [],
            claims=[],
        ),
        "a sceptic in chat": Case(
            """
            C: my webhook stopped firing after your update
            A: We rolled that back at 14:10 UTC and your webhooks are firing again. On Pro you'd have single sign-on as well. Worth a look?
            C: you break my stuff and then want more money? wow
            A: That's fair, and I'm sorry about the outage.
            C: whatever, it works now
            """,
            ["pitched PRO", "objected PRO"],
        ),
        "seats now, pro next quarter": Case(
            """
            C: need 2 extra seats for new starters on monday
            A: Happy to help. Extra seats are $9 per seat per month. Shall I add two?
            C: yes pls
            A: Added. With a team your size the Pro plan may work out better, shall I send a comparison?
            C: revisit that in q3 when we redo budgets
            """,
            ["asked SEATS", "answered SEATS", "accepted SEATS", "pitched PRO", "deferred PRO"],
        ),
    },
    "retail": {
        "warranty waved away at the till": Case(
            """
            C: i want to order the black kettle the one for 60
            A: Great choice. Would you like to add the Extended Warranty for $39.99?
            C: for a kettle lol no
            A: No problem, no warranty. Your order is placed.
            C: thx
            """,
            ["pitched WARRANTY", "refused WARRANTY", "withdrawn WARRANTY"],
            claims=["WARRANTY price 39.99"],
            issues=["order resolved"],
        ),
        "club membership for the delivery": Case(
            """
            C: is there any way to get it here by tomorrow?
            A: Express delivery is $12. Or you could join Hearth Club for $5 a month and get free next day delivery.
            C: can I cancel that whenever?
            A: Yes, there's no contract, you can cancel any time.
            C: Alright, I'll join
            A: Welcome to the club!
            """,
            ["pitched CLUB", "asked CLUB", "answered CLUB", "accepted CLUB"],
            claims=["CLUB price 5/month", "CLUB term 0"],
        ),
        "a broken blender and a warranty": Case(
            """
            C: blender died after two weeks. i want my money back
            A: I've refunded the full $89 to your card. If you buy another one, the three year warranty covers accidental damage. Can I add that for you?
            C: mate i'm not buying another one
            A: Understood. Sorry for the trouble.
            """,
            ["pitched WARRANTY", "refused WARRANTY"],
            issues=["refund resolved"],
        ),
        "payday is the day": Case(
            """
            C: whats my order status, number 5512
            A: It ships tomorrow. You could save ten percent with the Club Membership, would you like to join today?
            C: ask me again end of the month when i get paid lah
            A: Sure, no rush!
            """,
            ["pitched CLUB", "deferred CLUB"],
            claims=["CLUB discount 10"],
        ),
        "spoken, twice offered": Case(
            """
            C: hello i'm calling about the fridge delivery it was supposed to be between ten and twelve
            A: the van is two stops away so about twenty minutes by the way do you want the extended warranty on the fridge
            C: no no i have enough warranties
            A: sure i mean most fridges break in year four you know so the extended warranty really pays for itself
            C: no means no
            """,
            [
                "pitched WARRANTY",
                "refused WARRANTY",
                "pitched WARRANTY repeat=same",
                "refused WARRANTY",
            ],
        ),
        "a warranty that comes with it": Case(
            """
            C: does the drill come with a guarantee
            A: Yes, every drill has a two-year manufacturer guarantee.
            C: and how do i claim on it
            A: Bring the drill and your receipt to any store.
            C: sweet cheers
            """,
            [],
            claims=[],
        ),
        "the customer is in already": Case(
            """
            C: what's your opening hours on sunday
            A: We're open 11 to 5 on Sundays. Are you a member? Our Club Membership is $5 a month with free next day delivery.
            C: been a member for years
            A: Wonderful, thanks for your loyalty!
            """,
            ["pitched CLUB", "refused CLUB"],
        ),
        "spoken, a yes after the terms": Case(
            """
            C: i want to buy the washing machine the nine kilo one
            A: okay that's in your basket do you want to protect it with the extended warranty
            C: what does it cover exactly
            A: accidental damage and it's thirty nine ninety nine once
            C: aye alright stick it on
            A: done anything else
            C: no that's me
            """,
            ["pitched WARRANTY", "asked WARRANTY", "answered WARRANTY", "accepted WARRANTY"],
            claims=["WARRANTY price 39.99"],
        ),
    },
}

FLAT = {f"{domain}: {name}": (domain, case) for domain, cases in CASES.items() for name, case in cases.items()}


@cache
def lexicon(domain: str) -> Lexicon:
    return make_policy(offers=OFFERS[domain]).lexicon


@cache
def read(name: str) -> Reading:
    domain, case = FLAT[name]
    return READER.read([make_conversation(case.script)], lexicon(domain))[0]


def ledger(reading: Reading) -> list[str]:
    return [
        f"{entry.event} {entry.offer}" + (f" repeat={entry.repeat_of}" if entry.repeat_of else "")
        for entry in reading.ledger
    ]


def statement(claim: Claim) -> str:
    """The claim in words; a price said without its period counts as paid once."""
    try:
        value = f"{Decimal(claim.value).normalize():f}"
    except InvalidOperation:
        value = claim.value
    period = f"/{claim.period}" if claim.kind == "price" and claim.period not in (None, "once") else ""
    return f"{claim.offer} {claim.kind} {value}{period}"


def statements(reading: Reading) -> list[str]:
    """What is said of prices and terms; what a product does is left out, each statement once."""
    return sorted({statement(claim) for claim in reading.claims if claim.kind != "feature"})


def amounts(claims: list[str]) -> list[str]:
    return sorted(claim.replace("14.50", "14.5") for claim in claims)


LEDGER_MISSES: dict[str, str] = {
    "hotel: a question for both prices": "'check out late' is no name; one yes and one no in a turn",
    "gym: gold is too dear": "a question about what the customer has counts as an answer about the offer",
    "gym: no answer to the pitch": "a question about the service counts as one about the offer",
    "energy: both offered, one taken": "'just this one please' is no yes, nor a no to the other",
    "energy: one question at a time": "'this fixed tariff' is not known for the Green Fixed Tariff",
    "software: seats asked and bought": "a number given is no answer, so the request is forgotten",
    "software: a bug, then a deal, then a bug": "a question about the service counts as one about the offer",
    "software: a sceptic in chat": "a question that scolds counts as one about the offer",
    "software: seats now, pro next quarter": "'need 2 extra seats' is not read as a request",
    "retail: warranty waved away at the till": "'no warranty' of the agent is not known for the Extended Warranty",
}
CLAIM_MISSES: dict[str, str] = {
    "energy: a tariff wanted in writing": "an amount 'for 24 months' is taken for a promotion, without a price after it",
}
ISSUE_MISSES: dict[str, str] = {
    "bank: an account they already have": "an explanation the customer accepts with 'oh right' leaves the issue unsure",
    "energy: spoken, trust is the trouble": "'that's gone through' is not known as done",
}


def judged(kind: str, misses: dict[str, str]) -> list[Any]:
    return list(_judged(kind, misses))


def _judged(kind: str, misses: dict[str, str]) -> Iterator[Any]:
    for name, (_, case) in FLAT.items():
        if getattr(case, kind) is None:
            continue
        marks = [pytest.mark.xfail(strict=True, reason=misses[name])] if name in misses else []
        yield pytest.param(name, marks=marks, id=name)


@pytest.mark.parametrize("name", judged("ledger", LEDGER_MISSES))
def test_the_ledger_of(name: str) -> None:
    assert ledger(read(name)) == FLAT[name][1].ledger


@pytest.mark.parametrize("name", judged("claims", CLAIM_MISSES))
def test_the_claims_of(name: str) -> None:
    assert statements(read(name)) == amounts(FLAT[name][1].claims or [])


@pytest.mark.parametrize("name", judged("issues", ISSUE_MISSES))
def test_the_issues_of(name: str) -> None:
    assert [f"{issue.intent} {issue.status}" for issue in read(name).issues] == FLAT[name][1].issues


BESIDE_THE_OFFER = [
    "i don't have any internet anymore",
    "there's no money left in my account",
    "and if it happens again i'm leaving",
    "make sure it won't happen again",
    "it's for my mom's account",
    "i don't believe it's fixed",
    "it works now",
]


@pytest.mark.parametrize("said", BESIDE_THE_OFFER)
def test_talk_of_the_matter_itself_is_no_answer_to_the_offer(said: str) -> None:
    script = f"A: Your line is fine. I'd recommend Fiber 500, it's $49.99 a month.\nC: {said}"
    reading = READER.read([make_conversation(script)], make_policy().lexicon)[0]
    assert [reply.reply for reply in reading.replies] == ["ignore"]


QUESTIONS = [
    "does it come with a warranty on the router?",
    "do i need approval for that?",
    "is it pretty limited?",
    "and what if i cancel early",
]


@pytest.mark.parametrize("said", QUESTIONS)
def test_a_question_in_words_of_refusal_stays_a_question(said: str) -> None:
    script = f"A: Your line is fine. I'd recommend Fiber 500, it's $49.99 a month.\nC: {said}"
    reading = READER.read([make_conversation(script)], make_policy().lexicon)[0]
    assert [reply.reply for reply in reading.replies] == ["ask"]
