"""What an agent turn states about the offers it speaks of: prices, fees, terms, discounts, features, deadlines.

Whether a statement is true is left to the evaluators; which offers are named, to `named`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import re2

from evalh.models import Claim, Lexicon
from evalh.models.vocabulary import ClaimKind
from evalh.reader.rules import RuleSet, load_rules
from evalh.reader.view import Named, TurnView
from evalh.text.amounts import Amount, amounts

SAME_SENTENCE, SAME_TURN, FROM_BEFORE = 0.9, 0.7, 0.6
_MONEY_END = 56


@dataclass(frozen=True, slots=True)
class _Said:
    """A statement before it is given to an offer."""

    kind: ClaimKind
    value: str
    start: int
    end: int
    unit: str | None = None
    period: str | None = None
    per: str | None = None
    months: str | None = None
    sure: float = 1.0
    at: int = -1
    """The offset that decides which offer it belongs to; -1: `start`."""
    listed: bool = False
    """Whether it is a charge of the policy, told by what it is for."""


@dataclass(frozen=True, slots=True)
class _Spot:
    """An amount with the words left and right of it that it may be judged by."""

    amount: Amount
    left: str
    right: str
    sentence: str
    before: Amount | None
    wide: str
    """As `left`, also across a name."""
    after: Amount | None
    priced_after: bool


# The customer's account rather than an offer.
_ACCOUNT = re.compile(
    r"\b(?:budget|bills?|billed|billing|balance|credit(?:ed|ing)?|refund\w*|payments?|paid|ow(?:e|ed|es|ing)|overdue"
    r"|past due"
    r"|due|invoices?|charged|statement|transactions?|deposited|withdr\w+|transferred|remaining|left over|you've used"
    r"|you have used|you used|late fee|overdraft|chargeback|arrears|account|reimburse\w*|subtotal|grand total"
    r"|refuel\w*|certificates?|itinerary|airfare|fare difference|flights?|fare|original order|order total)\b"
)
_PLUS_AFTER = re.compile(r",? plus [$£€]?\d")
_WITH_BEFORE = re.compile(r"[$£€]\d[^;]{0,24}\b(?:with|including|incl\.?)\b[^.;$£€]{0,40}$")
_ON_ONE_BILL = re.compile(r"\b(?:one|a single|the same) bill\b")
_ACCOUNT_AFTER = re.compile(
    r"[\s*]*(?:\w+ )?(?:budget|credit(?!s? card|s? limit)s?|refund|payment|balance|bill|overdue|due|owed|outstanding"
    r"|remaining|left"
    r"|charge (?:on|from|to) your|on your (?:bill|statement|account|last|current|card)|from (?:your )?(?:last"
    r"|the last)"
    r"|towards?|was |were |has been|have been|that (?:was|you)|you (?:were|paid|owe|see|saw|currently)|in total"
    r"|total\b|in all\b|all in\b|all told\b|for everything\b|plus (?:\$|£|€)?\d"
    r"|altogether|all together|back to your|to your (?:account|card|original)|late fee|gift card balance|certificate"
    r"|for (?:the|your) (?:flights?|tickets?|order|trip|stay|booking|reservation|repair|visit)\b)"
)
_TOTAL = re.compile(r"\b(?:total|altogether|in all|sum|comes to|come to|adds up to|together|all in)\b[^.]{0,32}$")
_REPORTED = re.compile(
    r"\b(?:you(?:'re| are)? (?:currently |now |already )?(?:pay|paying|spend|spending)|you(?:'ve| have) been paying"
    r"|you (?:said|mentioned|were (?:told|quoted|paying|charged)|paid|used to pay)|your current|currently (?:at"
    r"|on|paying)"
    r"|you(?:'re| are) (?:currently |now )?(?:on|at)|current(?:ly)? (?:plan|price|rate|bill|package)|if (?:it"
    r"|that) (?:was|were|is)"
    r"|someone (?:told|said)|used to (?:be|cost)|previously|was|were|had been)\b[^.]{0,24}$"
)
_NEGATED = re.compile(
    r"(?:\bnot|n't|\bnever|\bno longer|\binstead of|\brather than|\bcompared (?:to|with)|\bversus|\bvs\.?|\bdown from"
    r"|\bnor|\bup from)\s+(?:be |cost |costs |the |just |a |at |usual |regular |normal |full |paying )*[$£€]?$"
)
_ASKED = re.compile(
    r"(?:so |and |ok(?:ay)?,? |um |uh )*(?:(?:is|was|isn't|wasn't|are) (?:it|that|this|the \w+(?: \w+)?)\b"
    r"(?! (?:something|okay|ok|all right|alright))|(?:do|did|does|were) you (?:currently |now )?(?:pay|have|get"
    r"|see|mean|say|spend)"
    r"|how (?:much|many) |what (?:do|did|are) you )"
)
_MINE_NOW = re.compile(
    r"(?:\byour current(?: \w+)?(?: is)?|\byou(?:'re| are) (?:currently |now |already )?(?:on|with|using)"
    r"|\byou (?:currently |already |now )?have|\byour (?:existing|old|previous|last))(?: the| our| a)?[\s,:]*$"
)

# Of an offer rather than of anything else, where the turn names none.
_OFFER_CUE = re.compile(
    r"\b(?:it's|it is|it'd|it'll|it would|it will|it costs?|it comes|it runs|it has|it gives|it goes|that's"
    r"|that is|that'd|that would"
    r"|that comes|this (?:is|plan|one|offer)|costs?|priced?|prices|for (?:just|only)|only|just|per|runs"
    r"|comes (?:to|with|out)"
    r"|fees?|contract|plan|offer|upgrade|deal|package|insurance|coverage|pass|add-?on|subscription|membership"
    r"|protection"
    r"|you(?:'d| would|'ll| will)? (?:also )?(?:get|pay)|discount|off|save|term|commitment|promo\w*|the first"
    r"|after that|then)\b"
)

# Kinds of amount.
_OFF = re.compile(
    r"[\s*-]*(?:(?:bill|instant|loyalty|new customer|one[- ]time|monthly|autopay|\w+) )?"
    r"(?:off\b|discounts?\b|savings?\b|less\b|cheaper\b|reduction|price (?:cut|drop)|rebate|in savings|markdown)"
)
_SAVE = re.compile(
    r"\b(?:sav(?:e|es|ing|ings of)|discount(?:ed)? (?:of|by|is|at)|discount|take|takes|taking|knock|knocks"
    r"|reduc\w+(?: \w+){0,3} by"
    r"|drops? (?:it |that )?by|cheaper by|lower\w*(?: \w+){0,3} by|off(?: of)?:?)"
    r"(?: you| another| an extra| an additional| up to| about| around| of| is| over){0,3}\s*[$£€]?$"
)
_EXIT = re.compile(
    r"\b(?:early[- ](?:termination|cancell?ation|exit)|termination (?:fee|charge)|cancell?ation (?:fee|charge"
    r"|penalty)|exit fee|etf"
    r"|(?:if|when|should) you (?:do )?(?:cancel|leave|terminate|end|quit|break)|to (?:cancel|leave|terminate"
    r"|break) (?:it |the contract )?early"
    r"|cancel\w*(?: \w+){0,4} early|leav\w+ early|break\w* the contract|cancel(?:ling|ing)? before|buy ?out)\b"
)
_THEN_BEFORE = re.compile(
    r"(?:\bthen|\bafter(?:wards?)?|\bafter (?:that|which|this)(?:,? (?:it|the price|the rate|you))?"
    r"|\bafter (?:the|those|your) (?:\w+ ){0,3}\w+"
    r"|\bthereafter|\bgo(?:es|ing)?(?: back)? (?:up )?to|\bup to|\b(?:in|de)creases? to|\brises? to|\bjumps? to"
    r"|\breverts? (?:back )?to|\breturns to"
    r"|\brenews? (?:at|for)|\b(?:regular|standard|normal|full) (?:price|rate)(?: of| is)?|\bfrom (?:month"
    r"|year) \w+|\bincreasing to|\brising to|\bmoves? to)"
    r"[\s,]*(?:it'?s?|is|will|be|the|price|rate|goes|go|becomes?|would|cost|costs|to|up|back|for|at|just|only|of"
    r"|you|pay|you'll|'ll|'d|a|regular|standard"
    r"|regularly|normal|month(?:ly)?|a month|[\s,:]){0,10}[$£€]?$"
)
_THEN_AFTER = re.compile(
    r"[\s,*]*(?:(?:a|per) month)?[\s,]*(?:after\s*(?:[.,;!?]|$)|after(?:wards?\b| that\b| the\b| this\b"
    r"| \w+ (?:months?|years?)\b)"
    r"|thereafter\b"
    r"|from (?:then|there) on\b|once the (?:promo\w*|\w+ period|first)\b|following that)"
)
_REGULAR = re.compile(r"\b(?:regular|regularly|usual|usually|normal|normally|list price)\b[^.]{0,16}$")
_FEE_AFTER = re.compile(
    r"[\s*]*(?:for )?((?:(?!per\b|a\b|and\b|for\b|with\b|plus\b|the\b|to\b|in\b|on\b|off\b)[a-z'-]+ ){0,3}?)(fee"
    r"|charge|deposit|surcharge|levy)s?\b"
)
_FEE_BEFORE = re.compile(
    r"((?:[a-z'-]+ ){0,3})\b(fee|charge|deposit|surcharge|levy)s?(?:[\s,:*]|of|is|are|for|at|that's|which|would"
    r"|will|be|just|only|it's|a|there's|one[- ]time|also|about|'s"
    r"|(?:this|that|the|it)\b){0,6}[$£€]?$"
)
_FEE_VERB = re.compile(
    r"\b(installation|activation|set-?up|delivery|shipping|enrol?lment)(?: would| will)? (?:is|costs?|be"
    r"|runs?)(?: just| only)?\s*[$£€]?$"
)
_PRICE_LIKE_FEE = re.compile(r"\b(?:monthly|membership|subscription|plan|recurring|weekly|daily)\b")
_NOT_AN_OFFER_FEE = re.compile(
    r"\b(?:late|overdue|returned?|missed|bounced|nsf|overdraft|disputed|wrong|incorrect|duplicate|unexpected|that"
    r"|this)\b"
)
_COVER_AFTER = re.compile(
    r"[\s*]*(?:of|in|worth of)?\s*(?:\w+ ){0,2}?(?:coverage|cover|protection|medical|liability|benefits?"
    r"|gift ?cards?|cash ?back|bonus|rewards?"
    r"|statement credit|vouchers?|credit limit|limit|deductible|excess|allowance|in value|value|worth)\b"
)
_COVER_BEFORE = re.compile(
    r"\b(?:cover(?:s|ed|age|ing)?|insured?|protect\w*|reimburs\w*|benefit|limit|bonus|deductible|excess|worth"
    r"|valued at|earn)"
    r"(?: \w+){0,4}?(?: up to| of| is| for| with a)?\s*[$£€]?$"
)
_RATE_AFTER = re.compile(
    r"[\s*]*(?:fixed |variable |intro(?:ductory)? |annual )?(?:apr|apy|aer|interest|cash ?back|back\b|on (?:all"
    r"|every|groceries|purchases|dining)|faster"
    r"|more|uptime|of (?:the|your|repair|vet|costs?|trip)|coverage|renewable|refund\w*|reimburse\w*|rewards?|bonus)"
)
_RATE_BEFORE = re.compile(
    r"\b(?:covers?|reimburses?|refunds?|earns?|apr|apy|rate|interest|cash ?back|pays?)(?: \w+){0,3}\s*$"
)

_FIRST = re.compile(
    r"\b(?:for|during|in|over)?\s*(?:the |your |its )?(?:first|initial|opening|introductory|promotional)\s*$"
)
_FOR = re.compile(
    r"[\s,*]*(?:(?:a|per) month )?(?:for|guaranteed for|locked in for|fixed for|good for|during)(?: the next"
    r"| a full| up to)?\s*$"
)
_AFTER = re.compile(r"\bafter (?:the |those |your )?(?:first |initial )?$")
_PROMO_AFTER = re.compile(r"[\s-]*(?:promo\w*|intro\w*|special|discount(?:ed)?) ?(?:period|price|rate|offer|term)?")
_TERM_AFTER = re.compile(
    r"[\s*-]*(?:(?!free|trial|promo)[a-z-]+ )?(?:contract|agreement|commitment|term\b|minimum|lock-?in"
    r"|subscription|membership|deal\b|fixed|plan\b|lease|installments?)"
)
_TERM_BEFORE = re.compile(
    r"\b(?:contract|agreement|commitment|minimum|term|commit(?:ted|ting)?|lock(?:ed|s)?(?: you)? in|tied in"
    r"|sign(?:ing)?(?: up)?|bound|stay(?:ing)?(?: with us)?)"
    r"(?:\s|of|for|is|to|at|least|a|the|on|it's|that's|length|period|:|would|be|on it|runs?|lasts?|with){0,6}$"
)
_NO_TERM = re.compile(r"\b(?:no|without an?|without any|not an?|isn't an?)(?: \w+)?\s*$")
_FREE_AFTER = re.compile(r"[\s*]*(?:\w+ ){0,2}?(?:for )?(?:free\b(?! trial)|on us\b|at no (?:cost|charge))")
_FREE_BEFORE = re.compile(r"\b(?:free|no charge) (?:for )?(?:the |your )?(?:first )?$")
_LASTING = re.compile(
    r"[\s*-]*(?:of )?(?:\w+ )?(?:trial|money[- ]back|refund|return|guarantee|warranty|coverage|cover\b|protection"
    r"|validity|access|price (?:lock|guarantee)|of data|storage|unlimited|talk|calls?|support)"
)
_LASTS = re.compile(
    r"\b(?:valid|lasts?|good|covers?(?: \w+){0,3}|protect\w*(?: \w+){0,3}|price lock|locked|guarantee[ds]?"
    r"|warranty|trial|within|up to|access|includes?|comes with)"
    r"(?: for| of| up to| is| you for| it for| the first){0,2}(?: the first| a)?\s*$"
)
_WAIT = re.compile(
    r"\b(?:takes?|within|wait|allow|arrives?|ship\w*|processed|see it in|in about|next|last|past|been"
    r"|ago)\b[^.]{0,24}$|\bin $"
)
_USED_DATA = re.compile(
    r"\b(?:you(?:'ve| have)(?: already| currently)? (?:used|got|had)|you(?:'re| are) (?:using|getting|at|on|out)"
    r"|used|using|remaining|usage|balance|current\w*|refuel\w*|speed test)\b[^.]{0,32}$"
)
_DATA_LEFT = re.compile(r"[\s*]*(?:of (?:\w+ )?data )?(?:left|remaining|used|over\b|of usage|already|out of)")
_COUNTED = re.compile(
    r"(?:countr(?:y|ies)|destinations?|devices?|lines?|screens?|streams?|users?|seats?|channels?|bags?|suitcases?"
    r"|visits?|classes|sessions?|guests?"
    r"|locations?|lounges?|clubs?|texts?|calls?|messages?|points?|miles|pass(?:es)?|cards?|tvs?|rooms?|stations?"
    r"|projects?|workspaces?|hotspots?|transfers?|credits|features|people|nights?|family)$"
)
_CAPACITY = re.compile(
    r"\b(?:up to|covers?|includes?|including|comes with|works in|in over|in more than|over|more than|get|gets"
    r"|gives you|allows?|supports?|with|in|on|for up to|across|earn|unlimited|has|have|and|plus|connect)"
    r"(?: you| your| over| more than| up to| a| the| all| an extra| us| have){0,3}\s*$"
)

# A deadline with a date in it.
_BY_DATE = re.compile(
    r"\b(?:until|till|through|thru|by|before|ends?(?: on)?|ending(?: on)?|expires?(?: on)?|expiring(?: on)?"
    r"|valid to|good to|closes(?: on)?)(?: the)?[\s:]*$"
)
_OFFER_WORD = re.compile(
    r"\b(?:offer|deal|promo\w*|price[ds]?|pricing|discount|rate|special|sale|sign up|available|valid|good"
    r"|expires?|upgrade by|order by|switch by|enrol?l by|add it by|book by)\b"
)
_NOT_A_DEADLINE = re.compile(
    r"\b(?:your (?:\w+ )?(?:contract|plan|payment|bill|card|trial|subscription|membership|term|policy)|payment"
    r"|due|arriv\w+|delivered|departs?|return\w*|flight)\b"
)

# Features in words.
_FEATURE = re2.compile(
    r"\b(?:(?:covers?|includes?|comes with|lets you|gives you|allows you to|enables?|unlocks?|protects?|provides?"
    r"|offers you|features|upgrades you to|gets you|guarantees?|reimburses|insures?|works (?:in|with|on|for)"
    r"|supports|adds|keeps your|gives)"
    r"|you(?:'d| would|'ll| will)?(?: also| still)? (?:get|receive|enjoy|be able to|earn|be covered (?:for"
    r"|against)))\s"
)
_SUBJECT = re.compile(
    r"\b(?:it|this|that|which|they|these|both|plan|pass|package|insurance|coverage|protection|membership|upgrade"
    r"|add-?on|bundle|subscription|card|tier|policy|program|service|option|cover|line|account|edition|version)"
    r"(?:'ll|'d)?(?: also| even| would| will| can| actually| already| then| basically| fully| plan| package"
    r"| one)*,?\s*$"
)
_NOT_A_SUBJECT = re.compile(
    r"\b(?:please|your|if|when|whether|does|do|did|doesn't|don't|won't|not|bill|statement|order|what|anything"
    r"|everything"
    r"|something|reservation|booking|total)(?: \w+)?\s*$"
)
_YOU_WHEN = re.compile(
    r"\b(?:when|where|once|if|until|before|after|as soon as|did|do|have|can|could|should|so|what|how|that|whenever)\s+$"
)
_NO_FEATURE = re.compile(
    r"[*_]{0,2}(?:i\b|i'|we\b|we'|let me|(?:(?:an?|the|your|another|this|that|some|my"
    r"|our) [*_]{0,2})?(?:\w+ )?(?:email|e-mail|text message|text|notification"
    r"|link|confirmation|refund|credit|call|callback|call back|message|home|back|there|it|in touch|a hold|charged"
    r"|bill|receipt|code|this|that|them|you|me|us|to (?:the|your)|any|your (?:bill|order|issue|account|money"
    r"|refund))\b(?! (?:support|access|benefits?)))"
)
_NO_OBJECT = re.compile(
    r"(?:i\b|i'|we\b|the upcoming|both|know|see|down|up\b|you (?:an?|the|any) (?:idea|choice|call))"
)
_CLAUSE_END = re2.compile(
    r"[;:!?\n]|\.(?:\s|$)|,?\s(?:but|so|would you|do you|does that|shall|should i|because|if you|is that|are you"
    r"|how does|what do you|right now|let me|all for|and all|starting at|while|and it(?:'s| is| costs?| would)"
    r"|and (?:the price|you can cancel|there's|there is|that's)|(?:for|at)(?: just| only)? [$£€])\b?"
)
_ITEM = re.compile(r",\s*(?:and |plus |as well as |or )?|\s+plus\s+|\s+as well as\s+")
_ANYTHING = re2.compile(
    r"\b(?:covers?|includes?|comes with|lets you|gives you|allows you|enables?|unlocks?|protects?|provides?"
    r"|offers you|features|upgrades you|gets you|guarantees?|reimburses|insures?|works|supports|adds|keeps|gives"
    r"|get|receive|enjoy|be able|earn|be covered)\b"
)
_DIRECTLY_BEFORE = re.compile(
    r"[\s*]*(?:(?:extra|more|additional|off|discount|for|on|off of|of|you (?:can |could |would )?(?:get|add|have"
    r"|upgrade to|switch to|buy)|i can (?:add|give you|get you|offer(?: you)?)|we can add|gets you|to (?:get|add)"
    r"|(?:an?|the|our|your|any)\b)[\s*]*){0,5}$"
)
_CLAUSE_START = re.compile(r"[,;:](?!\d)|\b(?:but|so|because|while|although|whereas|unlike)\b")
_UNIT_OF = {
    "people": "person", "countries": "country", "family": "person", "classes": "class", "passes": "pass",
}  # fmt: skip


_MORE = re.compile(
    r"(?: dollars| bucks)?,?(?: a| per| each)?(?: month| year)?,? "
    r"(?:more|less|cheaper|extra|difference|back|returned|saved|off your bill)\b"
)
_INSTEAD = re.compile(r"\b(?:instead of|in place of|rather than|not|over|from)(?: the| your)? ?[$£€]?$")
_WHAT_THEY_HAVE = re.compile(
    r"\byour (?:[\w-]+ ){0,3}(?:plan|line|service|bill|order|contract|account|package|tariff|subscription)\b"
    r"|\b(?:nothing changes|stays? (?:as|the same)|same (?:plan|price)|carries on|as it is)\b"
)
_LIST_LINE = re.compile(r"(?:[-*•]|\d+[.)])\s")
"""A line of a list states its own thing: its amounts belong to an offer only when the line names one."""


@lru_cache(maxsize=1)
def _rules() -> RuleSet:
    return load_rules("claims")


def read_claims(
    view: TurnView, named: Sequence[Named], lexicon: Lexicon, current: str | None, before: str | None = None
) -> list[Claim]:
    """What the agent turn `view` states about the offers `named` in it, or else about `current`, in order of place.

    What it says ahead of the first name is about the offer that was talked of `before` the turn, if any was.
    """
    if not named and current is None:
        return []
    said = list(_unique(_statements(view, named, lexicon)))
    focus = before if named else current
    claims = [claim for item in said if (claim := _bound(view, named, focus, item)) is not None]
    claims.extend(_codes(view, named))
    return sorted(claims, key=lambda claim: (claim.start, claim.end))


def _statements(view: TurnView, named: Sequence[Named], lexicon: Lexicon) -> Iterator[_Said]:
    text = view.text
    found = [amount for amount in amounts(text) if not _inside(amount, named)]
    for start, end in view.sentences:
        if _ASKED.match(text, start, end) and not any(start <= name.start < end for name in named):
            continue
        inside = [amount for amount in found if start <= amount.start < end]
        spots = list(_spots(text, start, end, inside, named))
        measured = _measured(spots, lexicon)
        worded = list(_worded(text, start, end, measured))
        yield from measured
        yield from worded
        yield from _features(text, start, end, named, [*measured, *worded])


def _inside(amount: Amount, named: Sequence[Named]) -> bool:
    return any(name.start < amount.end and amount.start < name.end for name in named)


def _spots(text: str, start: int, end: int, found: list[Amount], named: Sequence[Named]) -> Iterator[_Spot]:
    ends = [name.end for name in named if start <= name.start < end]
    last_price = max((index for index, amount in enumerate(found) if amount.kind == "money"), default=-1)
    for index, amount in enumerate(found):
        before = found[index - 1] if index else None
        after = found[index + 1] if index + 1 < len(found) else None
        floor = max([start, before.full_end if before else start, *(at for at in ends if at <= amount.start)])
        right = text[amount.full_end : min(after.start if after else end, amount.full_end + _MONEY_END)]
        wide = text[before.full_end if before else start : amount.start]
        priced_after = last_price > index
        yield _Spot(amount, text[floor : amount.start], right, text[start:end], before, wide, after, priced_after)


def _measured(spots: list[_Spot], lexicon: Lexicon) -> list[_Said]:
    kept: list[_Said] = []
    for said in _each_measured(spots, lexicon):
        if said.kind == "promo_months" and kept and kept[-1].kind == "discount":
            kept[-1] = replace(kept[-1], months=said.value)
        else:
            kept.append(said)
    return kept


def _each_measured(spots: list[_Spot], lexicon: Lexicon) -> Iterator[_Said]:
    read = {"money": _of_money, "percent": _of_percent, "duration": _of_duration, "data": _of_data, "count": _of_count}
    for spot in spots:
        reader = read.get(spot.amount.kind)
        said = reader(spot, lexicon) if reader else _of_date(spot)
        if said is not None:
            yield said


def _clause(left: str) -> str:
    cut = 0
    for match in _CLAUSE_START.finditer(left):
        if left[match.end() :].strip():
            cut = match.end()
    return left[cut:]


def _of_money(spot: _Spot, lexicon: Lexicon) -> _Said | None:
    left, right = spot.left[-96:], spot.right
    if _NEGATED.search(left) or _is_account(spot) or _MORE.match(right) or _INSTEAD.search(left):
        return None
    if _OFF.match(right) or (_SAVE.search(left) and not _FEE_AFTER.match(right)):
        return _money(spot, "discount")
    if _is_exit_fee(left, right) and not (spot.before and spot.before.kind == "money" and _OF_BEFORE.match(spot.left)):
        return _money(spot, "early_termination_fee")
    if spot.amount.period is None and (_COVER_AFTER.match(right) or _COVER_BEFORE.search(left)):
        return _money(spot, "feature")
    if _THEN_BEFORE.search(left) or _THEN_AFTER.match(right):
        return _money(spot, "then_price")
    return _fee(spot, lexicon) or _price(spot)


_OF_BEFORE = re.compile(
    r"[\s*]*(?:to (?:leave|cancel|terminate|break)(?: it)? early"
    r"|(?:early )?(?:termination|exit|cancell?ation)? ?(?:fee|charge)s?"
    r"|(?:if|when|should) you (?:leave|cancel)(?: early)?"
    r"|for leaving early),? (?:and )?(?:a |an )?[$£€]?$"
)
"""The exit named right after the amount before is that amount's: "90 to leave early, 10 once"."""


