"""Measures how fast conversations are judged and with how much memory, and what the time goes into.

    python -m benchmarks.throughput --conversations 1000 10000

Every measurement is a process of its own, so that its peak memory and its caches are its own; the conversations are
invented before the clock starts. "cold" reads everything, "warm" finds all readings in the cache, "re-score" does so
with other prices and another threshold. Import and start of the process count.
"""

from __future__ import annotations

import argparse
import cProfile
import io
import json
import os
import pstats
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from evalh.models import Offer, OfferPolicy, PolicySet, Price
    from evalh.runner import RunInputs, Source

SAMPLE = 300
"""Conversations of the breakdown."""
SEED = 7
PHASES = ("cold", "warm", "re-score")
COLUMNS = (
    "conversations", "encoder", "phase", "from cache", "seconds", "CPU s", "conv/s", "agent turns/s", "conv/CPU s",
    "peak MiB",
)  # fmt: skip
Row = dict[str, Any]
Value = TypeVar("Value")


# --- what a measured process does ---


def inputs_of(path: Path, encoder: str, *, changed: bool) -> RunInputs:
    """All shipped evaluators and the care scorecard over the conversations in `path`."""
    from evalh.encoder import load_encoder
    from evalh.gate.plan import in_use
    from evalh.models import EncoderConfig
    from evalh.reader.local import LocalReader
    from evalh.runner import RunInputs
    from evalh.workspace import Workspace

    space = Workspace.reference()
    policies = space.policies("brightwater-care")
    kind: Any = encoder
    return RunInputs(
        sources=sources(path),
        evaluators=in_use(space, space.evaluators_for()),
        reader=LocalReader(load_encoder(EncoderConfig(kind=kind))),
        policies=dearer(policies) if changed else policies,
        prompts={"v1": space.prompt("care", "v1")},
        scorecard=space.scorecard("care"),
        unsure_below=0.6 if changed else 0.5,
    )


def sources(path: Path) -> Iterator[Source]:
    """The conversations, streamed."""
    from evalh.models import Conversation
    from evalh.runner import Source

    with path.open("rb") as stream:
        for line in stream:
            yield Source(None, Conversation.model_validate_json(line))


def dearer(policies: PolicySet) -> PolicySet:
    """The same offers at other prices, which does not change what is read."""
    from evalh.models import PolicySet

    return PolicySet(versions=tuple(_dearer_version(version) for version in policies.versions))


def _dearer_version(version: OfferPolicy) -> OfferPolicy:
    return version.model_copy(update={"offers": tuple(_dearer_offer(offer) for offer in version.offers)})


def _dearer_offer(offer: Offer) -> Offer:
    return offer.model_copy(update={"price": _dearer_price(offer.price)}) if offer.price is not None else offer


def _dearer_price(price: Price) -> Price:
    return price.model_copy(update={"amount": str(Decimal(price.amount) + 1)})


def measure(path: Path, encoder: str, folder: Path, phase: str) -> Row:
    """One run through the runner; the phases share the cache in `folder`."""
    from evalh.runner import Progress, run
    from evalh.store.cache import ReadingCache

    last: list[Progress] = []
    inputs = inputs_of(path, encoder, changed=phase == "re-score")
    with ReadingCache(folder / "cache") as kept:
        result = run(inputs, folder / phase, cache=kept, progress=last.append)
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "conversations": result.manifest.conversations,
        "cached": last[-1].cached,
        "cpu": used.ru_utime + used.ru_stime,
        "peak_mib": used.ru_maxrss / 1024,
    }


# --- what the time goes into ---


