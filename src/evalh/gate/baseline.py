"""Which baseline a run configuration is compared with: a version, a finished run, what was blessed, or a git ref."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from evalh.errors import NotFound
from evalh.gate.at_git import at_git, base_of
from evalh.gate.bless import blessed_side
from evalh.gate.plan import Baseline, Plan
from evalh.gate.sides import find_run, names_run, run_side
from evalh.regression.sides import Side
from evalh.workspace.baselines import baseline_path, read_baseline
from evalh.workspace.find import shown

GIT = "git:"
BLESSED = "blessed"


def find_baseline(
    plan: Plan, wanted: str | None, *, allow: tuple[str, ...] = (), listed: tuple[str, ...] | None = None
) -> Baseline:
    """The baseline that is wanted, else the blessed one, else the configuration's own.

    `listed`: the versions of the configuration that decides; one that it lacks is new, wherever its file is.
    """
    config = plan.config
    path = baseline_path(plan.space.root, config.name)
    if wanted is None and path.exists():
        wanted = BLESSED
    if wanted is None:
        own = base_of(config)
        return _version(plan, own) if config.prompts.versions != (own,) else Baseline({})
    if wanted.startswith(GIT):
        return at_git(plan, wanted.removeprefix(GIT), allow=allow, listed=listed)
    if wanted == BLESSED:
        return _blessed(plan, path)
    return _version(plan, wanted) if wanted in _versions(plan) else _run(plan, wanted)


def _versions(plan: Plan) -> Sequence[str]:
    return plan.space.prompt_names().get(plan.config.prompts.agent, [])


def _version(plan: Plan, version: str) -> Baseline:
    extra = {} if version in plan.prompts else {version: plan.space.prompt(plan.config.prompts.agent, version)}
    others = [one for one in plan.prompts if one != version] or [version]
    return Baseline(dict.fromkeys(others, version), extra=extra, named=version)


def _blessed(plan: Plan, path: Path) -> Baseline:
    if not path.exists():
        raise NotFound(
            f"{shown(path)}: nothing was blessed for {plan.config.name!r} yet; do it with: evalh bless RUN:VERSION"
        )
    side = blessed_side(read_baseline(path))
    return Baseline(_candidates(plan, side), side=side, notice=f"baseline: {side.info.name}, from {shown(path)}")


def _run(plan: Plan, text: str) -> Baseline:
    if not names_run(plan.space, text):
        known = f"the prompt versions are {', '.join(_versions(plan))}, and there is no such run"
        raise NotFound(f"--baseline {text!r} is neither a prompt version nor a run: {known}")
    result, version = find_run(plan.space, text)
    side = run_side(result, version, named=True)
    return Baseline(_candidates(plan, _with_prompt(plan, side)), side=_with_prompt(plan, side))


def _with_prompt(plan: Plan, side: Side) -> Side:
    """The side with its prompt's text, where the workspace still has that prompt."""
    version = side.info.prompt_version
    if version is None or version not in _versions(plan):
        return side
    agent = plan.config.prompts.agent
    same = plan.space.prompt(agent, version).sha256 == side.info.prompt_sha256
    return replace(side, prompt=plan.space.prompt_source(agent, version)) if same else side


def _candidates(plan: Plan, side: Side) -> dict[str, str | None]:
    changed = [name for name, prompt in plan.prompts.items() if prompt.sha256 != side.info.prompt_sha256]
    return dict.fromkeys(changed or plan.prompts)
