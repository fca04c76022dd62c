"""Checks a whole workspace: each file by itself, then what the files say of each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from evalh.errors import BadConfig, BadInput, NotFound, UserError
from evalh.models import Persona, PolicySet, Prompt, ReplayAgent, RunConfig, Scorecard
from evalh.models.vocabulary import Role
from evalh.workspace import live
from evalh.workspace import policies as policy_rules
from evalh.workspace import prompts as prompt_rules
from evalh.workspace.configs import card_problems, made
from evalh.workspace.files import Found, did_you_mean, files, read_yaml
from evalh.workspace.find import shown
from evalh.workspace.golden import FoundSet, label_problems, persona_problems, read_recordings
from evalh.workspace.personas import offer_problems
from evalh.workspace.policies import FoundPolicy, policy_files, read_policy, set_problems
from evalh.workspace.prompts import copy_problems, read_prompt

if TYPE_CHECKING:
    from evalh.workspace.base import Workspace


@dataclass(frozen=True)
class _Everything:
    """All files of a workspace, read once."""

    space: Workspace
    configs: tuple[Found[RunConfig], ...]
    policies: tuple[FoundPolicy, ...]
    prompts: tuple[Found[Prompt], ...]
    personas: tuple[Found[Persona], ...]
    cards: tuple[Found[Scorecard], ...]
    sets: tuple[FoundSet, ...]

    def policy_set(self, policy_id: str) -> PolicySet | None:
        """The policy of that id, when all its versions are good."""
        versions = [one for one in self.policies if _policy_id(one) == policy_id]
        wrong = [error for one in versions for error in one.problems] + set_problems(versions)
        return policy_rules.as_set(versions) if versions and not wrong else None

    def persona_ids(self) -> list[str]:
        """The ids of the personas that can be read."""
        return [one.value.id for one in self.personas if one.value is not None]

    def policy_ids(self) -> list[str]:
        """The ids of the policies that can be read."""
        return list(dict.fromkeys(one.value.id for one in self.policies if one.value is not None))

    def prompt(self, agent: str, version: str) -> Prompt | None:
        """That version of the prompt, when it can be read."""
        named = [one.value for one in self.prompts if one.value is not None]
        return next((one for one in named if (one.agent, one.version) == (agent, version)), None)


def _policy_id(found: FoundPolicy) -> str:
    """The id a version says it has; of one that cannot be read, the id its file is named by."""
    return found.value.id if found.value is not None else found.path.stem.partition("@")[0]


def check(space: Workspace) -> list[UserError]:
    """Everything that is wrong in the workspace, in the order in which a user reads its files."""
    every = _read(space)
    return [
        *_own(every),
        *_between_policies(every),
        *_unique([(one, one.value.id) for one in every.personas if one.value is not None], "persona"),
        *_in_personas(every),
        *_in_prompts(every),
        *_in_cards(every),
        *_in_configs(every),
        *_in_sets(every),
    ]


def _read(space: Workspace) -> _Everything:
    prompts = space.prompt_names().items()
    return _Everything(
        space,
        tuple(read_yaml(path, RunConfig) for path in files(space.configs_folder, ".yaml")),
        tuple(map(read_policy, _policy_paths(space))),
        tuple(read_prompt(space.prompt_path(agent, version)) for agent, versions in prompts for version in versions),
        tuple(space.found_personas()),
        tuple(read_yaml(path, Scorecard) for path in files(space.configs_folder / "scorecards", ".yaml")),
        tuple(map(space.found_set, space.golden_set_names())),
    )


def _policy_paths(space: Workspace) -> list[Path]:
    return sorted({*files(space.policies_folder, ".yaml"), *policy_files(space.policies_folder)})


def _own(every: _Everything) -> Iterator[UserError]:
    yield from _unread(every.space)
    for kind in (every.configs, every.policies, every.prompts, every.personas, every.cards):
        yield from (error for one in kind for error in one.problems)
    yield from every.space.discovery.problems
    for found in every.sets:
        yield from found.problems


def _unread(space: Workspace) -> Iterator[UserError]:
    """Files a user means to be read, whose names say otherwise."""
    folders = (
        space.configs_folder,
        space.policies_folder,
        space.configs_folder / "scorecards",
        space.root / "personas",
    )
    for path in (path for folder in folders for path in files(folder, ".yml")):
        yield BadConfig("is not read", file=shown(path), remedy=f"rename it to {path.stem}.yaml")


def _between_policies(every: _Everything) -> Iterator[UserError]:
    for one in every.policies:
        yield from policy_rules.name_problems(one)
    usable = [(one.value.id, one) for one in every.policies if one.value is not None]
    for _, versions in groupby(sorted(usable, key=lambda pair: pair[0]), key=lambda pair: pair[0]):
        yield from set_problems([one for _, one in versions])


def _unique(named: Sequence[tuple[Found[Persona], str]], what: str) -> Iterator[UserError]:
    first: dict[str, Path] = {}
    for found, name in named:
        other = first.setdefault(name, found.path)
        if other != found.path:
            yield found.bad(f"{shown(other)} defines the {what} {name!r} too", ("id",), "rename one of them")


def _in_personas(every: _Everything) -> Iterator[UserError]:
    """Offers that no policy has, where all policies can be read."""
    known = {offer.id for one in every.policies if one.value is not None for offer in one.value.offers}
    if every.policies and all(one.value is not None for one in every.policies):
        yield from (error for one in every.personas for error in offer_problems(one, known))


def _in_prompts(every: _Everything) -> Iterator[UserError]:
    for found in every.prompts:
        yield from prompt_rules.name_problems(found)
        if found.value is not None and found.value.approved_copy:
            for policy_id in _policies_of(every, found.value.agent):
                policies = every.policy_set(policy_id)
                yield from copy_problems(found, policies) if policies is not None else ()


def _policies_of(every: _Everything, agent: str) -> list[str]:
    """The policies an agent's golden sets and run configurations are about."""
    infos = [found.info.value for found in every.sets if found.info.value is not None]
    of_sets = [info.policy for info in infos if info.agent == agent]
    configs = [found.value for found in every.configs if found.value is not None]
    of_runs = [one.policy for one in configs if one.policy is not None and one.prompts.agent == agent]
    return list(dict.fromkeys((*of_sets, *of_runs)))


