"""What a run would take, without asking anybody: conversations, readings that are kept, calls, tokens, price."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from evalh.errors import BadInput
from evalh.models import Prices, RejectedInput
from evalh.models.estimate import Estimate, EstimateRow
from evalh.runner.execute import Progress, ask_all, cache_key, context_of, item_of
from evalh.runner.plan import RunInputs, check_inputs, run_id_of
from evalh.runner.readers import judge_of
from evalh.runner.record import Item
from evalh.store.cache import ReadingCache

ALL = "*"


@dataclass
class _Sums:
    """What the conversations of one prompt version would take."""

    conversations: int = 0
    turns: int = 0
    cached: int = 0
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    def add(self, item: Item, planned: tuple[int, int, int] | None) -> None:
        self.conversations += 1
        self.turns += len(item.conversation.turns)
        if planned is None:
            self.cached += 1
            return
        calls, input_tokens, output_tokens = planned
        self.calls += calls
        self.input_tokens += input_tokens
        self.output_tokens += output_tokens

    def row(self, version: str | None, prices: Prices | None) -> EstimateRow:
        cost = prices.cost(self.input_tokens, self.output_tokens) if prices is not None else None
        return EstimateRow(prompt_version=version, cost=cost, **vars(self))


@dataclass
class _Planned:
    versions: dict[str | None, _Sums] = field(default_factory=dict)
    total: _Sums = field(default_factory=_Sums)
    rejected: int = 0

    def progress(self) -> Progress:
        return Progress(self.total.conversations, 0, self.total.cached, self.rejected)


def estimate(
    inputs: RunInputs, cache: ReadingCache | None = None, progress: Callable[[Progress], None] | None = None
) -> Estimate:
    """What judging the conversations of `inputs` would take. A reader that is unsure by itself reads to find out.

    Raises UserError as `run` would.
    """
    check_inputs(inputs)
    judge = judge_of(inputs.reader)
    prices: Prices | None = judge.config.prices if judge is not None else None
    planned = _Planned()
    for item in _items(inputs, planned):
        asked = _asked(inputs, item, cache)
        for sums in (planned.versions.setdefault(item.key.prompt_version, _Sums()), planned.total):
            sums.add(item, asked)
        if progress is not None:
            progress(planned.progress())
    return Estimate(
        run_id=run_id_of(inputs),
        reader=inputs.reader.id,
        judge=judge.id if judge is not None else None,
        currency=prices.currency if prices is not None else None,
        rejected=planned.rejected,
        rows=tuple(sums.row(version, prices) for version, sums in planned.versions.items()),
        total=planned.total.row(ALL, prices),
    )


def _items(inputs: RunInputs, planned: _Planned) -> Iterator[Item]:
    for source in inputs.sources:
        if isinstance(source, RejectedInput):
            planned.rejected += 1
            continue
        try:
            item = item_of(inputs, source)
        except BadInput:
            if not inputs.skip_bad:
                raise
            planned.rejected += 1
            continue
        yield item


def _asked(inputs: RunInputs, item: Item, cache: ReadingCache | None) -> tuple[int, int, int] | None:
    """Calls, input and output tokens; None where the reading is kept."""
    questions = ask_all(inputs, context_of(inputs, item)).questions
    if cache is not None and cache.get(cache_key(inputs, item, questions)) is not None:
        return None
    reader: Any = inputs.reader
    plan: Callable[..., tuple[int, int, int]] | None = getattr(reader, "plan", None)
    return plan(item.conversation, inputs.lexicon, questions) if plan is not None else (0, 0, 0)