class Clock:
    """CPU seconds by step, those of the encoder's threads added up."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def time(self, step: str, work: Callable[[], Value]) -> Value:
        """What `work` gives, its seconds added to `step`."""
        begun = time.process_time()
        value = work()
        self.seconds[step] = self.seconds.get(step, 0.0) + time.process_time() - begun
        return value


def breakdown(path: Path, folder: Path) -> dict[str, float]:
    """CPU seconds of each step, done for all conversations of `path` before the next step begins."""
    clock = Clock()
    inputs = clock.time("import and configuration", lambda: _imported(path))
    clock.time("rule files of the reader", lambda: inputs.reader.id)
    found = clock.time("parse the conversations", lambda: list(inputs.sources))
    _judge_in_steps(replace(inputs, sources=found), found, folder, clock)
    return clock.seconds


def _imported(path: Path) -> RunInputs:
    import evalh.cli.main
    import evalh.runner  # noqa: F401

    return inputs_of(path, "minilm", changed=False)


def _judge_in_steps(inputs: RunInputs, found: Sequence[Any], folder: Path, clock: Clock) -> None:
    from evalh.evaluator import evaluate_all
    from evalh.evaluator.scorecard import score_card
    from evalh.reader.local import LocalReader
    from evalh.reader.similar import answer_similar
    from evalh.runner.execute import context_of, item_of
    from evalh.runner.plan import manifest_of
    from evalh.runner.record import record_of

    encoder: Any = getattr(inputs.reader, "encoder", None)
    items = clock.time("policy and prompt of each", lambda: [item_of(inputs, source) for source in found])
    contexts = [context_of(inputs, item) for item in items]
    used = [one.evaluator for one in inputs.evaluators]
    asked = clock.time(
        "questions", lambda: [[question for one in used for question in one.questions(context)] for context in contexts]
    )
    held = [item.conversation for item in items]
    rules, reader = LocalReader(rules_only=True), LocalReader()
    clock.time("read: rules", lambda: rules.read(held, inputs.lexicon))
    clock.time("read: turn model", lambda: reader.scores(held))
    readings = inputs.reader.read(held, inputs.lexicon, ())
    clock.time("encoder: load", lambda: encoder.encode(["load"]))
    answers = clock.time("encoder: similarity questions", lambda: answer_similar(held, readings, asked, encoder))
    facts = [reading.model_copy(update={"answers": found}) for reading, found in zip(readings, answers, strict=True)]
    ready = [replace(context, facts=reading) for context, reading in zip(contexts, facts, strict=True)]
    for one in used:
        clock.time(f"evaluate: {one.name()}", lambda one=one: [evaluate_all([one], context) for context in ready])  # type: ignore[misc]
    scores = [evaluate_all(used, context) for context in ready]
    card = inputs.scorecard
    if card is not None:
        clock.time("scorecard", lambda: [score_card(card, rows) for rows in scores])
    run_id = manifest_of(inputs).run_id
    records = clock.time(
        "record: rows as lines",
        lambda: [record_of(run_id, *each) for each in zip(items, facts, scores, strict=True)],
    )
    clock.time("cache: put and get", lambda: _cached(folder / "steps", facts))
    clock.time("journal and results", lambda: _written(inputs, items, records, folder / "out"))


def _cached(folder: Path, readings: Sequence[Any]) -> None:
    from evalh.store.cache import ReadingCache

    with ReadingCache(folder) as cache:
        cache.put_all((str(index), reading) for index, reading in enumerate(readings))
        for index in range(len(readings)):
            cache.get(str(index))


def _written(inputs: RunInputs, items: Sequence[Any], records: Sequence[Row], out: Path) -> None:
    from evalh.runner.finish import write_results
    from evalh.runner.plan import manifest_of
    from evalh.store.journal import Journal

    out.mkdir()
    journal = Journal(out / "journal")
    done = {item.key: journal.append(record) for item, record in zip(items, records, strict=True)}
    write_results(out, manifest_of(inputs), journal, done, ())
    journal.close()


def profile(path: Path, encoder: str, folder: Path, lines: int) -> str:
    """The functions that take the most time of their own in a cold run, by cProfile, which slows small ones."""
    profiler = cProfile.Profile()
    inputs = inputs_of(path, encoder, changed=False)
    from evalh.runner import run

    profiler.runcall(run, inputs, folder / "profile")
    text = io.StringIO()
    stats = pstats.Stats(profiler, stream=text)
    stats.strip_dirs().sort_stats("tottime").print_stats(lines)
    stats.sort_stats("cumtime").print_stats(lines)
    return text.getvalue()


# --- what the parent does ---


def child(work: str, path: Path, encoder: str, folder: Path) -> Row:
    """What a process of its own tells of one measurement, and how long it took from start to end."""
    given = ["--child", work, "--file", str(path), "--encoder", encoder, "--folder", str(folder)]
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.throughput", *given], check=True, capture_output=True, text=True
    )
    found: Row = json.loads(done.stdout)
    return {**found, "seconds": time.perf_counter() - begun}


def in_child(work: str, path: Path, encoder: str, folder: Path) -> Row:
    """The measurement itself, in the process that is measured."""
    if work == "breakdown":
        return {"steps": breakdown(path, folder)}
    if work == "reading":
        return {"reading": read_all(path)}
    if work == "profile":
        return {"profile": profile(path, encoder, folder, 30)}
    return measure(path, encoder, folder, work)


def table_rows(path: Path, encoders: Sequence[str], repeat: int) -> Iterator[tuple[str, str, list[Row]]]:
    """For each encoder and phase its measurements."""
    for encoder in encoders:
        rounds = [_one_round(path, encoder) for _ in range(repeat)]
        for phase in PHASES:
            yield encoder, phase, [one[phase] for one in rounds]


def _one_round(path: Path, encoder: str) -> dict[str, Row]:
    with TemporaryDirectory() as folder:
        return {phase: child(phase, path, encoder, Path(folder)) for phase in PHASES}


def agent_turns(path: Path) -> int:
    """How many turns agents speak in a file."""
    with path.open(encoding="utf-8") as stream:
        return sum(turn["role"] == "agent" for line in stream for turn in json.loads(line)["turns"])


def print_table(path: Path, encoders: Sequence[str], repeat: int) -> None:
    """The table of one number of conversations, a line as soon as it is measured."""
    turns = agent_turns(path)
    for encoder, phase, rows in table_rows(path, encoders, repeat):
        seconds = statistics.median(row["seconds"] for row in rows)
        cpu = statistics.median(row["cpu"] for row in rows)
        peak = max(row["peak_mib"] for row in rows)
        count, cached = rows[0]["conversations"], rows[0]["cached"]
        print(
            f"| {count:,} | {encoder} | {phase} | {cached:,} | {seconds:.1f} | {cpu:.1f} | {count / seconds:.0f} "
            f"| {turns / seconds:,.0f} | {count / cpu:.0f} | {peak:.0f} |",
            flush=True,
        )


def read_all(path: Path) -> float:
    """Seconds that it takes a new reader to read everything, its weights and rules included."""
    from evalh.reader.local import LocalReader
    from evalh.workspace import Workspace

    conversations = [source.conversation for source in sources(path)]
    lexicon = Workspace.reference().policies("brightwater-care").lexicon
    begun = time.perf_counter()
    for _ in LocalReader().scored(conversations, lexicon):
        pass
    return time.perf_counter() - begun


def print_steps(path: Path) -> None:
    """The breakdown of the sample."""
    with TemporaryDirectory() as folder:
        steps = child("breakdown", path, "minilm", Path(folder))["steps"]
    total = sum(steps.values())
    print(f"\n| step ({SAMPLE} conversations) | CPU s | ms a conversation | share |\n|---|--:|--:|--:|")
    for step, seconds in steps.items():
        print(f"| {step} | {seconds:.2f} | {1000 * seconds / SAMPLE:.2f} | {seconds / total:.0%} |")


def main() -> None:
    """The command line."""
    given = arguments()
    if given.child:
        print(json.dumps(in_child(given.child, given.file, given.encoder[0], given.folder)))
        return
    with TemporaryDirectory() as folder:
        files = {count: _made(Path(folder), count) for count in (*given.conversations, SAMPLE)}
        print(f"{os.cpu_count()} cores, load {' '.join(f'{load:.1f}' for load in os.getloadavg())}, seed {SEED}\n")
        print(f"| {' | '.join(COLUMNS)} |\n|{'--:|' * len(COLUMNS)}")
        for count in given.conversations:
            print_table(files[count], given.encoder, given.repeat)
        print(f"\nload at the end {' '.join(f'{load:.1f}' for load in os.getloadavg())}")
        if given.steps:
            print_steps(files[SAMPLE])
        if given.reading:
            for count in given.conversations:
                seconds = child("reading", files[count], "minilm", Path(folder))["reading"]
                print(f"\nreading alone: {count} in {seconds:.1f} s, {count / seconds:.0f} conversations a second")
        if given.profile:
            print("\n" + child("profile", files[SAMPLE], given.encoder[0], Path(folder))["profile"])


def _made(folder: Path, count: int) -> Path:
    from benchmarks.make_conversations import write

    path = folder / f"{count}.jsonl"
    if not path.exists():
        write(path, count, SEED)
    return path


def arguments() -> argparse.Namespace:
    """What was asked on the command line."""
    parser = argparse.ArgumentParser(description="Measure throughput and memory; prints Markdown.")
    parser.add_argument("--conversations", type=int, nargs="*", default=[1000])
    parser.add_argument("--encoder", nargs="+", choices=("minilm", "none"), default=["minilm", "none"])
    parser.add_argument("--repeat", type=int, default=1, help="rounds; the median is told")
    parser.add_argument("--steps", action="store_true", help="also tell what the time goes into")
    parser.add_argument("--reading", action="store_true", help="also tell how fast everything is read, nothing judged")
    parser.add_argument("--profile", action="store_true", help="also profile a cold run with the first encoder")
    for hidden in ("--child", "--file", "--folder"):
        parser.add_argument(hidden, help=argparse.SUPPRESS, type=str if hidden == "--child" else Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
