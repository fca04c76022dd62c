"""The pytest plugin as a user meets it: what it collects, and what it says of each verdict."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.report.comparisons import cell, comparison, finding, flipped, group, quoted, reason, untestable, worse
from tests.small_workspace import CONFIG, change, gated_workspace, small_workspace, write

import evalh.report.terminal  # noqa: F401 - imported here, so that no test run inside a test is the first to
from evalh import pytest_plugin
from evalh.errors import BadInput
from evalh.gate import run as gate_run
from evalh.models.comparison import Comparison

pytest_plugins = ["pytester"]

HEAVY = ("numpy", "pydantic", "onnxruntime", "rich", "evalh.errors", "evalh.models", "evalh.workspace", "evalh.gate")
SMALL = CONFIG + "reader: {encoder: {kind: none}}\n"


class Inner:
    """A folder with a small workspace in which pytest is run with the plugin."""

    def __init__(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pytester = pytester
        self.monkeypatch = monkeypatch
        self.runs: list[Any] = []
        small_workspace(pytester.path)
        write(pytester.path, "configs/small.yaml", SMALL)

    @property
    def root(self) -> Path:
        return self.pytester.path

    def run(self, *words: str) -> pytest.RunResult:
        return self.pytester.runpytest("-p", "evalh.pytest_plugin", "-p", "no:cacheprovider", *words)

    def finds(self, *comparisons: Comparison) -> None:
        """Let the run come to these comparisons."""

        def run_plan(plan: Any, out: Path | None, options: Any) -> gate_run.GatedRun:
            self.runs.append((plan, out, options))
            folder = out or self.root / "results"
            folder.mkdir(parents=True, exist_ok=True)
            return gate_run.GatedRun(SimpleNamespace(out_dir=folder), comparisons)  # type: ignore[arg-type]

        self.monkeypatch.setattr(gate_run, "run_plan", run_plan)


@pytest.fixture
def inner(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Inner:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("EVALH_CACHE", str(pytester.path / ".cache"))
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    return Inner(pytester, monkeypatch)


def brevity(cohort: str = "*", **fields: Any) -> Any:
    return cell("brevity", cohort, **fields)


def ids(done: pytest.RunResult) -> list[str]:
    return [line for line in done.outlines if "::" in line]


# --- without a configuration ---


def test_a_pytest_run_that_does_not_ask_for_it_imports_nothing_of_it(tmp_path: Path) -> None:
    write(
        tmp_path,
        "conftest.py",
        f"import sys\ndef pytest_unconfigure():\n    print([n for n in {HEAVY} if n in sys.modules])",
    )
    write(tmp_path, "test_a.py", "def test_a(): pass\n")
    write(tmp_path, "configs/small.yaml", "not: a config\n")
    code = "import os, pytest, sys; os.environ['PYTEST_DISABLE_PLUGIN_AUTOLOAD'] = '1'; sys.exit(pytest.main())"
    words = ["-q", "-s", "-p", "evalh.pytest_plugin", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_nothing_is_collected_without_being_asked_for(inner: Inner) -> None:
    inner.run("configs").assert_outcomes()


# --- collecting ---


def test_a_configuration_is_an_item_for_each_cohort_and_evaluator_and_the_verdict(inner: Inner) -> None:
    inner.finds(comparison())
    done = inner.run("--evalh", "small", "--collect-only", "-q")
    assert ids(done) == [
        "configs/small.yaml::all::brevity",
        "configs/small.yaml::all::conversation_quality",
        "configs/small.yaml::persona=calm::brevity",
        "configs/small.yaml::persona=calm::conversation_quality",
        "configs/small.yaml::verdict",
    ]
    assert inner.runs == []


@pytest.mark.parametrize("named", ["small", "configs/small.yaml", "./configs/../configs/small.yaml"])
@pytest.mark.parametrize("paths", [(), ("configs",), ("configs/small.yaml",), (".", "configs/small.yaml")])
def test_it_is_collected_once_however_it_is_named(inner: Inner, named: str, paths: tuple[str, ...]) -> None:
    assert len(ids(inner.run("--evalh", named, "--collect-only", "-q", *paths))) == 5


def test_one_item_can_be_asked_for(inner: Inner) -> None:
    inner.finds(comparison(brevity()))
    inner.run("--evalh", "small", "configs/small.yaml::persona=calm::brevity", "-v").assert_outcomes(skipped=1)
    inner.run("--evalh", "small", "configs/small.yaml::all::brevity", "-v").assert_outcomes(passed=1)


def test_other_tests_run_beside_it(inner: Inner) -> None:
    inner.finds(comparison(brevity()))
    write(inner.root, "tests/test_own.py", "def test_own(): pass\n")
    done = inner.run("--evalh", "small")
    done.assert_outcomes(passed=3, skipped=3)


def test_folders_that_pytest_is_given_do_not_hide_it(inner: Inner) -> None:
    write(inner.root, "tests/test_own.py", "def test_own(): pass\n")
    assert len(ids(inner.run("--evalh", "small", "--co", "-q", "tests"))) == 6


def test_a_workspace_below_is_found_by_the_path_of_its_configuration(inner: Inner) -> None:
    below = inner.root / "below"
    small_workspace(below)
    write(below, "configs/small.yaml", SMALL.replace("name: small", "name: other"))
    inner.finds(comparison())
    inner.run("--evalh", "below/configs/small.yaml")
    ((plan, _, _),) = inner.runs
    assert (plan.plan.space.root, plan.plan.config.name) == (below, "other")


def test_an_evaluator_that_does_not_gate_has_no_item(inner: Inner) -> None:
    change(inner.root, "configs/small.yaml", "{max_words: 30}", "{max_words: 30, gating: false}")
    assert not [name for name in ids(inner.run("--evalh", "small", "--co", "-q")) if name.endswith("::brevity")]


def test_names_of_cohorts_do_not_break_ids_or_terminals(inner: Inner) -> None:
    cases = {"id": "c-1", "facets": {"plan": "a::b/\u202ec\n\x1b[31m"}, "persona": "calm"}
    write(inner.root, "golden_sets/few/cases.jsonl", json.dumps(cases) + "\n" + '{"id": "c-2", "persona": "calm"}\n')
    write(inner.root, "configs/small.yaml", SMALL + "cohort: plan\n")
    names = ids(inner.run("--evalh", "small", "--co", "-q"))
    cohorts = {name.split("::")[1] for name in names if name.count("::") == 2}
    assert cohorts == {"all", "plan=(none)", "plan=a__b__u202ec__x1b_31m"}


# --- the ini file ---


def test_the_ini_file_has_the_same_settings(inner: Inner) -> None:
    inner.finds(comparison())
    ini = "evalh_configs = small\nevalh_baseline = v1\nevalh_gate_from = configs/small.yaml\nevalh_out = kept\n"
    inner.pytester.makeini("[pytest]\n" + ini)
    inner.run()
    ((_, out, options),) = inner.runs
    assert (options.baseline, options.gate_from, out) == ("v1", "configs/small.yaml", Path("kept/small"))
    assert options.recordings == "normal"


@pytest.mark.parametrize("ini", [True, False])
def test_a_live_agent_is_asked_for_nothing_where_that_is_wanted(inner: Inner, ini: bool) -> None:
    inner.finds(comparison())
    inner.pytester.makeini(f"[pytest]\nevalh_replay_only = {str(ini).lower()}\n")
    inner.run("--evalh", "small", *([] if ini else ["--evalh-replay-only"]))
    assert inner.runs[0][2].recordings == "replay_only"


def test_options_win_over_the_ini_file(inner: Inner) -> None:
    inner.finds(comparison())
    inner.pytester.makeini("[pytest]\nevalh_configs = nothing\nevalh_out = kept\n")
    inner.run("--evalh", "small", "--evalh-out", "other")
    assert inner.runs[0][1] == Path("other/small")


def test_configurations_of_the_ini_file_are_left_alone_when_paths_are_given(inner: Inner) -> None:
    inner.finds(comparison())
    inner.pytester.makeini("[pytest]\nevalh_configs = small\n")
    write(inner.root, "tests/test_own.py", "def test_own(): pass\n")
    inner.run("tests").assert_outcomes(passed=1)
    assert inner.runs == []
    assert len(ids(inner.run("configs/small.yaml", "--co", "-q"))) == 5


# --- outcomes ---


def test_a_pass_passes_and_says_what_it_could_have_seen(inner: Inner) -> None:
    inner.finds(
        comparison(brevity(), brevity("calm"), cell("conversation_quality"), untestable("conversation_quality", "calm"))
    )
    done = inner.run("--evalh", "small", "-rs")
    done.assert_outcomes(passed=4, skipped=1)
    assert done.ret == 0
    done.stdout.fnmatch_lines(
        ["*= evalh =*", "small: PASS 3 checks, no regression.*", "*SKIPPED*4 paired cases, 6 needed"]
    )


def regressed(**fields: Any) -> Comparison:
    """A comparison in which brevity got worse for one persona."""
    cells = (brevity(), worse("brevity", "calm"), cell("conversation_quality"), cell("conversation_quality", "calm"))
    own = group(flipped=(flipped(cohort="calm", evaluator="brevity", **fields),), evaluator="brevity")
    return comparison(*cells, verdict="REGRESSION", groups=(own,), reasons=(reason("regression", "brevity fell."),))


def test_a_cell_that_got_worse_fails_with_its_numbers_and_turns_and_no_traceback(inner: Inner) -> None:
    inner.finds(regressed())
    done = inner.run("--evalh", "small")
    done.assert_outcomes(passed=3, failed=2)
    done.stdout.fnmatch_lines(
        [
            "*_ persona=calm brevity _*",
            "REGRESSION brevity / persona calm: 0.90 -> 0.81 (-0.09; at least -0.02*",
            "  case case-1: wrong_price (care.price), 2 of 3 trials, expected 49.99, found 29.99",
            '    now  ?4? "It is 29.99."',
            '    then ?4? "It is 49.99."',
            "*_ verdict _*",
            "REGRESSION 1 of 4 checks got worse*",
            "  brevity fell.",
            "results in *",
        ]
    )
    assert "Traceback" not in done.stdout.str()
    assert "pytest_plugin.py" not in done.stdout.str()


def test_what_was_said_is_printed_as_text(inner: Inner) -> None:
    inner.finds(
        regressed(candidate=quoted("\x1b[2J\u202eevil\nINTERNALERROR " + "x" * 10_000), expected="\x1b]0;t\x07")
    )
    text = inner.run("--evalh", "small").stdout.str()
    assert '"\\x1b[2J\\u202eevil INTERNALERROR xxx' in text
    assert not {"\x1b", "\u202e", "\x07"} & set(text)
    assert max(map(len, text.splitlines())) < 500


def test_a_turn_without_a_quote_is_not_quoted(inner: Inner) -> None:
    inner.finds(regressed(baseline=quoted("")))
    inner.run("--evalh", "small").stdout.no_fnmatch_line("*then*")


def test_the_verdict_fails_for_cells_that_have_no_item(inner: Inner) -> None:
    inner.finds(comparison(worse("brevity", "not collected"), verdict="REGRESSION"))
    done = inner.run("--evalh", "small")
    done.assert_outcomes(skipped=4, failed=1)
    assert done.ret == 1


def test_a_critical_finding_that_blocks_fails_the_verdict(inner: Inner) -> None:
    inner.finds(comparison(brevity(), verdict="REGRESSION", critical=(finding(), finding(case="case-8", blocks=False))))
    done = inner.run("--evalh", "small", "configs/small.yaml::verdict")
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*critical: eligibility suppressed in case case-9*"])
    done.stdout.no_fnmatch_line("*case-8*")


@pytest.mark.parametrize("verdict", ["INCOMPLETE", "INCONCLUSIVE"])
def test_what_could_not_be_judged_is_an_error_never_a_failure_or_a_pass(inner: Inner, verdict: str) -> None:
    quorum = reason("quorum", "3 of 33 conversations errored.", cohort="calm", evaluator="brevity")
    cells = (brevity(), untestable("brevity", "calm"), worse("conversation_quality", "calm"))
    inner.finds(comparison(*cells, verdict=verdict, reasons=(quorum,)))
    done = inner.run("--evalh", "small")
    done.assert_outcomes(passed=1, errors=3, skipped=1)
    done.stdout.fnmatch_lines(["3 of 33 conversations errored.", "*too much is missing to tell", f"{verdict} 3 of 33*"])
    assert done.ret == 1


def test_no_comparison_is_no_pass(inner: Inner) -> None:
    inner.finds()
    inner.run("--evalh", "small").assert_outcomes(skipped=4, errors=1)


def test_several_candidates_share_an_item(inner: Inner) -> None:
    inner.finds(comparison(brevity()), regressed(), comparison(untestable("brevity", "calm")))
    done = inner.run("--evalh", "small", "configs/small.yaml::persona=calm::brevity", "configs/small.yaml::verdict")
    done.assert_outcomes(failed=2)
    assert len([line for line in done.outlines if line.startswith("small: ")]) == 3


def test_the_run_is_made_once_and_leaves_its_reports(inner: Inner) -> None:
    inner.finds(regressed())
    inner.run("--evalh", "small", "--evalh-out", "kept")
    assert len(inner.runs) == 1
    assert {path.name for path in (inner.root / "kept/small").iterdir()} == {"report.md", "junit.xml", "metrics.txt"}


def test_the_junit_of_pytest_carries_the_verdict(inner: Inner) -> None:
    inner.finds(comparison(verdict="INCOMPLETE", reasons=(reason("coverage", "too little was scored"),)))
    inner.run("--evalh", "small", "--junitxml=out.xml", "configs/small.yaml::verdict")
    text = (inner.root / "out.xml").read_text("utf-8")
    assert 'errors="1" failures="0"' in text
    assert '<property name="evalh" value="small: INCOMPLETE too little was scored' in text


# --- mistakes ---


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--evalh", "smal"), "there is no run configuration 'smal'; did you mean 'small'?"),
        (("--evalh", "configs/none.yaml"), "configs/none.yaml: no such file"),
    ],
)
def test_an_unknown_configuration_is_a_usage_error(inner: Inner, words: tuple[str, ...], sentence: str) -> None:
    done = inner.run(*words)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines([f"ERROR: {sentence}*"])
    assert "Traceback" not in done.stderr.str()


def test_what_a_configuration_lacks_is_an_error_of_collecting_it(inner: Inner) -> None:
    change(inner.root, "configs/small.yaml", "golden_set: few", "golden_set: fww")
    done = inner.run("--evalh", "small")
    assert done.ret == pytest.ExitCode.INTERRUPTED
    done.stdout.fnmatch_lines(["*ERROR collecting configs/small.yaml*", "*no golden set 'fww'; did you mean 'few'?"])
    assert "Traceback" not in done.stdout.str()


def test_an_unknown_baseline_is_an_error_of_collecting(inner: Inner) -> None:
    done = inner.run("--evalh", "small", "--evalh-baseline", "v9")
    assert done.ret == pytest.ExitCode.INTERRUPTED
    done.stdout.fnmatch_lines(["*'v9'*v1*"])


def test_a_mistake_found_while_running_is_a_sentence_for_each_item(inner: Inner) -> None:
    def run_plan(*_: Any) -> None:
        inner.runs.append(None)
        raise BadInput("is \x1b[31mbroken", file="x.jsonl", line=3)

    inner.monkeypatch.setattr(gate_run, "run_plan", run_plan)
    done = inner.run("--evalh", "small")
    done.assert_outcomes(errors=5)
    assert len([line for line in done.outlines if line == "x.jsonl:3: is \\x1b[31mbroken"]) == 5
    assert len(inner.runs) == 1


def test_a_configuration_that_pytest_does_not_look_at_is_not_forgotten(inner: Inner) -> None:
    write(inner.root, "tests/test_own.py", "def test_own(): pass\n")
    inner.pytester.makeini("[pytest]\nnorecursedirs = configs\n")
    done = inner.run("--evalh", "small", ".")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["ERROR: pytest did not look into *configs/small.yaml; *"])


def test_workers_that_would_each_run_it_are_refused(inner: Inner) -> None:
    config: Any = SimpleNamespace(getoption=lambda name, default=None: {"dist": "load"}.get(name, default))
    with pytest.raises(pytest.UsageError, match="--dist loadfile"):
        pytest_plugin._one_worker(config)


# --- for real ---


def test_a_version_that_talks_too_much_fails_a_real_run(inner: Inner) -> None:
    gated_workspace(inner.root)
    done = inner.run("--evalh", "small", "--evalh-out", "kept")
    done.stdout.fnmatch_lines(["*REGRESSION brevity / all conversations: 1.00 -> *", "small: REGRESSION *"])
    assert done.ret == 1
    kept = {path.name for path in (inner.root / "kept/small").iterdir()}
    assert kept >= {"comparison.json", "report.md", "junit.xml", "metrics.txt"}


def test_a_version_that_says_the_same_passes_a_real_run(inner: Inner) -> None:
    gated_workspace(inner.root, worse=0)
    done = inner.run("--evalh", "small")
    done.assert_outcomes(passed=4)
    done.stdout.fnmatch_lines(["small: PASS 3 checks, no regression.*"])
