"""Runs, scores and facts in a terminal; text of transcripts is printed as text, never as markup or control codes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from rich.console import Console
from rich.table import Table
from rich.text import Text

from evalh.agreement.store import Known
from evalh.evaluator.scorecard import EVALUATOR as SCORECARD
from evalh.models import (
    Aggregate,
    Claim,
    Comparison,
    Conversation,
    Fact,
    JudgeInfo,
    Manifest,
    OfferAct,
    OfferReply,
    Reading,
    Score,
    StateCounts,
)
from evalh.models.comparison import ALL
from evalh.regression import worst_turns
from evalh.report.agreement import NONE_KNOWN, TITLE, known_words, nothing_known, render_known
from evalh.report.gate import render_gate
from evalh.report.plain import indented, quoted, safe, table
from evalh.report.simulated import simulated_words
from evalh.report.words import money
from evalh.runner import RunResult

MAX_COHORTS = 12
_SEVERITY_STYLE = {"critical": "bold red", "major": "red", "minor": "yellow", None: "yellow"}


# --- a run ---


def render_run(
    result: RunResult,
    console: Console,
    *,
    comparisons: Sequence[Comparison] | None = None,
    known: Sequence[Known] | None = None,
    worst: int = 5,
    full: bool = False,
) -> None:
    """The whole run: what it was, its means and faults, and each comparison; without one the `worst` turns quoted.

    `comparisons`: those of the run unless others are given. `known`: how far each evaluator agrees with labels; None:
    nothing is said of it. `full`: no list of a comparison is cut.
    """
    _header(result.manifest, console)
    _cells(result, console, known)
    compared = result.comparisons if comparisons is None else comparisons
    for comparison in compared:
        render_gate(comparison, console, full=full)
    if not compared:
        _worst(result, worst, console)
    _footer(result, console)


def render_means(result: RunResult, console: Console, *, known: Sequence[Known] | None = None) -> None:
    """Only the table of means and faults, by cohort. `known` as in `render_run`."""
    _cells(result, console, known)


def _header(manifest: Manifest, console: Console) -> None:
    versions = [info.version or info.sha256[:12] for info in manifest.policies]
    policy = f"{manifest.policies[0].id} {', '.join(versions)}" if manifest.policies else "none"
    prompts = [
        f"{info.version}{' (baseline)' if info.version == manifest.baseline else ''}" for info in manifest.prompts
    ]
    lines = {
        "run": manifest.run_id,
        "prompts": ", ".join(prompts) or "none",
        "policy": policy,
        "reader": manifest.reader + (f", encoder {manifest.encoder}" if manifest.encoder else ", no encoder"),
        "read": f"{_count(manifest.conversations, 'conversation')}, {_count(manifest.turns, 'turn')}",
    }
    if manifest.agent is not None:
        lines["agent"] = manifest.agent.id
    if manifest.simulated is not None:
        lines["played"] = simulated_words(manifest.simulated)
    if manifest.judge is not None:
        lines["judge"] = _judge_words(manifest, manifest.judge)
    _pairs(lines, console)


_CHECKED = {
    "passed": "passed its check",
    "failed": "FAILED its check: do not trust its verdicts",
    "none": "never checked: do not trust its verdicts; see `evalh judge check`",
}


def _judge_words(manifest: Manifest, judge: JudgeInfo) -> str:
    saved = f" ({manifest.calls_saved:,} kept from before)" if manifest.calls_saved else ""
    told = [
        f"{judge.id}, {_CHECKED[judge.check]}",
        _count(manifest.calls, "call") + saved,
        f"{manifest.tokens:,} tokens",
    ]
    if manifest.cost is not None:
        told.append(f"cost {money(manifest.cost, judge.currency)}")
    if judge.windowed:
        told.append(f"{_count(judge.windowed, 'conversation')} in pieces")
    if judge.disagreements:
        told.append(f"{_count(judge.disagreements, 'hard fact')} read otherwise by the rules, counted as unsure")
    return "; ".join(told)


def _pairs(lines: dict[str, str], console: Console) -> None:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in lines.items():
        grid.add_row(Text(name), safe(value))
    console.print(grid)


def _cells(result: RunResult, console: Console, known: Sequence[Known] | None) -> None:
    cells = {(item.prompt_version, item.cohort, item.evaluator): item for item in result.aggregates}
    versions = _versions(result)
    cohorts = list(dict.fromkeys(cohort for _, cohort, _ in cells if cohort != ALL))
    _whole_table(cells, versions, known, console)
    if len(cohorts) < 2:
        return
    for cohort in cohorts[:MAX_COHORTS]:
        _cohort_table(cells, versions, cohort, f"{result.manifest.cohort}: {cohort}", console)
    if len(cohorts) > MAX_COHORTS:
        console.print(safe(f"and {len(cohorts) - MAX_COHORTS} more in aggregates.json\n"))


def _versions(result: RunResult) -> list[str | None]:
    """The baseline first, the others as they were listed."""
    present = dict.fromkeys(item.prompt_version for item in result.aggregates)
    listed = [info.version for info in result.manifest.prompts if info.version in present]
    ordered = dict.fromkeys([*listed, *present])
    return sorted(ordered, key=lambda version: version != result.manifest.baseline)


Cells = dict[tuple[str | None, str, str], Aggregate]


def _cohort_table(cells: Cells, versions: Sequence[str | None], cohort: str, title: str, console: Console) -> None:
    names = list(dict.fromkeys(name for _, at, name in cells if at == cohort))
    shown = [name for name in names if _says_something(cells, versions, cohort, name)]
    if not shown:
        console.print(Text.assemble(safe(title, "bold"), f": {_count(len(names), 'evaluator')} without a fault\n"))
        return
    console.print(_table(cells, versions, cohort, shown, title))
    if len(shown) < len(names):
        quiet = _count(len(names) - len(shown), "evaluator")
        console.print(indented(Text(f"{quiet} without a fault left out", style="dim"), below=1))


def _whole_table(cells: Cells, versions: Sequence[str | None], known: Sequence[Known] | None, console: Console) -> None:
    """All conversations, with each evaluator's agreement with labels beside it, where any is known."""
    names = list(dict.fromkeys(name for _, at, name in cells if at == ALL))
    made = _table(cells, versions, ALL, names, "all conversations", _agreement(known))
    console.print(made)
    if known is not None and nothing_known(known):
        render_known(known, console)
        console.print()


