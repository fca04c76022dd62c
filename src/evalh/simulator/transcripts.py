"""Files of recorded conversations: written so that they review well, read so strictly that no change goes unseen.

A conversation is one line that says whose it is and then one line a turn. Each turn has the key of what it depends on,
so that a text that was edited is found in the line it stands in. Which recordings there are is left to `recordings`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from evalh.agents.protocol import AgentReply, Declared
from evalh.errors import BadInput
from evalh.models import Conversation, Json, Move, Simulation, Turn, digest
from evalh.models.recording import RecordedHead, RecordedTurn
from evalh.models.vocabulary import Act
from evalh.simulator.keys import BEGINNING, extended, key_after
from evalh.simulator.protocol import Said
from evalh.store.newer import refuse_newer
from evalh.text.safe import visible_json
from evalh.text.untrusted import explain, parse_json, read_lines

REMEDY = "restore the file, or delete it and record again"
MAX_LINE_BYTES = 8 * 1024 * 1024
_HEAD = (
    "schema", "id", "case", "persona", "trial", "attempt", "seed", "prompt_version", "channel", "language",
    "started_at", "facets", "ended", "faults", "turns", "prompt_sha256", "agent_sha256", "customer_sha256",
    "situation_sha256",
)  # fmt: skip
_SURROGATES = re.compile("[\ud800-\udfff]")
_CONFLICT = re.compile(rb"(?:<{7}|[|]{7}|={7}|>{7})(?:\s|$)")
AnyModel = TypeVar("AnyModel", bound=BaseModel)


@dataclass(frozen=True)
class Recorded:
    """One conversation as it was recorded."""

    head: RecordedHead
    turns: tuple[RecordedTurn, ...]

    @property
    def trial(self) -> tuple[str, int]:
        """Case and trial; a file is of one prompt version and persona."""
        return self.head.case, self.head.trial

    @property
    def order(self) -> tuple[str, int, int]:
        """Where it stands in its file."""
        return (*self.trial, self.head.attempt)

    def lines(self) -> Iterator[str]:
        """The conversation as it stands in a file."""
        yield _line(_head_of(self.head) | {"sha256": self.head.sha256})
        yield from (_line(_turn_of(turn)) for turn in self.turns)


# --- making one ---


def recorded(conversation: Conversation, simulation: Simulation) -> Recorded:
    """The conversation as it is kept."""
    turns = tuple(_keyed(simulation, conversation.turns, simulation.moves))
    head = RecordedHead(
        **simulation.model_dump(exclude={"moves", "failure", "by", "ended"}),
        id=conversation.id,
        channel=conversation.channel,
        language=conversation.language,
        started_at=conversation.started_at,
        facets=conversation.facets,
        ended=simulation.ended,
        turns=len(turns),
        sha256="",
    )
    return Recorded(head.model_copy(update={"sha256": _sha256(_head_of(head), map(_turn_of, turns))}), turns)


def _keyed(simulation: Simulation, turns: Sequence[Turn], moves: Sequence[Move]) -> Iterator[RecordedTurn]:
    before = BEGINNING
    for number, turn in enumerate(turns):
        own = [move.model_dump(exclude={"turn"}) for move in moves if move.turn == number]
        ended = simulation.ended == turn.role and number == len(turns) - 1
        calls = [call.model_dump(mode="json") for call in turn.tool_calls]
        whole = {"role": turn.role, "text": turn.text, "tool_calls": calls, "moves": own, "ended": ended, "key": ""}
        made = RecordedTurn.model_validate(parse_json(_line(whole)))
        yield made.model_copy(update={"key": _key(simulation, made, number, before)})
        before = extended(before, _spoken(made))


def _key(simulation: Simulation, turn: RecordedTurn, number: int, before: str) -> str:
    return key_after(turn.role, simulation, number, before)


def _spoken(turn: RecordedTurn) -> Turn:
    return Turn(role=turn.role, text=turn.text, tool_calls=turn.tool_calls)


def reply_of(turn: RecordedTurn) -> AgentReply:
    """An agent's turn as the agent gave it."""
    declared = tuple(Declared(cast("Act", move.act), move.offer) for move in turn.moves)
    return AgentReply(turn.text, turn.tool_calls, turn.ended, declared, calls=0)