def _is_exit_fee(left: str, right: str) -> bool:
    """ "A $140 early termination fee and a $25 activation fee": the name after the amount wins over the one before."""
    if _EXIT.search(right.split(",", maxsplit=1)[0][:40]):
        return True
    return bool(_EXIT.search(left)) and not _FEE_AFTER.match(right)


def _is_account(spot: _Spot) -> bool:
    clause = _BILLED.sub("", _ON_ONE_BILL.sub("", _clause(spot.left[-96:])))
    if _TOTAL.search(spot.wide[-64:]) or _REPORTED.search(clause):
        return True
    if _ACCOUNT.search(clause) and not _EXIT.search(clause):
        return True
    if spot.amount.period is None and (_PLUS_AFTER.match(spot.right) or _sums_up(spot)):
        return True
    return bool(_ACCOUNT_AFTER.match(spot.right))


def _sums_up(spot: _Spot) -> bool:
    """ "$388, with the insurance $448": a second amount that includes the first."""
    before = spot.sentence.partition(spot.amount.text)[0]
    return bool(_WITH_BEFORE.search(before)) and not _FEE_AFTER.match(spot.right)


def _money(spot: _Spot, kind: ClaimKind) -> _Said:
    amount = spot.amount
    months = None
    if kind in ("price", "discount"):
        months = _months_after(spot)
    return _Said(
        kind, _number(amount), amount.start, amount.full_end, amount.unit, amount.period, amount.per, months=months
    )