def _agreement(known: Sequence[Known] | None) -> dict[str, str] | None:
    """By evaluator what is told of its agreement with labels; None where the column is left out."""
    if known is None or nothing_known(known):
        return None
    return {one.evaluator: known_words(one) for one in known}


def _says_something(cells: Cells, versions: Sequence[str | None], cohort: str, name: str) -> bool:
    found = [cells[version, cohort, name] for version in versions if (version, cohort, name) in cells]
    return any(cell.fault_rate or (cell.coverage is not None and cell.coverage < 1.0) for cell in found)


def _table(
    cells: Cells,
    versions: Sequence[str | None],
    cohort: str,
    names: Sequence[str],
    title: str,
    agreement: dict[str, str] | None = None,
) -> Table:
    made = table(title, ("evaluator", "prompt"), ("mean", "faults", "n/a", "coverage"))
    if agreement is not None:
        made.add_column(safe(TITLE), overflow="fold")
    for name in names:
        rows = [(version, cells.get((version, cohort, name))) for version in versions]
        for index, (version, cell) in enumerate(rows):
            if cell is None:
                continue
            told = [safe(agreement.get(name, NONE_KNOWN) if index == 0 else "")] if agreement is not None else []
            made.add_row(safe(name if index == 0 else ""), safe(version or "-"), *_cell(cell), *told)
    return made


def _cell(cell: Aggregate) -> list[Text]:
    answered = cell.counts.scored + cell.counts.not_applicable
    faults = round((cell.fault_rate or 0.0) * answered)
    return [
        Text(_number(cell.mean)),
        Text(f"{faults}/{answered}", style="red" if faults else ""),
        Text(str(cell.counts.not_applicable)),
        Text("skipped" if cell.counts.skipped == cell.conversations else _percent(cell.coverage)),
    ]


def _worst(result: RunResult, n: int, console: Console) -> None:
    rows = worst_turns(result.rows(), n)
    if rows:
        console.print(safe("worst turns", "bold"))
    for row in rows:
        console.print(indented(_finding_text(row, row.case or row.conversation_id), below=1))