def said_of(turn: RecordedTurn, number: int) -> Said:
    """A customer's turn, the conversation's turn `number`, as the customer gave it."""
    moves = tuple(Move(turn=number, **move.model_dump()) for move in turn.moves)
    return Said(turn.text, moves, turn.ended)


# --- lines ---


def _head_of(head: RecordedHead) -> dict[str, Any]:
    held = head.model_dump(mode="json", by_alias=True)
    return {name: held[name] for name in _HEAD if held[name] not in (None, [], {})}


def _turn_of(turn: RecordedTurn) -> dict[str, Any]:
    """The turn without what it does not have, its key last."""
    held = turn.model_dump(mode="json", exclude={"key"})
    kept = {name: _without_none(value) for name, value in held.items() if value not in ([], False)}
    return {**kept, "key": turn.key}


def _without_none(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [{name: one for name, one in item.items() if one is not None} for item in value]


def _sha256(head: Mapping[str, Json], turns: Iterable[Mapping[str, Json]]) -> str:
    return digest([{name: value for name, value in head.items() if name != "sha256"}, *turns])


def _line(value: Mapping[str, Any]) -> str:
    r"""One line of JSON: text as it is, but what controls or hides as ``\u202e``, and no lone surrogate."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(", ", ": "))
    return visible_json(_SURROGATES.sub("?", text))


# --- reading ---


def read_recordings(path: Path) -> list[Recorded]:
    """The conversations in a file. Raises BadInput at the first line that is not as it was written."""
    found: list[Recorded] = []
    known: set[tuple[str, int, int]] = set()
    lines = _values(path)
    for number, value in lines:
        head = _checked(RecordedHead, value, path, number)
        turns: list[RecordedTurn] = []
        raw: list[Mapping[str, Json]] = []
        before = BEGINNING
        for at in range(head.turns):
            place, held = next(lines, (number, None))
            if held is None:
                raise _torn(path, number, head, len(turns))
            turn = _checked(RecordedTurn, held, path, place)
            if turn.key != _key(head, turn, at, before):
                raise _changed(path, place - 1 if at else number)
            before = extended(before, _spoken(turn))
            turns.append(turn)
            raw.append(held)
        if head.sha256 != _sha256(value, raw):
            raise _changed(path, number + head.turns)
        one = Recorded(head, tuple(turns))
        if one.order in known:
            raise BadInput("this conversation is recorded twice", file=path, line=number, remedy=REMEDY)
        known.add(one.order)
        found.append(one)
    return found


def _values(path: Path) -> Iterator[tuple[int, dict[str, Json]]]:
    for number, line in read_lines(path, max_bytes=MAX_LINE_BYTES):
        value = _value(line, path, number)
        if not isinstance(value, dict):
            raise BadInput("is no turn and no first line of a recording", file=path, line=number, remedy=REMEDY)
        yield number, value


def _value(line: bytes, path: Path, number: int) -> Json:
    if _CONFLICT.match(line):
        remedy = "take the file of one side, or delete it and record again"
        raise BadInput("two recordings were merged here, and that cannot be", file=path, line=number, remedy=remedy)
    try:
        return parse_json(line, max_bytes=MAX_LINE_BYTES)
    except BadInput as error:
        raise BadInput(error.problem, file=path, line=number, remedy=REMEDY) from None


def _checked(model: type[AnyModel], value: dict[str, Json], path: Path, number: int) -> AnyModel:
    if model is RecordedTurn and "schema" in value:
        raise BadInput("the conversation before it lacks turns", file=path, line=number, remedy=REMEDY)
    refuse_newer(value, path, number)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        found = explain(error, model=model)
        raise BadInput(found.problem, file=path, line=number, field=found.field, remedy=REMEDY) from None


def _torn(path: Path, number: int, head: RecordedHead, held: int) -> BadInput:
    problem = f"the conversation has {held} of its {head.turns} turns; the file was cut off"
    return BadInput(problem, file=path, line=number, remedy=REMEDY)


def _changed(path: Path, number: int) -> BadInput:
    problem = "was changed by hand: what was said after it was an answer to something else"
    return BadInput(problem, file=path, line=number, remedy=REMEDY)