def _months_after(spot: _Spot) -> str | None:
    after = spot.after
    if after is None or after.unit != "month" or not _HELD_FOR.fullmatch(spot.right):
        return None
    return _number(after)


_HELD_FOR = re.compile(
    r"[\s*]*(?:(?:off|discount|monthly|(?:a|per|each|every) month)[\s,*]*){0,3}for (?:the |your )?(?:first "
    r"|next )?"
)


def _price(spot: _Spot) -> _Said | None:
    if _REGULAR.search(spot.left[-48:]):
        if spot.before is not None and spot.before.kind == "money":
            return _money(spot, "then_price")
        if spot.priced_after:
            return None
    return _money(spot, "price")


def _fee(spot: _Spot, lexicon: Lexicon) -> _Said | None:
    after, before = (
        _FEE_AFTER.match(spot.right),
        _FEE_BEFORE.search(spot.left[-72:]) or _FEE_VERB.search(spot.left[-72:]),
    )
    found = after or before
    if not found:
        return _listed_fee(spot, lexicon)
    name = found.group(1)
    listed = any(fee.lower() in found.group() for offer in lexicon.offers for fee in offer.fees)
    if _NOT_AN_OFFER_FEE.search(name):
        return None
    if _PRICE_LIKE_FEE.search(name) and not listed:
        return None
    amount = spot.amount
    named_before = 0 if after else len(found.group().lstrip()) + len(spot.left[-72:]) - found.end()
    start = amount.start - named_before
    end = amount.full_end + (after.end() if after else 0)
    return _Said("fee", _number(amount), start, end, amount.unit, amount.period, amount.per, at=amount.start)


