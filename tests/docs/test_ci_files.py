"""The action, the pre-commit hook and the CI examples of the docs are whole, and do what they say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from tests.docs.test_blocks import BLOCKS, ROOT
from tests.small_workspace import LONG, change, gated_workspace, record

from evalh.cli.main import main


def loaded(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


ACTION = loaded((ROOT / "action.yml").read_text("utf-8"))
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}
SCRIPTS = [step for step in STEPS.values() if "run" in step]
EXAMPLES = [loaded(block.text) for block in BLOCKS if (block.page, block.language) == ("ci.md", "yaml")]
WORKFLOW = next(example for example in EXAMPLES if "jobs" in example)
GITLAB = next(example for example in EXAMPLES if "prompt-gate" in example)
HOOKS = loaded((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
END = "end of the call"
PASSED = 'echo verdict=PASS >> "$GITHUB_OUTPUT"\n'
STUB = f'#!/bin/sh\nprintf "%s\\n" "$@" "{END}" >> "$CALLS"\n'


# --- the action's text ---


@pytest.mark.parametrize("step", SCRIPTS, ids=lambda step: str(step["name"]))
def test_nothing_is_put_into_the_text_of_a_script(step: dict[str, Any]) -> None:
    assert "${{" not in step["run"]
    assert step["shell"] == "bash"


def test_every_script_has_the_variables_that_it_uses() -> None:
    given = {"RUNNER_TEMP", "GITHUB_OUTPUT", "MARKER"}
    for step in SCRIPTS:
        used = set(re.findall(r"\$\{?([A-Z][A-Z_]+)", step["run"]))
        assert used <= given | set(step.get("env", {}))


def test_every_input_and_step_that_is_named_exists() -> None:
    text = (ROOT / "action.yml").read_text("utf-8")
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(ACTION["inputs"])
    assert set(re.findall(r"steps\.(\w+)", text)) == {step["id"] for step in STEPS.values() if "id" in step}


def test_the_outputs_are_written_by_the_gate() -> None:
    assert list(ACTION["outputs"]) == ["verdict", "exit-code", "report-path"]
    written = set(re.findall(r'echo "([a-z-]+)=', STEPS["Run the gate"]["run"]))
    assert written | {"verdict"} == {*ACTION["outputs"], "results-path"}


def test_results_are_kept_and_told_also_when_the_gate_fails() -> None:
    after = list(STEPS.values())[list(STEPS).index("Run the gate") + 1 :]
    assert len(after) == 2
    assert all(step["if"].strip().startswith("always()") for step in after)


def test_a_pull_request_of_a_fork_gets_no_comment() -> None:
    condition = STEPS["Comment on the pull request"]["if"]
    assert "github.event.pull_request.head.repo.full_name == github.repository" in condition


# --- the action's scripts ---


class Shell:
    """Runs a step's script with commands that only write down how they were called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls = folder / "calls"
        self.output = folder / "output"
        self.bin = folder / "bin"
        self.temp = folder / "temp"
        self.bin.mkdir()
        self.temp.mkdir()

    def stub(self, name: str, does: str = "") -> None:
        path = self.bin / name
        path.write_text(STUB + does, "utf-8")
        path.chmod(0o755)

    def run(self, step: str, **env: str) -> subprocess.CompletedProcess[str]:
        own = {
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "CALLS": str(self.calls),
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_OUTPUT": str(self.output),
        }
        own |= dict.fromkeys(STEPS[step].get("env", {}), "") | env
        script = self.folder / "script.sh"
        script.write_text(STEPS[step]["run"], "utf-8")
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
        return subprocess.run(command, env=own, cwd=self.folder, capture_output=True, text=True, check=False)

    def called(self) -> list[list[str]]:
        """The arguments of each call."""
        told = self.calls.read_text("utf-8") if self.calls.exists() else ""
        return [call.split("\n") for call in told.split(f"\n{END}\n")[:-1]]

    def outputs(self) -> dict[str, str]:
        """What the step gives to later ones."""
        return dict(line.split("=", 1) for line in self.output.read_text("utf-8").splitlines())


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def arguments(shell: Shell) -> list[str]:
    """How evalh was called, without the name of the folder for its results."""
    (words,) = shell.called()
    folder = words.index("--out") + 1
    return [*words[:folder], "DIR", *words[folder + 1 :]]


