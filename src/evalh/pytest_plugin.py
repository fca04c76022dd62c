"""A run configuration as pytest items: one for each cohort and evaluator that is tested, and one for the verdict.

Every pytest run of its environment loads it, so it imports nothing before a configuration is asked for. Running and
judging are left to `evalh.gate`, the sentences to `evalh.report`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

if TYPE_CHECKING:
    from evalh.gate.plan import Plan
    from evalh.gate.run import GatedPlan, GatedRun, GateOptions
    from evalh.models.comparison import Cell, Comparison, Flipped, Quoted, Reason

PROPERTY = "evalh"
"""The user property that carries a verdict to the summary, from other processes too."""
UNDECIDED = ("INCOMPLETE", "INCONCLUSIVE")
SHOWN_FLIPPED = 3
SHOWN_QUOTES = 3
MAX_QUOTE = 200
_OPTIONS = {
    "baseline": ("SIDE", "a prompt version, RUN[:VERSION], git:REF or blessed; default: as configured"),
    "gate-from": ("FILE|git:REF", "where the settings that decide the verdict are read; default: the configuration"),
    "out": ("DIR", "a folder for results, one below it per configuration; default: results/RUN_ID"),
}
_PATHS = pytest.StashKey[frozenset[Path]]()
_REQUIRED = pytest.StashKey[frozenset[Path]]()


# --- options ---


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, each with a setting of the same name for the ini file."""
    group = parser.getgroup("evalh", "prompt versions judged on golden sets")
    group.addoption(
        "--evalh", action="append", default=[], metavar="CONFIG", help="run configuration to test; may be repeated"
    )
    parser.addini("evalh_configs", "run configurations to test when pytest is called without paths", type="args")
    for name, (metavar, words) in _OPTIONS.items():
        group.addoption(f"--evalh-{name}", metavar=metavar, default=None, help=words)
        parser.addini(_setting(name), words, type="string", default="")
    words = "ask nobody; what is not recorded of a live agent is an error"
    group.addoption("--evalh-replay-only", action="store_true", help=words)
    parser.addini("evalh_replay_only", words, type="bool", default=False)


def _setting(name: str) -> str:
    return f"evalh_{name.replace('-', '_')}"


def _option(config: pytest.Config, name: str) -> str | None:
    given = config.getoption(_setting(name)) or config.getini(_setting(name))
    return str(given) if given else None


def pytest_configure(config: pytest.Config) -> None:
    """Find the configurations that are asked for, and have pytest collect their files."""
    asked = config.getoption("evalh")
    wanted = asked or config.getini("evalh_configs")
    if not wanted:
        return
    _one_worker(config)
    found = _found(wanted)
    config.stash[_PATHS] = frozenset(path.resolve() for path in found)
    if asked or config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.stash[_REQUIRED] = config.stash[_PATHS]
        config.args.extend(str(path.absolute()) for path in found if not _is_given(config, path.resolve()))


def _is_given(config: pytest.Config, path: Path) -> bool:
    """Whether an argument is the file or a folder above it: pytest 8 loses tests where arguments overlap."""
    given = {(config.invocation_params.dir / argument.partition("::")[0]).resolve() for argument in config.args}
    return not given.isdisjoint((path, *path.parents))


def _one_worker(config: pytest.Config) -> None:
    if config.getoption("dist", "no") not in ("no", "loadfile"):
        raise pytest.UsageError("evalh runs a configuration once, in one worker; add --dist loadfile, or give -n 0")


def _found(wanted: Iterable[str]) -> list[Path]:
    from evalh.errors import UserError
    from evalh.text.safe import safe_text
    from evalh.workspace import Workspace

    try:
        space = Workspace.find()
        return [space.config(name).path for name in wanted]
    except UserError as error:
        raise pytest.UsageError(safe_text(str(error))) from None