def _listed_fee(spot: _Spot, lexicon: Lexicon) -> _Said | None:
    """A charge of the policy that is told by what it is for: "29 for each repair", "a replacement is 99"."""
    names = _charges(tuple(fee for offer in lexicon.offers for fee in offer.fees))
    if names is None or spot.amount.period not in (None, "once", "use"):
        return None
    after, before = names
    if not after.match(spot.right) and not before.search(spot.left[-48:]):
        return None
    return replace(_money(spot, "fee"), listed=True)


@lru_cache(maxsize=64)
def _charges(fees: tuple[str, ...]) -> tuple[re.Pattern[str], re.Pattern[str]] | None:
    """What charges are for, right after an amount and right before one; None where a policy has none."""
    purposes = {_CHARGE.sub("", fee.lower()).strip() for fee in fees} - {""}
    if not purposes:
        return None
    said = "|".join(re.escape(purpose) for purpose in sorted(purposes, key=len, reverse=True))
    after = re.compile(
        rf"[\s*]*(?:(?:for|per|each time|when you (?:need|have|make|want)|if you (?:need|have|make|want)) )?"
        rf"(?:(?:an?|the|each|every|any|one) )?(?:{said})s?\b"
    )
    before = re.compile(rf"\b(?:{said})s?(?: is| are| costs?| at| for| would be| will be| comes to|'s|:)?,?\s*[$£€]?$")
    return after, before


