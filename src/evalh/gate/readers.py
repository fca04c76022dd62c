"""The reader that a configuration asks for, and what is known of the judge behind it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalh.gate.admission import admission
from evalh.models import JudgeConfig, JudgeInfo, ReaderConfig
from evalh.reader.load import Limits, load_reader
from evalh.reader.protocol import Reader
from evalh.runner.finish import REPLIES
from evalh.runner.readers import judge_of
from evalh.store.cache import default_cache_dir
from evalh.workspace import Workspace

if TYPE_CHECKING:
    from evalh.gate.live import Live

__all__ = ["Limits", "judge_info", "reader_of", "replies_in"]


def reader_of(
    reader: ReaderConfig,
    judge: JudgeConfig | None,
    *,
    limits: Limits | None = None,
    replies: Path | None = None,
    live: Live | None = None,
) -> Reader:
    """The reader, with the judge it asks where there is one. `replies`: where those are kept; None: nowhere.

    `live`: who holds the conversations that it reads. The judge is asked under its limits, and what its own reader
    encoded of them is not encoded again.
    """
    budget = live.budget if live is not None else None
    made = load_reader(reader, judge, limits=limits or Limits(), replies=replies, budget=budget)
    local: Any = getattr(made, "local", made)
    if live is not None and local.heads is not None:
        local.heads = live.reader.heads
    return made


def replies_in(folder: Path, *, no_cache: bool) -> Path:
    """Where a judge's replies are kept: in the cache, or without it in the run's own folder while the run goes on."""
    return folder / REPLIES if no_cache else default_cache_dir()


def judge_info(space: Workspace, reader: Reader) -> JudgeInfo | None:
    """The reader's judge as the manifest names it, with what its check found; None where it asks none."""
    judge = judge_of(reader)
    if judge is None:
        return None
    found = admission(space, reader)
    state = found.state if found is not None else "none"
    config, prices = judge.config, judge.config.prices
    return JudgeInfo(
        id=config.model,
        sha256=judge.sha256,
        base_url=config.base_url,
        check=state,
        currency=prices.currency if prices is not None else None,
    )
