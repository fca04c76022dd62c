"""How often the same prompts were looked at: a re-run adds trials and spends alpha, and cannot wash a finding away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import Field, TypeAdapter

from evalh.errors import BadInput
from evalh.models import Comparison, OpenModel, digest
from evalh.regression.gate import Terms
from evalh.regression.sides import Side
from evalh.runner.result import read_result
from evalh.store.atomic import write_json

FILE = "looks.json"


class Look(OpenModel):
    """One verdict on one set of conversations."""

    conversations: tuple[str, ...]
    """The sha256 of each, both sides, sorted."""
    worse: tuple[tuple[str, str], ...] = ()
    """Cohort and evaluator of each cell that was called worse."""
    critical: tuple[tuple[str, str, str], ...] = ()
    """Case, evaluator and label of each critical finding that blocked."""
    verdict: str | None = None


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


def pair_key(baseline: Side, candidate: Side, cohort_key: str) -> str:
    """What is compared with what: prompts and inputs, not the conversations."""
    prompts = [side.info.prompt_sha256 or side.info.name for side in (baseline, candidate)]
    return digest([prompts, dict(candidate.inputs), cohort_key])


def conversations_of(*sides: Side) -> tuple[str, ...]:
    """The conversations of the sides by their digests."""
    return tuple(sorted(sha256 for side in sides for case in side.cases for sha256 in case.conversations))


def standing(looks: Looks, key: str, conversations: Iterable[str]) -> Standing:
    """Where a comparison of these conversations stands among the looks before it."""
    own = tuple(conversations)
    before = looks.pairs.get(key, ())
    same = next((number for number, look in enumerate(before) if look.conversations == own), len(before))
    earlier = before[:same]
    known = set(own)
    stays = any(not known.issuperset(look.conversations) for look in earlier)
    worse = frozenset(cell for look in earlier for cell in look.worse)
    critical = frozenset(finding for look in earlier for finding in look.critical)
    return Standing(same + 1, worse, stays, critical)


def noted(looks: Looks, key: str, conversations: Iterable[str], comparison: Comparison) -> Looks:
    """The looks with this one; the same conversations are looked at once."""
    own = tuple(conversations)
    before = looks.pairs.get(key, ())
    if any(look.conversations == own for look in before):
        return looks
    worse = tuple((cell.cohort, cell.evaluator) for cell in comparison.regressed)
    critical = tuple((one.case, one.evaluator, one.label) for one in comparison.critical if one.blocks)
    look = Look(conversations=own, worse=worse, critical=critical, verdict=comparison.verdict)
    return looks.model_copy(update={"pairs": {**looks.pairs, key: (*before, look)}})


def read_looks(folder: Path) -> Looks:
    """The looks kept in the folder of a run; none where nothing was kept. Raises BadInput when they cannot be read."""
    path = folder / FILE
    if not path.exists():
        return Looks()
    try:
        return read_result(path, TypeAdapter(Looks))
    except BadInput as error:
        if error.field == "schema":
            raise
        problem, remedy = error.problem, "restore it, or delete it to count the looks anew"
        raise BadInput(problem, file=path, line=error.line, field=error.field, remedy=remedy) from None


def write_looks(folder: Path, looks: Looks) -> None:
    """Keep the looks in the folder of a run."""
    write_json(folder / FILE, looks)
