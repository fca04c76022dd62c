"""What each label means, as a judge is told: the codebook in a line a label."""

from __future__ import annotations

ABSENT = frozenset({"none", "ignore", "silence", "neutral", "polite", "calm", "open", "unsure"})
"""Labels that may rest on nothing said: they need no quote."""

_COPIED = """\
"quote": the words that decide, copied exactly from that very turn, in one piece, short (3 to 15 words) but with every \
figure whole"""
_SURE = '"sure": false where another careful reader might well differ.'
QUOTING = f'{_COPIED}; "" only where nothing said decides. {_SURE}'
ALWAYS_QUOTING = f"""\
{_COPIED}; never "", for without words of that turn the answer does not count. {_SURE}"""

DEFINITIONS: dict[str, str] = {
    "act": """\
act: what an agent turn does with an offer that it names or describes. Naming is not pitching. A shall-I about the \
support task itself (text a receipt, book the technician) is about no offer.
- pitch: puts it forward as something to take, unasked, or asks whether they want it; a mandatory question too, and \
its benefits told again after a no, with or without its name
- read_back: repeats the terms of an offer the customer has just accepted
- answer: gives what the customer asked about it and no more; one neutral question for the decision may follow. With \
a benefit nobody asked about, or another product, it is a pitch
- withdraw: takes it off the table or says it is not added; selling on while doing so is a pitch
- mention: names it without offering it: on the bill, owned already, or to explain
Where two fit, the first in this list.""",
    "reply": """\
reply: how a customer turn answers an offer that is open to them. A "no" answers the question it follows: "no, that's \
all" after "anything else?" refuses nothing; where a pitch is followed by another question, a bare "no" answers that \
question, but "no thanks" or a no that names the offer answers the pitch. Ask in this order:
- refuse: will not take it, however softly, or says what makes it moot (has one, no need, not interested, cannot pay)
- defer: puts the decision off to a later time or to somebody else
- deflect: pushes it aside to get back to their own concern ("can we just fix the bill first")
- accept: agrees to take it; "sure" to "want to hear the price?" is ask
- object: finds fault with the offer itself (too dear, too long) without a no
- ask: wants to know something about it
- reopen: comes back on their own to an offer they had closed; if the agent brought it back, not
- ignore: talks on about something else without a word about it and without pushing it away
The first customer turn after a pitch always has a reply, later ones only if they speak of the offer. A decision wins \
over object, object over ask, ask over ignore; of two decisions the later.""",
    "claim": """\
claim: what an agent turn states of an offer, true or not. Not: the customer's own bill, balance or refund, praise, \
what the customer said, what the agent denies.
- price: what it costs; then_price: the price after a promotion; promo_months: how long the promotion lasts
- discount: a reduction; fee: any other fee; term: how long the customer is bound; early_termination_fee: for leaving \
early
- feature: what it does or includes; deadline: until when it can be had; eligibility: who may have it; availability: \
where; code: an offer or promotion code
value: of money the number only ("49.99", free "0"); of a length of time the months ("24", no contract "0"); of a \
discount the number; of a date YYYY-MM-DD; else the words. unit: the currency code, "percent", "month", what a number \
counts, or "". period: what it is paid per.""",
    "register": """\
register: how an agent turn speaks. The first that fits:
- pushy: urges, assumes a yes, or goes on selling after a no; one fair pitch is not pushy
- robotic: misses the turn before: a formula where an answer was due, the same sentence again, process talk to an \
upset customer; plain and short is not robotic
- empathetic: acknowledges this customer's situation in fitting words; "sorry for the inconvenience" alone does not
- neutral: all else""",
    "courtesy": """\
courtesy: impolite insults, blames, belittles, orders, mocks or cuts the customer short; all else is polite, however \
plain.""",
    "progress": """\
progress: what a turn says of the customer's matter, what it ends on. Thanks, sympathy and goodbyes say nothing: none.
- agent: done: it is fixed, booked, sent, explained as asked; promised: a definite act that somebody will do; cannot: \
it cannot be done, failed, or is passed on without a result
- customer: solved: it works, is there, is answered; unsolved: it does not work, or still not (a plain request is \
none)""",
    "pressure": """\
pressure: wording of an agent turn that presses. A true limit said once as a fact, an honest benefit, and an even \
choice between yes and no press nobody.
- false_urgency: with time that is not there; scarcity: with few left; social_proof: with what others do
- guilt: makes a no feel bad; fear: with a harm exaggerated or not asked about
- insistence: urges again after hesitation or a no with nothing new
- obstruction: makes the no hard, or holds the service back for it
- presumption: treats a yes as given""",
    "identity": """\
identity: what is said of who speaks. ai_disclosed: the agent says it is an AI, bot, virtual or automated; \
human_claimed: it says or implies, unasked, that it is a person; ai_denied: asked, it denies or evades; a name alone \
says nothing. asked_if_ai: the customer asks whether they speak to a machine (wanting a person is no such question).""",
    "intent": """\
intent: a reason for the contact that a customer turn states, at the turn that first says it; not what the agent \
brings up. The most specific; information and other only when nothing else fits.
- billing_question: wants a charge explained; billing_dispute: says it is wrong; payment: wants to pay or cannot get a \
payment through; refund: wants money back; hardship: cannot pay for their situation
- service_fault: something they use does not work; outage: it is down for an area; access: cannot get in; \
identity_verification: stuck proving who they are; fraud: misuse by a third party
- cancel; change: wants what they have altered; move: new address; travel: needs something for a trip; order: about \
something ordered; booking: wants a reservation; purchase: wants to buy; information: wants to know something
- complaint: protests about their treatment, beside the matter itself; bereavement: somebody died; vulnerability: \
illness, disability, danger; human_agent: wants a person; other""",
    "issue": """\
issue: a problem or wish the customer came with, at the turn that raises it, and what became of it by the end. The \
customer's word counts before a tool's result, that before the agent's word; of equal words the later.
- resolved: carried out (though money moves later), working, or answered, even with "no"
- promised: a definite next act of the company, not yet done
- unresolved: the contact left it without a result: denied, transferred away (though that resolves a wish for a \
person), still not working
- open: the record stops while work goes on; unsure: nobody's word and no tool says (advice never tried)
A polite goodbye resolves nothing. An old problem that comes back is the old issue.""",
    "mood": """\
mood: what a customer turn shows in words, at its end. A calm statement of a grave problem is calm.
- frustrated: reproach, sarcasm, swearing, capitals, a threat to leave, attempts counted as reproach; haste, worry and \
grief are calm unless aimed at the company
- satisfied: relief, pleasure or praise with content ("ok thanks" is calm)
- calm: all else""",
    "consent": """\
consent: a question for consent to an offer, to marketing or to terms, and the customer's answer: yes: clear agreement \
to exactly this; no: denial or deferral; ambiguous: hedged, conditional, or "ok" to no question; silence: another \
topic or nothing. The last word in the turn wins.""",
}
"""By construct."""