def test_a_pull_request_is_judged_against_its_base_with_the_settings_of_its_base(shell: Shell) -> None:
    shell.stub("evalh", PASSED)
    assert shell.run("Run the gate", CONFIG="telecom", BASE_REF="main").returncode == 0
    base = "git:origin/main"
    assert arguments(shell) == [
        "run", "--github", "--out", "DIR", "--baseline", base, "--gate-from", base, "--", "telecom",
    ]  # fmt: skip


def test_what_is_given_wins(shell: Shell) -> None:
    shell.stub("evalh")
    shell.run("Run the gate", BASE_REF="main", BASELINE="blessed", GATE_FROM="gate.yaml")
    assert arguments(shell)[4:] == ["--baseline", "blessed", "--gate-from", "gate.yaml"]


def test_the_limits_of_a_judge_are_given(shell: Shell) -> None:
    shell.stub("evalh")
    shell.run("Run the gate", MAX_CALLS="200", MAX_COST="1.5")
    assert arguments(shell)[4:] == ["--max-calls", "200", "--max-cost", "1.5"]


@pytest.mark.parametrize(("given", "wanted"), [("true", ["--replay-only"]), ("false", []), ("", [])])
def test_a_live_agent_is_asked_for_nothing_where_that_is_wanted(shell: Shell, given: str, wanted: list[str]) -> None:
    shell.stub("evalh")
    shell.run("Run the gate", REPLAY_ONLY=given)
    assert arguments(shell)[4:] == wanted


def test_elsewhere_the_configuration_decides(shell: Shell) -> None:
    shell.stub("evalh")
    shell.run("Run the gate")
    assert arguments(shell) == ["run", "--github", "--out", "DIR"]


@pytest.mark.parametrize("code", [0, 1, 2, 3])
def test_the_exit_status_is_that_of_evalh(shell: Shell, code: int) -> None:
    shell.stub("evalh", f"{PASSED if code == 0 else ''}exit {code}\n")
    assert shell.run("Run the gate").returncode == code
    outputs = shell.outputs()
    assert outputs["exit-code"] == str(code)
    assert outputs["report-path"] == outputs["results-path"] + "/report.md"


@pytest.mark.parametrize("does", ["", 'echo verdict=REGRESSION >> "$GITHUB_OUTPUT"\n'], ids=["none", "another"])
def test_an_evalh_that_ends_without_a_pass_is_none(shell: Shell, does: str) -> None:
    shell.stub("evalh", does)
    done = shell.run("Run the gate")
    assert (done.returncode, shell.outputs()["exit-code"]) == (3, "3")
    assert "::error title=evalh::evalh ended without a verdict" in done.stdout


def test_what_may_change_is_given_name_by_name(shell: Shell) -> None:
    shell.stub("evalh")
    shell.run("Run the gate", ALLOW=" golden_set  personas\n--out=* $(touch pwned) ", CONFIG="telecom")
    allowed = ["golden_set", "personas", "--out=*", "$(touch", "pwned)"]
    assert arguments(shell)[4:] == [*(f"--allow={name}" for name in allowed), "--", "telecom"]
    assert not (shell.folder / "pwned").exists()


def test_inputs_are_never_run(shell: Shell) -> None:
    shell.stub("evalh")
    hostile = '$(touch pwned) `touch pwned` "; touch pwned; #'
    shell.run("Run the gate", CONFIG=hostile, BASE_REF=hostile, BASELINE=hostile)
    assert arguments(shell)[-1] == hostile
    assert not (shell.folder / "pwned").exists()


