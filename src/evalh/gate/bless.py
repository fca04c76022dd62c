"""Makes a side the baseline of a run configuration, and a baseline a side again; files are left to the workspace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from evalh.errors import UserError
from evalh.gate.admission import untrusted
from evalh.models import BaselineEntry, BlessedBaseline, CaseSide, SideInfo, digest
from evalh.regression.cells import Share, share_of
from evalh.regression.sides import Side

MAX_HISTORY = 50
MIN_COVERAGE = 0.8
"""As the gate wants of a whole side by default."""


def bless(
    side: Side,
    *,
    config: str,
    old: BlessedBaseline | None,
    now: datetime,
    commit: str | None,
    note: str = "",
    verdict: str | None = None,
) -> BlessedBaseline:
    """The side as the baseline of `config`, after `old`; the very `old` where it holds the same side already.

    Raises UserError for a side without cases.
    """
    if not side.cases:
        raise UserError(f"{side.info.name!r} has no conversation of a case; bless a side that was run on a golden set")
    if old is not None and _same(side, old):
        return old
    entry = BaselineEntry(
        run_id=side.info.run_id,
        prompt_version=side.info.prompt_version,
        prompt_sha256=side.info.prompt_sha256,
        cases_sha256=_cases_sha256(side.cases),
        blessed_at=f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        commit=commit,
        note=note,
        verdict=verdict,
    )
    blessed = BlessedBaseline(
        config=config,
        side=side.info,
        inputs=dict(sorted(side.inputs.items())),
        evaluators=side.evaluators,
        prompt=side.prompt,
        cases=side.cases,
        history=(entry, *(old.history if old is not None else ()))[:MAX_HISTORY],
    )
    return blessed.model_copy(update={"sha256": blessed.content_sha256()})


def blessed_side(baseline: BlessedBaseline) -> Side:
    """The baseline as a side, whose rows are not kept."""
    info = baseline.side.model_copy(update={"kind": "blessed"})
    return Side(info, baseline.inputs, baseline.evaluators, baseline.cases, prompt=baseline.prompt)


def _same(side: Side, old: BlessedBaseline) -> bool:
    """Whether a comparison with `old` would be one with `side`, whatever run that is in."""
    before = (_prompt(old.side), old.prompt, dict(old.inputs), old.evaluators, _cases_sha256(old.cases))
    return before == (
        _prompt(side.info), side.prompt, dict(side.inputs), side.evaluators, _cases_sha256(side.cases),
    )  # fmt: skip


def _prompt(info: SideInfo) -> tuple[str | None, str | None]:
    return info.prompt_version, info.prompt_sha256


def _cases_sha256(cases: Iterable[CaseSide]) -> str:
    return digest([case.model_dump(mode="json", exclude_defaults=True) for case in cases])


# --- what speaks against it ---


def problems(side: Side) -> list[str]:
    """Why the gate could not judge against this side, a sentence each; it may be blessed all the same."""
    held = sum(case.trials for case in side.cases)
    lost = [sentence for name in _gating(side) for sentence in _lost(side, name, held)]
    lost.extend(filter(None, [untrusted(side)]))
    cases = {case.case: case for case in side.cases}
    total = sum((share_of(cases, cases, name, None) for name in _gating(side)), Share(0, 0, 0))
    if total.coverage < MIN_COVERAGE:
        lost.append(
            f"only {total.counted} of {total.asked} verdicts are sure enough to count, {MIN_COVERAGE:.0%} are needed"
        )
    return lost


def notices(side: Side) -> list[str]:
    """What to know of the side as a baseline, a sentence each; nothing that speaks against it."""
    if max((case.trials for case in side.cases), default=0) > 1:
        return []
    return ["each case has one trial; with several, a baseline varies less and smaller drops are found"]


def _gating(side: Side) -> list[str]:
    return [info.name for info in side.evaluators if info.gating]


def _lost(side: Side, name: str, held: int) -> Iterator[str]:
    found = [case.evaluators[name].counts for case in side.cases if name in case.evaluators]
    errored = sum(counts.errored for counts in found)
    missing = held - sum(sum(counts.model_dump().values()) for counts in found)
    if errored:
        yield f"{name}: {errored} of {held} conversations could not be evaluated"
    if missing > 0:
        yield f"{name}: {missing} of {held} conversations have no verdict"
