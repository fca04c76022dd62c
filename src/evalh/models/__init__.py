"""Everything that is read or written, as frozen pydantic models; one noun per file."""

from evalh.models.base import Id, Json, Model, OpenModel, canonical_json, digest
from evalh.models.config import AgentConfig, EncoderConfig, PromptsConfig, ReaderConfig, RunConfig
from evalh.models.conversation import AgentInfo, Conversation, Origin, Outcome, ToolCall, Turn
from evalh.models.golden import Case, GoldenLabel, GoldenSet, GoldenSetInfo
from evalh.models.persona import Persona
from evalh.models.policy import (
    Disclosure,
    Lexicon,
    Offer,
    OfferPolicy,
    PolicyInForce,
    PolicySet,
    Price,
)
from evalh.models.prompt import Prompt
from evalh.models.reading import (
    Answered,
    Booking,
    Candidate,
    Claim,
    Consent,
    CourtesyFact,
    DisclosureFact,
    Fact,
    Identity,
    IntentFact,
    Issue,
    LedgerEntry,
    Mood,
    OfferAct,
    OfferMention,
    OfferReply,
    Pressure,
    ProhibitedFact,
    Question,
    Reading,
    Register,
)
from evalh.models.results import (
    Aggregate,
    Comparison,
    ConversationRow,
    Difference,
    EvaluatorInfo,
    FileInfo,
    GitInfo,
    Manifest,
    RejectedInput,
    Rolled,
    ScoreRow,
    StateCounts,
)
from evalh.models.score import Evidence, Score
from evalh.models.scorecard import Item, Scorecard, Section
from evalh.models.vocabulary import CONSTRUCTS

__all__ = [
    "CONSTRUCTS", "AgentConfig", "AgentInfo", "Aggregate", "Answered", "Booking", "Candidate", "Case", "Claim",
    "Comparison", "Consent", "Conversation", "ConversationRow", "CourtesyFact", "Difference", "Disclosure",
    "DisclosureFact", "EncoderConfig", "EvaluatorInfo", "Evidence", "Fact", "FileInfo", "GitInfo",
    "GoldenLabel", "GoldenSet",
    "GoldenSetInfo", "Id", "Identity", "IntentFact", "Issue", "Item", "Json", "LedgerEntry", "Lexicon", "Manifest",
    "Model", "Mood", "Offer", "OfferAct", "OfferMention", "OfferPolicy", "OfferReply", "OpenModel", "Origin",
    "Outcome", "Persona", "PolicyInForce", "PolicySet", "Pressure", "Price", "ProhibitedFact", "Prompt",
    "PromptsConfig", "Question", "ReaderConfig", "Reading", "Register", "RejectedInput", "Rolled", "RunConfig", "Score",
    "ScoreRow", "Scorecard", "Section", "StateCounts", "ToolCall", "Turn", "canonical_json", "digest",
]  # fmt: skip
