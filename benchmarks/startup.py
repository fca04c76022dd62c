"""Measures how long `evalh --help` and `evalh score` take, beside the two libraries that draw the command line.

    python -m benchmarks.startup --runs 15

The runs of all commands alternate, so that a busy machine slows them alike and the ratio can be trusted.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.make_conversations import write

EVALH = (sys.executable, "-c", "from evalh.cli.main import main; main()")
BASE = "import typer, rich"


def commands(file: Path, policy: str) -> dict[str, Sequence[str]]:
    """What is timed, by the name it has in the table; the first is what the others are compared with."""
    score = (*EVALH, "score", str(file), "--policy", policy)
    return {
        f'python -c "{BASE}"': (sys.executable, "-c", BASE),
        "evalh --help": (*EVALH, "--help"),
        "evalh score, one conversation": (*score, "--no-cache"),
        "evalh score, without encoder": (*score, "--no-cache", "--encoder", "none"),
    }


def seconds(command: Sequence[str], folder: Path) -> float:
    """The wall time of one run in `folder`; raises CalledProcessError when it cannot run. Exit 1: faults were found."""
    begun = time.perf_counter()
    done = subprocess.run(command, check=False, capture_output=True, cwd=folder, env={**os.environ, "COLUMNS": "120"})
    taken = time.perf_counter() - begun
    if done.returncode not in (0, 1):
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
    return taken


def measured(timed: dict[str, Sequence[str]], folder: Path, runs: int) -> dict[str, list[float]]:
    """The seconds of `runs` alternating runs, after one that warms the disk cache."""
    rounds = [{name: seconds(command, folder) for name, command in timed.items()} for _ in range(runs + 1)]
    return {name: [one[name] for one in rounds[1:]] for name in timed}


def print_table(found: dict[str, list[float]]) -> None:
    """Median, smallest and largest in milliseconds, and the median of the ratios within a round."""
    base = next(iter(found.values()))
    print("| command | median ms | min ms | max ms | ratio |\n|---|--:|--:|--:|--:|")
    for name, times in found.items():
        ratio = statistics.median(time / other for time, other in zip(times, base, strict=True))
        low, middle, high = (1000 * value for value in (min(times), statistics.median(times), max(times)))
        print(f"| `{name}` | {middle:.0f} | {low:.0f} | {high:.0f} | {ratio:.2f} |")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Measure start-up; prints Markdown.")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--policy", default="brightwater-care", help="a policy of the reference or a file")
    given = parser.parse_args()
    os.environ["PYTHONPATH"] = os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path if entry)
    with TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "one.jsonl", 1, seed=7)
        print(f"load {os.getloadavg()[0]:.1f}, {given.runs} runs\n")
        print_table(measured(commands(folder / "one.jsonl", given.policy), folder, given.runs))


if __name__ == "__main__":
    main()
