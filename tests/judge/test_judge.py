from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import wait
from pathlib import Path
from typing import Any

import pytest
from tests.judge.fake import FakeEndpoint, least, nonce, put

from evalh.errors import Stopped, UserError
from evalh.judge.facts import FactsSection
from evalh.judge.judge import Judge
from evalh.judge.picks import PicksSection, Query
from evalh.judge.rubrics import RubricsSection
from evalh.judge.tasks import Task
from evalh.judge.votes import NOT_FOUND, SURE
from evalh.llm import Budget, CallFailed, Request
from evalh.llm.budget import Spent
from evalh.models import Conversation, Failure, JudgeConfig, Prices, Question
from evalh.store.replies import KeptReply, ReplyStore
from evalh.testing import StubEndpoint, make_conversation, make_policy

LEXICON = make_policy().lexicon
TALK = make_conversation("C: my bill is wrong\nA: let me look")
LONG = make_conversation("C: hi there\nA: hello you\n" * 6, id="long")
RUBRIC = Question(kind="rubric", text="Is it warm?", scale=(1.0, 5.0))
CONFIG = JudgeConfig(model="m", prices=Prices(input=1.0, output=2.0))


OPEN: list[Judge] = []


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """No judge of a test outlives it."""
    yield
    while OPEN:
        OPEN.pop().close()


def task(talk: Conversation = TALK, *questions: Question) -> Task:
    return Task(talk, (FactsSection(LEXICON, talk), *(RubricsSection((question,)) for question in questions)))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReplyStore]:
    replies = ReplyStore(tmp_path / "kept")
    yield replies
    replies.close()


def judge(endpoint: FakeEndpoint | None = None, store: ReplyStore | None = None, **config: Any) -> Judge:
    made = Judge(CONFIG.model_copy(update=config), replies=store, endpoint=endpoint or FakeEndpoint())
    OPEN.append(made)
    return made


def test_a_conversation_is_one_call_for_all_its_sections() -> None:
    endpoint = FakeEndpoint()
    asked = judge(endpoint)

    outcome = asked.submit(task(TALK, RUBRIC)).result(timeout=5)
    asked.close()

    assert len(endpoint.requests) == outcome.calls == 1
    assert [fact.turn for fact in outcome.values["facts"]["moods"]] == [0]
    assert outcome.values[f"rubric_{RUBRIC.sha256[:12]}"][RUBRIC.sha256].value == 1.0
    assert (outcome.failure, outcome.windowed, outcome.calls_saved) == (None, False, 0)
    assert endpoint.closed


def test_what_it_took_is_shared_out_to_the_token() -> None:
    asked = judge()
    outcome = asked.submit(task(TALK, RUBRIC)).result(timeout=5)
    asked.close()

    facts, rubric = outcome.usage
    assert (facts.part, rubric.part) == ("facts", RUBRIC.sha256)
    assert facts.calls == rubric.calls == 1
    assert facts.input_tokens + rubric.input_tokens == 1000
    assert facts.cached_tokens + rubric.cached_tokens == 600
    assert facts.output_tokens + rubric.output_tokens == 100
    assert facts.input_tokens > rubric.input_tokens > 0
    assert facts.output_tokens > rubric.output_tokens > 0
    assert facts.cost is not None
    assert rubric.cost is not None
    assert facts.cost + rubric.cost == pytest.approx((1000 + 2 * 100) / 1e6)


def test_what_is_kept_is_not_asked_again_and_still_counted(store: ReplyStore) -> None:
    first, second = FakeEndpoint(), FakeEndpoint()
    one = judge(first, store).submit(task()).result(timeout=5)
    other = judge(second, store).submit(task()).result(timeout=5)

    assert second.requests == []
    assert (other.calls, other.calls_saved) == (1, 1)
    assert (other.values, other.usage) == (one.values, one.usage)
    assert one.calls_saved == 0


