"""What several commands are given: transcripts, an encoder, a day."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from evalh.cli.show import warn
from evalh.errors import BadConfig, BadInput, UserError
from evalh.importers import Imported, open_source
from evalh.models import Conversation, EncoderConfig
from evalh.store.cache import ReadingCache

SHOWN_REJECTED = 20


@dataclass
class Source:
    """Transcripts from somewhere; with `skip_bad`, records that cannot be read are counted and told."""

    path: str
    format: str | None = None
    mapping: Path | None = None
    skip_bad: bool = False
    rejected: list[BadInput] = field(default_factory=list)

    def items(self) -> Iterator[Imported]:
        """The conversations with their places; raises BadInput at a bad one, or collects it with `skip_bad`."""
        for item in open_source(self.path, self.format, self.mapping):
            if isinstance(item, Imported):
                yield item
            elif not self.skip_bad:
                raise item.error
            else:
                self.rejected.append(item.error)

    def conversations(self) -> Iterator[Conversation]:
        """The conversations alone."""
        return (item.conversation for item in self.items())

    def tell_rejected(self) -> None:
        """Say on stderr what was left out."""
        tell_rejected([str(error) for error in self.rejected])


def tell_rejected(problems: list[str]) -> None:
    """Count and list on stderr what was left out."""
    if not problems:
        return
    warn(f"left out {len(problems)} record{'' if len(problems) == 1 else 's'} that could not be read:")
    for problem in problems[:SHOWN_REJECTED]:
        warn(f"  {problem}")
    if len(problems) > SHOWN_REJECTED:
        warn(f"  and {len(problems) - SHOWN_REJECTED} more")


def refuse_nothing(conversations: int) -> None:
    """Raise when not one conversation was judged, which must not look like success."""
    if not conversations:
        raise UserError("no conversation was judged; give at least one that can be read")


def encoder_config(name: str) -> EncoderConfig:
    """The encoder a user names: minilm, none, or a sentence-transformers model."""
    if name == "minilm":
        return EncoderConfig(kind="minilm")
    if name == "none":
        return EncoderConfig(kind="none")
    return EncoderConfig(kind="sentence-transformers", model=None if name == "sentence-transformers" else name)


def day(text: str | None) -> date | None:
    """The day a user gives as 2026-10-31."""
    try:
        return date.fromisoformat(text) if text is not None else None
    except ValueError:
        raise BadConfig(f"{text!r} is no day", field="--as-of", remedy="write it as 2026-10-31") from None


@contextmanager
def reading_cache(no_cache: bool) -> Iterator[ReadingCache | None]:
    """The cache of readings; None when it is not wanted."""
    if no_cache:
        yield None
        return
    with ReadingCache() as cache:
        yield cache


@contextmanager
def results_in(out: Path | None) -> Iterator[Path]:
    """The folder for results; without `out` one that is gone afterwards."""
    if out is not None:
        yield out
        return
    with TemporaryDirectory(prefix="evalh-") as folder:
        yield Path(folder)