_CHARGE = re.compile(r"\b(?:fee|charge|deposit|surcharge|levy|cost)s?\b")


def _of_percent(spot: _Spot, lexicon: Lexicon) -> _Said | None:  # noqa: ARG001 - one shape
    amount = spot.amount
    if _NEGATED.search(spot.left):
        return None
    if _OFF.match(spot.right) or _SAVE.search(spot.left[-64:]):
        months = _months_after(spot)
        return _Said("discount", _number(amount), amount.start, amount.end, "percent", months=months)
    if _RATE_AFTER.match(spot.right) or _RATE_BEFORE.search(spot.left[-64:]):
        return _Said("feature", _number(amount), amount.start, amount.end, "percent")
    return None


def _of_duration(spot: _Spot, lexicon: Lexicon) -> _Said | None:  # noqa: ARG001 - one shape
    amount, left, right = spot.amount, spot.left[-80:], spot.right
    whole = _Said("term", _number(amount), amount.start, amount.end, amount.unit)
    clause = _clause(left)
    if _ACCOUNT.search(clause) or _NO_TERM.search(left):
        return None
    if _FREE_AFTER.match(right) or _FREE_BEFORE.search(left):
        return (
            _Said("discount", "100", amount.start, amount.end, "percent", months=_number(amount))
            if amount.unit == "month"
            else None
        )
    if _LASTING.match(right) or _REPORTED.search(clause):
        return None if _REPORTED.search(clause) else _as(whole, "feature")
    if amount.unit == "month" and (kind := _month_kind(spot, left, right)):
        return _as(whole, kind)
    if _LASTS.search(left) and not _WAIT.search(left):
        return _as(whole, "feature")
    return None


