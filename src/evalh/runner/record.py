"""A judged conversation as what is recorded of it: score rows, one conversation row, its reading.

A record is rendered once, as lines, so that writing the results is copying them in order. Personal data is replaced
here, on the way out: verdicts rest on the original.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from evalh.evaluator.scorecard import EVALUATOR as SCORECARD
from evalh.models import (
    Case,
    Conversation,
    ConversationRow,
    Failure,
    PolicyInForce,
    Prompt,
    Reading,
    Rolled,
    Score,
    ScoreRow,
    canonical_json,
)
from evalh.redact import RedactedConversation, Redactor
from evalh.store.atomic import line

_COLUMNS = tuple(info.alias or name for name, info in ScoreRow.model_fields.items())
_DIMENSIONS = ("schema", "run_id", "prompt_version", "case", "trial", "conversation_id", "persona", "facets")
_ORDER = (*_DIMENSIONS, *(name for name in _COLUMNS if name not in _DIMENSIONS))


class Key(NamedTuple):
    """What tells the conversations of a run apart, and the order in which they are written."""

    prompt_version: str | None
    case: str | None
    trial: int
    conversation_id: str

    def order(self) -> tuple[Any, ...]:
        """A sort key: None before every text."""
        return _none_first(self.prompt_version), _none_first(self.case), self.trial, self.conversation_id


@dataclass(frozen=True)
class Item:
    """A conversation that can be judged, with everything found for it."""

    key: Key
    conversation: Conversation
    case: Case | None
    in_force: PolicyInForce | None
    prompt: Prompt | None
    failure: Failure | None = None
    """Why the conversation could not be held to its end."""


def dimensions(run_id: str, item: Item) -> dict[str, Any]:
    """The columns that every row of a conversation shares."""
    policy = item.in_force.policy if item.in_force is not None else None
    return {
        "run_id": run_id,
        "prompt_version": item.key.prompt_version,
        "case": item.key.case,
        "trial": item.key.trial,
        "conversation_id": item.key.conversation_id,
        "persona": item.conversation.persona,
        "facets": dict(sorted(item.conversation.facets.items())),
        "policy_version": policy.version if policy is not None else None,
        "policy_assumed": item.in_force.assumed if item.in_force is not None else False,
    }


def record_of(
    run_id: str, item: Item, reading: Reading, scores: Sequence[Score], redactor: Redactor | None = None
) -> dict[str, Any]:
    """The journal's record of one conversation; with a redactor, without the personal data in it.

    Offsets stay those of the original text. Tokens are numbered by conversation, so that no record depends on another.
    """
    shared = dimensions(run_id, item)
    row = conversation_row(shared, item.conversation, reading, scores, item.case)
    shown = _redaction(item.conversation, redactor)
    return {
        "key": list(item.key),
        "sha256": item.conversation.sha256,
        "row": shown(row.model_dump(mode="json", by_alias=True)),
        "scores": "".join(score_lines(shared, scores, shown)),
        "reading": canonical_json(shown(reading.model_dump(mode="json", by_alias=True))) + "\n",
    }


def _redaction(conversation: Conversation, redactor: Redactor | None) -> Callable[[Any], Any]:
    """What a dumped record of the conversation becomes; itself where there is nothing to replace."""
    if redactor is None:
        return _as_it_is
    redacted = RedactedConversation(conversation, redactor)
    return redacted.record if redacted.found else _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def score_lines(shared: dict[str, Any], scores: Iterable[Score], shown: Callable[[Any], Any] = _as_it_is) -> list[str]:
    """The lines of `scores.jsonl` for one conversation, by evaluator, level, turn and offer; `shown` redacts them."""
    rows = [
        {**shown(score.model_dump(mode="json", by_alias=True)), **shared, "schema": "evalh.score/1"} for score in scores
    ]
    ordered = [{name: row[name] for name in _ORDER} for row in rows]
    lines = [(_row_order(row), line(row).decode("ascii")) for row in ordered]
    return [text for _, text in sorted(lines)]


def _row_order(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["evaluator"], row["level"], _none_first(row["turn"]), _none_first(row["offer"])


def _none_first(value: Any) -> tuple[Any, ...]:
    return () if value is None else (value,)


def conversation_row(
    shared: dict[str, Any],
    conversation: Conversation,
    reading: Reading,
    scores: Sequence[Score],
    case: Case | None = None,
) -> ConversationRow:
    """The conversation in one row."""
    rollups = {score.evaluator: score for score in scores if score.rollup}
    quality = rollups.get(SCORECARD)
    return ConversationRow(
        **shared,
        conversation_sha256=conversation.sha256,
        channel=conversation.channel,
        language=conversation.language,
        started_at=conversation.started_at.isoformat() if conversation.started_at is not None else None,
        template=case.template if case is not None else None,
        turns=len(conversation.turns),
        pitches=len(reading.pitches()) if _was_read(reading, "acts") else None,
        offered=offered(reading) if _was_read(reading, "acts") else None,
        accepted=accepted(reading) if _was_read(reading, "ledger") else None,
        resolved=resolved(reading) if _was_read(reading, "issues") else None,
        quality=quality.value if quality is not None else None,
        quality_label=quality.label if quality is not None else None,
        auto_failed=quality.label == "auto_fail" if quality is not None and quality.state == "scored" else None,
        outcome=conversation.outcome,
        critical=critical(scores),
        rollups={name: _rolled(score) for name, score in sorted(rollups.items())},
    )


def _was_read(reading: Reading, field: str) -> bool:
    return reading.read and (reading.unread is None or field not in reading.unread.fields)


def critical(scores: Iterable[Score]) -> dict[str, tuple[str, ...]]:
    """By evaluator, the labels of failed verdicts that are critical and rest on rules; the scorecard's own left out."""
    found: dict[str, set[str]] = {}
    for score in scores:
        decided = score.passed is False and score.severity == "critical" and score.source == "rule"
        if decided and not score.rollup and score.evaluator != SCORECARD and score.label is not None:
            found.setdefault(score.evaluator, set()).add(score.label)
    return {name: tuple(sorted(labels)) for name, labels in sorted(found.items())}


def _rolled(score: Score) -> Rolled:
    return Rolled(
        state=score.state,
        value=score.value,
        passed=score.passed,
        label=score.label,
        severity=score.severity,
        error=score.error.class_ if score.error is not None else None,
    )


def offered(reading: Reading) -> tuple[str, ...]:
    """The offers that were pitched, each once; one that no policy has by the words that name it."""
    return tuple(dict.fromkeys(act.offer or act.said or "?" for act in reading.pitches()))


def accepted(reading: Reading) -> tuple[str, ...]:
    """The offers whose last answer was a yes."""
    last = {entry.offer: entry.status for entry in reading.ledger if entry.offer is not None}
    return tuple(offer for offer, status in last.items() if status == "accepted")


def resolved(reading: Reading) -> bool | None:
    """Whether every problem was solved; None without a problem, or when one cannot be told and no other is open."""
    statuses = {issue.status for issue in reading.issues}
    if statuses & {"open", "promised", "unresolved"}:
        return False
    return None if not statuses or "unsure" in statuses else True
