"""A small start for a user's own workspace, cut from the reference: whole files, and a few cases with recordings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from evalh.models import Case, RunConfig
from evalh.text.untrusted import parse_json, read_lines
from evalh.workspace.base import DEFAULT_CONFIG, Workspace
from evalh.workspace.policies import policy_files

PERSONAS = 2
CASES_EACH = 6

BREVITY = '''"""Brevity: whether agent turns stay short. An example of an evaluator of your own."""

from collections.abc import Iterator

from evalh.evaluator import EvalContext, Evaluator
from evalh.models import Score


class Brevity(Evaluator):
    """Agent turns stay under `max_words` words."""

    gating: bool = False
    max_words: int = 60

    def evaluate(self, ctx: EvalContext) -> Iterator[Score]:
        """A score for each agent turn."""
        for turn in ctx.conversation.agent_turns():
            words = len(turn.text.split())
            yield Score(turn=turn.index, value=words <= self.max_words, reason=f"{words} words")
'''


def start_files(source: Workspace) -> Iterator[tuple[str, bytes]]:
    """The files of a new workspace: path relative to its root, and content."""
    config = source.config(DEFAULT_CONFIG).config
    cases = _few_cases(source, config)
    yield "evaluators/brevity.py", BREVITY.encode()
    for path in _whole_files(source, config, cases):
        yield path.relative_to(source.root).as_posix(), path.read_bytes()
    yield from _cut_files(source, config, {case.id for case in cases})


def _few_cases(source: Workspace, config: RunConfig) -> list[Case]:
    by_persona: dict[str | None, list[Case]] = {}
    for case in source.golden_set(config.golden_set).cases:
        by_persona.setdefault(case.persona, []).append(case)
    return [case for cases in list(by_persona.values())[:PERSONAS] for case in cases[:CASES_EACH]]


def _whole_files(source: Workspace, config: RunConfig, cases: list[Case]) -> Iterator[Path]:
    agent = config.prompts.agent
    policy = config.policy or source.golden_set(config.golden_set).info.policy
    yield source.configs_folder / f"{DEFAULT_CONFIG}.yaml"
    yield from policy_files(source.policies_folder, policy)
    yield from (source.prompt_path(agent, version) for version in config.prompts.versions)
    if config.scorecard is not None:
        yield source.scorecard_path(config.scorecard)
    used = {case.persona for case in cases}
    yield from (found.path for found in source.found_personas() if found.get().id in used)
    yield source.found_set(config.golden_set).folder / "set.yaml"


def _cut_files(source: Workspace, config: RunConfig, cases: set[str]) -> Iterator[tuple[str, bytes]]:
    found = source.found_set(config.golden_set)
    recordings = [found.recordings_file(version) for version in config.prompts.versions]
    for path, key in ((found.cases_file, "id"), (found.labels_file, "case"), *((path, "case") for path in recordings)):
        if path.exists():
            yield path.relative_to(source.root).as_posix(), _lines_of(path, key, cases)


def _lines_of(path: Path, key: str, wanted: set[str]) -> bytes:
    kept = []
    for number, raw in read_lines(path):
        value = parse_json(raw, file=path, line=number) if raw.strip() else None
        if isinstance(value, dict) and value.get(key) in wanted:
            kept.append(json.dumps(value, ensure_ascii=False))
    return "".join(line + "\n" for line in kept).encode()
