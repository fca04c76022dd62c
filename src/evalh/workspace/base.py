"""The workspace: every file a user configures, found by its name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from evalh.errors import BadInput, NotFound, UserError
from evalh.evaluator import Evaluator
from evalh.models import Conversation, GoldenSet, Persona, PolicySet, Prompt, RunConfig, Scorecard
from evalh.text.yaml import read_text
from evalh.workspace.configs import LoadedConfig, card_problems, defaults, made
from evalh.workspace.evaluators import Discovery, FoundEvaluator, discover
from evalh.workspace.files import Found, files, inside, raise_all, read_yaml, unknown
from evalh.workspace.find import find_root, reference_root, shown
from evalh.workspace.golden import FoundSet, read_recordings, read_set
from evalh.workspace.personas import read_persona
from evalh.workspace.policies import as_set, policy_files, read_policy, versions_beside
from evalh.workspace.prompts import read_prompt

DEFAULT_CONFIG = "telecom"


@dataclass(frozen=True)
class Workspace:
    """The files under `root`; everything that reads raises a UserError of one sentence per problem."""

    root: Path

    @staticmethod
    def find(start: Path | None = None) -> Workspace:
        """The nearest workspace at or above `start` (default: the current folder), else the reference."""
        return Workspace(find_root(start))

    @staticmethod
    def of_config(config: str | Path | None) -> Workspace:
        """The workspace that the file of a run configuration is in; of a name or none the one found from here."""
        path = Path(config) if config is not None and _is_path(str(config), ".yaml") else None
        return Workspace.find(path.parent if path is not None and path.is_file() else None)

    @staticmethod
    def reference() -> Workspace:
        """The workspace that comes with evalh."""
        return Workspace(reference_root())

    @property
    def is_reference(self) -> bool:
        """Whether this is the one that comes with evalh."""
        return self.root.resolve() == reference_root().resolve()

    @property
    def configs_folder(self) -> Path:
        """Where run configurations, policies, prompts and scorecards are."""
        return self.root / "configs"

    # --- run configurations ---

    def config_names(self) -> list[str]:
        """The run configurations, by file name."""
        return [path.stem for path in files(self.configs_folder, ".yaml")]

    def config(self, path_or_name: str | Path | None = None) -> LoadedConfig:
        """A run configuration by path or name; by default the only one, or the reference's own."""
        path = self._config_path(str(path_or_name) if path_or_name is not None else None)
        found = read_yaml(path, RunConfig)
        return LoadedConfig(found.get(), path, found)

    def _config_path(self, wanted: str | None) -> Path:
        names = self.config_names()
        if wanted is None:
            wanted = self._default_config(names)
        elif _is_path(wanted, ".yaml"):
            return Path(wanted)
        if wanted not in names:
            raise unknown("run configuration", wanted, names, f"add one to {shown(self.configs_folder)}")
        return self.configs_folder / f"{wanted}.yaml"

    def _default_config(self, names: list[str]) -> str:
        if len(names) == 1:
            return names[0]
        if self.is_reference or not names:
            return DEFAULT_CONFIG
        raise NotFound(f"there are {len(names)} run configurations; name one of {', '.join(names)}")

    # --- policies ---

    @property
    def policies_folder(self) -> Path:
        """Where the policies are, one file a version."""
        return self.configs_folder / "policies"

    def policy_names(self) -> list[str]:
        """The ids of the policies, by file name."""
        return list(dict.fromkeys(path.stem.partition("@")[0] for path in policy_files(self.policies_folder)))

    def policies(self, name_or_path: str | Path) -> PolicySet:
        """All versions of a policy, by its id or by the file of one of them."""
        name = str(name_or_path)
        if _is_path(name, ".yaml"):
            return as_set(versions_beside(Path(name)))
        found = policy_files(self.policies_folder, name)
        if not found:
            raise unknown("policy", name, self.policy_names(), f"add one to {shown(self.policies_folder)}")
        return as_set([read_policy(path) for path in found])

    # --- prompts, personas, scorecards ---

    def prompt_names(self) -> dict[str, list[str]]:
        """The versions of each agent's prompt."""
        agents = [path for path in inside(self.configs_folder / "prompts") if path.is_dir()]
        found = {agent.name: [path.stem for path in files(agent, ".md")] for agent in agents}
        return {agent: versions for agent, versions in found.items() if versions}

    def prompt_path(self, agent: str, version: str) -> Path:
        """Where that version is, whether it exists or not."""
        return self.configs_folder / "prompts" / agent / f"{version}.md"

    def prompt(self, agent: str, version: str) -> Prompt:
        """One version of an agent's prompt."""
        known = self.prompt_names()
        if agent not in known:
            raise unknown("prompt of an agent", agent, list(known), "add one to configs/prompts")
        if version not in known[agent]:
            raise unknown(f"version of the prompt of {agent!r} called", version, known[agent], "add it")
        return read_prompt(self.prompt_path(agent, version)).get()

    def prompt_source(self, agent: str, version: str) -> str:
        """The file of one version of an agent's prompt, front matter and all, as text."""
        return read_text(self.prompt_path(agent, version))

    def prompt_file(self, path: str | Path) -> Prompt:
        """The prompt in a Markdown file, wherever it is."""
        return read_prompt(Path(path)).get()

    def found_personas(self) -> list[Found[Persona]]:
        """The persona files, by name, good or bad."""
        return [read_persona(path) for path in files(self.root / "personas", ".yaml")]

    def personas(self) -> dict[str, Persona]:
        """The personas by id."""
        found = self.found_personas()
        raise_all([error for one in found for error in one.problems])
        return {persona.id: persona for persona in (one.get() for one in found)}

    def scorecard_names(self) -> list[str]:
        """The scorecards, by file name."""
        return [path.stem for path in files(self.configs_folder / "scorecards", ".yaml")]

    def scorecard_path(self, name: str) -> Path:
        """Where a scorecard is; one that the workspace lacks is looked up in the reference."""
        for root in (self.root, reference_root()):
            path = root / "configs" / "scorecards" / f"{name}.yaml"
            if path.exists():
                return path
        raise unknown("scorecard", name, self.scorecard_names(), "add it to configs/scorecards")

    def scorecard(self, name: str) -> Scorecard:
        """A scorecard by name, all of whose evaluators exist and give values that can be weighed."""
        found = read_yaml(self.scorecard_path(name), Scorecard)
        raise_all([*found.problems, *card_problems(found, self.evaluators())])
        return found.get()

    # --- golden sets ---

    def golden_set_names(self) -> list[str]:
        """The golden sets, by folder."""
        folder = self.root / "golden_sets"
        return sorted(path.parent.name for path in folder.glob("*/set.yaml")) if folder.is_dir() else []

    def found_set(self, set_id: str) -> FoundSet:
        """A golden set, good or bad; raises NotFound when there is none."""
        if set_id not in self.golden_set_names():
            raise unknown("golden set", set_id, self.golden_set_names(), "add one to golden_sets")
        return read_set(self.root / "golden_sets" / set_id)

    def golden_set(self, set_id: str) -> GoldenSet:
        """A golden set without its recordings."""
        return self.found_set(set_id).get()

    def recordings_path(self, set_id: str, prompt_version: str) -> Path:
        """Where the recordings of a prompt version are, whether they exist or not."""
        return self.root / "golden_sets" / set_id / "recordings" / f"{prompt_version}.jsonl"

    def recordings(self, set_id: str, prompt_version: str) -> Iterator[Conversation]:
        """The recordings of a prompt version, streamed; raises at the first that cannot be used."""
        for item in self.read_recordings(set_id, prompt_version):
            if isinstance(item, BadInput):
                raise item
            yield item[0]

    def read_recordings(self, set_id: str, prompt_version: str) -> Iterator[tuple[Conversation, str] | BadInput]:
        """The recordings with their places (``file:line``); one that cannot be used comes as its error."""
        found = self.found_set(set_id)
        agent = found.info.get().agent
        if prompt_version not in found.recorded_versions():
            what = f"recording of {set_id!r} by prompt version"
            raise unknown(what, prompt_version, found.recorded_versions(), "record it first")
        return read_recordings(found, self.prompt(agent, prompt_version))

    # --- evaluators ---

    @cached_property
    def discovery(self) -> Discovery:
        """Shipped and own evaluators, and what is wrong with their files."""
        return discover(reference_root() / "evaluators", None if self.is_reference else self.root / "evaluators")

    def found_evaluators(self) -> dict[str, FoundEvaluator]:
        """The evaluators by name, with file, digest and origin; a user's own replaces a shipped one of its name."""
        raise_all(self.discovery.problems)
        return dict(sorted(self.discovery.found.items()))

    def evaluators(self) -> dict[str, type[Evaluator]]:
        """The evaluator classes by name."""
        return {name: found.cls for name, found in self.found_evaluators().items()}

    def evaluators_for(self, loaded: LoadedConfig | None = None) -> list[Evaluator]:
        """The evaluators a config asks for, with its settings; all with their defaults when it names none."""
        if loaded is None:
            return defaults(self.evaluators())
        ready, wrong = made(loaded.found, self.evaluators())
        raise_all(wrong)
        return ready

    def notices(self) -> list[str]:
        """What a user should know: own evaluators that replace shipped ones."""
        found = self.found_evaluators().values()
        return [f"{shown(one.path)} replaces the shipped evaluator {one.name!r}" for one in found if one.overrides]

    def counts(self) -> list[tuple[int, str, str]]:
        """How many there are of what: count, word for one, word for several."""
        sets = [self.found_set(name) for name in self.golden_set_names()]
        return [
            (len(policy_files(self.policies_folder)), "policy version", "policy versions"),
            (sum(map(len, self.prompt_names().values())), "prompt", "prompts"),
            (len(self.found_personas()), "persona", "personas"),
            (len(self.scorecard_names()), "scorecard", "scorecards"),
            (len(self.config_names()), "run configuration", "run configurations"),
            (len(self.discovery.found), "evaluator", "evaluators"),
            (len(sets), "golden set", "golden sets"),
            (sum(len(found.cases) for found in sets), "case", "cases"),
        ]

    def problems(self) -> list[UserError]:
        """Everything that is wrong in the workspace, at once."""
        from evalh.workspace.check import check

        return check(self)


def _is_path(name: str, suffix: str) -> bool:
    return name.endswith(suffix) or "/" in name or Path(name).is_file()


__all__ = ["LoadedConfig", "Workspace"]
