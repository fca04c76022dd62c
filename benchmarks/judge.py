"""Measures what asking a model takes: calls, characters and time, beside DeepEval, and what a cascade asks and changes.

    python -m benchmarks.judge                                                # everything
    python -m benchmarks.judge --only speed                                   # of speed, deepeval, cascade
    python -m benchmarks.judge --only deepeval --deepeval-python PYTHON       # of an environment that has DeepEval

The endpoint is a stub with a fixed latency in another process: time and calls are real, judgement is not. Each
measurement of evalh is a process of its own, in which one conversation is judged before the clock of the others starts;
how long that took, with all imports, is told as "start". The conversations are invented before.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import count, islice
from math import ceil
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from benchmarks.judge_server import Counted, Server

if TYPE_CHECKING:
    from evalh.models import Conversation, Manifest, Turn
    from evalh.runner import RunInputs

EXCHANGES = 12
"""Turns of the customer in each conversation."""
TURNS = 25
"""About as many turns are drawn; those with another number of exchanges are left out."""
SEED = 7
BESIDE = 20
"""Conversations that DeepEval judges too."""
PARTS = ("speed", "deepeval", "cascade")
RUBRIC = """\
---
name: listening
---
Give 1 when the agent answers what the customer said each time, and 0 when the customer has to repeat anything.
"""
COLUMNS = (
    "calls", "at once", "prompt chars", "schema chars", "reply chars", "start s", "wall s", "ratio", "CPU s",
    "peak MiB", "errored",
)  # fmt: skip
MUST_CALLS, MUST_RATIO = 1.0, 1.15
"""At most so many calls a conversation, and at most so many times the least wall time."""
Row = dict[str, Any]


def conversations(how_many: int) -> Iterator[Conversation]:
    """Invented conversations of 12 exchanges each."""
    from benchmarks.make_conversations import make_conversation, reference_policies

    policies = reference_policies()
    made = (make_conversation(number, SEED, policies, TURNS) for number in count())
    return islice((one for one in made if _exchanges(one) == EXCHANGES), how_many)


def _exchanges(conversation: Conversation) -> int:
    return sum(turn.role == "customer" for turn in conversation.turns)


# --- what a measured process does ---


def inputs_of(path: Path, base_url: str, concurrency: int, folder: Path) -> RunInputs:
    """All shipped evaluators, the care scorecard and a rubric, read by a judge at `base_url`."""
    from benchmarks.throughput import sources

    from evalh.gate.plan import in_use
    from evalh.models import JudgeConfig, ReaderConfig
    from evalh.reader.load import load_reader
    from evalh.runner import EvaluatorInUse, RunInputs
    from evalh.workspace import Workspace
    from evalh.workspace.rubric import read_rubric

    space = Workspace.reference()
    file = folder / "listening.md"
    file.write_text(RUBRIC, encoding="utf-8")
    rubric = EvaluatorInUse(read_rubric(file).get()(), "user", "", "judge")
    config = JudgeConfig(base_url=base_url, model="stub", api_key_env=None, concurrency=concurrency)
    return RunInputs(
        sources=sources(path),
        evaluators=(*in_use(space, space.evaluators_for()), rubric),
        reader=load_reader(ReaderConfig(kind="judge"), config, replies=folder / "replies"),
        policies=space.policies("brightwater-care"),
        prompts={"v1": space.prompt("care", "v1")},
        scorecard=space.scorecard("care"),
    )


def measure(path: Path, base_url: str, concurrency: int, folder: Path) -> Row:
    """One run through the runner, with its caches and journal: "seconds".

    Before it one conversation is judged in the same process by a stub of its own that answers at once, so that
    imports, rule files and models are loaded: "start" is the time that takes.
    """
    begun = time.perf_counter()
    from benchmarks.judge_server import answer

    from evalh.testing import StubEndpoint

    first = folder / "first.jsonl"
    first.write_text(path.read_text(encoding="utf-8").partition("\n")[0], encoding="utf-8")
    with StubEndpoint(answer) as stub:
        _run(first, stub.base_url, concurrency, folder / "first")
    started = time.perf_counter()
    inputs, manifest = _run(path, base_url, concurrency, folder / "run")
    seconds = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "start": started - begun,
        "seconds": seconds,
        "cpu": used.ru_utime + used.ru_stime,
        "peak_mib": used.ru_maxrss / 1024,
        "evaluators": len(inputs.evaluators),
        "scored": manifest.counts.scored,
        "errored": manifest.counts.errored,
    }


def _run(path: Path, base_url: str, concurrency: int, folder: Path) -> tuple[RunInputs, Manifest]:
    from evalh.runner import run
    from evalh.runner.readers import closing_reader
    from evalh.store.cache import ReadingCache

    folder.mkdir()
    inputs = inputs_of(path, base_url, concurrency, folder)
    with ReadingCache(folder / "cache") as kept, closing_reader(inputs.reader):
        return inputs, run(inputs, folder / "results", cache=kept).manifest


def child(path: Path, server: Server, concurrency: int) -> tuple[Row, Counted]:
    """A run in a process of its own, and what it asked."""
    server.counted()
    with TemporaryDirectory() as folder:
        given = ["--child", folder, "--file", str(path), "--url", server.base_url, "--concurrency", str(concurrency)]
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.judge", *given], check=True, stdout=subprocess.PIPE, text=True
        )
    found: Row = json.loads(done.stdout)
    return found, server.counted()


# --- speed ---


def print_speed(path: Path, how_many: int, given: argparse.Namespace) -> bool:
    """The table of the runs of all conversations; whether every must is met."""
    bound = ceil(how_many / given.concurrency) * given.latency
    setting = f"{given.latency:g} s a call, {given.concurrency} calls at a time"
    print(f"\n{how_many} conversations of {EXCHANGES} exchanges, {setting}: at least {bound:g} s\n")
    print(f"| {' | '.join(COLUMNS)} |\n|{'--:|' * len(COLUMNS)}")
    ratios, calls = [], []
    with Server(given.latency) as server:
        for _ in range(given.repeat):
            row, asked = child(path, server, given.concurrency)
            ratios.append(row["seconds"] / bound)
            calls.append(asked.calls)
            took = f"{row['start']:.1f} | {row['seconds']:.2f} | {ratios[-1]:.3f} | {row['cpu']:.1f}"
            print(
                f"| {asked.calls} | {asked.at_once} | {asked.prompt:,} | {asked.schema:,} | {asked.reply:,} "
                f"| {took} | {row['peak_mib']:.0f} | {row['errored']} |",
                flush=True,
            )
    print(f"\nmedian ratio {median(ratios):.3f}; {row['evaluators']} evaluators, {row['scored']:,} rows scored")
    met = max(calls) <= MUST_CALLS * how_many and median(ratios) <= MUST_RATIO and not row["errored"]
    print(f"calls ≤ {how_many} and ratio ≤ {MUST_RATIO}: {'met' if met else 'NOT MET'}")
    return met


# --- beside DeepEval ---


def print_beside(path: Path, how_many: int, given: argparse.Namespace) -> None:
    """The same conversations by evalh and by DeepEval at the same endpoint, one after the other."""
    with Server(given.latency) as server:
        row, asked = child(path, server, given.concurrency)
        job = deepeval_job(path, server.base_url, given.concurrency)
        found = deepeval(given.deepeval_python, job)
        other = server.counted()
    print(f"\n{how_many} of them, {given.latency:g} s a call, {given.concurrency} calls at a time\n")
    print("| | calls | calls a conversation | prompt chars | schema chars | reply chars | wall s |\n|---|" + "--:|" * 6)
    print(_beside(f"evalh, {row['evaluators']} evaluators", asked, row["seconds"], how_many))
    if "skipped" in found:
        print(f"\nDeepEval: skipped: {found['skipped']} in {given.deepeval_python}")
        return
    metrics = found["metrics"]
    print(_beside(f"DeepEval {found['version']}, {len(metrics)} metrics", other, found["seconds"], how_many))
    print("\n| metric of DeepEval | calls | prompt chars | failed conversations |\n|---|--:|--:|--:|")
    for name, one in metrics.items():
        print(f"| {name} | {one['calls']} | {one['prompt']:,} | {one['failed']} |")


def _beside(name: str, asked: Counted, seconds: float, how_many: int) -> str:
    share = f"{asked.calls / how_many:.1f}"
    return (
        f"| {name} | {asked.calls} | {share} | {asked.prompt:,} | {asked.schema:,} | {asked.reply:,} | {seconds:.1f} |"
    )


def deepeval_job(path: Path, base_url: str, concurrency: int) -> Row:
    """What DeepEval is given: the same turns, each with what the policy says of the offers that it names."""
    from evalh.models import Conversation
    from evalh.workspace import Workspace

    offers = {
        name.lower(): offer.model_dump_json(exclude_none=True, exclude_defaults=True)
        for offer in Workspace.reference().policies("brightwater-care").newest.offers
        for name in offer.names
    }
    lines = path.read_text(encoding="utf-8").splitlines()
    held = [Conversation.model_validate_json(line) for line in lines]
    return {
        "base_url": base_url,
        "concurrency": concurrency,
        "conversations": [[_said(turn, offers) for turn in one.turns] for one in held],
    }


def _said(turn: Turn, offers: Mapping[str, str]) -> Row:
    named = dict.fromkeys(text for name, text in offers.items() if name in turn.heard.lower())
    return {"role": turn.role, "text": turn.heard, "context": list(named)}


def deepeval(python: str, job: Row) -> Row:
    """What `judge_deepeval.py` finds in an environment of its own, from an empty folder."""
    script = str(Path(__file__).resolve().with_name("judge_deepeval.py"))
    plain = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with TemporaryDirectory() as folder:
        done = subprocess.run(
            [python, script],
            input=json.dumps(job),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            cwd=folder,
            env={**plain, "HOME": folder},
        )
    found: Row = json.loads(done.stdout)
    return found


# --- the command line ---


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what is asked for; 1 when a promise is not kept."""
    given = _arguments(arguments)
    if given.child is not None:
        print(json.dumps(measure(given.file, given.url, given.concurrency, given.child)))
        return 0
    print(f"{os.cpu_count()} cores, load {' '.join(f'{load:.1f}' for load in os.getloadavg())}, seed {SEED}")
    met = True
    with TemporaryDirectory() as folder:
        if "speed" in given.only:
            met = print_speed(_written(Path(folder), given.conversations), given.conversations, given)
        if "deepeval" in given.only:
            few = min(BESIDE, given.conversations)
            print_beside(_written(Path(folder), few), few, given)
    if "cascade" in given.only:
        from benchmarks.judge_cascade import print_cascade

        print_cascade(given.golden_set)
    print(f"\nload at the end {' '.join(f'{load:.1f}' for load in os.getloadavg())}")
    return 0 if met else 1


def _written(folder: Path, how_many: int) -> Path:
    path = folder / f"{how_many}.jsonl"
    with path.open("w", encoding="utf-8") as stream:
        for one in conversations(how_many):
            stream.write(one.model_dump_json(exclude_none=True, exclude_defaults=True) + "\n")
    return path


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure what asking a model takes; prints Markdown.")
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(PARTS), help=", ".join(PARTS))
    parser.add_argument("--conversations", type=int, default=200)
    parser.add_argument("--latency", type=float, default=1.0, help="seconds before each reply of the stub")
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--repeat", type=int, default=1, help="runs of the speed; the median is held against the bound")
    parser.add_argument("--deepeval-python", default=sys.executable, help="a Python that has DeepEval")
    parser.add_argument("--golden-set", default="brightwater_care", help="of the reference workspace, for the cascade")
    for hidden in ("--child", "--file", "--url"):
        parser.add_argument(hidden, help=argparse.SUPPRESS, type=str if hidden == "--url" else Path)
    given = parser.parse_args(arguments)
    unknown = set(given.only) - set(PARTS)
    if unknown:
        parser.error(f"--only takes {', '.join(PARTS)}, not {', '.join(sorted(unknown))}")
    return given


if __name__ == "__main__":
    sys.exit(main())
