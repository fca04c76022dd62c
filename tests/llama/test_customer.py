"""A customer played by a real model that is far too small for it: the way is real, what is said on it is poor."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tests.llama.server import KEY, NAME
from tests.simulator.playing import LEXICON, POLICIES, FakeAgent, FakeRecordings, config, play, trials

from evalh.agents.protocol import Brief
from evalh.models import Turn
from evalh.simulator.model import ModelCustomers
from evalh.simulator.model_prompt import MOST

pytestmark = [pytest.mark.extra, pytest.mark.allow_hosts(["127.0.0.1"])]
KEY_ENV = "EVALH_LLAMA_KEY"
UNUSABLE = ("truncated", "schema", "invalid_json", "empty", "out_of_range")


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_ENV, KEY)


def answers(turns: Sequence[Turn], _: Brief) -> str:
    return ("May I have the last four digits?", "The charge is off your bill now.")[min(1, len(turns) // 2)]


@pytest.mark.parametrize("decides", ["words", "both"])
def test_a_model_plays_the_customer_in_turns_of_the_shape_that_is_asked_for(llama: str, decides: str) -> None:
    customer = {"kind": "model", "model": NAME, "base_url": llama, "api_key_env": KEY_ENV, "decides": decides}
    simulation = config(
        customer={**customer, "max_tokens": 96, "timeout": 100, "concurrency": 1}, max_turns=2, attempts=1
    )
    assert simulation.customer.kind == "model"

    def customers() -> ModelCustomers:
        assert simulation.customer.kind == "model"
        return ModelCustomers(simulation.customer, LEXICON, POLICIES)

    recordings = FakeRecordings()
    played = play(FakeAgent(answers), customers(), recordings, config=simulation, these=trials(2))

    assert sum(one.asked for one in played) >= 1
    assert recordings.said
    for said in recordings.said.values():
        assert 0 < len(said.text) <= MOST
        assert said.moves
        assert said.input_tokens > 100
    for one in played:
        failure = one.simulation.failure
        assert failure is None or (failure.class_ in UNUSABLE and one.simulation.by == "customer")