def test_two_gates_in_one_job_have_folders_of_their_own(shell: Shell) -> None:
    shell.stub("evalh")
    shell.run("Run the gate")
    shell.run("Run the gate")
    assert len({call[call.index("--out") + 1] for call in shell.called()}) == 2


def test_this_version_is_installed_unless_another_is_named(shell: Shell) -> None:
    shell.stub("python")
    shell.run("Install evalh", ACTION_PATH="/the action")
    shell.run("Install evalh", ACTION_PATH="/the action", REQUIREMENT="evalh == 0.1.0")
    assert [call[-1] for call in shell.called()] == ["/the action", "evalh == 0.1.0"]


def git(folder: Path, *words: str) -> str:
    name = ["-c", "user.name=n", "-c", "user.email=e@example.com", "-c", "init.defaultBranch=main"]
    return subprocess.run(["git", *name, *words], cwd=folder, capture_output=True, text=True, check=True).stdout


def test_a_shallow_clone_gets_the_base_branch(shell: Shell) -> None:
    upstream, clone = shell.folder / "upstream", shell.folder / "clone"
    upstream.mkdir()
    git(upstream, "init", "-q")
    git(upstream, "commit", "-q", "--allow-empty", "-m", "one")
    git(upstream, "switch", "-q", "-c", "feature")
    git(upstream, "commit", "-q", "--allow-empty", "-m", "two")
    git(shell.folder, "clone", "-q", "--depth=1", "--branch=feature", f"file://{upstream}", "clone")
    shell.folder = clone
    done = shell.run("Fetch the base branch", BASE_REF="main")
    assert (done.returncode, done.stderr) == (0, "")
    assert git(clone, "rev-parse", "origin/main") == git(upstream, "rev-parse", "main")


def test_a_pull_request_cannot_loosen_its_own_gate(shell: Shell) -> None:
    upstream, clone = shell.folder / "upstream", shell.folder / "clone"
    gated_workspace(upstream)
    change(upstream, "configs/small.yaml", "versions: [v1, v2]", "versions: [v1]")
    git(upstream, "init", "-q")
    git(upstream, "add", ".")
    git(upstream, "commit", "-q", "-m", "base")
    git(upstream, "switch", "-q", "-c", "feature")
    change(upstream, "configs/prompts/care/v1.md", "You are Nora.", "You are Nora. Explain everything.")
    change(upstream, "configs/small.yaml", "prompts:", "gate: {min_drop: 1.0}\nprompts:")
    record(upstream, "v1", {f"c-{number:02}": LONG for number in range(12)})
    git(upstream, "commit", "-q", "-a", "-m", "worse, and a gate that does not mind")
    git(shell.folder, "clone", "-q", "--depth=1", "--branch=feature", f"file://{upstream}", "clone")
    call = "import sys; from evalh.cli.main import main; sys.exit(main())"
    shell.stub("evalh", f'exec {sys.executable} -c "{call}" "$@"\n')
    shell.folder = clone
    own = {"BASE_REF": "main", "PYTHONPATH": os.pathsep.join(sys.path), "EVALH_CACHE": str(clone / ".cache")}
    assert shell.run("Fetch the base branch", **own).returncode == 0
    done = shell.run("Run the gate", **own)
    assert done.returncode == 1, done.stderr
    assert "REGRESSION brevity / all conversations" in done.stdout
    assert shell.outputs()["verdict"] == "REGRESSION"
    assert Path(shell.outputs()["report-path"]).read_text("utf-8").startswith("<!-- evalh:small -->")


REPORT = "<!-- evalh:telecom -->\n## REGRESSION\n"