def _footer(result: RunResult, console: Console, *, kept: bool = True) -> None:
    manifest = result.manifest
    console.print(safe(f"{_states(manifest.counts)}; coverage {_percent(manifest.coverage)}"))
    if manifest.counts.errored:
        console.print(safe(f"errored: {_failures(result)}", "yellow"))
    for rejected in manifest.rejected[:5]:
        console.print(safe(f"left out: {rejected.place}: {rejected.problem}", "yellow"))
    if len(manifest.rejected) > 5:
        console.print(safe(f"and {len(manifest.rejected) - 5} more left out, see manifest.json", "yellow"))
    if kept:
        console.print(safe(f"results in {result.out_dir}"))


def _states(counts: StateCounts) -> str:
    told = {name.replace("_", " "): number for name, number in counts.model_dump().items()}
    return ", ".join(f"{number} {name}" for name, number in told.items() if number) or "nothing was judged"


# --- findings ---


def _finding_text(score: Score, place: str | None = None) -> Text:
    """A verdict with what it cites, over a few lines."""
    head = [place, f"turn {score.turn}" if score.turn is not None else None, score.offer]
    text = safe(", ".join(part for part in head if part), "bold")
    text.append(": " if text.plain else "")
    text.append_text(safe(score.label or score.state, _SEVERITY_STYLE[score.severity]))
    text.append_text(safe(f" ({', '.join(filter(None, (score.evaluator, score.severity)))})"))
    for evidence in score.evidence[:3]:
        text.append("\n")
        text.append_text(safe(f"[{evidence.turn}] {quoted(evidence.quote)}", "italic"))
    for line in _because(score):
        text.append("\n")
        text.append_text(safe(line))
    return text


def _because(score: Score) -> Iterator[str]:
    if score.reason:
        yield score.reason
    told = {"clause": score.clause, "expected": score.expected, "found": score.found}
    said = [f"{name}: {value}" for name, value in told.items() if value]
    if said:
        yield "; ".join(said)


def render_score(result: RunResult, console: Console, *, limit: int | None = 20, kept: bool = True) -> None:
    """Each conversation of a run with its offers and failed verdicts, those without a fault in one line.

    At most `limit` conversations (None: all) are shown, in the order of the run. Results that are not `kept`
    have no place to name.
    """
    _header(result.manifest, console)
    grouped = groupby(result.rows(), key=lambda row: (row.prompt_version, row.case, row.trial, row.conversation_id))
    for shown, ((key, rows), reading) in enumerate(zip(grouped, result.readings(), strict=True)):
        if limit is not None and shown >= limit:
            more = f"and {result.manifest.conversations - shown} more conversations"
            console.print(safe(f"{more}, see {result.out_dir}\n" if kept else f"{more}\n"))
            break
        render_conversation(key[3], reading, list(rows), console)
    _footer(result, console, kept=kept)


def render_conversation(name: str, reading: Reading, scores: Sequence[Score], console: Console) -> None:
    """One conversation: what was offered, claimed and answered, and every failed verdict with its quotes."""
    rollups = [score for score in scores if score.rollup]
    faults = [score for score in scores if score.passed is False and not score.rollup and score.evaluator != SCORECARD]
    console.print(Text.assemble(safe(name, "bold"), ": ", safe(_verdict(rollups))))
    for line in offer_lines(reading):
        console.print(indented(safe(line)))
    for fault in faults:
        console.print(indented(_finding_text(fault)))
    console.print()


def _verdict(rollups: Sequence[Score]) -> str:
    quality = next((score for score in rollups if score.evaluator == SCORECARD and score.value is not None), None)
    own = [score for score in rollups if score.evaluator != SCORECARD]
    failed = [score.evaluator for score in own if score.passed is False]
    states = Counter(score.state for score in own if score.state not in ("scored", "not_applicable"))
    parts = [f"quality {_number(quality.value)} {quality.label or ''}".strip()] if quality is not None else []
    parts.append(f"failed {', '.join(failed)}" if failed else "no fault found")
    return "; ".join([*parts, *(f"{number} {state}" for state, number in sorted(states.items()))])


def offer_lines(reading: Reading) -> list[str]:
    """One line for each pitch: the turn, the offer, what was claimed of it and how the customer answered."""
    if not reading.read:
        return [f"not read: {reading.why_unread}"]
    if reading.unread is not None and "acts" in reading.unread.fields:
        return [f"not read: the judge failed ({reading.unread.failure.class_})"]
    return [_offer_line(reading, pitch) for pitch in reading.pitches()]


