"""That the server is what the other tests take it for."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.llama.server import KEY

pytestmark = [pytest.mark.extra, pytest.mark.allow_hosts(["127.0.0.1"])]


def ask(base_url: str, key: str = KEY, **body: Any) -> tuple[int, Any]:
    parts = urlsplit(base_url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
    try:
        text = json.dumps({"messages": [{"role": "user", "content": "Say yes."}], "max_tokens": 4, **body})
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        connection.request("POST", f"{parts.path}/chat/completions", text, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_it_answers_and_counts(llama: str) -> None:
    status, value = ask(llama)

    assert status == 200
    assert value["choices"][0]["message"]["content"]
    assert value["usage"]["prompt_tokens"] > 1


def test_it_wants_a_key(llama: str) -> None:
    assert ask(llama, key="sk-other")[0] == 401


def test_it_serves_any_model_name(llama: str) -> None:
    assert ask(llama, model="no-such-model")[0] == 200
