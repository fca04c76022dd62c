"""What a run would take, told before it begins."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from evalh.models.base import OpenModel


class EstimateRow(OpenModel):
    """What the conversations of a prompt version would take; `prompt_version` "*" is all of them."""

    prompt_version: str | None
    conversations: int = 0
    turns: int = 0
    cached: int = 0
    """Conversations whose readings are kept from before; nothing is asked about them."""
    calls: int = 0
    """With votes and windows, without retries."""
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    """In `Estimate.currency`; None without a price table."""


class PlayEstimate(OpenModel):
    """What holding conversations with a live agent would take; `turns` and `calls` are the most that there can be."""

    agent: str
    customers: str
    """Who plays them: scripted, model."""
    conversations: int = 0
    recorded: int = 0
    """Of these, those that are recorded whole; nothing is asked for them."""
    turns: int = 0
    """Turns of the agent, each conversation played once."""
    calls: int = 0
    """Of agent and customers, each conversation played as often as the configuration lets it; without retries."""


class Estimate(OpenModel):
    """What a run would take. Calls are counted, but for retries; tokens and cost are estimated."""

    schema_: Literal["evalh.plan/1"] = Field(default="evalh.plan/1", alias="schema")
    run_id: str
    reader: str
    judge: str | None = None
    """The judge's id; None: nobody is asked."""
    currency: str | None = None
    rejected: int = 0
    """Records that cannot be used and would be left out."""
    rows: tuple[EstimateRow, ...] = ()
    total: EstimateRow
    played: PlayEstimate | None = None
    """How the conversations come about; None where nobody is talked to."""
