"""The closed vocabularies of facts, verdicts and labels; `docs/codebook.md` defines what people label."""

from __future__ import annotations

from typing import Literal, get_args

Role = Literal["customer", "agent", "human_agent", "system", "tool"]
Channel = Literal["voice", "chat", "email", "sms"]
Source = Literal["rule", "model", "judge"]
State = Literal["scored", "not_applicable", "unsure", "errored", "skipped"]
Level = Literal["turn", "offer", "conversation"]
Rollup = Literal["mean", "min", "any_fault"]
Direction = Literal["higher_is_better", "lower_is_better"]
Severity = Literal["minor", "major", "critical"]

# What the reader reads
Act = Literal["pitch", "answer", "read_back", "withdraw", "mention"]
Reply = Literal["accept", "refuse", "defer", "deflect", "object", "ask", "reopen", "ignore"]
ClaimKind = Literal[
    "price", "promo_months", "then_price", "discount", "term", "early_termination_fee", "fee",
    "feature", "deadline", "eligibility", "availability", "code",
]  # fmt: skip
Intent = Literal[
    "billing_question", "billing_dispute", "payment", "refund", "service_fault", "outage", "complaint",
    "cancel", "access", "identity_verification", "fraud", "bereavement", "hardship", "vulnerability",
    "change", "move", "travel", "order", "booking", "purchase", "information", "human_agent", "other",
]  # fmt: skip
IssueStatus = Literal["open", "promised", "resolved", "unresolved", "unsure"]
Word = Literal["customer", "agent", "tool"]
Progress = Literal["solved", "unsolved", "done", "promised", "cannot"]
MoodLabel = Literal["frustrated", "calm", "satisfied"]
RegisterLabel = Literal["empathetic", "neutral", "pushy", "robotic"]
Courtesy = Literal["polite", "impolite"]
PressureKind = Literal[
    "false_urgency", "scarcity", "social_proof", "guilt", "fear", "insistence", "obstruction", "presumption",
]  # fmt: skip
ConsentKind = Literal["offer", "marketing", "terms"]
ConsentAnswer = Literal["yes", "no", "ambiguous", "silence"]
IdentityClaim = Literal["ai_disclosed", "human_claimed", "ai_denied", "asked_if_ai"]
MentionForm = Literal["name", "alias", "code", "code_typo", "asr", "category", "reference"]
OfferEvent = Literal[
    "pitched", "asked", "answered", "objected", "refused", "deferred", "deflected", "ignored",
    "accepted", "reopened", "withdrawn", "booked",
]  # fmt: skip
OfferStatus = Literal["not_pitched", "pitched", "refused", "deferred", "deflected", "accepted"]

# What the evaluators say
ObjectionLabel = Literal[
    "graceful", "answered_objection", "reopened", "repeat_pitch_same", "repeat_pitch_other", "pressure",
    "over_answered",
]  # fmt: skip
GroundednessLabel = Literal[
    "grounded", "wrong_price", "stale_price", "invented_discount", "wrong_term", "stale_term", "wrong_fee",
    "stale_fee", "invented_fee", "invented_feature", "wrong_feature", "invented_deadline", "wrong_eligibility",
    "sku_mismatch", "code_typo", "discontinued_offer", "upcoming_offer", "not_in_policy", "prohibited_claim",
]  # fmt: skip
ResolutionLabel = Literal[
    "resolved", "promised", "unresolved", "resolved_before_offer", "offer_before_resolution",
    "offer_while_frustrated", "outcome_lost", "outcome_kept",
]  # fmt: skip
ToneLabel = Literal["empathetic", "neutral", "pushy", "robotic", "exploitative"]
PolitenessLabel = Literal["polite", "impolite"]
ConformanceLabel = Literal[
    "conforms", "missing_phrase", "forbidden_phrase", "off_copy", "step_out_of_order", "step_missing",
    "wrong_identity", "not_asked_before", "free_text",
]  # fmt: skip
EligibilityLabel = Literal[
    "eligible", "suppressed", "no_offer_intent", "region_blocked", "segment_blocked", "lifecycle_blocked",
    "condition_failed", "marketing_consent_missing", "no_signal", "too_many_offers",
]  # fmt: skip
DisclosureLabel = Literal[
    "disclosed", "missing_price", "missing_term", "missing_fee", "missing_disclosure", "late_disclosure",
    "cut_off_disclosure", "consented", "added_without_consent", "ambiguous_consent", "added_other_offer",
    "marketing_consent_missing", "identity_disclosed", "identity_not_disclosed", "identity_denied",
]  # fmt: skip
OfferQualityLabel = Literal[
    "good", "unnamed_product", "no_benefit", "no_fit", "negative_framing", "abrupt_transition", "generic_pitch",
]  # fmt: skip
MissedOpportunityLabel = Literal["offered", "missed", "rightly_held_back"]
QualityLabel = Literal["pass", "fail", "auto_fail"]

CONSTRUCTS: dict[str, tuple[str, ...]] = {
    "act": get_args(Act),
    "reply": get_args(Reply),
    "claim": get_args(GroundednessLabel),
    "intent": get_args(Intent),
    "issue": get_args(IssueStatus),
    "progress": get_args(Progress),
    "mood": get_args(MoodLabel),
    "register": get_args(RegisterLabel),
    "courtesy": get_args(Courtesy),
    "pressure": (*get_args(PressureKind), "none"),
    "consent": get_args(ConsentAnswer),
    "identity": get_args(IdentityClaim),
    "objection_handling": get_args(ObjectionLabel),
    "groundedness": get_args(GroundednessLabel),
    "resolution": get_args(ResolutionLabel),
    "tone": get_args(ToneLabel),
    "politeness": get_args(PolitenessLabel),
    "prompt_conformance": get_args(ConformanceLabel),
    "eligibility": get_args(EligibilityLabel),
    "disclosure": get_args(DisclosureLabel),
    "offer_quality": get_args(OfferQualityLabel),
    "missed_opportunity": get_args(MissedOpportunityLabel),
    "conversation_quality": get_args(QualityLabel),
}
"""Each construct a person can label and the complete list of its labels."""
