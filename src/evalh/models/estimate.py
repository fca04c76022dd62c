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