# --- collection ---


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """The collector of a configuration that was asked for."""
    paths = parent.config.stash.get(_PATHS, None)
    if not paths or file_path.resolve() not in paths:
        return None
    return ConfigFile.from_parent(parent, path=file_path)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Refuse to go on when a configuration that was asked for lies where pytest does not look."""
    required = session.config.stash.get(_REQUIRED, None)
    if not required or session.testsfailed:
        return
    collected = {item.path.resolve() for item in items if isinstance(item, VerdictItem | CellItem)}
    missed = sorted(map(str, required - collected))
    if missed:
        raise pytest.UsageError(f"pytest did not look into {missed[0]}; name it as an argument, without other paths")


class ConfigFile(pytest.File):
    """A run configuration. Collecting reads what it names, no conversation; the first item runs it, once."""

    _plan: GatedPlan | None = None
    _done: GatedRun | str | None = None

    def collect(self) -> Iterator[pytest.Collector | pytest.Item]:
        """The cohorts with their cells, all conversations first, then the verdict."""
        from evalh.errors import UserError
        from evalh.text.safe import safe_text

        try:
            cohorts, evaluators = _family(self.planned().plan)
        except UserError as error:
            raise self.CollectError(safe_text(str(error))) from None
        for name, cohort in cohorts.items():
            yield CohortNode.from_parent(self, name=name, cohort=cohort, evaluators=evaluators)
        yield VerdictItem.from_parent(self, name="verdict")

    def planned(self) -> GatedPlan:
        """What the configuration names, and its baseline. Raises UserError."""
        if self._plan is None:
            from evalh.gate.run import gated_plan
            from evalh.workspace import Workspace

            self._plan = gated_plan(Workspace.find(self.path.parent), self.path, self._options())
        return self._plan

    def _options(self) -> GateOptions:
        from evalh.gate.run import GateOptions

        config = self.config
        replayed = config.getoption("evalh_replay_only") or config.getini("evalh_replay_only")
        return GateOptions(
            baseline=_option(config, "baseline"),
            gate_from=_option(config, "gate-from"),
            recordings="replay_only" if replayed else "normal",
        )

    def gated(self) -> GatedRun:
        """What the run came to. Fails with one sentence where a user's mistake stopped it."""
        if self._done is None:
            self._done = self._run()
        if isinstance(self._done, str):
            pytest.fail(self._done, pytrace=False)
        return self._done

    def _run(self) -> GatedRun | str:
        from evalh.errors import UserError
        from evalh.gate.run import run_plan
        from evalh.report.bundle import write_reports
        from evalh.text.safe import safe_text

        out = _option(self.config, "out")
        try:
            planned = self.planned()
            done = run_plan(planned, Path(out) / self.path.stem if out else None, self._options())
            write_reports(done.result.out_dir, done.comparisons, name=planned.plan.config.name)
        except UserError as error:
            return safe_text(str(error))
        return done


def _family(plan: Plan) -> tuple[dict[str, str], list[str]]:
    """The cohorts that may be tested, by the names of their nodes, and the evaluators."""
    from evalh.models.comparison import ALL, COMPOSITE, NO_COHORT

    key = plan.config.cohort
    values = {case.persona if key == "persona" else case.facets.get(key) for case in plan.cases.values()}
    cohorts = sorted({value or NO_COHORT for value in values})
    gating = [one.name() for one in plan.space.evaluators_for(plan.loaded) if one.gating]
    named = {_name(f"{key}={cohort}"): cohort for cohort in cohorts}
    return {"all": ALL, **named}, [*gating, *([COMPOSITE] if plan.card is not None else [])]


def _name(text: str) -> str:
    """A text as a part of a node's id."""
    from evalh.text.safe import safe_text

    return re.sub(r"[^\w .()@+=-]", "_", safe_text(text))


class CohortNode(pytest.Collector):
    """One cohort, or all conversations."""

    def __init__(self, *, cohort: str, evaluators: list[str], **node: Any) -> None:
        super().__init__(**node)
        self.cohort = cohort
        self.evaluators = evaluators

    def collect(self) -> Iterator[pytest.Item]:
        """An item for each evaluator."""
        for name in self.evaluators:
            yield CellItem.from_parent(self, name=name, cohort=self.cohort)


# --- items ---


class _Item(pytest.Item):
    """A part of a configuration's comparisons; there may be several, one for each candidate."""

    def gated(self) -> GatedRun:
        return cast("ConfigFile", self.getparent(ConfigFile)).gated()

    def reportinfo(self) -> tuple[Path, int, str]:
        """The file, and the headline of a failure."""
        return self.path, 0, self.nodeid.partition("::")[2].replace("::", " ")


