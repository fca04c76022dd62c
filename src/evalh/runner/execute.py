"""Runs the evaluators over a stream of conversations, in batches, so that a run of any size fits in memory.

Each judged conversation is journalled as it is done; a run that was killed goes on from there. A reader that can begin
has the next batches begun while the oldest is judged, so that waiting for a judge and working overlap.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from threading import Timer
from typing import NamedTuple

from evalh.errors import BadInput, UserError
from evalh.evaluator import EvalContext, ask, evaluate_one
from evalh.evaluator.run import errored_all
from evalh.evaluator.scorecard import score_card
from evalh.models import Case, Conversation, Failure, Manifest, Prompt, Question, Reading, RejectedInput, Score
from evalh.redact import Redactor
from evalh.runner.asked import asked_of
from evalh.runner.finish import JOURNAL, MANIFEST, clear_results, write_results
from evalh.runner.plan import RunInputs, Source, changes, check_inputs, manifest_of
from evalh.runner.readers import asks_judge, begin, calls_saved, close_reader, concurrency_of, stop_reader
from evalh.runner.record import Item, Key, record_of
from evalh.runner.result import RunResult, load_run, read_manifest
from evalh.store.atomic import write_json
from evalh.store.cache import ReadingCache, reading_key
from evalh.store.journal import Journal
from evalh.workspace.policies import in_force

BATCH = 64
BEGUN_AT_ONCE = 8
"""Conversations a batch where a judge is asked: the sooner it has them, the less it waits."""
AHEAD = 64
"""So many conversations are begun before the oldest batch is waited for, or four for each call at a time."""
GRACE = 10.0
"""Seconds that calls in flight have to end when a run stops."""


@dataclass(frozen=True)
class Progress:
    """How far a run is."""

    conversations: int
    resumed: int
    """How many of them an earlier, interrupted run had judged."""
    cached: int
    """How many readings came from the cache."""
    rejected: int


class Kept(NamedTuple):
    """Where a judged conversation stands in the journal, and the digest of what was judged."""

    offset: int
    sha256: str


@dataclass
class _State:
    inputs: RunInputs
    manifest: Manifest
    journal: Journal
    cache: ReadingCache | None
    known: dict[Key, Kept]
    done: dict[Key, int] = field(default_factory=dict)
    rejected: list[RejectedInput] = field(default_factory=list)
    resumed: int = 0
    cached: int = 0
    saved: int = 0
    """How many calls the reader had saved when the last conversation was journalled."""

    def progress(self) -> Progress:
        return Progress(len(self.done), self.resumed, self.cached, len(self.rejected))


def run(
    inputs: RunInputs,
    out_dir: Path,
    *,
    resume: bool = True,
    cache: ReadingCache | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> RunResult:
    """Judge every conversation of `inputs` and leave the results in `out_dir`.

    With `resume`, what an interrupted run of the same inputs judged is kept; without, it begins anew. `progress` is
    called after each batch. Raises UserError when `out_dir` holds another run, or a conversation cannot be judged;
    what was judged until then, or until an interrupt, stays in the journal.
    """
    check_inputs(inputs)
    manifest = manifest_of(inputs)
    _make(out_dir)
    with closing(Journal(out_dir / JOURNAL)) as opened:
        journal = _begin(opened, out_dir, manifest, resume)
        state = _State(inputs, manifest, journal, cache, _known(journal))
        try:
            _judge_all(state, progress)
            simulated = inputs.simulated() if inputs.simulated is not None else None
            write_results(out_dir, manifest, journal, state.done, state.rejected, simulated)
        except BaseException:
            write_json(out_dir / MANIFEST, manifest.model_copy(update={"status": "interrupted"}))
            raise
    return load_run(out_dir)


# --- beginning, or going on ---


def _make(out_dir: Path) -> None:
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{out_dir}: cannot be made ({error.strerror}); choose another folder with --out") from error


def _begin(journal: Journal, out_dir: Path, manifest: Manifest, resume: bool) -> Journal:
    old = read_manifest(out_dir)
    same = old is not None and old.run_id == manifest.run_id
    if old is not None and not same and resume and (old.status == "complete" or len(journal)):
        if not len(journal):
            journal.remove()
        raise UserError(_other_run(out_dir, old, manifest))
    if not (resume and same):
        journal.clear()
        clear_results(out_dir)
    write_json(out_dir / MANIFEST, manifest)
    return journal


def _other_run(out_dir: Path, old: Manifest, new: Manifest) -> str:
    differences = "; ".join(changes(old, new)) or f"the run id: {old.run_id} → {new.run_id}"
    return f"{out_dir} holds another run ({differences}); choose another folder with --out, or give --fresh"


def _known(journal: Journal) -> dict[Key, Kept]:
    """What was judged; where a judge failed it is asked again."""
    records = ((offset, record) for offset, record in journal.entries() if not record.get("again"))
    return {Key(*record["key"]): Kept(offset, record["sha256"]) for offset, record in records}


# --- the stream ---


class Asked(NamedTuple):
    """The questions of all evaluators, who asked each, and the rows of those evaluators that could not ask theirs."""

    questions: Sequence[Question]
    by: Mapping[str, str]
    failed: Mapping[str, list[Score]]


@dataclass
class _Batch:
    """Conversations whose reading has begun: `found` is what the cache holds, `collect` waits for the others."""

    items: Sequence[Item]
    contexts: Sequence[EvalContext]
    asked: Sequence[Asked]
    keys: Sequence[str]
    found: Mapping[str, Reading]
    collect: Callable[[], list[Reading]]


def _judge_all(state: _State, progress: Callable[[Progress], None] | None) -> None:
    reader = state.inputs.reader
    judged = asks_judge(reader)
    size = BEGUN_AT_ONCE if judged else BATCH
    ahead = max(AHEAD, 4 * concurrency_of(reader)) if judged else 0
    state.saved = calls_saved(reader)
    items, begun = _items(state), deque[_Batch]()
    try:
        while batch := list(islice(items, size)):
            begun.append(_begin_batch(state, batch))
            while begun and sum(len(one.items) for one in begun) > ahead:
                _finish_first(state, begun, progress)
        while begun:
            _finish_first(state, begun, progress)
    except BaseException:
        _wind_up(state, begun)
        raise


def _finish_first(state: _State, begun: deque[_Batch], progress: Callable[[Progress], None] | None) -> None:
    _finish(state, begun[0])
    begun.popleft()
    if progress is not None:
        progress(state.progress())


def _wind_up(state: _State, begun: Sequence[_Batch]) -> None:
    """Keep what is still being answered, as far as it comes within the grace; nothing more is asked."""
    if not begun:
        return
    reader = state.inputs.reader
    stop_reader(reader)
    timer = Timer(GRACE, close_reader, [reader])
    timer.daemon = True
    timer.start()
    try:
        for batch in begun:
            with suppress(Exception):  # what ended the run is told, not what it left unfinished
                _finish(state, batch)
    finally:
        timer.cancel()


def _items(state: _State) -> Iterator[Item]:
    """The conversations that are still to be judged."""
    for source in state.inputs.sources:
        if isinstance(source, RejectedInput):
            state.rejected.append(source)
            continue
        item = _item_or_rejected(state, source)
        if item is None or _was_judged(state, item):
            continue
        if item.failure is not None:
            _record_failed(state, item, item.failure)
        else:
            yield item


def _item_or_rejected(state: _State, source: Source) -> Item | None:
    try:
        item = _new(state, item_of(state.inputs, source))
    except BadInput as error:
        if not state.inputs.skip_bad:
            raise
        place = error.file or source.conversation.id
        state.rejected.append(RejectedInput(place=place, problem=error.problem))
        return None
    state.done[item.key] = -1
    return item


def _new(state: _State, item: Item) -> Item:
    if item.key in state.done:
        raise BadInput(f"{_who(item.key)} comes twice", remedy="give each conversation an id of its own")
    return item


def _was_judged(state: _State, item: Item) -> bool:
    kept = state.known.get(item.key)
    if kept is None or kept.sha256 != item.conversation.sha256:
        return False
    state.done[item.key] = kept.offset
    state.resumed += 1
    return True


def item_of(inputs: RunInputs, source: Source) -> Item:
    """The conversation with its policy version and prompt. Raises BadInput when it cannot be judged with them."""
    version, conversation, case, failure = source
    conversation = _completed(conversation, case)
    version = version or conversation.agent.prompt_version
    case_id = case.id if case is not None else conversation.case
    key = Key(version, case_id, conversation.trial, conversation.id)
    prompt = inputs.prompts.get(version) if version is not None else None
    _check_prompt(key, conversation, prompt)
    policies = inputs.policies
    applies = in_force(policies, conversation, inputs.as_of) if policies is not None else None
    return Item(key, conversation, case, applies, prompt, failure)


def _completed(conversation: Conversation, case: Case | None) -> Conversation:
    """The conversation with what only its case says about the customer and the day."""
    if case is None:
        return conversation
    fields = dict(conversation)
    for name in ("persona", "customer", "started_at"):
        if fields[name] is None:
            fields[name] = getattr(case, name)
    fields["facets"] = {**case.facets, **conversation.facets}
    return Conversation.model_construct(**fields)


def _check_prompt(key: Key, conversation: Conversation, prompt: Prompt | None) -> None:
    recorded = conversation.prompt_sha256 or conversation.agent.prompt_sha256
    if prompt is None or recorded is None or recorded == prompt.sha256:
        return
    digests = f"sha256 {recorded[:12]}…, now {prompt.sha256[:12]}…"
    problem = f"{_who(key)} was recorded with another version of prompt {prompt.version} ({digests})"
    raise BadInput(problem, remedy="record it again or restore the prompt")


def _who(key: Key) -> str:
    version = f" of prompt version {key.prompt_version}" if key.prompt_version is not None else ""
    return f"the conversation {key.conversation_id!r}{version}"


# --- one batch ---


def _begin_batch(state: _State, items: Sequence[Item]) -> _Batch:
    inputs = state.inputs
    contexts = [context_of(inputs, item) for item in items]
    asked = [ask_all(inputs, context) for context in contexts]
    keys = [cache_key(inputs, item, one.questions) for item, one in zip(items, asked, strict=True)]
    cached = {key: state.cache.get(key) for key in keys} if state.cache is not None else {}
    found = {key: reading for key, reading in cached.items() if reading is not None}
    missing = [index for index, key in enumerate(keys) if key not in found]
    state.cached += len(items) - len(missing)
    collect = begin(
        inputs.reader,
        [items[index].conversation for index in missing],
        inputs.lexicon,
        [asked[index].questions for index in missing],
    )
    return _Batch(items, contexts, asked, keys, found, collect)


def _finish(state: _State, batch: _Batch) -> None:
    missing = [key for key in batch.keys if key not in batch.found]
    new = dict(zip(missing, batch.collect(), strict=True))
    whole = [(key, reading) for key, reading in new.items() if reading.unread is None]
    if state.cache is not None and whole:
        state.cache.put_all(whole)
    for index, key in enumerate(batch.keys):
        known = batch.found.get(key)
        if state.done[batch.items[index].key] < 0:
            _record(state, batch, index, known or new[key], saved=known.calls if known is not None else 0)


def _record(state: _State, batch: _Batch, index: int, reading: Reading, saved: int) -> None:
    item, asked = batch.items[index], batch.asked[index]
    scores = judge(state.inputs, replace(batch.contexts[index], facts=reading), asked.failed)
    redactor = Redactor() if state.inputs.redact else None
    record = record_of(state.manifest.run_id, item, reading, scores, redactor)
    so_far = calls_saved(state.inputs.reader)
    saved, state.saved = saved + so_far - state.saved, so_far
    again = {"again": True} if reading.unread is not None else {}
    state.done[item.key] = state.journal.append({**record, **asked_of(reading, asked.by, saved), **again})


def _record_failed(state: _State, item: Item, failure: Failure) -> None:
    """A conversation that was not held to its end: nothing is read, and nothing is said of it but why."""
    inputs = state.inputs
    reading = Reading(
        conversation=item.conversation.id,
        conversation_sha256=item.conversation.sha256,
        reader=inputs.reader.id,
        encoder=inputs.reader.encoder_id,
        lexicon_sha256=inputs.lexicon.sha256,
        read=False,
        why_unread=f"the conversation failed: {failure.class_}",
    )
    scores = [row for used in inputs.evaluators for row in errored_all(used.evaluator, failure)]
    if inputs.scorecard is not None:
        scores += score_card(inputs.scorecard, scores)
    record = record_of(state.manifest.run_id, item, reading, scores, Redactor() if inputs.redact else None)
    state.done[item.key] = state.journal.append({**record, "again": True})


def context_of(inputs: RunInputs, item: Item) -> EvalContext:
    """What evaluators may look at, before the conversation is read."""
    return EvalContext(
        conversation=item.conversation,
        policies=inputs.policies,
        in_force=item.in_force,
        system_prompt=item.prompt,
        case=item.case,
        unsure_below=inputs.unsure_below,
    )


def ask_all(inputs: RunInputs, context: EvalContext) -> Asked:
    """What is asked of the reader; a rubric only where a judge can apply it."""
    judged = asks_judge(inputs.reader)
    asked: dict[str, Question] = {}
    by: dict[str, str] = {}
    failed: dict[str, list[Score]] = {}
    for used in inputs.evaluators:
        name = used.evaluator.name()
        questions, rows = ask(used.evaluator, context)
        for question in (one for one in questions if judged or one.kind != "rubric"):
            asked.setdefault(question.sha256, question)
            by.setdefault(question.sha256, name)
        if rows:
            failed[name] = rows
    return Asked(list(asked.values()), by, failed)


def cache_key(inputs: RunInputs, item: Item, questions: Iterable[Question]) -> str:
    """The key of the conversation's reading in the cache."""
    return reading_key(
        item.conversation.sha256,
        reader=inputs.reader.id,
        encoder=inputs.reader.encoder_id,
        lexicon_sha256=inputs.lexicon.sha256,
        questions=questions,
    )


def judge_one(inputs: RunInputs, source: Source) -> tuple[Reading, list[Score]]:
    """The reading and rows of one conversation, of which nothing is kept; raises BadInput as `run` does."""
    check_inputs(inputs)
    item = item_of(inputs, source)
    context = context_of(inputs, item)
    asked = ask_all(inputs, context)
    (reading,) = inputs.reader.read([item.conversation], inputs.lexicon, [asked.questions])
    return reading, judge(inputs, replace(context, facts=reading), asked.failed)


def judge(inputs: RunInputs, context: EvalContext, failed: Mapping[str, list[Score]]) -> list[Score]:
    """The rows of every evaluator, those in `failed` as they are there, and of the scorecard."""
    scores: list[Score] = []
    for used in inputs.evaluators:
        scores += failed.get(used.evaluator.name()) or evaluate_one(used.evaluator, context)
    return [*scores, *score_card(inputs.scorecard, scores)] if inputs.scorecard is not None else scores
