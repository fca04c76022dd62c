"""What a workspace holds, as rows to print."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from evalh.workspace.base import Workspace

Row = tuple[str, ...]


def listing(space: Workspace, kind: str) -> list[Row]:
    """The rows of one kind: evaluators, policies, prompts, personas, golden or configs."""
    return list(_KINDS[kind](space))


def _evaluators(space: Workspace) -> Iterator[Row]:
    for name, found in space.found_evaluators().items():
        origin = f"{found.origin}, replaces shipped" if found.overrides else found.origin
        yield name, origin, "needs a judge" if found.kind == "judge" else "rules", found.summary


def _policies(space: Workspace) -> Iterator[Row]:
    for name in space.policy_names():
        for policy in space.policies(name).versions:
            days = f"from {policy.effective.from_}" + (f" to {policy.effective.to}" if policy.effective.to else "")
            yield policy.id, policy.version, days, f"{len(policy.offers)} offers", policy.name


def _prompts(space: Workspace) -> Iterator[Row]:
    for agent, versions in space.prompt_names().items():
        for version in versions:
            prompt = space.prompt(agent, version)
            yield agent, version, prompt.sha256[:12], "checkable" if prompt.checkable else "free text"


def _personas(space: Workspace) -> Iterator[Row]:
    for persona in space.personas().values():
        yield persona.id, persona.version, persona.name, persona.goal


def _golden(space: Workspace) -> Iterator[Row]:
    for name in space.golden_set_names():
        found = space.found_set(name)
        golden = found.get()
        recorded = ", ".join(found.recorded_versions()) or "none"
        yield name, golden.info.version, f"{len(golden.cases)} cases", f"recordings: {recorded}", golden.info.name


def _configs(space: Workspace) -> Iterator[Row]:
    for name in space.config_names():
        config = space.config(name).config
        compared = f"{config.prompts.agent} {', '.join(config.prompts.versions)}"
        yield name, config.golden_set, compared


_KINDS: dict[str, Callable[[Workspace], Iterator[Row]]] = {
    "evaluators": _evaluators,
    "policies": _policies,
    "prompts": _prompts,
    "personas": _personas,
    "golden": _golden,
    "configs": _configs,
}