class CellItem(_Item):
    """An evaluator over a cohort: fails where it got worse, errors where it could not be evaluated."""

    def __init__(self, *, cohort: str, **node: Any) -> None:
        super().__init__(**node)
        self.cohort = cohort
        self.cells: list[tuple[Comparison, Cell]] = []

    def setup(self) -> None:
        """Run the configuration unless that was done; skip what could not be tested, with the reason."""
        from evalh.report.words import failing

        comparisons = self.gated().comparisons
        self.cells = [(one, cell) for one in comparisons for cell in one.cells if self._is(cell)]
        if any(cell in failing(one) for one, cell in self.cells):
            return
        doubts = list(self._doubts(comparisons))
        if doubts:
            pytest.fail(_lines(doubts), pytrace=False)
        if all(cell.state != "tested" for _, cell in self.cells):
            pytest.skip(_lines(dict.fromkeys(cell.why for _, cell in self.cells)) or "was not compared")

    def _is(self, thing: Cell | Reason) -> bool:
        return (thing.cohort, thing.evaluator) == (self.cohort, self.name)

    def _doubts(self, comparisons: Iterable[Comparison]) -> Iterator[str]:
        """Why it could not be told whether this got worse, where that keeps the gate from passing."""
        from evalh.report.words import sentence

        for one in comparisons:
            if one.verdict in UNDECIDED:
                yield from (reason.text for reason in one.reasons if self._is(reason))
        for one, cell in self.cells:
            if cell.regressed and one.verdict in UNDECIDED:
                yield f"{sentence(one, cell)}; too much is missing to tell"

    def runtest(self) -> None:
        """Fail with what is known of each candidate that got worse."""
        from evalh.report.words import failing, sentence

        told: list[str] = []
        for comparison, cell in self.cells:
            if cell in failing(comparison):
                told += [sentence(comparison, cell), *_flipped(comparison, cell)]
        if told:
            pytest.fail(_lines(told), pytrace=False)


class VerdictItem(_Item):
    """The verdict: fails unless everything passed, errors where the run could not be judged."""

    def setup(self) -> None:
        """Run the configuration unless that was done, and keep its verdicts for the summary."""
        gated = self.gated()
        from evalh.report.words import verdict_line

        notice = cast("ConfigFile", self.parent).planned().baseline.notice
        for line in filter(None, (notice, *map(verdict_line, gated.comparisons))):
            self.user_properties.append((PROPERTY, _lines([f"{self.path.stem}: {line}"])))
        if gated.verdict in (None, *UNDECIDED):
            self._fail(gated)

    def runtest(self) -> None:
        """Fail with the verdicts and their reasons."""
        gated = self.gated()
        if gated.verdict != "PASS":
            self._fail(gated)

    def _fail(self, gated: GatedRun) -> None:
        from evalh.report.words import blocking, finding_words, verdict_line

        told: list[str] = []
        for comparison in gated.comparisons:
            if comparison.verdict != "PASS":
                told += [verdict_line(comparison), *(f"  {reason.text}" for reason in comparison.reasons)]
                told += [f"  critical: {finding_words(finding)}" for finding in blocking(comparison)]
        told.append(f"results in {gated.result.out_dir}")
        pytest.fail(_lines(told), pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say the verdicts below everything else."""
    reports = [report for group in terminalreporter.stats.values() for report in group]
    told = [value for report in reports for name, value in getattr(report, "user_properties", ()) if name == PROPERTY]
    if told:
        terminalreporter.section(PROPERTY)
        for line in dict.fromkeys(told):
            terminalreporter.line(line)


# --- words ---


def _lines(texts: Iterable[str]) -> str:
    """A line for each text, without a character that a terminal would obey."""
    from evalh.text.safe import safe_text

    return "\n".join(safe_text(text.replace("\n", " ")) for text in texts if text)


def _flipped(comparison: Comparison, cell: Cell) -> Iterator[str]:
    """The first cases of the cell that have a fault which their baseline does not have, both sides quoted."""
    from evalh.models.comparison import ALL

    groups = [group for group in comparison.groups if group.evaluator == cell.evaluator]
    cases = [one for group in groups for one in group.flipped if cell.cohort in (ALL, one.cohort)]
    for one in cases[:SHOWN_FLIPPED]:
        yield f"  {_head(one)}"
        yield from _quotes("now ", one.candidate)
        yield from _quotes("then", one.baseline)


def _head(one: Flipped) -> str:
    fault = f"{one.label or 'fault'}{f' ({one.clause})' if one.clause else ''}"
    told = [f"{name} {value}" for name, value in (("expected", one.expected), ("found", one.found)) if value]
    trials = f"{one.trials} of {one.of_trials} trials" if one.of_trials > 1 else ""
    return ", ".join(filter(None, (f"case {one.case}: {fault}", trials, *told)))


def _quotes(word: str, side: Quoted | None) -> Iterator[str]:
    said = [evidence for evidence in side.evidence if evidence.quote.strip()] if side is not None else []
    for evidence in said[:SHOWN_QUOTES]:
        quote = evidence.quote if len(evidence.quote) <= MAX_QUOTE else f"{evidence.quote[: MAX_QUOTE - 3]}..."
        yield f'    {word} [{evidence.turn}] "{quote}"'