def _month_kind(spot: _Spot, left: str, right: str) -> ClaimKind | None:
    priced = spot.before is not None and spot.before.kind in ("money", "percent")
    if _FIRST.search(left) or (_PROMO_AFTER.match(right) and not _TERM_AFTER.match(right)):
        return "promo_months"
    if _TERM_AFTER.match(right) or _TERM_BEFORE.search(left):
        return "term"
    if priced and _FOR.match(_after_rate(left)):
        return "promo_months"
    if _AFTER.search(left) and _THEN_WORD.search(spot.sentence):
        return "promo_months"
    return None


_THEN_WORD = re.compile(r"\b(?:goes|go|price|increase[sd]?|rises?|becomes?|then|reverts?|back to|regular|it's|\$)")
_RATE_WORDS = re.compile(r"[\s*]*(?:off|discount|plus tax(?:es)?|a line|total|all in|guaranteed|price|fixed)\b")


def _after_rate(left: str) -> str:
    match = _RATE_WORDS.match(left)
    return left[match.end() :] if match else left


def _as(said: _Said, kind: ClaimKind) -> _Said:
    return replace(said, kind=kind)


def _of_data(spot: _Spot, lexicon: Lexicon) -> _Said | None:  # noqa: ARG001 - one shape
    amount = spot.amount
    if _USED_DATA.search(_clause(spot.left)) or _DATA_LEFT.match(spot.right) or _NEGATED.search(spot.left):
        return None
    if _REPORTED.search(_clause(spot.left)):
        return None
    return _Said("feature", _number(amount), amount.start, amount.full_end, amount.unit, amount.period)


def _of_count(spot: _Spot, lexicon: Lexicon) -> _Said | None:  # noqa: ARG001 - one shape
    amount = spot.amount
    noun = amount.unit
    if noun is None or not _COUNTED.match(noun) or not _CAPACITY.search(spot.left[-48:]):
        return None
    if _REPORTED.search(spot.left) or _ACCOUNT.search(_clause(spot.left)):
        return None
    end = amount.end + spot.right.find(noun) + len(noun) if noun in spot.right else amount.end
    unit = _UNIT_OF.get(noun) or noun.removesuffix("s")
    return _Said("feature", _number(amount), amount.start, end, unit)