def _offer_line(reading: Reading, pitch: OfferAct) -> str:
    claims = [claim for claim in reading.claims if claim.turn == pitch.turn and claim.offer in (pitch.offer, None)]
    told = ", ".join(claim_words(claim) for claim in claims)
    replies = [reply for reply in reading.replies if _answers(reply, pitch)]
    answers = [f"{reply.reply} [{reply.turn}]" for reply in replies]
    name = pitch.offer or f"{pitch.said or 'something'} (in no policy)"
    head = f"turn {pitch.turn} offers {name}" + (f": {told}" if told else "")
    return f"{head} -> {', '.join(answers) or 'no answer'}"


def _answers(reply: OfferReply, pitch: OfferAct) -> bool:
    meant = reply.to_turn == pitch.turn if reply.to_turn is not None else reply.turn == pitch.turn + 1
    return meant and reply.offer == pitch.offer


def claim_words(claim: Claim) -> str:
    """A claim in a few words: ``price 49.99 USD a month``."""
    unit = {"percent": "%"}.get(claim.unit or "", f" {claim.unit}" if claim.unit else "")
    period = f" a {claim.period}" if claim.period and claim.period != "once" else ""
    per = f" per {claim.per}" if claim.per else ""
    return f"{claim.kind.replace('_', ' ')} {claim.value}{unit}{period}{per}"


# --- facts ---


def render_facts(reading: Reading, conversation: Conversation, console: Console) -> None:
    """The transcript, each turn with the facts read in it, their source and confidence."""
    title = f"{conversation.id} ({conversation.channel}, {conversation.language}), reader {reading.reader}"
    console.print(safe(title, "bold"))
    if not reading.read:
        console.print(safe(f"not read: {reading.why_unread}", "yellow"))
    if reading.unread is not None:
        told = f"the judge failed ({reading.unread.failure.class_}: {reading.unread.failure.message})"
        console.print(safe(f"{told}; not read: {', '.join(reading.unread.fields)}", "yellow"))
    facts = _facts_by_turn(reading)
    for turn in conversation.turns:
        console.print(Text.assemble(safe(f"[{turn.index}] {turn.role}: ", "bold"), safe(turn.text)))
        for call in turn.tool_calls:
            console.print(indented(safe(f"calls {call.name} {call.arguments}", "dim"), 4))
        for words in facts.get(turn.index, ()):
            console.print(indented(safe(words, "cyan"), 4))


_NAMES = {
    "mentions": "names", "acts": "act", "claims": "claims", "replies": "reply", "ledger": "ledger",
    "intents": "intent", "issues": "issue", "progress": "of the matter", "moods": "mood", "registers": "register",
    "courtesies": "courtesy",
    "pressures": "presses", "disclosures": "discloses", "prohibited": "prohibited claim", "consents": "consent",
    "identities": "identity", "bookings": "books",
}  # fmt: skip
_LEFT_OUT = frozenset({"turn", "start", "end", "quote", "confidence", "source", "candidates", "resolution", "call"})


def _facts_by_turn(reading: Reading) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for name, word in _NAMES.items():
        facts: Iterable[Fact] = getattr(reading, name)
        for fact in facts:
            found.setdefault(fact.turn, []).append(f"{word}: {_fact_words(fact)}")
    return found


def _fact_words(fact: Fact) -> str:
    fields = fact.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude=set(_LEFT_OUT))
    told = ", ".join(f"{name}={_value(value)}" for name, value in fields.items() if value not in (None, "", []))
    sure = f" ({fact.source} {fact.confidence:.2f})"
    return told + sure + (f" {quoted(fact.quote)}" if fact.quote else "")


def _value(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


# --- words ---


def _failures(result: RunResult) -> str:
    """How many summaries errored for each class of failure, the most frequent first, with one message each."""
    found = [row for row in result.rows() if row.rollup and row.state == "errored"]
    failed = [
        (row.error.class_, row.error.message or row.reason) if row.error else ("internal", row.reason) for row in found
    ]
    classes = Counter(name for name, _ in failed)
    first: dict[str, str] = {}
    for name, message in failed:
        first.setdefault(name, message)
    return "; ".join(f"{number} {name} ({first[name]})" for name, number in classes.most_common())


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