def _in_cards(every: _Everything) -> Iterator[UserError]:
    available = {name: one.cls for name, one in every.space.discovery.found.items()}
    if every.space.discovery.problems:
        return
    for found in every.cards:
        yield from card_problems(found, available)


def _in_configs(every: _Everything) -> Iterator[UserError]:
    for found in every.configs:
        if found.value is not None:
            yield from _in_config(every, found, found.value)


def _in_config(every: _Everything, found: Found[RunConfig], config: RunConfig) -> Iterator[UserError]:
    space = every.space
    yield from _named(found, "golden set", config.golden_set, space.golden_set_names(), ("golden_set",))
    yield from _named(found, "prompt of an agent", config.prompts.agent, space.prompt_names(), ("prompts", "agent"))
    versions = space.prompt_names().get(config.prompts.agent)
    for index, version in enumerate(config.prompts.versions if versions is not None else ()):
        yield from _named(found, "prompt version", version, versions or (), ("prompts", "versions", index))
    if config.policy is not None and not config.policy.endswith(".yaml"):
        yield from _named(found, "policy", config.policy, every.policy_ids(), ("policy",))
    facets = _facets(every, config.golden_set)
    if facets is not None:
        yield from _named(found, "facet of the cases", config.cohort, ["persona", *facets], ("cohort",))
    for index, name in enumerate(config.personas):
        yield from _named(found, "persona", name, every.persona_ids(), ("personas", index))
    yield from _in_card_name(every, found, config)
    yield from _in_live_config(every, found, config)
    if not space.discovery.problems:
        yield from made(found, {name: one.cls for name, one in space.discovery.found.items()})[1]