def test_a_reply_is_kept_before_its_outcome_is_known(store: ReplyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    keep = store.put

    def put_and_tell(key: str, reply: KeptReply) -> None:
        keep(key, reply)
        order.append(threading.current_thread().name)

    monkeypatch.setattr(store, "put", put_and_tell)
    future = judge(FakeEndpoint(), store).submit(task())
    future.add_done_callback(lambda _: order.append("known"))
    wait([future], timeout=5)

    assert order == ["evalh-calls", "known"]


@pytest.mark.parametrize(
    "change",
    [
        {"config": {"model": "other"}},
        {"config": {"base_url": "http://127.0.0.1:1/v1"}},
        {"config": {"seed": 3}},
        {"config": {"temperature": None}},
        {"config": {"extra_body": {"a": 1}}},
        {"config": {"max_tokens": 99}},
        {"config": {"redact": False}},
        {"config": {"output": "text"}},
        {"talk": make_conversation("C: my bill is wrong\nA: let me look", trial=1)},
        {"talk": make_conversation("C: my bill is right\nA: let me look")},
        {"questions": (RUBRIC,)},
        {"lexicon": make_policy(version="3", offers=[{"id": "X", "names": ["X"], "kind": "upsell"}]).lexicon},
    ],
)
def test_another_judge_conversation_question_or_policy_is_another_reply(
    store: ReplyStore, change: dict[str, Any]
) -> None:
    judge(FakeEndpoint(), store).submit(task()).result(timeout=5)
    endpoint, talk = FakeEndpoint(), change.get("talk", TALK)
    lexicon = change.get("lexicon", LEXICON)
    rubrics = [RubricsSection((question,)) for question in change.get("questions", ())]
    asked = Task(talk, (FactsSection(lexicon, talk), *rubrics))

    outcome = judge(endpoint, store, **change.get("config", {})).submit(asked).result(timeout=5)

    assert (len(endpoint.requests), outcome.calls_saved) == (1, 0)


@pytest.mark.parametrize("config", [{"concurrency": 2}, {"timeout": 5.0}, {"api_key_env": "OTHER"}, {"prices": None}])
def test_how_it_is_asked_does_not_make_another_judge(store: ReplyStore, config: dict[str, Any]) -> None:
    judge(FakeEndpoint(), store).submit(task()).result(timeout=5)
    endpoint = FakeEndpoint()

    other = judge(endpoint, store, **config)
    assert other.submit(task()).result(timeout=5).calls_saved == 1
    assert other.id == judge().id == f"m@{other.sha256[:12]}"
    assert endpoint.requests == []


@pytest.mark.parametrize("spoil", ["no json", '{"nonce": "x"}', ""])
def test_a_kept_reply_that_cannot_be_read_is_asked_for_again(store: ReplyStore, spoil: str) -> None:
    judge(FakeEndpoint(), store).submit(task()).result(timeout=5)
    get = store.get
    store.get = lambda key: (kept := get(key)) and kept.model_copy(update={"text": spoil})  # type: ignore[method-assign]
    endpoint = FakeEndpoint()

    outcome = judge(endpoint, store).submit(task()).result(timeout=5)

    assert (len(endpoint.requests), outcome.failure) == (1, None)


def test_what_failed_is_an_outcome_without_values_and_is_not_kept(store: ReplyStore) -> None:
    failure = Failure(class_="timeout", message="no answer", attempts=5)
    failed = judge(FakeEndpoint(lambda _: CallFailed(failure)), store).submit(task(TALK, RUBRIC)).result(timeout=5)

    assert (failed.failure, failed.values, failed.calls, failed.calls_saved) == (failure, {}, 5, 0)
    assert [row.calls for row in failed.usage] == [5, 5]
    assert sum(row.input_tokens for row in failed.usage) == 0
    endpoint = FakeEndpoint()
    assert judge(endpoint, store).submit(task(TALK, RUBRIC)).result(timeout=5).failure is None
    assert len(endpoint.requests) == 1


def test_what_a_failed_call_used_is_counted() -> None:
    failed = CallFailed(Failure(class_="schema", attempts=3), Spent(3000, 1800, 300))
    outcome = judge(FakeEndpoint(lambda _: failed)).submit(task(TALK, RUBRIC)).result(timeout=5)

    assert sum(row.input_tokens for row in outcome.usage) == 3000
    assert sum(row.cached_tokens for row in outcome.usage) == 1800
    assert sum(row.output_tokens for row in outcome.usage) == 300
    assert sum(row.cost or 0.0 for row in outcome.usage) == pytest.approx(0.0036)


@pytest.mark.parametrize("text", ["", "{}", "yes", '{"facts": {}}'])
def test_a_reply_that_never_fits_is_a_failure_and_is_not_kept(store: ReplyStore, text: str) -> None:
    outcome = judge(FakeEndpoint(lambda _: text), store).submit(task()).result(timeout=5)

    assert outcome.failure is not None
    assert outcome.failure.class_ in ("invalid_json", "schema")
    assert outcome.values == {}
    retried = FakeEndpoint()
    judge(retried, store).submit(task()).result(timeout=5)
    assert len(retried.requests) == 1


def test_every_attempt_has_a_number_of_its_own() -> None:
    told = iter(["{}", None])
    endpoint = FakeEndpoint(lambda request: next(told) or least(request))
    outcome = judge(endpoint).submit(task()).result(timeout=5)

    assert outcome.calls == 2
    assert len({nonce(request) for request in endpoint.requests}) == 2


def test_a_spent_budget_is_told_by_the_future() -> None:
    with pytest.raises(Stopped, match="enough"):
        judge(FakeEndpoint(lambda _: Stopped("enough"))).submit(task()).result(timeout=5)


def test_a_vote_that_is_stopped_stops_all_but_what_came_is_kept(store: ReplyStore) -> None:
    def answer(request: Request) -> Any:
        return least(request) if request.seed == 0 else Stopped("enough")

    with pytest.raises(Stopped):
        judge(FakeEndpoint(answer), store, votes=3).submit(task()).result(timeout=5)
    endpoint = FakeEndpoint()
    outcome = judge(endpoint, store, votes=3).submit(task()).result(timeout=5)

    assert sorted(request.seed or 0 for request in endpoint.requests) == [1, 2]
    assert (outcome.calls, outcome.calls_saved) == (3, 1)


def test_each_vote_has_its_seed_and_the_majority_counts() -> None:
    def answer(request: Request) -> Any:
        reply = least(request)
        mood = "frustrated" if request.seed in (7, 8) else "calm"
        put(reply, "facts.turns.0.mood", mood)
        put(reply, "facts.turns.0.proof", [{"of": "mood", "quote": "my bill is wrong"}])
        return put(reply, "facts.turns.0.sure", True)

    endpoint = FakeEndpoint(answer)
    outcome = judge(endpoint, votes=3, seed=7).submit(task()).result(timeout=5)

    (mood,) = outcome.values["facts"]["moods"]
    assert (mood.mood, mood.confidence) == ("frustrated", 0.6)
    assert sorted(request.seed or 0 for request in endpoint.requests) == [7, 8, 9]
    assert [row.calls for row in outcome.usage] == [3]


def test_one_vote_leaves_the_seed_as_configured() -> None:
    endpoint = FakeEndpoint()
    judge(endpoint, seed=7).submit(task()).result(timeout=5)
    assert endpoint.requests[0].seed is None


def test_a_vote_that_failed_fails_the_conversation() -> None:
    failure = Failure(class_="server", attempts=2)
    endpoint = FakeEndpoint(lambda request: CallFailed(failure) if request.seed == 1 else least(request))
    outcome = judge(endpoint, votes=3).submit(task()).result(timeout=5)
    assert (outcome.failure, outcome.values, outcome.calls) == (failure, {}, 4)


def test_a_long_conversation_is_asked_about_in_pieces_only_when_that_is_declared() -> None:
    endpoint = FakeEndpoint()
    whole = judge(endpoint).submit(task(LONG, RUBRIC)).result(timeout=5)
    assert (len(endpoint.requests), whole.windowed) == (1, False)

    pieces = FakeEndpoint()
    outcome = judge(pieces, window=6).submit(task(LONG, RUBRIC)).result(timeout=5)

    assert (len(pieces.requests), outcome.windowed) == (3, True)
    assert [fact.turn for fact in outcome.values["facts"]["moods"]] == [0, 2, 4, 6, 8, 10]
    assert outcome.values[f"rubric_{RUBRIC.sha256[:12]}"][RUBRIC.sha256].confidence == NOT_FOUND
    short = judge(FakeEndpoint(), window=6).submit(task()).result(timeout=5)
    assert short.windowed is False


def test_pieces_that_read_alike_are_kept_apart(store: ReplyStore) -> None:
    judge(FakeEndpoint(), store, window=4).submit(task(LONG)).result(timeout=5)
    endpoint = FakeEndpoint()
    outcome = judge(endpoint, store, window=4).submit(task(LONG)).result(timeout=5)
    assert (endpoint.requests, outcome.calls, outcome.calls_saved) == ([], 5, 5)


def test_personal_data_is_replaced_unless_it_is_declared_not_to_be() -> None:
    talk = make_conversation("C: my card is 4111 1111 1111 1111\nA: thanks")

    def answer(request: Request) -> Any:
        reply = put(least(request), "facts.turns.0.sure", True)
        intent = {"quote": "my card is <CARD_1>", "intent": "payment", "sure": True}
        return put(reply, "facts.turns.0.intents", [intent])

    endpoint, plain = FakeEndpoint(answer), FakeEndpoint()
    outcome = judge(endpoint).submit(task(talk)).result(timeout=5)
    judge(plain, redact=False).submit(task(talk)).result(timeout=5)

    assert "4111" not in json.dumps([message.content for message in endpoint.requests[0].messages])
    assert "4111" in plain.requests[0].messages[1].content
    (intent,) = outcome.values["facts"]["intents"]
    assert (intent.quote, intent.confidence) == ("my card is 4111 1111 1111 1111", SURE)


def test_many_conversations_are_asked_about_at_a_time() -> None:
    endpoint = FakeEndpoint(seconds=0.05)
    asked = judge(endpoint)
    futures = [asked.submit(task(make_conversation(f"C: number {number}"))) for number in range(40)]

    done, _ = wait(futures, timeout=1.9)

    assert len(done) == len(endpoint.requests) == 40


def test_the_estimate_is_of_what_would_be_asked_and_leaves_out_what_is_kept(store: ReplyStore) -> None:
    asked = judge(FakeEndpoint(), store)
    calls, given, made = asked.estimate(task())
    assert calls == 1
    assert 2_000 < given < 4_000
    assert 50 < made < 400
    assert judge(votes=2, window=6).estimate(task(LONG))[0] == 6
    assert asked.estimate(Task(TALK, (PicksSection([Query("q", 0, "mood", choices=("calm",))]),)))[2] < made

    asked.submit(task()).result(timeout=5)
    assert asked.estimate(task()) == (0, 0, 0)


def test_a_judge_that_is_not_asked_opens_nothing() -> None:
    threads = threading.active_count()
    asked = Judge(CONFIG)
    asked.estimate(task())
    asked.close()

    assert threading.active_count() == threads


def test_the_client_is_not_imported_before_the_first_call() -> None:
    script = (
        "import sys; from evalh.judge.judge import Judge; from evalh.models import JudgeConfig\n"
        "Judge(JudgeConfig(model='m')).close(); sys.exit(any(name in sys.modules for name in ('openai', 'httpx2')))"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_at_a_real_address_it_answers_counts_and_goes_on_from_what_is_kept(store: ReplyStore) -> None:
    budget = Budget(max_calls=2)
    talks = [make_conversation(f"C: number {number}\nA: ok") for number in range(3)]
    with StubEndpoint() as stub:
        config = CONFIG.model_copy(update={"base_url": stub.base_url, "api_key_env": None})
        asked = Judge(config, replies=store, budget=budget)
        assert [asked.submit(task(talk)).result(timeout=20).calls for talk in talks[:2]] == [1, 1]
        with pytest.raises(Stopped):
            asked.submit(task(talks[2])).result(timeout=20)
        asked.close()
        again = Judge(config, replies=store)
        outcomes = [again.submit(task(talk)).result(timeout=20) for talk in talks]
        again.close()

    assert len(stub.requests) == 3
    assert budget.calls == 2
    assert [outcome.calls_saved for outcome in outcomes] == [1, 1, 0]
    assert all(outcome.failure is None and outcome.usage[0].input_tokens > 1_000 for outcome in outcomes)


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_it_is_closed_at_once_also_while_it_waits_for_a_reply() -> None:
    with StubEndpoint(latency=30.0) as stub:
        asked = Judge(CONFIG.model_copy(update={"base_url": stub.base_url, "api_key_env": None}))
        future = asked.submit(task())
        while not stub.requests:
            time.sleep(0.01)
        began = time.monotonic()
        asked.close()

    assert future.cancelled()
    assert time.monotonic() - began < 5


def test_a_key_that_is_not_set_is_told_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    asked = Judge(CONFIG.model_copy(update={"api_key_env": "NO_SUCH_KEY"}))
    with pytest.raises(UserError, match="NO_SUCH_KEY"):
        asked.submit(task()).result(timeout=5)
    asked.close()
