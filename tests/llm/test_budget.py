from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from evalh.errors import Stopped, UserError
from evalh.llm.budget import Budget, Spent
from evalh.models.endpoint import Prices

PRICES = Prices(input=1.0, output=2.0, cached_input=0.5)


def test_a_budget_counts_calls_tokens_and_cost() -> None:
    budget = Budget(prices=PRICES)
    for _ in range(2):
        assert budget.take(budget.worst(1000, 1000))
        budget.settle(budget.worst(1000, 1000), Spent(input=100, cached=60, output=10))

    assert (budget.calls, budget.input_tokens, budget.cached_tokens, budget.output_tokens) == (2, 200, 120, 20)
    assert budget.cost == pytest.approx(2 * (40 * 1.0 + 60 * 0.5 + 10 * 2.0) / 1e6)


def test_the_call_after_the_last_one_stops_the_run() -> None:
    budget = Budget(max_calls=2)
    assert budget.take(0.0)
    assert budget.take(0.0)
    with pytest.raises(Stopped, match="limit of 2 calls is reached; what was done is kept: raise --max-calls and give"):
        budget.take(0.0)
    assert budget.calls == 2


def test_one_call_is_told_as_one() -> None:
    budget = Budget(max_calls=1)
    assert budget.take(0.0)
    with pytest.raises(Stopped, match="limit of 1 call is reached;"):
        budget.take(0.0)


def test_none_is_allowed_where_none_is_wanted() -> None:
    with pytest.raises(Stopped):
        Budget(max_calls=0).take(0.0)


def test_what_is_in_flight_counts_with_the_most_it_may_cost() -> None:
    budget = Budget(max_cost=1.0, prices=PRICES)
    assert budget.take(0.6)
    assert not budget.take(0.6)
    budget.settle(0.6, Spent(input=100_000))
    assert budget.take(0.6)


def test_a_call_that_could_pass_the_limit_is_not_made_even_alone() -> None:
    budget = Budget(max_cost=1.0, prices=PRICES)
    with pytest.raises(
        Stopped, match=r"0.0000 of 1.0000 USD are spent and the next call may cost 1.2000; .*--max-cost"
    ):
        budget.take(1.2)


def test_a_reply_that_never_came_may_have_cost_the_most() -> None:
    budget = Budget(max_cost=1.0, prices=PRICES)
    budget.take(0.6)
    budget.settle(0.6, None)
    assert budget.cost == 0.6
    with pytest.raises(Stopped):
        budget.take(0.6)


def test_a_limit_of_cost_needs_prices() -> None:
    with pytest.raises(UserError, match="add 'prices' to the judge"):
        Budget(max_cost=1.0)


def test_no_limit_is_passed_by_many_threads() -> None:
    budget = Budget(max_calls=500, max_cost=0.01, prices=PRICES)

    def spend(_: int) -> None:
        for _ in range(50):
            if budget.take(0.0001):
                budget.settle(0.0001, Spent(input=50))

    with ThreadPoolExecutor(8) as pool, pytest.raises(Stopped):
        list(pool.map(spend, range(40)))
    assert budget.calls == 500 or budget.cost > 0.0098
    assert budget.cost <= 0.01


# --- several endpoints ---

CHEAP = Prices(input=0.1, output=0.1)
EUROS = Prices(input=1.0, output=1.0, currency="EUR")


def test_each_endpoint_has_prices_of_its_own() -> None:
    budget = Budget(prices=PRICES)
    for prices in (CHEAP, None):
        worst = budget.worst(1000, 1000, prices)
        assert budget.take(worst, prices)
        budget.settle(worst, Spent(input=1_000_000), prices)

    assert budget.cost == pytest.approx(0.1 + 1.0)


def test_the_limit_tells_the_currency_of_the_call() -> None:
    with pytest.raises(Stopped, match=r"of 1.0000 EUR are spent and the next call may cost 2.0000"):
        Budget(max_cost=1.0, prices=EUROS).take(2.0, EUROS)


def test_a_budget_of_several_endpoints_needs_prices_of_all() -> None:
    with pytest.raises(UserError, match=r"add 'prices' to 'simulation.customer' in the config"):
        Budget.of(None, 1.0, {"agent": PRICES, "simulation.customer": None})


def test_a_budget_of_several_endpoints_needs_one_currency() -> None:
    with pytest.raises(UserError, match=r"one currency, found USD \('agent'\) and EUR \('judge'\); write all of them"):
        Budget.of(None, 1.0, {"agent": PRICES, "judge": EUROS})


def test_a_limit_of_cost_needs_a_model_that_is_asked() -> None:
    with pytest.raises(UserError, match="needs a model that is asked; leave --max-cost away"):
        Budget.of(5, 1.0, {})


def test_without_a_limit_of_cost_no_prices_are_needed() -> None:
    budget = Budget.of(2, None, {"agent": None, "judge": EUROS})

    assert (budget.max_calls, budget.max_cost, budget.prices) == (2, None, None)
    assert Budget.of(None, 1.0, {"agent": PRICES, "judge": CHEAP}).max_cost == 1.0


def test_a_run_that_was_stopped_tells_why_the_first_time() -> None:
    budget = Budget()
    budget.stop("the limit of 5 minutes is reached")
    budget.stop("another")
    with pytest.raises(Stopped, match=r"^the limit of 5 minutes is reached$"):
        budget.take(0.0)


def test_a_run_that_was_stopped_without_a_reason_can_go_on() -> None:
    budget = Budget()
    budget.stop()
    with pytest.raises(Stopped, match="give the same command again"):
        budget.take(0.0)
