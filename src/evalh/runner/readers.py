"""What the runner needs of a reader beyond reading: whether a judge is asked, beginning ahead, stopping, closing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from evalh.encoder import Encoder
from evalh.models import Conversation, Lexicon, Question, Reading
from evalh.reader.protocol import Ahead, Reader

CONCURRENCY = 8
"""The calls at a time of a judge that does not say."""


def asks_judge(reader: Reader) -> bool:
    """Whether a judge answers what the reader cannot."""
    return judge_of(reader) is not None


def judge_of(reader: Reader) -> Any:
    """The judge that the reader asks; None where it asks none."""
    return getattr(reader, "judge", None)


def concurrency_of(reader: Reader) -> int:
    """How many calls its judge has at a time."""
    config = getattr(judge_of(reader), "config", None)
    return int(getattr(config, "concurrency", CONCURRENCY))


def calls_saved(reader: Reader) -> int:
    """How many calls were not made because their replies were kept."""
    return int(getattr(reader, "calls_saved", 0))


def encoder_of(reader: Reader) -> Encoder | None:
    """The sentence encoder that it uses, if it uses one."""
    encoder: Encoder | None = getattr(getattr(reader, "local", reader), "encoder", None)
    return encoder


def begin(
    reader: Reader, conversations: Sequence[Conversation], lexicon: Lexicon, questions: Sequence[Sequence[Question]]
) -> Callable[[], list[Reading]]:
    """Begin to read; what is given waits for the readings. A reader that cannot begin reads only then."""
    if not conversations:
        return list
    if isinstance(reader, Ahead):
        return reader.begin(conversations, lexicon, questions)
    return lambda: reader.read(conversations, lexicon, questions)


def stop_reader(reader: Reader) -> None:
    """Ask nothing more; what is in flight may end."""
    budget = getattr(judge_of(reader), "budget", None)
    if budget is not None:
        budget.stop()


def close_reader(reader: Reader) -> None:
    """Let go of what the reader holds: connections, threads, files. Whoever waits for it no longer does."""
    close = getattr(reader, "close", None)
    if close is not None:
        close()


@contextmanager
def closing_reader(reader: Reader) -> Iterator[Reader]:
    """The reader, closed at the end."""
    try:
        yield reader
    finally:
        close_reader(reader)
