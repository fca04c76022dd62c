"""How often the same prompts were looked at: a re-run adds trials and spends alpha, and cannot wash a finding away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import Field, TypeAdapter

from evalh.errors import BadInput
from evalh.models import Comparison, Json, OpenModel, digest
from evalh.models.comparison import ALL
from evalh.regression.gate import Terms
from evalh.regression.sides import Side
from evalh.runner.result import read_result
from evalh.store.atomic import write_json

FILE = "looks.json"
_REMEDY = "restore it, or delete it to count the looks anew"


class Look(OpenModel):
    """One verdict on one set of conversations."""

    conversations: tuple[str, ...]
    """The sha256 of each, both sides, sorted."""
    worse: tuple[tuple[str, str], ...] = ()
    """Cohort and evaluator of each cell that was called worse."""
    critical: tuple[tuple[str, str, str], ...] = ()
    """Case, evaluator and label of each critical finding that blocked."""
    verdict: str | None = None
    cohort_key: str = "persona"
    """What they were grouped by: to group them otherwise is another look."""


class Looks(OpenModel):
    """`looks.json` in the folder of a run: every look at each pair of prompts, in order."""

    schema_: Literal["evalh.looks/1"] = Field(default="evalh.looks/1", alias="schema")
    pairs: dict[str, tuple[Look, ...]] = Field(default_factory=dict)
    """By the digest of what is compared with what, whatever the conversations were."""


@dataclass(frozen=True)
class Standing:
    """Where a comparison stands: the how-manieth look it is, and what an earlier look found: the cells it called
    worse, and the critical findings that blocked.

    `stays`: earlier conversations were replaced, not added to, so that what they showed stays shown.
    """

    look: int = 1
    earlier: frozenset[tuple[str, str]] = frozenset()
    stays: bool = False
    critical: frozenset[tuple[str, str, str]] = frozenset()

    def of(self, terms: Terms) -> Terms:
        """The terms of a comparison that stands here."""
        return replace(terms, look=self.look, earlier=self.earlier, earlier_critical=self.critical, stays=self.stays)


def pair_key(baseline: Side, candidate: Side) -> str:
    """What is compared with what: prompts and inputs, not the conversations nor how they are grouped."""
    prompts = [side.info.prompt_sha256 or side.info.name for side in (baseline, candidate)]
    return digest([prompts, dict(candidate.inputs)])


def conversations_of(*sides: Side) -> tuple[str, ...]:
    """The conversations of the sides by their digests."""
    return tuple(sorted(sha256 for side in sides for case in side.cases for sha256 in case.conversations))


def standing(looks: Looks, key: str, conversations: Iterable[str], cohort_key: str = "persona") -> Standing:
    """Where a comparison of these conversations, grouped so, stands among the looks before it."""
    own = tuple(conversations)
    before = looks.pairs.get(key, ())
    same = next((at for at, look in enumerate(before) if _is(look, own, cohort_key)), len(before))
    earlier = before[:same]
    known = set(own)
    stays = any(not known.issuperset(look.conversations) for look in earlier)
    worse = frozenset(cell for look in earlier for cell in _cells(look, cohort_key, stays))
    critical = frozenset(finding for look in earlier for finding in look.critical)
    return Standing(same + 1, worse, stays, critical)


def _is(look: Look, conversations: tuple[str, ...], cohort_key: str) -> bool:
    return (look.conversations, look.cohort_key) == (conversations, cohort_key)


def _cells(look: Look, cohort_key: str, stays: bool) -> Iterator[tuple[str, str]]:
    """The cells that the look called worse; cohorts that there are not in this grouping stay as all conversations."""
    for cohort, evaluator in look.worse:
        if cohort == ALL or look.cohort_key == cohort_key:
            yield cohort, evaluator
        elif stays:
            yield ALL, evaluator


def noted(looks: Looks, key: str, conversations: Iterable[str], comparison: Comparison) -> Looks:
    """The looks with this one; the same conversations, grouped alike, are looked at once."""
    own, cohort_key = tuple(conversations), comparison.cohort_key
    before = looks.pairs.get(key, ())
    if any(_is(look, own, cohort_key) for look in before):
        return looks
    look = Look(
        conversations=own,
        worse=tuple((cell.cohort, cell.evaluator) for cell in comparison.regressed),
        critical=tuple((one.case, one.evaluator, one.label) for one in comparison.critical if one.blocks),
        verdict=comparison.verdict,
        cohort_key=cohort_key,
    )
    return looks.model_copy(update={"pairs": {**looks.pairs, key: (*before, look)}})


def read_looks(folder: Path) -> Looks:
    """The looks kept in the folder of a run; none where nothing was kept. Raises BadInput when they cannot be read."""
    path = folder / FILE
    if not path.exists():
        return Looks()
    try:
        looks = read_result(path, TypeAdapter(Looks))
    except BadInput as error:
        if error.field == "schema":
            raise
        raise BadInput(error.problem, file=path, line=error.line, field=error.field, remedy=_REMEDY) from None
    content = read_result(path, TypeAdapter(dict[str, Json]))
    if content.pop("sha256", None) != digest(content):
        raise BadInput("its content is not what its sha256 says; it was edited", file=path, remedy=_REMEDY)
    return looks


def write_looks(folder: Path, looks: Looks) -> None:
    """Keep the looks in the folder of a run, with the digest of what they say."""
    content = looks.model_dump(mode="json", by_alias=True)
    write_json(folder / FILE, {**content, "sha256": digest(content)})
