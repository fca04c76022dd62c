"""The client of models against a real server and a real model: what stubs can only imitate."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.llama.server import CONTEXT, KEY, NAME

from evalh.llm import Answer, CallFailed, Message, Request
from evalh.llm.client import Endpoint
from evalh.models import EndpointConfig

pytestmark = [pytest.mark.extra, pytest.mark.allow_hosts(["127.0.0.1"])]
KEY_ENV = "EVALH_LLAMA_KEY"
SCHEMA = {
    "type": "object",
    "properties": {
        "answer": {"type": "string", "enum": ["yes", "no"]},
        "why": {"type": "string", "maxLength": 40},
        "turn": {"type": "integer", "minimum": 0, "maximum": 9},
    },
    "required": ["answer", "why", "turn"],
    "additionalProperties": False,
}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_ENV, KEY)


def ask(
    base_url: str, said: str, *, read: Callable[[str], Any] = str, schema: Any = None, **config: Any
) -> Answer[Any]:
    request = Request((Message("system", "You judge conversations."), Message("user", said)), schema)
    settings = {"model": NAME, "max_tokens": 96, "timeout": 100, **config}

    async def asked() -> Answer[Any]:
        endpoint = Endpoint(EndpointConfig(base_url=base_url, api_key_env=KEY_ENV, **settings))
        try:
            return await endpoint.ask(lambda _: (request, read))
        finally:
            await endpoint.aclose()

    return asyncio.run(asked())


def failure(base_url: str, said: str, **config: Any) -> tuple[str, int | None]:
    with pytest.raises(CallFailed) as failed:
        ask(base_url, said, **config)
    return failed.value.failure.class_, failed.value.failure.http


@pytest.mark.parametrize("said", ["Was the agent polite?", "The agent said: no thanks.", '{"answer": 7}'])
def test_structured_output_has_the_shape_of_the_schema(llama: str, said: str) -> None:
    answer = ask(llama, said, schema=SCHEMA, read=json.loads)

    assert set(answer.value) == {"answer", "why", "turn"}
    assert answer.value["answer"] in ("yes", "no")
    assert 0 <= answer.value["turn"] <= 9
    assert len(answer.value["why"]) <= 40
    assert answer.attempts == 1


def test_tokens_are_counted_by_the_server(llama: str) -> None:
    short, long = (ask(llama, "Say yes. " * times, max_tokens=16) for times in (1, 40))

    assert 0 < short.input_tokens < long.input_tokens
    assert 0 < short.output_tokens <= 16


def test_the_same_seed_gives_the_same_reply(llama: str) -> None:
    first, second = (ask(llama, "Tell me of a bill.", seed=7, temperature=1.0, max_tokens=24).text for _ in range(2))

    assert first == second


def test_a_wrong_key(llama: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_ENV, "sk-other")

    assert failure(llama, "Say yes.") == ("auth", 401)


def test_no_key(llama: str) -> None:
    endpoint = Endpoint(EndpointConfig(base_url=llama, model=NAME, api_key_env=None))
    request = Request((Message("user", "Say yes."),))

    async def asked() -> None:
        try:
            await endpoint.ask(lambda _: (request, str))
        finally:
            await endpoint.aclose()

    with pytest.raises(CallFailed) as failed:
        asyncio.run(asked())
    assert failed.value.failure.class_ == "auth"


def test_a_prompt_that_is_too_long(llama: str) -> None:
    assert failure(llama, "word " * (CONTEXT + 500)) == ("context_overflow", 400)


def test_a_reply_that_is_cut_at_its_limit(llama: str) -> None:
    with pytest.raises(CallFailed) as failed:
        ask(llama, "Tell me of a bill.", max_tokens=16, extra_body={"ignore_eos": True})

    assert failed.value.failure.class_ == "truncated"
    assert failed.value.failure.finish_reason == "length"


def test_an_unknown_model_is_served_all_the_same(llama: str) -> None:
    """So that the model's name in an answer is never believed."""
    assert ask(llama, "Say yes.", model="no-such-model", schema=SCHEMA, read=json.loads).value["answer"]
