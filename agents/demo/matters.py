"""The kinds of matters that the demo agent knows, and what it says and does about each."""

# ruff: noqa: E501 - a sentence is a line

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Kind:
    """A kind of matter: the words it is known by, and what is said and done about it.

    In the texts DATE stands for a day soon, SUM for the amount the customer named, or for "the charge".
    """

    id: str
    known_by: tuple[str, ...]
    about: tuple[str, ...]
    found: tuple[str, ...]
    done: tuple[str, ...]
    look: tuple[str, str]
    """The tool it is looked up with, and what that returns."""
    work: tuple[str, str] | None = None
    more: tuple[str, ...] = ()
    """What is done where the first thing did not help."""
    why: str = ""
    ask: str = ""
    """What it asks before it does something."""
    check: tuple[str, ...] = ("Does that solve it?", "Does that take care of it?", "Is that sorted, then?")
    may_offer: bool = True

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What it is known by, as whole words."""
        return re.compile(rf"\b(?:{'|'.join(self.known_by)})(?!\w)", re.IGNORECASE)


_ANSWERED = ("Does that answer your question?", "Does that clear it up?", "Is that clear so far?")
_WORKS = ("Is it working now?", "Has that fixed it?", "Could you try it? Is it working now?")
BY_A_COLLEAGUE = (
    "I've passed this on to a specialist. They will call you by DATE, and you won't have to explain it again.",
    "I've opened a case for our second line. A specialist will look into it and call you by DATE.",
)
KINDS = (
    Kind(
        "fraud",
        (
            r"foolish|so official|telephone me|asked me for a number|one of yours|worried about my account",
            r"scam\w*|fraud|phishing|genuine|revalidat\w*|click\w*|a link|suspend us|caller|stranger",
            r"pretend\w*|suspicious",
            r"(?:man|somebody|someone|fellow|voice) (?:\w+ )?(?:called|rang|phoned|on the (?:phone|line))",
            r"said (?:he|she|they) (?:was|were) from|in your name|email\b.*\b(?:screen|says|real)",
            r"was (?:he|it|that) (?:real|you)",
        ),
        ("a message or a call that may not have been from us", "somebody who says he is from Brightwater"),
        ("That was not us. We never ask for a password, a code or a payment by phone or by link.",
         "I have no record of any contact from our side, so treat it as a scam."),
        ("I've checked the account, nothing was changed on it, and I've put a note and a lock on it so that nobody can change it by phone.",
         "I've set a lock on the account and reported the sender. Nothing on the account was touched."),
        ("get_account", "no changes in the last 90 days"), ("set_account_lock", "lock set"),
        why="They send these to thousands of people and hope that some are our customers.", may_offer=False,
    ),
    Kind(
        "bereavement",
        (
            r"been gone since|name off of|he left me|ought to say|my paul|paul'?s name",
            r"passed(?: away)?|died|death|funeral|widow\w*|late husband|buried",
            r"my husband'?s (?:name|phone|line)|took care of (?:it|these)|lost (?:my husband|him)",
        ),
        ("the account after the loss in your family",),
        ("I'm very sorry for your loss. I'll keep this short.",),
        ("I've put the account in your name and stopped the other line from DATE. There is nothing you need to send today.",
         "I've changed the name on the account and stopped the line. A short letter that confirms it will be with you by DATE."),
        ("get_account", "2 lines, 1 holder"), ("update_account", "holder changed, line stopped"), may_offer=False,
    ),
    Kind(
        "hardship",
        (
            r"hours (?:got |were )?cut|can'?t (?:pay|manage|afford)|months? behind|pension",
            r"in (?:two|2) (?:parts|halves|payments)|two parts|more time|hospital|a bit late|shorter hours",
            r"fixed income|reconnection|split",
        ),
        ("paying the bill in a way that works for you", "some room with the bill"),
        ("I see the open balance, and I see that nothing has been switched off.",),
        ("I've taken the fee off and split the rest in two parts, the first due on DATE. The service stays on.",
         "I've set up two payments, the first on DATE, and the service stays on meanwhile."),
        ("get_bill", "open balance"), ("set_payment_plan", "2 payments"), may_offer=False,
        check=("Does that work for you?", "Is that sorted, then?"),
    ),
    Kind(
        "outage",
        (
            r"outage|out at (?:home|my)|went (?:dark|out|down|off)|offline",
            r"no (?:internet|connection|light|dial tone|phone)|nothing works|restore\w*|back on",
            r"when'?s it back|when (?:is|will) it|is (?:down|out|dead)|ice|storm|whole (?:road|street)|medical",
        ),
        ("the outage at your place", "your service being down"),
        ("There is an outage in your area. A cable was damaged, and a crew is on site.",
         "I see it: a part failed in the cabinet that serves your street, and a crew is replacing it."),
        ("They expect the line back by six this evening. I've set a text message for the moment it is, and the day will be credited on your next bill.",
         "It should be back within four hours. I've signed you up for a text when it is, and the lost day will be credited."),
        ("get_outage", "area outage, crew on site"), ("set_outage_alert", "text message set"),
        why="A contractor cut a cable while digging.", check=("Does that help for now?", "Is that what you needed to know?"), may_offer=False,
    ),
    Kind(
        "credit",
        (
            r"promised|posted|owe me|my \$\d+|credit|agreed in",
        ),
        ("a credit that you were promised", "money that was promised and hasn't come"),
        ("I see the note about it. The credit was promised and never entered, and I'm sorry about that.",),
        ("I've posted it now, with a date. It shows on your bill of DATE.", "I've entered the credit just now. You'll see it on the bill of DATE."),
        ("get_bill", "credit promised, not entered"), ("apply_credit", "posted"),
        why="It was noted, but nobody entered it.", may_offer=False,
    ),
    Kind(
        "dispute",
        (
            r"roaming (?:charge|on my bill)|roaming on my|i never used|ran up|undo it|behind my back|i'd swear",
            r"never (?:signed|ordered|used|ran|agreed|asked|bought)|without asking",
            r"(?:it|that|thing|them|charges?|fee|game) off|not mine|(?:money|it|that|one of them|amount) back",
            r"refund\w*",
            r"reversed|twice|returned|charged me|billed me|airplane|removed|fined|disput\w*|wrong",
            r"shouldn'?t be|didn'?t order|never set foot|did not take place|stuck (?:\w+ )?on|take it off",
            r"off (?:my|the) bill|moved me|switched me",
        ),
        ("SUM that should not be on your bill", "SUM, which you want off the bill"),
        ("I see SUM on the bill. It should not be there, that was a mistake on our side, and I'm sorry about it.",
         "I've found SUM. It was put on in error, and I apologize for that."),
        ("I've taken it off. The credit is posted and shows on your bill of DATE.",
         "I've reversed it just now. You'll see the credit on the bill of DATE."),
        ("get_bill", "charge found, entered in error"), ("apply_credit", "posted"),
        ("I've also put a block on it, so that it cannot come back, and the note says why.",),
        why="It was entered by hand on our side, on the wrong account.", may_offer=False,
    ),
    Kind(
        "access",
        (
            r"password|lock\w* (?:me )?out|locked|sign in|log(?:ged)? ?in|get in(?:to)?|back in(?:to)?",
            r"shut (?:the door|me out)|authenticator|two-factor|factor|recovery|the app|code|my account won'?t",
        ),
        ("getting you back into your account", "the login"),
        ("The account was locked after several tries.", "I see it, the login is blocked for safety."),
        ("I've unlocked it and sent a link to the email on file. It works for one hour.",
         "I've reset the login and sent a new link to your email; it asks for a new password."),
        ("get_account", "login locked"), ("reset_password", "link sent"), ("I've sent the link once more, this time by text.",),
        why="After five wrong tries it locks by itself.", check=("Are you in now? Does that solve it?", "Has that fixed it?"), may_offer=False,
    ),
    Kind(
        "porting",
        (
            r"the pin|pin\b|port(?:ing)?|take my number|number (?:goes|out|with me)|the code to",
        ),
        ("the transfer PIN for your number",),
        ("Your number is free to go, there is nothing against it.",),
        ("I've created the transfer PIN and sent it to you by text. It is good until DATE.",),
        ("get_account", "number can be ported"), ("create_transfer_pin", "sent"), check=_ANSWERED, may_offer=False,
    ),
    Kind(
        "cancel",
        (
            r"cancell?ing|want out|fiber off|out of this place|has to stop|my internet,",
            r"cancel\w*|competit\w+|quotes?|cheaper|flyer|another carrier|prepaid|getting out|breaking it",
            r"last day|quit\w*|elsewhere|bidding|creeping|down the road|come down|comes? down",
            r"contract (?:ends?|is up|run\w* out)|end of my|my contract|contract'?s up|term is",
            r"shut (?:it|my \w+) off|close my account|switching|i (?:could |can )?leave|leaving (?:you|here)",
            r"leave you|owe if i left|get out of|notice|stood up|to stop|end when|i'?m done",
            r"cable (?:company|man|folks)|pays? (?:\$?\w+ )?less|stay",
        ),
        ("what it takes to leave", "the way out of your plan"),
        ("I've looked at your plan. LEAVING",),
        ("I've put that in your notes with today's date. Nothing is cancelled until you tell us, and the notice period is 30 days.",
         "I've saved that for you in writing. It takes 30 days' notice, and nothing ends before you say so."),
        ("get_account", "plan found"), ("send_summary", "sent"), check=_ANSWERED,
    ),
    Kind(
        "move",
        (
            r"keep my internet|change of apartment|little place",
            r"moving|i move|we move|new (?:apartment|address|place|building|house)|come along|along",
            r"change of address|streets over|over to (?:my|the)|take (?:\w+ ){0,3}with",
        ),
        ("moving your internet to the new address", "taking your line along to the new place"),
        ("The new address is served, and the line there is free.", "Good news, the new place already has our line in the wall."),
        ("I've set the move for DATE. The new line starts that morning and the old one goes off in the evening, so there is no gap.",
         "I've booked it for DATE. Both lines run that day, and your settings and email move along."),
        ("check_address", "served"), ("schedule_move", "booked"), ask="What day do you need it there?",
    ),
    Kind(
        "visit",
        (
            r"appointment|reschedul\w*|(?:visit|technician) (?:is |comes? |for )?(?:tomorrow|on|at)|nurse",
            r"tomorrow'?s visit|another (?:day|time)",
        ),
        ("the technician's visit",),
        ("I see the appointment.",),
        ("I've moved it to DATE, between nine and eleven, and asked them to call first.",),
        ("get_order", "visit booked"), ("reschedule_visit", "moved"),
    ),
    Kind(
        "order",
        (
            r"still waiting|waiting on|no sign of",
            r"where(?:'s| is) (?:my|the|our)|order(?:ed)?\b|deliver\w*|replacement|tracking|arriv\w+|shipp\w*",
            r"waiting for|hasn'?t come|has not come|not here|isn'?t here|get here|the mail|should'?ve come",
            r"swap\w*",
        ),
        ("where your order is", "the delivery you're waiting for"),
        ("It was held up for a day at our warehouse and is on its way now.", "I've found it. It left our warehouse yesterday evening."),
        ("It will be with you on DATE. I've sent the tracking link to your phone.",
         "It should arrive on DATE. I've asked the carrier for a text the evening before."),
        ("get_order", "in transit"), ("send_tracking", "sent"), why="The first parcel was damaged on the way, so it was packed again.", check=_ANSWERED,
    ),
    Kind(
        "lost",
        (
            r"missing on|is with my phone|forgot it|trout|dock|moved to another phone",
            r"lost|left (?:it|my phone)|off the train|taxi|cab|stolen|lock it|shut off|spare|drown\w*|lake",
            r"bottom of|number (?:on|onto|has|switched|put)|nobody (?:must|can)|useless|handset|block\w*",
            r"phone'?s gone|riding away|driving around",
        ),
        ("a phone that is gone, and the number on it", "blocking the phone and saving the number"),
        ("I see the line. Nobody has used it since this morning.", "Nothing has been used on that line today."),
        ("I've blocked the old phone and kept your number. It is ready to go on the other phone, just restart it.",
         "I've blocked it, nobody can use it now. Your number moves to the other phone within minutes."),
        ("get_account", "line active, no use today"), ("block_device", "blocked, number kept"), check=("Does that take care of it?", "Is that sorted?"),
    ),
    Kind(
        "device",
        (
            r"activat\w*|e-?sim|new phone|the network|bars|letters|bigger|pictures|crack\w*|screens?|glass",
            r"ring(?:s|ing)?\b|can'?t hear|tablet|ringer|won'?t connect|out of the box|insurance",
        ),
        ("the device", "getting the device to do what you need"),
        ("I see the phone on your account.", "It is on your account, and the settings came up on my side."),
        ("I've sent the settings to it again. Turn it off and on once, and it is ready.",
         "I've refreshed it from here and sent you the steps with pictures. One restart, and it is done."),
        ("get_account", "phone on the account"), ("refresh_device", "settings sent"), ask="Which phone is it, if I may ask?", check=_WORKS,
    ),
    Kind(
        "travel",
        (
            r"ferry|at my sister'?s|my sister|go along|choir",
            r"abroad|canada|toronto|mexico|cdmx|lisbon|wales|lagos|nigeria|vietnam|da nang|ghana|thailand",
            r"portugal|peru|germany|munich|scotland|victoria|cruise|ship|cozumel|border|trip|roaming|travel\w*",
            r"over there|conference|overseas|sail|fly|work from anywhere|works? there",
        ),
        ("using your phone while you're away", "your phone on the trip"),
        ("I've checked the country and your line. Your phone will work there.",
         "We have partner networks there, and your line is open for them."),
        ("I've made sure that calls and texts work from the moment you arrive. Data is off until you switch it on, so nothing is charged by accident.",
         "I've switched roaming on for calls and texts and left data off, so that you get no surprise."),
        ("get_account", "roaming available"), ("set_roaming", "calls and texts on, data off"), check=_ANSWERED,
    ),
    Kind(
        "fault",
        (
            r"the box|turned red|glow\w*|red lamp|loads?|one bar|bedrooms?|play out|no sound|never heard|bell|missing calls|says nothing|second floor|hear the",
            r"wi-?fi|slow\w*|drops?|dropp\w+|signal|red light|light|router|gateway|jitter|latency|freez\w*",
            r"uploads?|upstream|speed|interference|power (?:supply|adapter)|adapter|radiates|stream\w*|channel",
            r"reader|terminal|upstairs|connection|measured|graphs|repair|hops|crawls|hang(?:s|ing)?",
            r"internet (?:upstairs|in)|back room|pedicure|the line",
        ),
        ("trouble with the connection", "a connection that doesn't do what it should"),
        ("I've run a line test. The line itself is fine, but the gateway sits on a crowded channel.",
         "The line test shows errors on the gateway's side, not on the line."),
        ("I've moved it to a clear channel and restarted it. Give it two minutes.",
         "I've loaded fresh settings and restarted it from here. It comes back in about two minutes."),
        ("run_line_test", "line ok, gateway on a crowded channel"), ("restart_gateway", "restarted"),
        ("I've now changed its settings a second time, and I can see it running clean from here.",),
        ask="Since when has it been like this?", why="Too many networks around you use the same channel.", check=_WORKS,
    ),
    Kind(
        "address",
        (
            r"bridge mode|carrier nat|shop cameras",
            r"fixed (?:ip|address|one)|static|dynamic dns|dns|nat\b|bridg\w+|cameras?|remote|ip address",
            r"address (?:of|moved|moves|keeps|change|changed)|vpn|wan|see the shop|look in on|shared ipv4",
            r"server",
        ),
        ("reaching your network from outside", "the address of your line"),
        ("Your line gets a new address each time the gateway restarts.", "There is no carrier NAT on your line, but its address does change."),
        ("I've switched the gateway to the mode you need and opened the port, so you can reach it from outside again.",
         "I've set a host name on the gateway that follows the address, so that what you have set up keeps working."),
        ("run_line_test", "address is dynamic, no carrier NAT"), ("configure_gateway", "saved"), check=_WORKS,
    ),
    Kind(
        "data",
        (
            r"how many gigs|of the month|for data|extra data",
            r"overage|gigs?|data|throttl\w*|hotspot|tether\w*|quota|went over|ran past|goes over|ran over",
        ),
        ("the data on your plan", "data, and what it costs when it runs out"),
        ("You went over the data of your plan in the last days of the month, and each gigabyte over it was charged.",
         "The plan's data was used up before the month was, that is where it comes from."),
        ("I've set an alert and a stop, so that from now on data pauses and nothing extra is charged.",
         "I've put a limit on the line. You get a text before it is reached, and nothing is charged beyond it."),
        ("get_usage", "over the plan's data"), ("set_data_limit", "set"), check=("Does that take care of it?", "Does that solve it?"),
    ),
    Kind(
        "payment",
        (
            r"pay|paying|payment|autopay|card|due|settle|debit|expired|paid|behind|shutoff|what i owe",
            r"dead card|bank card",
        ),
        ("a payment", "paying the bill"),
        ("I see the amount that is due.", "The account is open in front of me."),
        ("I've put it through. The confirmation is on its way to you by text.",
         "I've updated that on the account, and it counts from today. You'll get a confirmation by text."),
        ("get_bill", "amount due"), ("take_payment", "done"),
    ),
    Kind(
        "bill",
        (
            r"bills?\b|charges?|invoice|prorat\w*|spreadsheet|higher|went up|jump\w*|explain|reason|minutes",
            r"per-minute|amounts|statement|changed?|totals?|renewal|letter|numbers|dollars|\$\d+|\d+\.\d\d",
            r"newcomers|new customers|calls",
        ),
        ("your bill", "a bill you can't make sense of"),
        ("I have the bill here.", "I've opened the bill and the one before it."),
        ("The introductory price ended, so the usual price is on it now, and one part of it is for the days between two bills. The charge is right. I've sent you a page that shows it line by line.",
         "Two things come together: an introductory price that ended, and a part of a month that was billed late. I've sent you both in writing, line by line."),
        ("get_bill", "introductory price ended"), ("send_summary", "sent"), why="The introductory months were over.", check=_ANSWERED,
    ),
    Kind(
        "line",
        (
            r"(?:line|phone|number) for (?:my|a|her|him)|kid'?s?|child\w*|daughter|wife|another line",
            r"extra line|birthday|turns? eleven|eleven|on my account",
        ),
        ("one more phone on the account", "a line for the family"),
        ("Another phone can come on your account, with the number it has or a new one.",),
        ("I've set that up as a note, so that any of us can go on from there, and I've sent you what is needed.",),
        ("get_account", "line possible"), ("send_summary", "sent"), check=_ANSWERED,
    ),
    Kind(
        "plan",
        (
            r"what does\b.*\bcost|gig fiber|the number,? please|side by side|put against|you two compare",
            r"price of|the price|pricing|prices?|coupon|compare|plan up|mailer|gig plan",
            r"what (?:does|would|do|is)\b.*\bcosts?|how much (?:is|does|would)|at my address|faster|cost us",
            r"next plan",
        ),
        ("what we have and what it costs", "prices"),
        ("I've looked at what we have at your address.",),
        ("I've sent you a page with what is available there, with all prices, and what they are after the first year.",),
        ("check_address", "list of plans"), ("send_summary", "sent"), check=_ANSWERED,
    ),
    Kind(
        "change",
        (
            r"bills?\b.* on paper|paper bills?|mailed to my house|mother'?s bills|the bills you send|come to me|bills to me",
            r"paper|envelope|post|letterbox|on the computer|(?:last|maiden|different) name|married|wedding",
            r"froze\w*|on hold|pause|remove\w*|package|bundle|unused|bills? (?:sent|to go) to|bills on",
        ),
        ("a change on your account",),
        ("I see how it is set up today.",),
        ("I've changed that for you. It counts from DATE, and a confirmation is on its way.",
         "That's changed as of today. You'll have a confirmation by text in a minute."),
        ("get_account", "found"), ("update_account", "changed"),
    ),
    Kind(
        "other", (),
        ("something on your account",),
        ("I have your account open now.",),
        ("I've set that right on the account, and you'll get a confirmation by text.",
         "I've taken care of that, and the confirmation will come by text."),
        ("get_account", "found"), ("update_account", "changed"), ask="Can you tell me a little more about it?",
    ),
)  # fmt: skip


ANSWERS = (
    (
        r"in writing|write (?:it|that|this)|e-?mail|\btext\b|message|on paper|\bpaper\b|written|send me|to my phone",
        (
            "Yes, a summary of all this is on its way to you as a message.",
            "Of course, I've just sent it to you in writing.",
        ),
    ),
    (
        r"write down|pencil|tell my girl|to my daughter|the pad|put on",
        ("In short: it is taken care of, there is nothing to pay, and we write to you.",),
    ),
    (
        r"easy words|go slow|slow,|simple|important part",
        ("Of course. I look at your account and put it right, one step after the other.",),
    ),
    (
        r"if i walk|penalty for going|done with you|leaving, today|free to go|notice|run out\?|need to be told|time with you",
        ("LEAVING And it takes 30 days' notice, counted from the day you tell us.",),
    ),
    (
        r"abroad|over the border|out of the country|travels|over there|when i'?m away|hotel safe|maps",
        (
            "Your phone works abroad for calls and texts. Data stays off until you switch it on, so nothing is charged by accident.",
        ),
    ),
    (
        r"treated better|the rest of us|count for anything|old customers|been around",
        ("Yes, it counts. Your years with us are on the account, and I see them first thing.",),
    ),
    (
        r"renew|keep on working|the way they are|roll right along|pull the rug",
        (
            "Nothing changes by itself, and you don't have to do anything. We write to you two months before anything ends.",
        ),
    ),
    (
        r"nothing left for me|as of now|done, yes|from my side|root cause|verify that|persistent|revert|survive|else changed",
        (
            "Yes, that's done, it is saved on our side, and nothing else on your account changed.",
            "Yes, it holds, also after a restart. There is nothing left for you to do.",
        ),
    ),
    (
        r"next step|from there|on site|from me so|handled today|who takes it",
        ("I do it from here, right now. You don't have to be anywhere.",),
    ),
    (
        r"side show|reading that|measured|what data|based on",
        ("That comes from the account and from the test I run on the line, not from a script.",),
    ),
    (
        r"bottom line|total|spreadsheet|whole bill|my budget|monthly",
        ("Your monthly total stays as it was; this changes nothing on it.",),
    ),
    (
        r"how much|costs?\b|charg|free|\bpay\b|\bfee|bookkeeper|every month|extra|tacked on|on my bill|send you money|price",
        ("No, there is no charge for that.", "There is nothing to pay for it.", "Nothing is charged for that."),
    ),
    (r"when|how long|what (?:day|date|time)|how soon|by when|which bill|give me a date", ("By DATE at the latest.",)),
    (r"why|what caused|how come|what happened|reason|how does|who put|got past", ("WHY",)),
)
"""What a customer may want to know beside the matter itself, and the answer."""


OPEN_CASES = {"billing_dispute": "dispute", "service_fault": "fault", "order_delay": "order"}
"""The kind of matter that an open case of the customer's record speaks for, where it is called otherwise."""


def kind_of(text: str, open_cases: Sequence[str] = ()) -> Kind:
    """The kind of matter of which most is heard, the first of them; an open case counts like something that was said."""
    spoken_for = {OPEN_CASES.get(case, case) for case in open_cases}

    def heard(kind: Kind) -> float:
        words = {found.group().lower() for found in kind.pattern.finditer(text)} if kind.known_by else set()
        return len(words) + (kind.id in spoken_for)

    best = max(KINDS, key=heard)
    return best if heard(best) else KINDS[-1]


def answer_to(text: str) -> tuple[str, ...] | None:
    """Ways to answer a question beside the matter; None where it knows no answer."""
    return next((answers for known_by, answers in ANSWERS if re.search(known_by, text, re.IGNORECASE)), None)
