"""What a run would take, in a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from evalh.models.estimate import Estimate, EstimateRow, PlayEstimate
from evalh.report.plain import safe, table
from evalh.report.words import count


def render_estimate(estimate: Estimate, console: Console) -> None:
    """A row for each prompt version, and what the numbers are."""
    if estimate.played is not None:
        console.print(safe(play_words(estimate.played)))
        return
    priced = estimate.currency is not None
    numbers = ["conversations", "turns", "kept", "calls", "tokens in", "tokens out"]
    made = table("what the run would take", ("prompt",), [*numbers, *([estimate.currency or ""] if priced else [])])
    for row in [*estimate.rows, estimate.total] if len(estimate.rows) != 1 else [estimate.total]:
        made.add_row(safe(_name(row, estimate)), *(Text(cell) for cell in _cells(row, priced)))
    console.print(made)
    console.print(safe(_told(estimate)))
    if estimate.rejected:
        console.print(safe(f"left out: {estimate.rejected} that cannot be used", "yellow"))


def play_words(play: PlayEstimate) -> str:
    """What holding the conversations would take, in a sentence."""
    held = play.conversations - play.recorded
    head = f"{count(play.conversations, 'conversation')} of {play.customers} customers with {play.agent}"
    if not held:
        return f"{head}, all recorded: nobody is asked"
    recorded = f", {play.recorded:,} recorded" if play.recorded else ", none recorded"
    most = f"at most {play.turns:,} turns of the agent and, with what is played again, {play.calls:,} calls"
    return f"{head}{recorded}; {held:,} to hold: {most}"


def _name(row: EstimateRow, estimate: Estimate) -> str:
    if row is estimate.total:
        return "all" if len(estimate.rows) != 1 else estimate.rows[0].prompt_version or "-"
    return row.prompt_version or "-"


def _cells(row: EstimateRow, priced: bool) -> list[str]:
    counts = (row.conversations, row.turns, row.cached, row.calls, row.input_tokens, row.output_tokens)
    return [*(f"{count:,}" for count in counts), *([f"{row.cost or 0.0:.2f}"] if priced else [])]


def _told(estimate: Estimate) -> str:
    if estimate.judge is None:
        return "0 calls: no judge is asked, everything is read on this machine"
    price = "" if estimate.currency is not None else "; for a price add 'prices' to the judge"
    return (
        f"judge {estimate.judge}: calls are counted without retries, tokens are estimated{price}; conversations whose "
        "readings are kept from before cost nothing"
    )
