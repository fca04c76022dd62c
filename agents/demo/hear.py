"""What the customer's words mean to the demo agent: rules of its own, so that no reader is judged on itself."""

from __future__ import annotations

import re

_DIGIT_WORDS = "zero|oh|one|two|three|four|five|six|seven|eight|nine|double|triple|[a-z]+teen|[a-z]+ty"
_LEAD_IN = (
    r"^(?:\W|\b(?:uh|um|umm|erm|eh|well|oh|ooh|ah|aw|so|okay|ok|hm+|er|right|then|fine|now|and|but|hey|look|good|"
    r"lovely|wonderful|fantastic|great|thanks|also|wait|yes|an|i see|i|interesting|excuse me|sorry|tell me)\b)*"
)
_QUESTION_WORDS = (
    "what|what's|when|why|how|who|where|which|is|are|does|do|did|can|could|would|will|should|contract or|any|"
    "for whom|since when|if i (?:want|cancel|leave)|by when|price|prize"
)
_MEANINGS: dict[str, tuple[str, ...]] = {
    # --- who it is
    "digits": (
        r"\d{4}",
        r"\d[ -]\d[ -]\d[ -]\d",
        rf"(?:(?:{_DIGIT_WORDS})[ ,-]+(?:(?:uh|um|er|erm|eh) )?){{2,5}}(?:{_DIGIT_WORDS})",
        r"\d\d \d\d",
    ),
    "lacks": (
        r"(?:don'?t|do not|can'?t|cannot|not|no) (?:\w+ ){0,3}(?:have|know|find|remember|sure|idea|handy|with me|here)",
    ),
    "person": (
        r"(?:speak|talk) (?:to|with) (?:a|an|some|your|the)\w* ?(?:real |live |human )?"
        r"(?:person|human|people|supervisor|manager|representative|agent|somebody|someone)",
        r"(?:real|live|actual) (?:person|human)|supervisor",
    ),
    "machine": (
        r"(?:are|is) (?:you|this|that|it) (?:really |actually )?(?:a |an )?"
        r"(?:real|robot|machine|bot|computer|human|ai|person)",
        r"am i (?:talking|speaking|chatting) (?:to|with) (?:a|an)",
    ),
    # --- the matter
    "unsolved": (
        r"negative|unchanged|hasn'?t done it|no luck|wish i could say|not working|not done|i'm afraid",
        r"not (?:yet|really|(?:been )?(?:solved|resolved|fixed|put|taken|corrected|dealt)|in order|as it|sorted)",
        r"not (?:working|quite|happy|what|the same|right|there|good enough)|no it|no change|doesn'?t|does not",
        r"didn'?t(?! expect)|(?<!now it )(?:isn'?t|is not)(?! (?:it|that)\b)",
        r"hasn'?t|has not|still(?! (?:fine|good|okay|working|solved|fixed|settled|annoyed|not thrilled)\b)|square one",
        r"no (?:different|good|further)|any different|(?:exactly|right|just) (?:where|the way)|(?:not|don'?t) change",
        r"persists|outstanding|cannot|(?:done|solved|fixed) nothing|nothing'?s|nothing has|don'?t tell me|same mess",
        r"same (?:thing|problem|as before)|nothing (?:changed|happened)|that'?s not",
    ),
    "solved": (
        r"sorted|solve[ds]|resolve[ds]|settle[ds]|delighted|as expected|fix(?:ed|es)|works?(?: now| again)?|working",
        r"gone|answered|taken care of|(?:put|puts|set) (?:it |that |this |all )?right|in order|corrected",
        r"dealt with|handled|as it should be|squared away|closed|cleared|everything is correct",
        r"(?:fine|okay) now|all fine|perfect|amazing|clever",
        r"(?:that|this|it)(?:'?s| is|'ll)? "
        r"(?:it|all i|what i|good|great|fine|better|clear|everything|put right|did it|done)",
        r"clear|makes sense|got it|i'?m in|all (?:good|set|clear|done)|understood?|that does|does it|done",
        r"great|good|wonderful|lovely|thank|thanks|hug",
    ),
    "done": (
        r"that'?s (?:all|it|everything)|that is (?:all|it|everything)|nothing else|will be all|that'll be all",
        r"no(?:pe)?,? (?:that'?s|thanks?|thank|more|nothing|i'?m)|i'?m (?:good|fine|all set|done|off)|all set",
        r"we'?re (?:good|done)",
        r"have to (?:go|run)|got to (?:go|run)|gotta|i'?ll (?:go|let you go|leave it)",
    ),
    "bye": (
        r"bye|goodbye|good night|see you|so long|cheerio|farewell|hang(?:ing)? up",
        r"(?:take care|have a (?:good|nice|great|lovely)|good) ?(?:one|day|night|evening|afternoon|weekend)?[.!]*$",
        r"i'?m (?:done here|leaving|gone|out|off)",
    ),
    "upset": (
        r"ridiculous|unacceptable|fed up|sick of|furious|angry|a joke|terrible|awful|worst|had enough|tired of",
        r"frustrat\w+",
        r"(?:second|third) time|every time|wast(?:e|ing)|unbelievable|outrageous|scared|worried|crying|upset",
        r"shouldn'?t be this hard",
    ),
    "repeat": (
        r"(?:say|tell me|explain|read) (?:that|it|this) (?:again|once more|one more|slow)",
        r"repeat|come again|pardon|what did you say|say again|once more|lost me|slower|more slowly",
        r"didn'?t (?:catch|hear|get) (?:that|it|you|all)|(?:don'?t|do not) understand",
    ),
    # --- an answer to an offer
    "take": (
        r"add (?:it|that|the|one|them)|i'?ll (?:take|have|say yes)|i will (?:take|have)|we'?ll (?:take|have)",
        r"sign (?:me|us) up",
        r"put (?:it|that|me|us) (?:on|down)|pop (?:it|that) on|do it|go for it|count me in|i'?m in",
        r"switch (?:me|it|us)",
        r"set (?:it|me|us) up|make (?:the|that) change|include (?:it|that|the)|book (?:it|that|the)|start it",
        r"get it done",
        r"i (?:accept|agree)|deals?|let's do|(?:yes|please),? (?:do|go|have)|happy with|just what i",
        r"let'?s (?:have|do|get) (?:it|that)|i'?d like (?:it|that)|want that one|might as well",
        r"worth it to me|(?:yes|go ahead),? please|works for me",
    ),
    "no": (
        r"(?:absolutely|certainly|definitely|of course|probably) not|under no circumstances|not a chance",
        r"no (?:way|chance|sir|ma'?am)",
        r"(?:you can )?keep your|you can keep|enough|never|i'?m not (?:buying|taking|having)|no[.!]*$|i'?d sooner",
        r"won'?t be",
        r"not interested|no,? thanks?|no,? thank you|i'?ll pass|i will pass|pass on|leave (?:it|that)",
        r"skip (?:it|that)",
        r"not for me|(?:don'?t|do not|doesn'?t|won'?t|will not) (?:want|need|be needing|take)|rather not",
        r"forget it|no need",
        r"without (?:it|that)|stop (?:selling|offering|pushing|trying)|stay with what|keep what|i said no|nope|nah",
        r"(?:i'?m|we'?re|i am|we are) (?:good|fine|all set|happy) (?:as|with|without|the way)",
        r"no (?:to|more|deal|use|sale)",
    ),
    "bare_no": (_LEAD_IN + r"no\b",),
    "later": (
        r"not (?:now|right now|today|yet|this minute|this time)|maybe|perhaps|later|(?:some )?other time",
        r"another (?:time|day)",
        r"think (?:about|it|on)|let me think|sleep on|next (?:week|month|time|year)|(?:get|come|call|write) back",
        r"(?:talk|speak) (?:to|with|it)|ask my|check with|in (?:an|a) (?:email|text|message)|after (?:the|my|i)",
        r"once (?:i|the|we)|decide|some time|in a (?:few|couple)|ready to",
    ),
    "concern": (
        r"too (?:much|expensive|dear|steep|high|pricey|long|good)|expensive|pricey|steep|afford|bit much",
        r"sounds like a lot",
        r"lot (?:of money|to pay|for|more)|more than|on top of|budget|adds? up|locked in|tied",
        r"another (?:bill|charge|fee)",
        r"trust|worried|worth|cheaper|bothers?|bound to|stuck with|can happen|puts me off|nervous|commitment|strings",
    ),
    "deflects": (
        r"not why|not what i|(?:let'?s|can we|could (?:we|you)|i'?d rather|i would rather|just) "
        r"(?:just |please |only |kindly )?"
        r"(?:stick|focus|concentrate|stay|get back|go back|finish|deal|look|sort|talk about)",
        r"(?:the )?only thing i|first (?:i (?:need|want|have)|my|the|let)|i was hoping|all i (?:want|need|care)",
        r"what about my",
        r"before (?:you tell|we get|all that|that)|what i (?:asked|came|called|wrote)",
        r"why i(?:'m| am)? (?:called|came|here|hear)",
        r"back to (?:my|the|what)|get(?:ting)? me sorted|one thing at a time",
        r"i(?:'m| am) (?:only |just )?(?:here|calling|asking) (?:about|for|to)",
    ),
    "comes_back": (
        r"you (?:mentioned|offered|talked about|said (?:about|something)|were (?:saying|telling))|changed my mind",
        r"suggestion|brushed|turned (?:it|that) down|shot|too (?:fast|quick\w*|soon)|on second thought",
        r"(?:go|going|come|coming|get|getting) back to (?:that|the|it)|tell me (?:again|more)",
        r"about (?:that|the) (?:offer|pass|plan|thing)",
        r"that (?:offer|pass|plan|thing|add-?on) (?:again|of yours)|thinking about (?:it|that|the)|earlier",
    ),
    "hears": (
        r"tell me|go on|go ahead|let'?s hear|i'?m (?:listening|curious|all ears)|curious|hear (?:it|about|more)",
        r"sure|please|why not",
    ),
    "yes": (
        _LEAD_IN + r"(?:yes|yeah|yep|yup|yah|ya|sure|of course|please (?:do|add|go)|go ahead|go on|alright|all right|"
        r"okay|ok|fine|why not|sounds? (?:good|fine|fair|reasonable)|that works|"
        r"correct|certainly|absolutely|i guess|i suppose|deal|good|great|"
        r"perfect|by all means)\b",
        r"yes|yeah|yep",
    ),
    "bids": (
        r"^\W*(?:(?:ok|okay|and|please|so|then|kindly|um|uh|er|sorry)\W+)*"
        r"(?:send|text|e-?mail|mail|give|put (?:it|a)|tell|write)\b",
        r"let me (?:add|get)|i (?:say it back|write it down)|can you|could you|you can (?:send|say)|in writing",
    ),
    "asks": (r".*\?", rf"{_LEAD_IN}(?:(?:just|tell me|curious)\b\W*)?(?:{_QUESTION_WORDS})\b"),
}  # fmt: skip
_TOPICS: dict[str, tuple[str, ...]] = {
    "why_me": (
        r"why (?:are|would|do|did|me|should)|for (?:someone|somebody|people|a household)|need (?:it|that)|suit",
    ),
    "visit": (r"come out|technician|install\w*|somebody|visit|drill",),
    "number": (r"keep my (?:number|plan|email)|my number",),
    "catch": (r"catch|small print|fine print|downside|trick|too good",),
    "fee": (r"fees?|one[- ]time|set ?up|activation|hidden|extra (?:costs?|charges?)|on top|surprise|charge to",),
    "term": (
        r"contract|how long|commit\w*|locked|signed up|sign(?:ing)? (?:up )?for|cancel|get out|wanted out",
        r"leave early|stuck",
        r"months|minimum|terms?\b|notice|stop it|any time",
    ),
    "price": (r"how much|price|costs?|pay|per month|a month|total|money|run me|set me back|charge",),
    "limits": (r"limits?|slow(?:er|s)?|speed|countr|data|gigs?|devices|cover|include[ds]?|included|get",),
    "how": (r"how (?:does|do|would|will|soon|quick|fast)|when|start|app|see it|work|switch",),
}  # fmt: skip
_PATTERNS = {
    name: re.compile("|".join(one if one.startswith("^") else rf"\b(?:{one})(?!\w)" for one in ways), re.IGNORECASE)
    for name, ways in {**_MEANINGS, **_TOPICS}.items()
}
AMOUNT = re.compile(r"\$\d{1,4}(?:\.\d\d)?")


class Heard:
    """A customer's turn; `heard.yes`, `heard.price` and so on: whether it holds words of that meaning."""

    def __init__(self, text: str) -> None:
        self.text = text[:2000].replace("’", "'")

    def __getattr__(self, name: str) -> bool:
        if name not in _PATTERNS:
            raise AttributeError(name)
        return _PATTERNS[name].search(self.text) is not None

    @property
    def topic(self) -> str:
        """What it wants to know of an offer; `what`: what it is."""
        return next((name for name in _TOPICS if getattr(self, name)), "what")

    @property
    def short(self) -> bool:
        """Whether it is a few words only."""
        return len(self.text.split()) < 5