def _of_date(spot: _Spot) -> _Said | None:
    amount = spot.amount
    before = _BY_DATE.search(spot.left)
    if not before or _NOT_A_DEADLINE.search(spot.left[-60:]) or not _OFFER_WORD.search(spot.sentence):
        return None
    start = amount.start - (len(spot.left) - before.start())
    return _Said("deadline", amount.text, start, amount.end)


def _number(amount: Amount) -> str:
    return format(amount.value, "f")


def _worded(text: str, start: int, end: int, measured: list[_Said]) -> Iterator[_Said]:
    for hit in _rules().hits(text, start, end):
        kind, *rest = hit.label.split(" ")
        value, unit = (*rest, None, None)[:2] if rest else (text[hit.start : hit.end].strip(), None)
        if kind in ("term", "price", "discount") and _already(kind, value, measured, hit.start, hit.end):
            continue
        months = "1" if hit.rule.id == "first_month_free" else None
        sure = min(1.0, hit.rule.confidence / SAME_SENTENCE)
        yield _Said(_KINDS[kind], str(value), hit.start, hit.end, unit, months=months, sure=sure)


_KINDS: dict[str, ClaimKind] = {
    "term": "term", "price": "price", "discount": "discount", "fee": "fee", "deadline": "deadline",
    "early_termination_fee": "early_termination_fee", "eligibility": "eligibility", "availability": "availability",
}  # fmt: skip


def _already(kind: str, value: str | None, measured: list[_Said], start: int, end: int) -> bool:
    return any(
        item.kind == kind and (item.value == value or (item.start < end and start < item.end)) for item in measured
    )


def _features(text: str, start: int, end: int, named: Sequence[Named], measured: list[_Said]) -> Iterator[_Said]:
    if not _ANYTHING.search(text[start:end]):
        return
    done = start
    for match in _FEATURE.finditer(text[start:end]):
        at, begin = start + match.start(), start + match.end()
        if at < done or not _says_what_it_does(text, start, match.group(), at, named):
            continue
        stop = _CLAUSE_END.search(text[begin:end])
        done = begin + stop.start() if stop else end
        yield from _items(text, at, begin, done, measured)


def _says_what_it_does(text: str, start: int, verb: str, at: int, named: Sequence[Named]) -> bool:
    if verb.startswith("you"):
        return not _YOU_WHEN.search(text[max(start, at - 16) : at]) and not _NO_FEATURE.match(text, at + len(verb))
    return _is_of_offer(text[start:at], at, named) and not _NO_OBJECT.match(text, at + len(verb))


def _is_of_offer(left: str, at: int, named: Sequence[Named]) -> bool:
    tail = left[-40:]
    if any(
        name.end <= at and at - name.end <= 24 and not re.search(r"[.;]", left[len(left) - (at - name.end) :])
        for name in named
    ):
        return not _NOT_A_SUBJECT.search(tail[-16:])
    return bool(_SUBJECT.search(tail)) and not _NOT_A_SUBJECT.search(_SUBJECT.sub("", tail)[-16:])


def _items(text: str, at: int, begin: int, done: int, measured: list[_Said]) -> Iterator[_Said]:
    cuts = [begin, *(begin + match.end() for match in _ITEM.finditer(text[begin:done])), done]
    counted = [item for item in measured if begin <= item.start < done]
    if counted:
        cuts = sorted({*cuts, *(begin + match.end() for match in _AND.finditer(text[begin:done]))})
    for index, (first, last) in enumerate(pairwise(cuts)):
        piece = _ITEM_TAIL.sub("", text[first:last]).strip(" ,*")
        lead = len(text[first:last]) - len(text[first:last].lstrip(" *"))
        place = first + lead
        if len(piece) < 3 or any(item.start < last and place < item.end for item in counted):
            continue
        yield _Said("feature", piece, place, place + len(piece), sure=0.85, at=at if index == 0 else -1)


_ITEM_TAIL = re.compile(r"(?:,\s*(?:and|plus|as well as|or)?|\s+(?:plus|and|as well as))\s*$")
_AND = re.compile(r"\s+and\s+")


def _unique(said: Iterable[_Said]) -> Iterator[_Said]:
    kept: list[_Said] = []
    for item in said:
        if not any(_same(item, other) for other in kept):
            kept.append(item)
            yield item


def _same(item: _Said, other: _Said) -> bool:
    if item.kind != other.kind:
        return False
    overlaps = item.start < other.end and other.start < item.end
    return overlaps or (item.kind == "term" and item.value == other.value and abs(item.start - other.start) < 60)


def _bound(view: TurnView, named: Sequence[Named], current: str | None, item: _Said) -> Claim | None:
    at = item.at if item.at >= 0 else item.start
    start, end = view.sentence_at(at)
    inside = [name for name in named if start <= name.start < end]
    owner = _owner(view.text, inside, at, item)
    if owner is not None:
        if _MINE_NOW.search(view.text[max(start, owner.start - 40) : owner.start]) and item.kind != "availability":
            return None
        return _claim(view, item, owner.offer, SAME_SENTENCE * owner.confidence)
    if _LIST_LINE.match(view.text, start) or not _about_an_offer(
        view.text[start:end], item, view.text[item.start : item.end]
    ):
        return None
    if _WHAT_THEY_HAVE.search(view.text, start, end) and item.kind in ("price", "term", "then_price"):
        return None
    offer, sure = _around(named, current, at, ahead=_leads_up_to_an_offer(view.text[start:end], item))
    return _claim(view, item, offer, sure) if sure else None