def _in_live_config(every: _Everything, found: Found[RunConfig], config: RunConfig) -> Iterator[UserError]:
    """What an agent that is talked to lacks: its code, people to talk to, what fills its prompt's placeholders."""
    if isinstance(config.agent, ReplayAgent):
        return
    space = every.space
    yield from live.missing_code(found, space.root)
    golden = next((one for one in every.sets if one.folder.name == config.golden_set), None)
    cases = list(golden.by_id.values()) if golden is not None else []
    if golden is not None and not config.simulation.cross and not config.personas:
        yield from live.persona_less(cases, golden.cases_file)
    info = golden.info.value if golden is not None else None
    policies = every.policy_set(config.policy or info.policy) if info is not None else None
    named = [(one, every.prompt(config.prompts.agent, one)) for one in config.prompts.versions]
    paths = {shown(space.prompt_path(config.prompts.agent, one)): prompt for one, prompt in named if prompt is not None}
    if policies is not None:
        yield from live.unfilled(paths, cases, policies, config.as_of)
        yield from live.unfilled_greeting(found, cases, policies)


def _facets(every: _Everything, set_id: str) -> list[str] | None:
    """The facets of a golden set's cases; None when it cannot be read."""
    cases = [case for one in every.sets if one.folder.name == set_id for case in one.by_id.values()]
    return sorted({name for case in cases for name in case.facets}) if cases else None


def _in_card_name(every: _Everything, found: Found[RunConfig], config: RunConfig) -> Iterator[UserError]:
    if config.scorecard is None:
        return
    try:
        every.space.scorecard_path(config.scorecard)
    except NotFound:
        yield from _named(found, "scorecard", config.scorecard, every.space.scorecard_names(), ("scorecard",))


def _named(
    found: Found[RunConfig], what: str, name: str, known: Iterable[str], at: tuple[str | int, ...]
) -> Iterator[UserError]:
    names = list(known)
    if name not in names:
        yield found.bad(f"there is no {what} {name!r}", at, did_you_mean(name, names, "add it"))


def _in_sets(every: _Everything) -> Iterator[UserError]:
    for found in every.sets:
        info = found.info.value
        yield from persona_problems(found, every.persona_ids())
        yield from live.damaged(found.folder / "recordings")
        if info is None:
            continue
        if info.policy not in every.policy_ids():
            remedy = did_you_mean(info.policy, every.policy_ids(), "add it")
            yield found.info.bad(f"there is no policy {info.policy!r}", ("policy",), remedy)
        yield from _in_recordings(every, found, info.agent, every.policy_set(info.policy))


def _in_recordings(every: _Everything, found: FoundSet, agent: str, policies: PolicySet | None) -> Iterator[UserError]:
    recorded: dict[tuple[str, str, int], tuple[Role, ...]] = {}
    for version in found.recorded_versions():
        prompt = every.prompt(agent, version)
        if prompt is None:
            file = shown(found.recordings_file(version))
            yield BadInput(f"there is no prompt version {version!r} of {agent!r}", file=file, remedy="add the prompt")
            continue
        yield from _in_recording(found, prompt, policies, recorded)
    yield from label_problems(found, policies, recorded)


def _in_recording(
    found: FoundSet,
    prompt: Prompt,
    policies: PolicySet | None,
    recorded: dict[tuple[str, str, int], tuple[Role, ...]],
) -> Iterator[UserError]:
    for item in read_recordings(found, prompt):
        if isinstance(item, BadInput):
            yield item
            continue
        held, place = item
        recorded[held.case or "", prompt.version, held.trial] = tuple(turn.role for turn in held.turns)
        try:
            policy_rules.in_force(policies, held, place=place) if policies is not None else None
        except BadInput as error:
            yield error
