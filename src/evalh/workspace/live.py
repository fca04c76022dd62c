"""What a run with a live agent needs of the files of a workspace, and what is wrong with what was recorded of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from evalh.agents.code import source_of
from evalh.agents.prompt import check_greeting, check_placeholders
from evalh.errors import BadConfig, UserError
from evalh.models import Case, ChatAgent, FunctionAgent, Json, LiveKitAgent, PolicySet, Prompt, ReplayAgent, RunConfig
from evalh.simulator.brief import offers_on
from evalh.simulator.recordings import recording_files
from evalh.simulator.transcripts import read_recordings
from evalh.workspace.files import Found
from evalh.workspace.find import shown


def persona_less(cases: Sequence[Case], file: Path) -> Iterator[UserError]:
    """Cases that nobody plays."""
    without = [case.id for case in cases if case.persona is None]
    if without:
        told = f"the case {without[0]!r} has" if len(without) == 1 else f"{without[0]!r} and others have"
        remedy = "give each case one, or set 'simulation: {cross: true}'"
        yield BadConfig(f"{told} no persona to talk to the agent", file=shown(file), remedy=remedy)


def unfilled(
    prompts: Mapping[str, Prompt], cases: Sequence[Case], policies: PolicySet, as_of: date | None
) -> Iterator[UserError]:
    """Placeholders that some case cannot fill; `prompts` by their files, as they are printed."""
    for file, prompt in prompts.items():
        yield from check_placeholders(
            prompt, cases, lambda case: _offers(policies, case, as_of), file=file, as_of=as_of
        )


def unfilled_greeting(found: Found[RunConfig], cases: Sequence[Case], policies: PolicySet) -> Iterator[UserError]:
    """The same for the agent's greeting."""
    config = found.get()
    greeting = None if isinstance(config.agent, ReplayAgent) else config.agent.greeting
    if greeting is not None:
        file, line, as_of = shown(found.path), found.document.line_of(("agent", "greeting")), config.as_of
        offers = lambda case: _offers(policies, case, as_of)  # noqa: E731 - told of one case at a time
        yield from check_greeting(greeting, cases, offers, file=file, line=line, as_of=as_of)


def _offers(policies: PolicySet, case: Case, as_of: date | None) -> Sequence[Mapping[str, Json]]:
    return offers_on(policies, case.started_at.date() if case.started_at is not None else as_of)


def missing_code(found: Found[RunConfig], root: Path) -> Iterator[UserError]:
    """Functions of the configuration whose modules are not there; nothing is imported."""
    agent = found.get().agent
    if isinstance(agent, FunctionAgent | LiveKitAgent):
        yield from _missing(found, agent.function, ("agent", "function"), root)
    for index, tool in enumerate(agent.tools if isinstance(agent, ChatAgent) else ()):
        if tool.function is not None:
            yield from _missing(found, tool.function, ("agent", "tools", index, "function"), root)


def _missing(found: Found[RunConfig], name: str, at: tuple[str | int, ...], root: Path) -> Iterator[UserError]:
    try:
        source_of(name, root)
    except BadConfig as error:
        yield found.bad(error.problem, at, error.remedy or "correct it")


def damaged(recordings: Path) -> Iterator[UserError]:
    """The first thing that is wrong in each file of a golden set's live recordings."""
    for folder in sorted(recordings.iterdir()) if recordings.is_dir() else ():
        for path in recording_files(folder):
            try:
                read_recordings(Path(shown(path)))
            except UserError as error:
                yield error
