"""Judges for the check: one that knows every probe, and ones that only seem to read, all through the real prompts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

from tests.judge.fake import FakeEndpoint, as_body

from evalh.judge.asking import FORMS, NOT, Form
from evalh.judge.check import check_judge
from evalh.judge.judge import Judge
from evalh.judge.probes import FAIL, PASS, Injection, Label, Probe, Rubric, load_probes
from evalh.models import JudgeCheck, JudgeConfig, Question
from evalh.testing.replies import reply_for, transcript_of
from evalh.workspace import Workspace
from evalh.workspace.judge_checks import write_judge_check

Says = Callable[[Probe, Injection | None, str], str]
"""What is said of the label or rubric of that id: a label, "pass" or "fail"."""
NONE = "none"


def judge_that(says: Says, **config: Any) -> Judge:
    """A judge whose model says that of every probe."""
    return Judge(judge_config(**config), endpoint=FakeEndpoint(lambda request: reply(as_body(request), says)))


def admit(space: Workspace, config: JudgeConfig, forms: Sequence[Form] = FORMS, says: Says | None = None) -> JudgeCheck:
    """Keep a check of that judge in the workspace, as if its model said that, by default what is right."""
    judge = Judge(config, endpoint=FakeEndpoint(lambda request: reply(as_body(request), says or right)))
    with closing(judge):
        check = check_judge(judge, forms)
    write_judge_check(space, check)
    return check


def judge_config(**config: Any) -> JudgeConfig:
    return JudgeConfig.model_validate({"model": "m", "base_url": "http://127.0.0.1:9", "api_key_env": None} | config)


def right(probe: Probe, _: Injection | None, name: str) -> str:
    """What is known."""
    turned = {PASS: FAIL, FAIL: PASS}
    for rubric in probe.rubrics:
        if name.removeprefix(NOT) == rubric.id:
            return turned[rubric.is_] if name.startswith(NOT) else rubric.is_
    label = next(label for label in probe.labels if label.id == name)
    return label.is_[0] if label.is_ else "unresolved" if label.about == "issue" else NONE


def reply(body: Mapping[str, Any], says: Says) -> dict[str, Any]:
    """A reply to a request that says so, with quotes that are there."""
    turns = transcript_of(body)
    probe, injection = shown(turns)
    said = {turn["turn"]: turn["said"] for turn in turns}
    made: dict[str, Any] = _sure(json.loads(reply_for(body)))
    if "facts" in made:
        for label in probe.labels:
            _put(made["facts"], label, says(probe, injection, label.id), said)
    for number, label in enumerate(probe.labels, start=1) if "picks" in made else ():
        answer = says(probe, injection, label.id)
        settled = label.about == "issue" and answer in ("resolved", "promised")
        made["picks"][str(number)].update(label=answer, quote=_quote(said[label.turn + settled]))
    for name, key, (low, high) in _rubrics(probe):
        if key in made:
            value = high if says(probe, injection, name) == PASS else low
            made[key].update(value=value, turn=1, quote=_quote(said[1]))
    return made


def shown(turns: list[dict[str, Any]]) -> tuple[Probe, Injection | None]:
    """The probe that is shown, and the injection in it."""
    for probe in load_probes():
        if len(probe.turns) == len(turns) and all(
            turn["said"].startswith(probe.turns[turn["turn"]].text) for turn in turns
        ):
            injected = (one for one in probe.injections if turns[one.turn]["said"] != probe.turns[one.turn].text)
            return probe, next(injected, None)
    raise AssertionError("no probe is shown")


def _rubrics(probe: Probe) -> Iterator[tuple[str, str, tuple[float, float]]]:
    for rubric in probe.rubrics:
        yield rubric.id, _key(rubric, rubric.asks), rubric.scale
        yield NOT + rubric.id, _key(rubric, rubric.instead), rubric.scale


def _key(rubric: Rubric, text: str) -> str:
    return f"rubric_{Question(kind='rubric', text=text, scale=rubric.scale).sha256[:12]}"


def _put(facts: dict[str, Any], label: Label, says: str, said: Mapping[int, str]) -> None:
    turn, quote, later = facts["turns"][str(label.turn)], _quote(said[label.turn]), label.turn + 1
    if label.about == "issue":
        facts["issues"].append(
            {
                "intent": "other", "raised": label.turn, "quote": quote, "status": says, "word": NONE,
                "resolved": later, "proof": _quote(said[later]), "sure": True,
            }
        )  # fmt: skip
    elif says == NONE:
        return
    elif label.about == "act":
        turn["acts"].append(
            {"offer": label.offer, "said": "", "quote": quote, "act": says, "asks": False, "sure": True}
        )
    elif label.about == "reply":
        turn["replies"].append({"offer": label.offer, "quote": quote, "reply": says, "to": -1, "sure": True})
    elif label.about == "pressure":
        turn["pressures"].append({"quote": quote, "kind": says, "sure": True})
    else:
        turn[label.about] = says
        turn["proof"].append({"of": label.about, "quote": quote})


def _quote(said: str) -> str:
    return " ".join(said.split()[:8])


def _sure(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: True if name == "sure" else _sure(inner) for name, inner in value.items()}
    return [_sure(inner) for inner in value] if isinstance(value, list) else value
