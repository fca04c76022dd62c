"""Measures how conversations are held: wall time against the agent's latency, memory, and calls, beside DeepEval.

    python -m benchmarks.simulate --deepeval-python PYTHON        # of an environment with evalh[deepeval]
    python -m benchmarks.simulate --only evalh --repeat 3

The agent is a stub at a model endpoint in a process of its own (`simulate_server.py`) that answers after a fixed time.
evalh's customers are scripted, its reader reads after every turn, and everything that is said is recorded on disk. A
run is a process of its own in which one conversation is held before the clock of the others starts.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from math import ceil
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from benchmarks.judge_server import Counted, Server

if TYPE_CHECKING:
    from evalh.simulator.protocol import Trial
    from evalh.workspace import Workspace

EXCHANGES = 10
PERSONAS = ("chatty_traveller", "loyal_long_timer", "non_native_speaker", "vulnerable_senior")
"""Who has the patience for ten exchanges."""
PARTS = ("evalh", "deepeval")
MUST_RATIO = 1.15
"""At most so many times the least wall time."""
Row = dict[str, Any]


def trials(space: Workspace, how_many: int) -> list[Trial]:
    """The first cases of patient personas, each as often as needed."""
    from evalh.simulator.protocol import Trial

    personas, prompt = space.personas(), space.prompt("demo", "v1")
    cases = [case for case in space.golden_set("brightwater_care").cases if case.persona in PERSONAS]
    taken = [(cases[at % len(cases)], at // len(cases)) for at in range(how_many)]
    return [Trial(prompt, case, personas[case.persona or ""], trial=number) for case, number in taken]


def measure(base_url: str, how_many: int, concurrency: int, folder: Path) -> Row:
    """Hold them in this process, after one that loads whatever has to be loaded: "start" is the time that takes."""
    begun = time.perf_counter()
    from benchmarks.simulate_server import answer

    from evalh.testing import StubEndpoint

    with StubEndpoint(answer) as stub:
        _held(stub.base_url, 1, 1, folder / "first")
    started = time.perf_counter()
    found = _held(base_url, how_many, concurrency, folder / "run")
    seconds = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "start": started - begun, "seconds": seconds, "cpu": used.ru_utime + used.ru_stime,
        "peak_mib": used.ru_maxrss / 1024, **found,
    }  # fmt: skip


def _held(base_url: str, how_many: int, concurrency: int, folder: Path) -> Row:
    from evalh.agents.load import load_agent
    from evalh.llm import Budget
    from evalh.models import ChatAgent, SimulationConfig
    from evalh.reader.local import LocalReader
    from evalh.simulator.recordings import Recordings
    from evalh.simulator.scripted import ScriptedCustomers
    from evalh.simulator.stage import Stage
    from evalh.workspace import Workspace

    space = Workspace.find(Path(__file__).parents[1])
    policies = space.policies("brightwater-care")
    config = ChatAgent(kind="chat", base_url=base_url, model="stub", api_key_env=None, concurrency=concurrency)
    budget = Budget()
    agent = load_agent(config, root=space.root, budget=budget)
    recordings = Recordings(folder / "recordings", pending=folder / "pending")
    stage = Stage(
        agent, ScriptedCustomers(policies.lexicon, policies), LocalReader(), policies.lexicon, policies,
        SimulationConfig(max_turns=EXCHANGES, concurrency=concurrency), recordings, budget=budget,
    )  # fmt: skip
    try:
        played = list(stage.play(trials(space, how_many)))
    finally:
        stage.close()
        recordings.close()
    turns = [sum(turn.role == "agent" for turn in one.conversation.turns) for one in played]
    return {
        "conversations": len(played), "exchanges": sum(turns), "shortest": min(turns),
        "failed": sum(one.simulation.failure is not None for one in played),
        "faults": sum(len(one.simulation.faults) for one in played), "attempts": sum(one.attempts for one in played),
    }  # fmt: skip


def child(server: Server, given: argparse.Namespace) -> tuple[Row, Counted]:
    """A run in a process of its own, and what it asked."""
    server.counted()
    with TemporaryDirectory() as folder:
        command = [
            sys.executable, "-m", "benchmarks.simulate", "--child", folder, "--url", server.base_url,
            "--conversations", str(given.conversations), "--concurrency", str(given.concurrency),
        ]  # fmt: skip
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: Row = json.loads(done.stdout)
    return found, server.counted()


def deepeval(server: Server, given: argparse.Namespace) -> tuple[Row, Counted]:
    """The same cases by DeepEval's simulator, in an environment of its own, from an empty folder."""
    from evalh.workspace import Workspace

    space = Workspace.find(Path(__file__).parents[1])
    asked = trials(space, given.conversations)
    job = {
        "base_url": server.base_url,
        "concurrency": given.concurrency,
        "exchanges": EXCHANGES,
        "prompt": asked[0].prompt.text,
        "cases": [{"goal": one.case.goal, "persona": one.persona.description} for one in asked],
    }
    server.counted()
    script = str(Path(__file__).resolve().with_name("simulate_deepeval.py"))
    plain = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with TemporaryDirectory() as folder:
        done = subprocess.run(
            [given.deepeval_python, script],
            input=json.dumps(job),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            cwd=folder,
            env={**plain, "HOME": folder},
        )
    found: Row = json.loads(done.stdout)
    return found, server.counted()