def comment(shell: Shell, found: str, report: str = REPORT) -> subprocess.CompletedProcess[str]:
    """Run the comment step where the pull request has a comment of the id `found`."""
    (shell.folder / "report.md").write_text(report, "utf-8")
    shell.stub("gh", f'case "$*" in *--paginate*) printf "{found}";; esac\n')
    return shell.run("Comment on the pull request", REPORT="report.md", REPOSITORY="o/r", NUMBER="7")


def test_the_first_comment_is_made(shell: Shell) -> None:
    assert comment(shell, "").returncode == 0
    call = shell.called()[1]
    assert call[1:] == ["--silent", "--method", "POST", "repos/o/r/issues/7/comments", "--field", "body=@report.md"]


def test_later_ones_replace_it(shell: Shell) -> None:
    assert comment(shell, "41\\n52").returncode == 0
    assert shell.called()[1][2:5] == ["--method", "PATCH", "repos/o/r/issues/comments/41"]


@pytest.mark.parametrize("report", ["", "\nno marker\n", "<!-- other -->\n"])
def test_what_is_no_report_replaces_nobodys_comment(shell: Shell, report: str) -> None:
    assert comment(shell, "41", report).returncode == 0
    assert shell.called() == []


def test_a_comment_that_is_refused_does_not_change_the_outcome(shell: Shell) -> None:
    (shell.folder / "report.md").write_text(REPORT, "utf-8")
    shell.stub("gh", "exit 1\n")
    done = shell.run("Comment on the pull request", REPORT="report.md", REPOSITORY="o/r", NUMBER="7")
    assert done.returncode == 0
    assert done.stdout.startswith("::warning title=evalh::")


# --- the examples of the docs ---


def test_the_workflow_gives_the_action_inputs_that_it_has() -> None:
    steps = WORKFLOW["jobs"]["gate"]["steps"]
    own = next(step for step in steps if step.get("uses", "").startswith("OWNER/evalh@"))
    assert set(own["with"]) <= set(ACTION["inputs"])
    used = set(re.findall(r"steps\.evalh\.outputs\.([\w-]+)", str(steps)))
    assert used <= set(ACTION["outputs"])


def test_the_workflow_may_do_no_more_than_it_must() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert WORKFLOW["jobs"]["gate"]["permissions"] == {"contents": "read", "pull-requests": "write"}
    assert list(WORKFLOW["on"]) == ["pull_request"]


def test_the_docs_tell_every_input() -> None:
    page = (ROOT / "docs/ci.md").read_text("utf-8")
    assert set(re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE)) == set(ACTION["inputs"])


def test_gitlab_collects_what_a_run_writes() -> None:
    reports = GITLAB["prompt-gate"]["artifacts"]["reports"]
    assert reports == {"junit": "gate/junit.xml", "metrics": "gate/metrics.txt"}
    assert GITLAB["prompt-gate"]["script"][-1].endswith("--out gate")


# --- pre-commit ---


def test_the_hook_is_the_command_that_validates(capsys: pytest.CaptureFixture[str]) -> None:
    (hook,) = HOOKS
    assert (hook["id"], hook["language"], hook["pass_filenames"]) == ("evalh-validate", "python", False)
    name, *words = hook["entry"].split()
    assert name == "evalh"
    assert main([*words, str(ROOT)]) == 0
    assert capsys.readouterr().out.startswith("ok: ")


def test_the_hook_looks_at_what_a_user_configures() -> None:
    files = re.compile(HOOKS[0]["files"])
    folders = ("configs", "personas", "golden_sets", "evaluators")
    configured = [str(path.relative_to(ROOT)) for name in folders for path in (ROOT / name).rglob("*.*")]
    missed = [path for path in configured if "__pycache__" not in path and not files.search(path)]
    assert missed == []
    assert not files.search("docs/configs.md")
    assert not files.search("src/evalh/evaluator/base.py")


def test_the_docs_name_the_hook() -> None:
    example = next(example for example in EXAMPLES if "repos" in example)
    assert [hook["id"] for hook in example["repos"][0]["hooks"]] == ["evalh-validate"]
