"""The reader a configuration asks for, with a real judge against an endpoint on this machine, or with none at all."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from evalh.errors import Stopped, UserError
from evalh.models import JudgeConfig, Question, ReaderConfig
from evalh.models.config import EncoderConfig
from evalh.reader.judged import CascadeReader, JudgeReader
from evalh.reader.load import Limits, load_reader
from evalh.reader.local import LocalReader
from evalh.testing import make_conversation, make_policy
from evalh.testing.endpoint import StubEndpoint
from evalh.testing.faults import Fault

LEXICON = make_policy().lexicon
NO_ENCODER = EncoderConfig(kind="none")
RUBRIC = Question(kind="rubric", text="Was the agent fair?")
TALK = make_conversation("C: my bill is wrong\nA: Fixed. Would you like Fiber 500 for $49.99 a month?\nC: hm, maybe")


def config(kind: str) -> ReaderConfig:
    return ReaderConfig.model_validate({"kind": kind, "encoder": NO_ENCODER})


def judge(stub: StubEndpoint, **fields: object) -> JudgeConfig:
    given = {"base_url": stub.base_url, "model": "stub", "api_key_env": None, "timeout": 20}
    return JudgeConfig.model_validate({**given, **fields})


def asking(kind: str, asked: JudgeConfig, **more: Any) -> closing[JudgeReader | CascadeReader]:
    reader = load_reader(config(kind), asked, **more)
    assert not isinstance(reader, LocalReader)
    return closing(reader)


@pytest.fixture
def stub() -> Iterator[StubEndpoint]:
    with StubEndpoint() as endpoint:
        yield endpoint


def test_without_a_judge_the_reader_is_local_and_nothing_that_calls_a_model_is_imported() -> None:
    script = """
import sys
from evalh.models import ReaderConfig
from evalh.reader.load import load_reader
reader = load_reader(ReaderConfig())
assert type(reader).__name__ == "LocalReader", reader
found = [name for name in sys.modules if name.split(".")[0] in ("openai", "httpx", "httpx2", "asyncio")]
found += [name for name in sys.modules if name.startswith(("evalh.llm", "evalh.judge", "evalh.redact"))]
assert not found, found
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_reader_that_needs_a_judge_says_so() -> None:
    with pytest.raises(UserError, match=r"needs a judge; add 'judge: \{model: NAME\}'"):
        load_reader(config("cascade"))


def test_a_limit_of_cost_needs_prices() -> None:
    asked = JudgeConfig(model="stub")
    with pytest.raises(UserError, match="prices"):
        load_reader(config("judge"), asked, limits=Limits(max_cost=1.0))


@pytest.mark.parametrize(("kind", "below"), [("local", 0.0), ("cascade", 0.7)])
def test_a_local_reader_with_a_judge_asks_for_rubrics_only(kind: str, below: float) -> None:
    with asking(kind, JudgeConfig(model="stub", ask_below=0.7)) as reader:
        assert isinstance(reader, CascadeReader)
        assert reader.ask_below == below


def test_making_and_closing_a_reader_opens_nothing() -> None:
    with asking("judge", JudgeConfig(model="stub")) as reader:  # sockets are blocked in this test
        assert isinstance(reader, JudgeReader)
        assert isinstance(reader.local, LocalReader)


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_judge_reads_over_a_real_connection_and_its_replies_are_kept(stub: StubEndpoint, tmp_path: Path) -> None:
    for saved in (0, 1):
        with asking("judge", judge(stub), replies=tmp_path) as reader:
            (found,) = reader.read([TALK], LEXICON, [[RUBRIC]])

        assert found.unread is None
        assert found.calls == 1
        assert {register.source for register in found.registers} == {"judge"}
        assert found.answers[RUBRIC.sha256].source == "judge"
        assert reader.calls_saved == saved
    assert len(stub.requests) == 1


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_cascade_asks_over_a_real_connection(stub: StubEndpoint) -> None:
    with asking("cascade", judge(stub, ask_below=0.95)) as reader:
        (found,) = reader.read([TALK], LEXICON, [[RUBRIC]])

    assert (found.unread, found.calls, len(stub.requests)) == (None, 1, 1)


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_refused_key_leaves_facts_unread() -> None:
    with StubEndpoint(faults=Fault.UNAUTHORIZED) as stub, asking("judge", judge(stub)) as reader:
        (found,) = reader.read([TALK], LEXICON)

    assert found.unread is not None
    assert found.unread.failure.class_ == "auth"


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_limit_of_calls_stops_the_reading(stub: StubEndpoint) -> None:
    with (
        asking("judge", judge(stub), limits=Limits(max_calls=1)) as reader,
        pytest.raises(Stopped, match="--max-calls"),
    ):
        reader.read([TALK, make_conversation("C: hello\nA: good day")], LEXICON)
