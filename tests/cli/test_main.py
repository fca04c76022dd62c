import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Evalh
from tests.small_workspace import write

from evalh.cli.main import outcome
from evalh.errors import BadInput, ManyErrors

HEAVY = ("pydantic", "numpy", "evalh.models", "onnxruntime", "datasets", "openai", "ruamel", "rich", "re2", "cel")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom evalh.cli.main import main\nassert main(['--help']) == 0\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_without_a_command_help_is_shown(evalh: Evalh) -> None:
    done = evalh()
    assert done.code == 2
    assert "Commands:" in done.out + done.err


def test_the_version_is_printed(evalh: Evalh) -> None:
    assert evalh("--version").out.startswith("evalh 0.")


def test_an_unknown_option_is_a_users_mistake(evalh: Evalh) -> None:
    done = evalh("list", "--nope")
    assert done.code == 2
    assert "No such option" in done.err


def raising(error: BaseException) -> Callable[[], None]:
    def call() -> None:
        raise error

    return call


def test_several_mistakes_are_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    errors = [BadInput("is a\nb", file="x", line=1), BadInput("is \x1b[31mred", file="y")]
    assert outcome(raising(ManyErrors(list(errors)))) == 2
    assert capsys.readouterr().err == "x:1: is a\\nb\ny: is \\x1b[31mred\n"


def test_an_interruption_says_how_to_go_on(evalh: Evalh, root: Path) -> None:
    write(root, "evaluators/slow.py", "raise KeyboardInterrupt\n")
    done = evalh("run", "--encoder", "none")
    assert (done.code, done.err) == (130, "interrupted; give the same command again to go on where it stopped\n")


def test_our_own_mistakes_are_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        outcome(raising(ZeroDivisionError()))


def test_a_closed_pipe_is_no_failure_of_the_gate(tmp_path: Path) -> None:
    code = "import sys\nfrom evalh.cli.show import say\nfor _ in range(100000): say('x' * 100)"
    script = f'{sys.executable} -c "{code}" | head -1; echo ${{PIPESTATUS[0]}}'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "141"
    assert "Traceback" not in done.stderr