def _around(named: Sequence[Named], current: str | None, at: int, *, ahead: bool) -> tuple[str | None, float]:
    """The offer that a sentence without a name is about, and how sure that is; 0.0 where it is about none."""
    before = [name for name in named if name.start <= at]
    if before:
        return before[-1].offer, SAME_TURN * before[-1].confidence
    if current is not None:
        return current, FROM_BEFORE
    return (named[0].offer, SAME_TURN * named[0].confidence) if named and ahead else (None, 0.0)


def _leads_up_to_an_offer(sentence: str, item: _Said) -> bool:
    """Whether a sentence before the first name speaks of what is about to be named, not of the matter at hand."""
    if _THEIRS.search(sentence):
        return False
    stated = item.period is not None or item.per is not None or item.kind in _TERMS
    return stated or bool(_AHEAD.search(sentence))


_TERMS: tuple[ClaimKind, ...] = ("term", "fee", "early_termination_fee", "discount", "promo_months", "then_price")
_AHEAD = re.compile(
    r"\b(?:just|only|offer|deal|promo\w*|discount|something|another option|a way to|you could|you can (?:get|have)"
    r"|(?:we|i) have|we've got|i've got|there's|there is|how about|special|it(?:'d| would) be"
    r"|you(?:'d| would) (?:get|pay|have))\b"
)
_THEIRS = re.compile(
    r"\b(?:(?:this|last|next) (?:month|bill|week|time)|on your (?:bill|account)|over your|you used|you went"
    r"|late|was|were|had"
    r"|your (?:\w+ ){0,2}(?:bill|plan|contract|agreement|account|balance|price|line)|i see|owed?|paid)\b"
)
"""Of what the customer has, used or owes."""


def _owner(text: str, inside: list[Named], at: int, item: _Said) -> Named | None:
    before = [name for name in inside if name.start <= at]
    after = [name for name in inside if name.start > at]
    if after and _DIRECTLY_BEFORE.match(text, item.end, after[0].start) and after[0].start - item.end < 48:
        gap = text[item.end : after[0].start]
        if _DIRECTLY_BEFORE.fullmatch(gap):
            return after[0]
    return before[-1] if before else after[0] if after else None


def _about_an_offer(sentence: str, item: _Said, words: str) -> bool:
    if item.kind not in ("price", "fee", "discount", "promo_months", "then_price", "feature", "term"):
        return item.kind != "availability" or len(sentence) < 80
    if _ACCOUNT.search(sentence) and item.kind in ("price", "fee", "discount") and not _BILLED.search(sentence):
        return False
    if _OTHER_MATTER.search(sentence) or _listed_elsewhere(sentence, words):
        return False
    if item.listed or (item.kind == "feature" and (item.unit is None or _OF_IT.match(sentence))):
        return True
    bare = _BARE.fullmatch(sentence.replace(words, " ", 1))
    return bool(bare) or item.period is not None or item.per is not None or bool(_OFFER_CUE.search(sentence))


_OF_IT = re.compile(
    r"(?:(?:yes|yeah|yep|no|sure|right|well|so|and)\b[, ]*)*(?:(?:it|they|that)\b(?!'s a\b)|up to\b|you get\b"
    r"|you can (?:watch|use|have|add|connect|cover|stream)\b)"
)
"""What says what an offer does, of which the sentence before spoke."""


def _listed_elsewhere(sentence: str, words: str) -> bool:
    label = _LABEL.search(sentence[: max(0, sentence.find(words))])
    return label is not None and not _OWN_LABEL.search(label.group())


_LABEL = re.compile(r"[a-z0-9)]+(?: [a-z0-9)]+){0,3}[*_]{0,2}:[*_\s]*$")
_OWN_LABEL = re.compile(
    r"^(?:\w+ )?(?:price|cost|monthly|fee|contract|term|total monthly|rate|speed|data|plan|offer|deal|discount)\b"
)
_OTHER_MATTER = re.compile(
    r"\b(?:economy|business class|first class|cabin|difference|flights?|fares?|reservation|booking|baggage"
    r"|bags? allowance"
    r"|checked bags?|upgraded|total (?:additional )?cost|itinerary|appointment)\b"
)
_BARE = re.compile(
    r"(?:\W|\b(?:it|it's|is|that's|that|yes|yeah|yep|sure|so|um|uh|er|only|just|for|about|would|be|ok|okay|and"
    r"|the|price|a|at|right|now|plus|tax|then|after|flat)\b)*"
)
_BILLED = re.compile(
    r"\b(?:billed (?:annually|monthly|yearly|weekly|every|once)|(?:added to|on|with) your (?:next |monthly "
    r"|regular )?(?:bill|invoice)"
    r"|(?:charged|billed) (?:only|just|per|by the|each|every|when|once you|if you|for (?:each|every|the|any) days?)"
    r"|only (?:be |get )?(?:charged|billed))\b"
)


def _claim(view: TurnView, item: _Said, offer: str | None, confidence: float) -> Claim:
    return Claim(
        **view.place(item.start, item.end).fields(),
        offer=offer,
        kind=item.kind,
        value=item.value,
        unit=item.unit,
        period=item.period,
        per=item.per,
        months=item.months,
        confidence=round(confidence * item.sure, 3),
    )


def _codes(view: TurnView, named: Sequence[Named]) -> Iterator[Claim]:
    for name in named:
        if name.form in ("code", "code_typo"):
            code = view.norm.quote(name.start, name.end).upper()
            yield Claim(
                **view.place(name.start, name.end).fields(),
                offer=name.offer,
                kind="code",
                value=code,
                confidence=round(SAME_SENTENCE * name.confidence, 3),
            )
