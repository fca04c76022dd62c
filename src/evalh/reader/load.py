"""Makes the reader that a configuration asks for; without a judge nothing that calls a model is imported."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evalh.encoder import load_encoder
from evalh.errors import UserError
from evalh.models import JudgeConfig, ReaderConfig
from evalh.reader.local import LocalReader

if TYPE_CHECKING:
    from evalh.llm import Budget
    from evalh.reader.judged import CascadeReader, JudgeReader


@dataclass(frozen=True)
class Limits:
    """Hard stops of a run; None: no limit. Cost is in the currency of the prices, time in seconds."""

    max_calls: int | None = None
    max_cost: float | None = None
    seconds: float | None = None


def load_reader(
    reader: ReaderConfig,
    judge: JudgeConfig | None = None,
    *,
    limits: Limits = Limits(),
    replies: Path | None = None,
    budget: Budget | None = None,
) -> LocalReader | JudgeReader | CascadeReader:
    """The reader of that configuration; one with a judge is to be closed.

    `replies`: the folder in which the judge's replies are kept, so that none is asked for twice; None: not kept.
    `budget`: what the judge shares with others who are asked in this run; default: one of its own under `limits`.
    Raises UserError when the reader needs a judge and there is none, or a limit of cost is set without prices.
    """
    local = LocalReader(load_encoder(reader.encoder), rules_only=reader.kind == "judge")
    if judge is None:
        if reader.kind != "local":
            raise UserError(f"the reader {reader.kind!r} needs a judge; add 'judge: {{model: NAME}}'")
        return local
    from evalh.judge.judge import Judge
    from evalh.llm.budget import Budget
    from evalh.reader.judged import CascadeReader, JudgeReader
    from evalh.store.replies import ReplyStore

    store = ReplyStore(replies) if replies is not None else None
    own = budget if budget is not None else Budget(limits.max_calls, limits.max_cost, judge.prices)
    asked = Judge(judge, replies=store, budget=own)
    if reader.kind == "judge":
        return JudgeReader(local, asked, replies=store)
    return CascadeReader(local, asked, judge.ask_below if reader.kind == "cascade" else 0.0, replies=store)
