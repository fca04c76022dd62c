"""JSON Schemas of every file that a user writes or reads, and of each evaluator's settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from evalh.evaluator import Evaluator
from evalh.models import (
    AgentAnswer,
    AgentRequest,
    Aggregate,
    BlessedBaseline,
    Case,
    Comparison,
    Conversation,
    GoldenLabel,
    GoldenSetInfo,
    JudgeCheck,
    Manifest,
    OfferPolicy,
    Persona,
    PowerReport,
    Prompt,
    Reading,
    RunConfig,
    Scorecard,
    ScoreRow,
)
from evalh.models.agreement import Agreement
from evalh.models.golden_check import GoldenCheck
from evalh.models.recording import RecordedHead, RecordedTurn
from evalh.workspace.files import unknown

SCHEMAS: dict[str, type[BaseModel]] = {
    "agent_reply": AgentAnswer,
    "agent_request": AgentRequest,
    "aggregate": Aggregate,
    "agreement": Agreement,
    "baseline": BlessedBaseline,
    "case": Case,
    "comparison": Comparison,
    "conversation": Conversation,
    "golden_check": GoldenCheck,
    "golden_set": GoldenSetInfo,
    "judge_check": JudgeCheck,
    "label": GoldenLabel,
    "manifest": Manifest,
    "persona": Persona,
    "policy": OfferPolicy,
    "power": PowerReport,
    "prompt": Prompt,
    "reading": Reading,
    "recording": RecordedHead,
    "recording_turn": RecordedTurn,
    "run": RunConfig,
    "score": ScoreRow,
    "scorecard": Scorecard,
}
"""The model of each kind of file, by the name of its schema."""

MAJOR = 1
SETTINGS = "evaluator:"


def schema(name: str, evaluators: Mapping[str, type[Evaluator]]) -> dict[str, Any]:
    """The schema called `name`; ``evaluator:NAME`` is that of an evaluator's settings. Raises NotFound."""
    known = {**SCHEMAS, **{SETTINGS + key: cls for key, cls in evaluators.items()}}
    if name not in known:
        raise unknown("schema", name, sorted(known), "")
    body = known[name].model_json_schema(by_alias=True)
    dialect = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": dialect, "$id": f"urn:evalh:schema:{name}:{MAJOR}", **body}
