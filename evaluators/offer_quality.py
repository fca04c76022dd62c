"""Offer quality: whether a pitch is worth the customer's time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, ClassVar

import re2
from pydantic import Field
from rapidfuzz import fuzz

from evalh.evaluator import EvalContext, Evaluator
from evalh.models import Issue, Offer, OfferAct, Score
from evalh.models.vocabulary import Intent, MentionForm, OfferQualityLabel, Rollup, Severity

SEVERITIES: dict[OfferQualityLabel, Severity] = {
    "generic_pitch": "major",
    "negative_framing": "major",
    "unnamed_product": "major",
    "abrupt_transition": "minor",
    "no_benefit": "minor",
    "no_fit": "minor",
}
"""Each fault and how bad it is, worst first."""

REASONS: dict[OfferQualityLabel, str] = {
    "generic_pitch": "neither the product, nor a benefit, nor whom it fits is said",
    "negative_framing": "it is offered as something the customer will not want",
    "unnamed_product": "the product is not named",
    "abrupt_transition": "it follows the customer's problem without a word about that",
    "no_benefit": "no benefit or feature is said",
    "no_fit": "nothing links it to this customer",
    "good": "named, with a benefit and a reason for this customer",
}

EXPECTED: dict[OfferQualityLabel, str] = {
    "generic_pitch": "the product, its benefit, and whom it fits",
    "negative_framing": "an offer framed by what it does",
    "unnamed_product": "the product's name",
    "abrupt_transition": "the problem acknowledged first",
    "no_benefit": "a benefit or a feature",
    "no_fit": "why it fits this customer",
}

SMALL_WORDS = (
    "a an and are as at be by for from has have in is it its of on one or per that the their this to up via with you "
    "your no not more"
)
STOPWORDS = frozenset(SMALL_WORDS.split())
SENTENCE_END = re2.compile(r"[.!?] ")


GENERIC = re2.compile(
    r"\b(?:a|an|some|another|one of our|any) (?:[a-z]+er |different |other |new |special |great |good )?"
    r"(?:plan|option|upgrade|deal|offer|thing|product|pass|service|credit|discount|promotion)\b|\bsomething\b"
)
FOLLOW_UP = 3
"""Turns after a pitch in which the answer to "would you like to hear about it?" still belongs to it."""


class OfferQuality(Evaluator):
    """Does each pitch name the product, say its benefit and whom it fits, and come naturally, without limp framing?

    The value of a pitch is 1 less the weights of its faults; its label is the worst of them.
    """

    level = "offer"
    acts = True

    rollup: Rollup = "mean"
    threshold: float = Field(default=0.6, allow_inf_nan=False)
    naming_forms: tuple[MentionForm, ...] = ("name", "alias", "code", "code_typo", "asr")
    """The forms of a mention that tell the customer which product is meant."""
    phrase_match: float = Field(default=85.0, ge=0, le=100)
    """How closely a turn must come to a benefit or a fit of the policy (rapidfuzz partial ratio)."""
    unnamed_product: float = Field(default=0.5, ge=0, le=1)
    no_benefit: float = Field(default=0.3, ge=0, le=1)
    no_fit: float = Field(default=0.3, ge=0, le=1)
    negative_framing: float = Field(default=0.5, ge=0, le=1)
    abrupt_transition: float = Field(default=0.3, ge=0, le=1)
    wanted_intents: tuple[Intent, ...] = ("purchase",)
    """What a customer wants to buy is no problem that an offer must acknowledge."""

    benefit_cues: ClassVar[tuple[str, ...]] = (
        r"so (?:that )?(?:you|your|it|they|nobody|nothing)\b",
        r"\b(?:that|which|it|this) (?:means|gives|lets|covers|includes|saves|protects|keeps|cuts|stops|adds)\b",
        r"\b(?:gives?|lets?|saves?|protects?|gets?|keeps?|spares?|earns?) you(?:r)?\b",
        r"\byou(?:'d| would|'ll| will| could| can| might) (?:also |still |just )?(?:have|never|not have|be able)\b",
        r"\byou(?:'d| would|'ll| will| could| can| might)? (?:get|save|pay less|avoid|earn|enjoy|skip)\b",
        r"\b(?:faster|cheaper|smoother|steadier|quicker|easier|lower|more (?:data|room|space|legroom|speed))\b",
        r"\b(?:no more|without (?:any )?(?:extra|waiting|worrying|paying)|instead of (?:paying|the)|peace of mind)\b",
        r"\b(?:comes with|it includes|is included|are included|unlimited)\b",
        r"\b(?:would|will|could|can|'ll|'d|does) (?:also |really )?(?:stop|cover|help|keep|save|cut|protect|carry|"
        r"boost|extend|give|let|spare|add|solve|replace|fix|prevent|bring|make|take care)\b",
        r"\b(?:covers|adds|includes|protects|boosts|extends|lets|saves|replaces|stops|prevents|carries|pays for)\b",
        r"\b(?:plan|pass|pack|bundle|cover|line|one|option|upgrade|add-on|thing|something|product|service|kit) "
        r"(?:that|which|to) (?:would |could |will |can )?(?:also |really )?(?:end|fit|suit|block|give|get|work|make|"
        r"spare|handle|deal|take|put|turn|lower|reduce|bring|run|hold|reach|stretch|match)s?\b",
        r"\b(?:would|will|could|can|'ll) (?:also |really |even )*(?:end|block|fit|suit|reach|handle|lower|reduce|"
        r"shield|guard|ease|speed|double|carry|sort|deal|warn|alert|watch|back)\b",
        r"\bwith (?:no|more|less|fewer|extra|unlimited|free|parental|up to|room)\b",
        r"\b(?:has|have|offers?|gives?|puts?|brings?) (?:parental|room|space|free|more|extra|up to|unlimited|[0-9]+)\b",
        r"\bup to [0-9]",
        r"\b(?:room for|step up|flat (?:price|rate|fee)|on one bill|only (?:for|on) (?:the )?(?:days|nights|months))\b",
        r"\b(?:below|less than|cheaper than) (?:what|your)\b",
        r"\b(?:refund(?:ed)?|covered) (?:if|when|for|against)\b",
    )
    fit_cues: ClassVar[tuple[str, ...]] = (
        r"\b(?:since|because|as|now that|given that|seeing (?:as|that)) (?:you|your)\b",
        r"\b(?:since|because|now that|given that) (?:the|there|this|that|it)\b",
        r"\b(?:you|you're|you are) (?:already |currently |still |now |often |do )?(?:on|out of|work|travel|stream|"
        r"watch|use|went|drive|fly|paid|pay|live|rent|run|shop|order|train|stay|bring|carry)\b",
        r"\byou(?:'ve)? (?:just )?(?:mentioned|said|told|brought up|were (?:saying|asking)|asked about)\b",
        r"\b(?:i|we) (?:can |could |also )*(?:see|noticed?|saw) (?:[a-z]+ ){0,5}(?:you|your|you've|you're)\b",
        r"\b(?:for|with|on|about|at|looking at|based on|given) your\b",
        r"\byou(?:'ve been| have been|'re| are) (?:going|using|paying|travell?ing|flying|working|streaming|running)\b",
        r"\b(?:people|customers|someone|anyone|households?|families|folks) (?:who|like you|in your|with)\b",
        r"\bif you(?:'re| are|'ve| have)? (?:often|usually|ever|mostly|travel|work|stream|fly|stay|drive|plan|going)\b",
        r"\b(?:fits?|suits?|right for|ideal for|good for|made for|matches) (?:you|your|how|what)\b",
    )
    negative_cues: ClassVar[tuple[str, ...]] = (
        r"\byou (?:wouldn't|would not|don't|do not|won't) (?:really |even |probably )*"
        r"(?:want|need|be interested|care|like)\b[^.?!]{0,60}(?:(?:would|do|will) you|right|though) ?(?:[?.!]|$)",
        r"\bi (?:don't|do not|didn't) (?:suppose|imagine|guess|expect|assume) (?:that )?"
        r"you(?:'d|'re| would| want| need| are)\b",
        r"\bi (?:don't|do not) think (?:that )?you(?:'d|'re| would| are)? (?:want|like|be interested|interested)\b",
        r"\byou(?:'re| are) (?:probably |likely )?not (?:really )?interested in\b",
        r"\byou (?:probably|likely) (?:don't|won't|wouldn't|do not|would not) (?:want|need|care|like)\b",
        r"\bi(?:'m| am) (?:required|supposed|obliged|forced|meant) to (?:ask|offer|mention|tell|read)\b",
        r"\bi have to (?:ask|offer|mention|pitch)\b",
        r"\bsorry to (?:bother|bug|trouble) you with\b",
        r"\bnot that you(?:'d| would) (?:want|need)\b",
    )
    acknowledging_cues: ClassVar[tuple[str, ...]] = (
        r"\b(?:sorry|apologi[sz]e|understand|i hear you|i see|got it|i get (?:it|that)|thanks?|thank you)\b",
        r"\b(?:let me|i'll|i will|i've|i have|we've|we'll|happy to|glad to|of course|no problem|no worries|sure)\b",
        r"\b(?:fixed|sorted|resolved|refunded|credited|all set|taken care of|is done|right away)\b",
    )

    def evaluate(self, ctx: EvalContext) -> Iterator[Score]:
        """One verdict for each pitch."""
        for pitch in ctx.pitches():
            if ctx.sure(pitch):
                yield self._verdict(ctx, pitch)
            else:
                yield Score(
                    level="offer", turn=pitch.turn, offer=pitch.offer, state="unsure", reason="this may not be an offer"
                )

    def _verdict(self, ctx: EvalContext, pitch: OfferAct) -> Score:
        faults = self._faults(ctx, pitch)
        value = max(0.0, round(1.0 - sum(self._weight(fault) for fault in faults), 6))
        passed = value >= self.threshold
        worst: OfferQualityLabel = faults[0] if faults else "good"
        return Score(
            level="offer",
            turn=pitch.turn,
            offer=pitch.offer,
            value=value,
            passed=passed,
            label=worst,
            severity=SEVERITIES.get(worst),
            reason="; ".join(REASONS[fault] for fault in faults or [worst]),
            evidence=(pitch.evidence if pitch.quote else ctx.quote(pitch.turn),),
            expected=EXPECTED.get(worst),
            source=pitch.source,
            confidence=pitch.confidence,
        )

    def _weight(self, fault: OfferQualityLabel) -> float:
        weights: dict[OfferQualityLabel, float] = {
            "unnamed_product": self.unnamed_product,
            "no_benefit": self.no_benefit,
            "no_fit": self.no_fit,
            "negative_framing": self.negative_framing,
            "abrupt_transition": self.abrupt_transition,
        }
        return weights.get(fault, 1.0)

    def _faults(self, ctx: EvalContext, pitch: OfferAct) -> list[OfferQualityLabel]:
        """The faults of a pitch, worst first."""
        turn, text = _plain(ctx.turn(pitch.turn).heard), _words_of(ctx, pitch)
        so_far = " ".join(_words_of(ctx, act) for act in (*ctx.pitches(), *ctx.reading.acts) if _belongs(act, pitch))
        offer = ctx.policy.offer(pitch.offer)
        present: dict[OfferQualityLabel, bool] = {
            "unnamed_product": not self._named(ctx, pitch),
            "no_benefit": not self._benefit(ctx, pitch, offer, so_far),
            "no_fit": not self._fit(ctx, offer, so_far),
            "negative_framing": _any(self.negative_cues, text),
            "abrupt_transition": self._abrupt(ctx, pitch, turn),
        }
        present["generic_pitch"] = present["unnamed_product"] and present["no_benefit"] and present["no_fit"]
        return [fault for fault in SEVERITIES if present[fault]]

    def _named(self, ctx: EvalContext, pitch: OfferAct) -> bool:
        named = (
            mention.offer == pitch.offer
            and mention.turn <= pitch.turn + FOLLOW_UP
            and mention.form in self.naming_forms
            for mention in ctx.reading.mentions
        )
        if any(named):
            return True
        return pitch.offer is None and (
            bool(pitch.said) or (pitch.source == "model" and _calls_it_something(ctx, pitch))
        )

    def _benefit(self, ctx: EvalContext, pitch: OfferAct, offer: Offer | None, text: str) -> bool:
        claimed = any(
            claim.kind == "feature" and claim.turn <= pitch.turn + FOLLOW_UP and claim.offer == pitch.offer
            for claim in ctx.reading.claims
        )
        return claimed or _any(self.benefit_cues, text) or self._says(text, _selling_points(offer))

    def _fit(self, ctx: EvalContext, offer: Offer | None, text: str) -> bool:
        return _any(self.fit_cues, text) or self._says(text, offer.fits if offer else ()) or _speaks_of(ctx, text)

    def _says(self, text: str, phrases: Iterable[str]) -> bool:
        return any(_overlap(phrase, text) or self._close(phrase, text) for phrase in phrases)

    def _close(self, phrase: str, text: str) -> bool:
        return len(text) >= len(phrase) and fuzz.partial_ratio(_plain(phrase), text) >= self.phrase_match

    def _abrupt(self, ctx: EvalContext, pitch: OfferAct, text: str) -> bool:
        problems = [issue for issue in ctx.reading.issues if issue.intent not in self.wanted_intents]
        if not any(_just_raised(ctx, issue, pitch) for issue in problems):
            return False
        warm = any(fact.turn == pitch.turn and fact.register_ == "empathetic" for fact in ctx.reading.registers)
        return not warm and not _any(self.acknowledging_cues, text)


def _calls_it_something(ctx: EvalContext, pitch: OfferAct) -> bool:
    """Whether a pitch whose words for the product nobody found has more than "a plan" or "something" for it."""
    return GENERIC.search(_plain(ctx.turn(pitch.turn).heard)) is None


def _belongs(act: OfferAct, pitch: OfferAct) -> bool:
    """A pitch leads up to another, and so does what was answered before; what is right after it still is part of it."""
    answers = act.act == "answer" and act.offer == pitch.offer and act.turn <= pitch.turn + FOLLOW_UP
    return answers or (act.act == "pitch" and _leads_to(act, pitch))


def _selling_points(offer: Offer | None) -> tuple[str, ...]:
    return (*offer.benefits, *(feature.text for feature in offer.features)) if offer else ()


def _just_raised(ctx: EvalContext, issue: Issue, pitch: OfferAct) -> bool:
    """Whether the customer's last words before the pitch raised the problem."""
    last = max((turn.index for turn in ctx.conversation.customer_turns() if turn.index < pitch.turn), default=None)
    return issue.turn == last and ctx.sure(issue)