def print_row(name: str, row: Row, asked: Counted, bound: float) -> None:
    """One line of the table."""
    exchanges = row["exchanges"]
    cells = (
        name, row["conversations"], exchanges, asked.calls, f"{asked.calls / exchanges:.2f}",
        f"{(asked.calls - exchanges) / exchanges:.2f}", asked.at_once, f"{row['seconds']:.2f}",
        f"{row['seconds'] / bound:.3f}", f"{row['peak_mib']:.0f}",
    )  # fmt: skip
    print(f"| {' | '.join(str(cell) for cell in cells)} |", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 when the promise is not kept."""
    given = _arguments(arguments)
    if given.child is not None:
        print(json.dumps(measure(given.url, given.conversations, given.concurrency, given.child)))
        return 0
    bound = ceil(given.conversations / given.concurrency) * EXCHANGES * given.latency
    print(f"{os.cpu_count()} cores, load {' '.join(f'{load:.1f}' for load in os.getloadavg())}")
    print(
        f"{given.latency:g} s a call, {given.concurrency} conversations at a time: the agent alone takes {bound:g} s\n"
    )
    columns = (
        "", "conversations", "exchanges", "calls", "calls an exchange", "of them for the customer", "at once", "wall s",
        "ratio", "peak MiB",
    )  # fmt: skip
    print(f"| {' | '.join(columns)} |\n|---|{'--:|' * (len(columns) - 1)}")
    rows: list[Row] = []
    found: Row = {}
    with Server(given.latency, "benchmarks.simulate_server") as server:
        for _ in range(given.repeat if "evalh" in given.only else 0):
            row, asked = child(server, given)
            print_row("evalh, scripted customers", row, asked, bound)
            rows.append(row)
        if "deepeval" in given.only:
            found, asked = deepeval(server, given)
            if "skipped" not in found:
                print_row(f"DeepEval {found['version']}", found, asked, bound)
    if "skipped" in found:
        print(f"\nDeepEval: skipped: {found['skipped']} in {given.deepeval_python}")
    return 0 if _met(rows, bound) else 1


def _met(rows: Sequence[Row], bound: float) -> bool:
    if not rows:
        return True
    ratio = median(row["seconds"] for row in rows) / bound
    last = rows[-1]
    print(
        f"\nthe shortest conversation has {last['shortest']} exchanges; {last['failed']} failed, "
        f"{last['faults']} faults, {last['attempts']} attempts; start {last['start']:.1f} s, CPU {last['cpu']:.1f} s"
    )
    met = ratio <= MUST_RATIO and not last["failed"]
    print(f"median ratio {ratio:.3f} ≤ {MUST_RATIO}: {'met' if met else 'NOT MET'}")
    return met


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure how conversations are held; prints Markdown.")
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(PARTS), help=", ".join(PARTS))
    parser.add_argument("--conversations", type=int, default=50)
    parser.add_argument("--latency", type=float, default=0.5, help="seconds before each reply of the stub")
    parser.add_argument("--concurrency", type=int, default=25)
    parser.add_argument("--repeat", type=int, default=1, help="runs of evalh; the median is held against the bound")
    parser.add_argument("--deepeval-python", default=sys.executable, help="a Python that has DeepEval")
    for hidden in ("--child", "--url"):
        parser.add_argument(hidden, help=argparse.SUPPRESS, type=str if hidden == "--url" else Path)
    given = parser.parse_args(arguments)
    unknown = set(given.only) - set(PARTS)
    if unknown:
        parser.error(f"--only takes {', '.join(PARTS)}, not {', '.join(sorted(unknown))}")
    return given


if __name__ == "__main__":
    sys.exit(main())
