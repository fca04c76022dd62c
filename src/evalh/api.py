"""The Python API: score a conversation, or one exchange of it, in a line; whole runs are left to the runner."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from evalh.errors import UserError
from evalh.evaluator import Evaluator, roll_up
from evalh.models import Conversation, JudgeConfig, OfferPolicy, PolicySet, Prompt, Reading, Score, Turn

if TYPE_CHECKING:
    from evalh.reader.protocol import Reader
    from evalh.workspace import Workspace

Transcript: TypeAlias = Conversation | Mapping[str, Any] | Sequence[Any]
"""A Conversation, one as a dict, or a list of turns or OpenAI messages."""
PolicyLike: TypeAlias = PolicySet | OfferPolicy | Path | str | None
"""A policy, the file of one of its versions, its id in the workspace, or none."""
EvaluatorLike: TypeAlias = Evaluator | type[Evaluator] | str
"""An evaluator, its class, or its name."""


@dataclass(frozen=True)
class Scored:
    """What the evaluators say of one conversation. Printing it shows its offers and faults with their quotes."""

    conversation: Conversation
    reading: Reading
    scores: tuple[Score, ...]
    """Every verdict on a turn, an offer or the conversation."""
    summary: dict[str, Score]
    """By evaluator, its one summary of the conversation."""

    @property
    def failed(self) -> tuple[Score, ...]:
        """The verdicts that failed."""
        return tuple(score for score in self.scores if score.passed is False)

    @property
    def passed(self) -> bool:
        """Whether nothing failed, was unsure or errored, and not everything was skipped."""
        return any(one.state != "skipped" for one in self.summary.values()) and not any(
            one.passed is False or one.state in ("unsure", "errored") for one in self.summary.values()
        )

    def __str__(self) -> str:
        from rich.console import Console

        from evalh.report import render_conversation

        text = io.StringIO()
        console = Console(file=text, width=100, color_system=None)
        render_conversation(self.conversation.id, self.reading, (*self.scores, *self.summary.values()), console)
        return "\n".join(line.rstrip() for line in text.getvalue().rstrip().split("\n"))


def score(
    conversation: Transcript,
    policy: PolicyLike = None,
    evaluators: Iterable[EvaluatorLike] | EvaluatorLike | None = None,
    prompt: Prompt | Path | None = None,
    reader: Reader | None = None,
    judge: JudgeConfig | None = None,
) -> Scored:
    """Score one conversation against an offer policy.

    `evaluators`: names, classes or instances; default: all of the workspace, shipped ones included. Without a
    `policy` what depends on one is skipped. `reader`: default the local one, which needs no network and no key; with a
    `judge`, a language model is asked for rubrics and where the local one is unsure. What it fails to say is errored.
    Raises UserError, one sentence, for anything that cannot be read.
    """
    from evalh.runner import EvaluatorInUse, RunInputs, Source
    from evalh.runner.execute import judge_one
    from evalh.runner.readers import close_reader

    if reader is not None and judge is not None:
        raise UserError("a reader and a judge are given; give the reader alone, which asks its own judge")
    if judge is not None and not isinstance(judge, JudgeConfig):
        raise UserError(f"a judge cannot be a {type(judge).__name__}; give a JudgeConfig of evalh.models")
    chosen = _evaluators(evaluators)
    prompts = _prompts(prompt)
    policies, held = _policies(policy), _conversation(conversation)
    asking = _judged_reader(judge) if judge is not None else None
    inputs = RunInputs(
        sources=(),
        evaluators=[EvaluatorInUse(evaluator) for evaluator in chosen],
        reader=asking or reader or _local_reader(),
        policies=policies,
        prompts=prompts,
    )
    try:
        reading, scores = judge_one(inputs, Source(next(iter(prompts), None), held))
    finally:
        if asking is not None:
            close_reader(asking)
    findings = tuple(item for item in scores if not item.rollup)
    return Scored(held, reading, findings, {item.evaluator: item for item in scores if item.rollup})


def score_exchange(
    customer: str,
    agent: str,
    *,
    before: Sequence[Any] = (),
    evaluator: EvaluatorLike | Iterable[EvaluatorLike] | None = None,
    policy: PolicyLike = None,
    reader: Reader | None = None,
    judge: JudgeConfig | None = None,
    **fields: Any,
) -> Scored:
    """Score what `agent` answers to `customer`, after the turns `before`, which are read but not judged.

    `before`: turns, ``(role, text)`` pairs or OpenAI messages. `fields` are fields of Conversation, such as
    `customer_record` (its `customer`), `channel` or `started_at`. Verdicts on earlier turns are left out; those on the
    conversation as a whole stay.
    """
    if "customer_record" in fields:
        fields["customer"] = fields.pop("customer_record")
    held = _conversation(before).turns if before else ()
    turns = [*map(_turn, held), {"role": "customer", "text": customer}, {"role": "agent", "text": agent}]
    chosen = _evaluators(evaluator)
    whole = score({**fields, "turns": turns}, policy=policy, evaluators=chosen, reader=reader, judge=judge)
    return _only_since(whole, len(held), chosen)


def _only_since(whole: Scored, first: int, evaluators: Sequence[Evaluator]) -> Scored:
    kept = tuple(item for item in whole.scores if item.turn is None or item.turn >= first)
    summary = {
        evaluator.name(): roll_up(evaluator, [item for item in kept if item.evaluator == evaluator.name()])
        for evaluator in evaluators
    }
    return replace(whole, scores=kept, summary=summary)


# --- what may be given ---


def _conversation(given: Transcript) -> Conversation:
    if isinstance(given, Conversation):
        return given
    if isinstance(given, Mapping):
        fields: dict[str, Any] = dict(given)
    elif isinstance(given, Sequence) and not isinstance(given, str | bytes):
        fields = {"turns": list(given)}
    else:
        raise UserError(
            f"a conversation cannot be a {type(given).__name__}; give a Conversation, a dict or a list of messages"
        )
    turns = fields.pop("messages", fields.get("turns"))
    return _imported({**fields, "turns": turns})


def _imported(fields: dict[str, Any]) -> Conversation:
    """Through the importers, so that OpenAI tool calls are understood and mistakes are sentences."""
    from evalh.importers.base import Place, Record, SourceMapping, build
    from evalh.importers.native import read_native
    from evalh.importers.openai_chat import read_chat

    place = Place("conversation")
    turns = fields["turns"]
    if not isinstance(turns, list | tuple):
        raise place.bad("has no turns", field="turns", remedy="give a list of turns or messages")
    plain = [_turn(turn) for turn in turns]
    if _are_messages(plain):
        read = read_chat(Record({"messages": plain}, place), SourceMapping())
        given = {name: value for name, value in fields.items() if name != "turns"}
        return build({**given, "turns": read.turns}, place) if given else read
    return read_native(Record({**fields, "turns": plain}, place), SourceMapping())


def _are_messages(turns: Sequence[Any]) -> bool:
    return bool(turns) and all(isinstance(turn, dict) and "text" not in turn for turn in turns)


def _turn(given: Any) -> Any:
    if isinstance(given, Turn):
        return given.model_dump(mode="json", exclude={"index"})
    if isinstance(given, tuple) and len(given) == 2:
        return {"role": given[0], "text": given[1]}
    return given


def _policies(given: PolicyLike) -> PolicySet | None:
    if given is None or isinstance(given, PolicySet):
        return given
    if isinstance(given, OfferPolicy):
        return PolicySet(versions=(given,))
    return _workspace().policies(given)


def _prompts(given: Prompt | Path | str | None) -> dict[str, Prompt]:
    if given is None:
        return {}
    prompt = given if isinstance(given, Prompt) else _workspace().prompt_file(given)
    return {prompt.version: prompt}


def _evaluators(given: Iterable[EvaluatorLike] | EvaluatorLike | None) -> list[Evaluator]:
    if given is None:
        return _workspace().evaluators_for()
    several = [given] if isinstance(given, str | type | Evaluator) else list(given)
    return [_evaluator(one) for one in several]


def _evaluator(given: EvaluatorLike) -> Evaluator:
    if isinstance(given, Evaluator):
        return given
    if isinstance(given, type) and issubclass(given, Evaluator):
        return given()
    if not isinstance(given, str):
        raise UserError(
            f"an evaluator cannot be {given!r:.60}; give a name, a class of Evaluator or an instance of one"
        )
    known = _workspace().evaluators()
    if given not in known:
        from evalh.workspace.files import unknown

        raise unknown("evaluator", given, list(known), "write it")
    return known[given]()


@lru_cache(maxsize=8)
def _workspace_at(folder: Path) -> Workspace:
    from evalh.workspace import Workspace

    return Workspace.find(folder)


def _workspace() -> Workspace:
    return _workspace_at(Path.cwd())


@lru_cache(maxsize=1)
def _local_reader() -> Reader:
    from evalh.encoder import load_encoder
    from evalh.models import EncoderConfig
    from evalh.reader.local import LocalReader

    return LocalReader(load_encoder(EncoderConfig()))


def _judged_reader(judge: JudgeConfig) -> Reader:
    from evalh.models import ReaderConfig
    from evalh.reader.load import load_reader

    return load_reader(ReaderConfig(kind="cascade"), judge)