def _speaks_of(ctx: EvalContext, text: str) -> bool:
    """Whether the turn takes up one of the customer's signals."""
    record = ctx.conversation.customer or {}
    signals = record.get("signals")
    names = [str(signal).split(":")[0].replace("_", " ") for signal in signals] if isinstance(signals, list) else []
    return any(_overlap(name, text) for name in names)


def _overlap(phrase: str, text: str) -> bool:
    """Whether more than half of the phrase's words are in the text, by their stems."""
    stems = _stems(_plain(phrase))
    return bool(stems) and len(stems & _stems(text)) > len(stems) / 2


@lru_cache(maxsize=4_096)
def _stems(text: str) -> frozenset[str]:
    words = (word.strip(".,;:!?\"'()") for word in text.replace("-", " ").split())
    return frozenset(word[:5].rstrip("s") for word in words if len(word) > 2 and word not in STOPWORDS)


@lru_cache(maxsize=4_096)
def _plain(text: str) -> str:
    return " ".join(text.replace("’", "'").lower().split())


def _leads_to(act: OfferAct, pitch: OfferAct) -> bool:
    """Whether a pitch is this one or an earlier one of the same offer: what was said once need not be said again."""
    same = act.offer == pitch.offer if pitch.offer is not None else act.said == pitch.said
    return same and act.turn <= pitch.turn


def _words_of(ctx: EvalContext, pitch: OfferAct) -> str:
    return _around(_plain(ctx.turn(pitch.turn).heard), _plain(pitch.quote))


def _around(turn: str, quote: str) -> str:
    """The turn from the sentence before the pitch on; all of it where the pitch is not found in it."""
    before = turn[: max(turn.find(quote), 0)]
    ends = [match.end() for match in SENTENCE_END.finditer(before)]
    return turn[ends[-2] :] if len(ends) > 1 else turn


@lru_cache(maxsize=64)
def _pattern(cues: tuple[str, ...]) -> Any:
    return re2.compile("|".join(f"(?:{cue})" for cue in cues))


def _any(cues: tuple[str, ...], text: str) -> bool:
    return _pattern(cues).search(text) is not None
