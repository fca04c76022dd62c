"""A golden set looked over: what is broken in it, what stands in it twice, what it lacks, which labels disagree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evalh.agreement.labels import Recording, is_proposal, recording_of, settle
from evalh.errors import BadInput, UserError
from evalh.golden.alike import alike
from evalh.golden.gaps import (
    Wants,
    cohort_gaps,
    count,
    families,
    some,
    unseen_intents,
    unseen_offers,
    unused_personas,
    version_gaps,
)
from evalh.golden.look import Looked, content_sha256, look, personal_in_case, stale
from evalh.golden.staged import interrupted
from evalh.models import Case, FileInfo, GoldenLabel, PolicySet, RunConfig
from evalh.models.golden_check import FindingKind, GoldenCheck, GoldenFinding
from evalh.reader.offers import OfferFinder
from evalh.workspace import Workspace
from evalh.workspace.at_ref import blobs_at, file_at, has_blob, place_of
from evalh.workspace.files import files, read_yaml
from evalh.workspace.find import shown
from evalh.workspace.git import last_change
from evalh.workspace.golden import FoundSet, label_problems, persona_problems

NO_CASE = "case"


def check(space: Workspace, set_id: str) -> GoldenCheck:
    """Everything that was found in a golden set. Raises UserError where its ``set.yaml`` cannot be used."""
    found = space.found_set(set_id)
    checking = _Checking(space, found)
    info = found.info.get()
    labels = [line.value for line in found.labels]
    findings = list(checking.findings())
    order = {level: number for number, level in enumerate(("error", "note"))}
    return GoldenCheck(
        golden_set=FileInfo(id=info.id, version=info.version, sha256=content_sha256(found)),
        cases=len(found.cases),
        families=families(checking.cases),
        recordings=checking.looked.recordings,
        labels=len(labels),
        confirmed=sum(label.confirmed for label in labels),
        proposed=sum(map(is_proposal, labels)),
        findings=tuple(sorted(findings, key=lambda one: order[one.level])),
    )


class _Checking:
    """One look over one set."""

    def __init__(self, space: Workspace, found: FoundSet) -> None:
        self.space = space
        self.found = found
        self.info = found.info.get()
        self.cases: tuple[Case, ...] = tuple(found.by_id.values())
        self.personas = [one.value.id for one in space.found_personas() if one.value is not None]
        self.policies = self._policies()
        finder = OfferFinder(self.policies.lexicon) if self.policies is not None else None
        self.looked: Looked = look(space, found, self.info.agent, finder)

    def _policies(self) -> PolicySet | None:
        try:
            return self.space.policies(self.info.policy)
        except UserError:
            return None

    def findings(self) -> Iterator[GoldenFinding]:
        """All of them, the broken first."""
        yield from self._broken()
        yield from self._labels()
        yield from self._twice()
        yield from self._lacking()
        yield from self._personal()
        yield from self._stale()
        yield from self._same_version()

    # --- what is broken ---

    def _broken(self) -> Iterator[GoldenFinding]:
        wrong = [*self.found.problems, *persona_problems(self.found, self.personas), *self.looked.problems]
        yield from (_error("broken", error) for error in wrong)
        if self.policies is None:
            error = self.found.info.bad(f"the policy {self.info.policy!r} cannot be read", ("policy",), "correct it")
            yield _error("broken", error)
        if interrupted(self.found.folder):
            text = "an addition was interrupted; the next evalh golden add or confirm finishes it"
            yield GoldenFinding(kind="broken", level="error", text=text, file=shown(self.found.folder))

    # --- labels ---

    def _labels(self) -> Iterator[GoldenFinding]:
        file = shown(self.found.labels_file)
        settled = settle(self.found.labels, unconfirmed=True, file=file)
        faults = label_problems(self.found, self.policies, self.looked.roles)
        yield from (_error("label_conflict", error) for error in (*faults, *settled.problems))
        for sentence in settled.disputed:
            place, _, text = sentence.partition(": ")
            yield GoldenFinding(kind="label_dispute", text=text, file=file, line=int(place.rpartition(":")[2]))
        yield from self._doubted(file)
        open_ = sum(is_proposal(line.value) for line in self.found.labels)
        if open_:
            remedy = f"evalh golden confirm {self.info.id} --by NAME"
            text = f"{count(open_, 'label')} that a reader proposed and nobody confirmed count for nothing: {remedy}"
            yield GoldenFinding(kind="unconfirmed", text=text, file=file)

    def _doubted(self, file: str) -> Iterator[GoldenFinding]:
        """Acts about an offer that nobody has named up to there."""
        found = [line for line in self.found.labels if self._is_doubted(line.value)]
        if not found:
            return
        told = [f"{line.value.label} of {line.value.offer} on line {line.number}" for line in found]
        text = f"{count(len(found), 'label')} of an offer that nobody has named up to that turn: {some(told)}"
        yield GoldenFinding(kind="label_doubt", text=text, file=file, line=found[0].number, items=tuple(told))

    def _is_doubted(self, label: GoldenLabel) -> bool:
        named = self.looked.named.get(recording_of(label))
        if label.construct_ != "act" or label.offer is None or label.turn is None:
            return False
        return named is not None and named.get(label.offer, label.turn + 1) > label.turn

    # --- what stands there twice ---

    def _twice(self) -> Iterator[GoldenFinding]:
        """Groups of cases whose recordings or whose own words are nearly the same, each once."""
        groups = _Groups([case.id for case in self.cases])
        for what, held in self._said():
            names = [key.case for key in held]
            for one in alike(list(held.values())):
                groups.join(names[one.first], names[one.other], one.similarity, what)
        yield from (self._near(group) for group in groups.found())

    def _said(self) -> Iterator[tuple[str, dict[Recording, str]]]:
        for version in self.looked.versions:
            yield f"by {version}", {key: text for key, text in self.looked.texts.items() if key[1] == version}
        own = {Recording(case.id, NO_CASE, 0): _words_of(case) for case in self.cases}
        yield "as cases", {key: text for key, text in own.items() if text}

    def _near(self, group: _Group) -> GoldenFinding:
        templates = {self.found.by_id[name].template for name in group.cases if name in self.found.by_id}
        related = len(templates) == 1 and None not in templates
        remedy = "they count as one, being of one template" if related else "keep one, or give all one template"
        text = (
            f"nearly the same {' and '.join(group.what)} (at least {group.least:.2f} of their word pairs): "
            f"{some(group.cases)}; {remedy}"
        )
        return GoldenFinding(kind="near_duplicate", text=text, items=tuple(group.cases), similarity=group.least)

    # --- what is lacking ---

    def _lacking(self) -> Iterator[GoldenFinding]:
        yield from cohort_gaps(self.cases, Wants.of(self._configs()))
        yield from unused_personas(self.cases, self.personas)
        yield from version_gaps(self.looked.versions, self.cases)
        if self.policies is not None:
            policy = self.policies.newest
            if self.looked.texts:
                yield from unseen_offers(policy, self.looked.offers | self._labelled("offer"))
            intents = {case.facets["intent"] for case in self.cases if "intent" in case.facets}
            yield from unseen_intents(policy, intents | self._labelled("intent"))

    def _labelled(self, what: str) -> set[str]:
        labels = (line.value for line in self.found.labels)
        if what == "offer":
            return {label.offer for label in labels if label.offer is not None}
        return {label.label for label in labels if label.construct_ == what}

    def _configs(self) -> list[RunConfig]:
        """The run configurations of this set that can be read."""
        read = (read_yaml(path, RunConfig).value for path in files(self.space.configs_folder, ".yaml"))
        return [config for config in read if config is not None and config.golden_set == self.info.id]

    # --- what should not be there, or is not what it says ---

    def _personal(self) -> Iterator[GoldenFinding]:
        yield from self.looked.findings
        for line in self.found.cases:
            yield from personal_in_case(line.value, shown(self.found.cases_file), line.number)

    def _stale(self) -> Iterator[GoldenFinding]:
        for version, number in self.looked.undated.items():
            text = f"{count(number, 'recording')} without prompt_sha256: whether the prompt has changed cannot be told"
            file = shown(self.found.recordings_file(version))
            yield GoldenFinding(kind="stale", text=text, file=file)
        try:
            yield from stale(self.space, self.found, self._configs())
        except BadInput as error:
            yield _error("broken", error)

    def _same_version(self) -> Iterator[GoldenFinding]:
        """Cases or recordings that changed since the version did, as far as git knows."""
        commit = last_change(self.found.info.path, "^version:")
        if commit is None:
            return
        try:
            changed = [] if self._version_changed(commit) else self._changed_since(commit)
        except UserError:
            return
        if changed:
            what = f"{some([path.name for path in changed])} changed since version {self.info.version!r} was given"
            text = f"{what} ({commit[:12]}); give the set another"
            yield GoldenFinding(kind="same_version", text=text, file=shown(self.found.info.path))

    def _changed_since(self, commit: str) -> list[Path]:
        own = [self.found.cases_file, *(self.found.recordings_file(name) for name in self.looked.versions)]
        places = {path: place_of(self.space.root, path) for path in own}
        blobs = blobs_at(self.space.root, commit, list(places.values()))
        return [path for path, place in places.items() if place not in blobs or not has_blob(place, blobs[place])]

    def _version_changed(self, commit: str) -> bool:
        """Whether the version is another one than at the commit that changed it last: it is not committed yet."""
        path = self.found.info.path
        raw = file_at(self.space.root, commit, path)
        committed = [line for line in (raw or b"").splitlines() if line.startswith(b"version:")]
        now = [line for line in path.read_bytes().splitlines() if line.startswith(b"version:")]
        return committed != now


@dataclass
class _Group:
    """Cases that are nearly the same, in the order of the set."""

    cases: list[str]
    least: float = 1.0
    what: list[str] = field(default_factory=list)


class _Groups:
    """Groups that grow together."""

    def __init__(self, order: Sequence[str]) -> None:
        self._order = {name: number for number, name in enumerate(order)}
        self._of: dict[str, _Group] = {}

    def join(self, first: str, other: str, share: float, what: str) -> None:
        """Take note that two cases are alike; a case is never alike itself."""
        if first == other:
            return
        one, two = (self._of.get(name) or _Group([name]) for name in (first, other))
        if one is not two:
            one = _Group(one.cases + two.cases, min(one.least, two.least), [*one.what, *two.what])
        one.least = min(one.least, share)
        one.what = list(dict.fromkeys([*one.what, what]))
        for name in one.cases:
            self._of[name] = one

    def found(self) -> list[_Group]:
        """All groups, each by its first case."""
        groups = list({id(group): group for group in self._of.values()}.values())
        for group in groups:
            group.cases.sort(key=lambda name: self._order.get(name, len(self._order)))
        return sorted(groups, key=lambda group: self._order.get(group.cases[0], len(self._order)))


def _words_of(case: Case) -> str:
    matter = case.matter
    said: Iterable[str] = (*matter.opening, *matter.details) if matter is not None else ()
    return " ".join((case.title, case.goal, *said))


def _error(kind: FindingKind, error: UserError) -> GoldenFinding:
    if not isinstance(error, BadInput):
        return GoldenFinding(kind=kind, level="error", text=str(error))
    text = "; ".join(filter(None, (error.problem, error.remedy)))
    return GoldenFinding(
        kind=kind,
        level="error",
        text=f"{error.field}: {text}" if error.field else text,
        file=error.file,
        line=error.line,
    )
