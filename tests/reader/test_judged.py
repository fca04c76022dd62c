"""Readers that ask a judge: one call a conversation, none where there is nothing to ask, and failures that are told."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

import pytest
from tests.reader.fake_judge import FAILED, FakeJudge

from evalh.encoder import load_encoder
from evalh.errors import Stopped
from evalh.evaluator import EvalContext
from evalh.evaluator.base import Withheld
from evalh.judge.picks import Picked
from evalh.judge.tasks import Outcome, Task
from evalh.models import Conversation, EncoderConfig, Evidence, Mood, OfferAct, OfferReply, Question, Reading
from evalh.reader.judged import NOTHING_SAID, CascadeReader, JudgeReader
from evalh.reader.local import LocalReader
from evalh.reader.merge import FOLLOWING, GIVEN
from evalh.reader.protocol import Ahead
from evalh.testing import make_conversation, make_policy

LEXICON = make_policy().lexicon
LOCAL = LocalReader(rules_only=True)
TALK = make_conversation(
    """
    C: my bill is wrong
    A: That is fixed now. Would you like Fiber 500 for $49.99 a month?
    C: no thanks
    A: All right. Anything else?
    C: no that's all, thank you
    """,
    id="talk",
)
SURE = make_conversation("C: no thanks\nA: ok", id="sure")
RUBRIC = Question(kind="rubric", text="Was the agent fair?", scale=(1.0, 5.0))
SIMILAR = Question(kind="similar", text="Would you like Fiber 500", pitches_of="FIBER-500")


def judge_facts(name: str, task: Task) -> Any:
    """A pitch at turn 3 that no rule sees, and a refusal."""
    place = {"confidence": 0.9, "source": "judge"}
    return {
        "acts": (OfferAct.model_validate({"turn": 3, "offer": "FIBER-500", "act": "pitch", **place}),),
        "replies": (OfferReply.model_validate({"turn": 4, "offer": "FIBER-500", "reply": "refuse", **place}),),
        "moods": (Mood.model_validate({"turn": 0, "mood": "frustrated", **place}),),
    }


def scripted(name: str, task: Task) -> Any:
    if name == "facts":
        return judge_facts(name, task)
    if name == "picks":
        place = {"turn": 1, "start": 0, "end": 4, "quote": "That"}
        return {query.id: Picked(query.choices[0], Evidence(**place), 0.9) for query in _queries(task)}
    return FakeJudge().script(name, task)


def _queries(task: Task) -> Sequence[Any]:
    return next(section.queries for section in task.sections if section.name == "picks")  # type: ignore[attr-defined]


def sections(judge: FakeJudge) -> list[list[str]]:
    return [[section.name.split("_")[0] for section in task.sections] for task in judge.tasks]


def one(reader: JudgeReader | CascadeReader, talk: Conversation = TALK, *questions: Question) -> Reading:
    (reading,) = reader.read([talk], LEXICON, [questions])
    return reading


def cascade(judge: FakeJudge, ask_below: float = 0.95) -> CascadeReader:
    return CascadeReader(LOCAL, judge, ask_below)


# --- one call ---


def test_a_judge_reads_a_conversation_with_its_rubrics_in_one_call() -> None:
    judge = FakeJudge(scripted)
    found = one(JudgeReader(LOCAL, judge), TALK, RUBRIC, SIMILAR)

    assert sections(judge) == [["facts", "rubric"]]
    assert [entry.event for entry in found.ledger] == ["pitched", "refused"]
    assert [item.mood for item in found.moods] == ["frustrated"]
    assert found.answers[RUBRIC.sha256].value == 0.9
    assert found.answers[SIMILAR.sha256].values.keys() == {3}, "similarity is of the turns that pitch by the judge"
    assert (found.judge, found.calls, found.unread, found.windowed) == (judge.id, 1, None, False)
    assert [item.input_tokens for item in found.usage] == [100]
    assert found.reader == f"judge({judge.id})+{LOCAL.id}"


def test_what_rules_read_for_certain_is_the_local_readers() -> None:
    local = LOCAL.read([TALK], LEXICON)[0]
    found = one(JudgeReader(LOCAL, FakeJudge(scripted)))

    assert found.claims == local.claims
    assert found.mentions == local.mentions
    assert (found.claims, found.mentions) != ((), ())
    assert found.conversation_sha256 == local.conversation_sha256


def test_a_cascade_asks_about_doubtful_facts_and_rubrics_in_one_call() -> None:
    judge = FakeJudge(scripted)
    found = one(cascade(judge), TALK, RUBRIC)

    assert sections(judge) == [["picks", "rubric"]]
    assert found.answers[RUBRIC.sha256].value == 0.9
    assert "judge" in {fact.source for fact in (*found.acts, *found.replies, *found.moods, *found.registers)}


def test_a_cascade_tells_the_judge_how_the_offers_are_called() -> None:
    judge = FakeJudge(scripted)
    one(cascade(judge), TALK)

    ((asked,),) = (task.sections for task in judge.tasks)
    assert "FIBER-500: Fiber 500" in asked.material()


def test_a_cascade_with_nothing_to_ask_makes_no_call_and_reads_as_the_local_reader() -> None:
    judge = FakeJudge(scripted)
    reader = cascade(judge, 0.05)
    found = one(reader)

    assert judge.tasks == []
    assert (found.judge, found.calls, found.usage) == (None, 0, ())
    assert found.model_copy(update={"reader": LOCAL.id}) == LOCAL.read([TALK], LEXICON)[0]
    assert found.reader == reader.id


def test_a_cascade_that_asks_below_zero_puts_rubrics_only() -> None:
    judge = FakeJudge(scripted)
    reader = cascade(judge, 0.0)

    assert one(reader).calls == 0
    assert one(reader, TALK, RUBRIC, SIMILAR).answers.keys() == {RUBRIC.sha256, SIMILAR.sha256}
    assert sections(judge) == [["rubric"]]


def test_each_rubric_is_a_section_so_that_its_cost_is_counted() -> None:
    other = Question(kind="rubric", text="Was it short?")
    judge = FakeJudge(scripted)

    found = one(cascade(judge, 0.0), TALK, RUBRIC, other)

    assert [section.part for section in judge.tasks[0].sections] == [RUBRIC.sha256, other.sha256]
    assert found.answers.keys() == {RUBRIC.sha256, other.sha256}


def test_the_local_reader_leaves_rubrics_alone() -> None:
    (found,) = LOCAL.read([TALK], LEXICON, [[RUBRIC]])

    assert found.answers == {}


# --- ids ---


def test_ids_tell_judges_and_settings_apart_so_that_cached_readings_never_mix() -> None:
    judge, other = FakeJudge(), FakeJudge()
    other.id = "fake@ffffffffffff"
    readers = (JudgeReader(LOCAL, judge), JudgeReader(LOCAL, other), cascade(judge, 0.8), cascade(judge, 0.0), LOCAL)

    assert len({reader.id for reader in readers}) == len(readers)
    assert all(LOCAL.id in reader.id for reader in readers)
    assert JudgeReader(LOCAL, judge).encoder_id is None


def test_the_encoder_is_the_local_readers() -> None:
    local = LocalReader(load_encoder(EncoderConfig()), rules_only=True)

    assert cascade(FakeJudge()).encoder_id is None
    assert local.encoder_id is not None
    assert CascadeReader(local, FakeJudge(), 0.8).encoder_id == local.encoder_id


# --- failing closed ---


def test_a_failed_call_leaves_all_that_the_judge_reads_unread() -> None:
    found = one(JudgeReader(LOCAL, FakeJudge(failure=FAILED)), TALK, RUBRIC)

    assert found.unread is not None
    assert found.unread.failure == FAILED
    assert set(found.unread.fields) == {*GIVEN, *FOLLOWING, "claims", "answers"}
    assert RUBRIC.sha256 not in found.answers
    assert found.calls == FAILED.attempts
    for field in (*GIVEN, "ledger", "consents", "claims"):
        with pytest.raises(Withheld) as withheld:
            getattr(EvalContext(TALK, facts=found).reading, field)
        assert withheld.value.failure == FAILED


def test_a_failed_cascade_leaves_unread_what_was_asked_and_what_follows_from_it() -> None:
    reader = cascade(FakeJudge(failure=FAILED), 0.7)
    local = LOCAL.read([TALK], LEXICON)[0]
    found = one(reader)

    assert found.unread is not None
    assert "answers" not in found.unread.fields
    doubted = {
        name
        for name in ("acts", "replies", "moods", "registers", "issues", "claims")
        if any(fact.confidence < 0.7 or getattr(fact, "status", "") == "unsure" for fact in getattr(local, name))
    }
    assert doubted <= {*found.unread.fields}
    assert "mentions" not in found.unread.fields
    assert found.mentions == local.mentions


def test_acts_that_were_asked_about_in_vain_leave_the_ledger_unread() -> None:
    doubtful = make_conversation("C: hi\nA: By the way, Fiber 500 would make that steadier.\nC: hm", id="doubtful")
    (local,) = LOCAL.read([doubtful], LEXICON)
    lowest = min(fact.confidence for fact in (*local.acts, *local.replies))
    found = one(cascade(FakeJudge(failure=FAILED), lowest + 0.01), doubtful)

    assert found.unread is not None
    assert {*FOLLOWING} <= {*found.unread.fields}


def test_failed_rubrics_leave_the_facts_of_the_local_reader() -> None:
    found = one(cascade(FakeJudge(failure=FAILED), 0.0), TALK, RUBRIC, SIMILAR)

    assert found.unread is not None
    assert found.unread.fields == ("answers",)
    assert found.answers.keys() == {SIMILAR.sha256}
    assert EvalContext(TALK, facts=found).reading.acts == found.acts


def test_a_reply_that_breaks_the_judge_fails_its_conversation_and_no_other() -> None:
    def breaks(name: str, task: Task) -> Any:
        if task.conversation.id == "sure":
            raise KeyError("secret of the transcript")
        return scripted(name, task)

    broken, fine = JudgeReader(LOCAL, FakeJudge(breaks)).read([SURE, TALK], LEXICON)

    assert broken.unread is not None
    assert broken.unread.failure.class_ == "internal"
    assert "secret" not in broken.unread.failure.message
    assert fine.unread is None
    assert fine.acts


def test_a_conversation_that_cannot_be_put_to_the_judge_fails_alone() -> None:
    class Breaks(FakeJudge):
        def submit(self, task: Task) -> Future[Outcome]:
            if task.conversation.id == "sure":
                raise RecursionError
            return super().submit(task)

    broken, fine = JudgeReader(LOCAL, Breaks(scripted)).read([SURE, TALK], LEXICON)

    assert broken.unread is not None
    assert broken.unread.failure.class_ == "internal"
    assert fine.unread is None


@pytest.mark.parametrize("most", [0, 1])
def test_a_spent_budget_stops_the_reading_when_it_is_awaited(most: int) -> None:
    for reader in (JudgeReader(LOCAL, FakeJudge(scripted, most=most)), cascade(FakeJudge(scripted, most=most))):
        begun = reader.begin([TALK, TALK], LEXICON)
        with pytest.raises(Stopped):
            begun()


# --- what there is nothing to ask about ---


def test_a_language_that_rules_do_not_read_stays_unread_and_only_rubrics_are_asked() -> None:
    judge = FakeJudge(scripted)
    german = make_conversation("C: hallo\nA: Wollen Sie Fiber 500 für $49.99?", language="de")
    reader = JudgeReader(LOCAL, judge)

    alone, found = reader.read([german, german], LEXICON, [[], [RUBRIC]])

    assert sections(judge) == [["rubric"]]
    assert (alone.read, alone.calls) == (False, 0)
    assert "'de'" in found.why_unread
    assert "rubrics only" in found.why_unread
    assert found.answers[RUBRIC.sha256].value == 0.9
    with pytest.raises(Withheld) as withheld:
        _ = EvalContext(german, facts=found).reading
    assert withheld.value.state == "unsure"


def test_the_language_of_the_turns_counts_not_only_what_is_declared() -> None:
    judge = FakeJudge(scripted)
    spoken = "hola quiero pagar mi factura pero no puedo porque la página está mal y necesito ayuda por favor gracias"
    found = one(JudgeReader(LOCAL, judge), make_conversation(f"C: {spoken}\nA: sí claro señor, con mucho gusto"))

    assert not found.read
    assert judge.tasks == []


SILENT = [
    Conversation.model_validate({"id": "empty", "turns": []}),
    make_conversation("T: {}\nS: be kind"),
    Conversation.model_validate(
        {"id": "tools", "turns": [{"role": "agent", "text": "", "tool_calls": [{"name": "get_bill"}]}]}
    ),
]


@pytest.mark.parametrize("talk", SILENT, ids=["empty", "no speaker", "tools only"])
def test_where_nobody_speaks_nothing_is_asked_and_a_rubric_is_unsure(talk: Conversation) -> None:
    judge = FakeJudge(scripted)
    for reader in (JudgeReader(LOCAL, judge), cascade(judge)):
        found = one(reader, talk, RUBRIC)

        answer = found.answers[RUBRIC.sha256]
        assert (answer.value, answer.confidence, answer.reason) == (1.0, 0.0, NOTHING_SAID)
        assert found.read
    assert judge.tasks == []


def test_a_person_instead_of_the_agent_is_judged_by_rubrics_only() -> None:
    judge = FakeJudge(scripted)
    one(JudgeReader(LOCAL, judge), make_conversation("H: This is Ana, what can I do?"), RUBRIC)

    assert sections(judge) == [["rubric"]]


def test_a_conversation_of_two_thousand_turns_is_one_call() -> None:
    long = make_conversation("A: Would you like Fiber 500?\nC: maybe\n" * 1_000)
    judge = FakeJudge(scripted)
    found = one(cascade(judge), long)

    assert len(judge.tasks) == 1
    assert len(_queries(judge.tasks[0])) == 24
    assert len(found.ledger) >= 1_000


# --- batches ---


class Waiting(FakeJudge):
    """Answers when it is told to."""

    def submit(self, task: Task) -> Future[Outcome]:
        done = super().submit(task).result()
        future: Future[Outcome] = Future()
        self.waiting = [*getattr(self, "waiting", []), (future, done)]
        return future


class Logged(LocalReader):
    """Notes when a conversation has been read."""

    log: list[str]

    def _read_one(self, conversation: Conversation, *rest: Any) -> Reading:
        self.log.append(f"read {conversation.id}")
        return super()._read_one(conversation, *rest)


def _talks(number: int) -> list[Conversation]:
    return [TALK.model_copy(update={"id": f"t{index}"}) for index in range(number)]


def test_a_judge_reader_starts_all_calls_before_it_reads_and_waits_only_when_awaited() -> None:
    judge, local = Waiting(scripted), Logged(rules_only=True)
    local.log = judge.log
    reader = JudgeReader(local, judge)
    assert isinstance(reader, Ahead)
    assert not isinstance(local, Ahead)

    begun = reader.begin(_talks(3), LEXICON)
    assert judge.log == ["submit t0", "submit t1", "submit t2", "read t0", "read t1", "read t2"]

    for future, outcome in judge.waiting:
        future.set_result(outcome)
    assert [reading.conversation for reading in begun()] == ["t0", "t1", "t2"]


def test_a_cascade_starts_each_call_as_soon_as_its_conversation_is_read() -> None:
    judge, local = FakeJudge(scripted), Logged(rules_only=True)
    local.log = judge.log

    CascadeReader(local, judge, 0.95).begin(_talks(2), LEXICON)

    assert judge.log == ["read t0", "submit t0", "read t1", "submit t1"]


def test_batches_in_flight_do_not_disturb_each_other() -> None:
    reader = JudgeReader(LOCAL, FakeJudge(scripted))
    first, second = reader.begin([TALK], LEXICON), reader.begin([SURE], LEXICON, [[RUBRIC]])

    assert second()[0].conversation == "sure"
    assert first()[0].conversation == "talk"


def test_nothing_to_read_is_nothing_read() -> None:
    assert JudgeReader(LOCAL, FakeJudge()).read([], LEXICON) == []
    assert cascade(FakeJudge()).read([], LEXICON) == []


def test_questions_must_be_given_for_each_conversation() -> None:
    for reader in (JudgeReader(LOCAL, FakeJudge()), cascade(FakeJudge())):
        with pytest.raises(ValueError, match="zip"):
            reader.read([TALK, SURE], LEXICON, [[RUBRIC]])


# --- the rest of a reader ---


def test_calls_that_were_saved_are_counted_on_the_reader() -> None:
    reader = JudgeReader(LOCAL, FakeJudge(scripted, saved=2))
    reader.read([TALK, SURE], LEXICON)

    assert reader.calls_saved == 4


def test_a_plan_estimates_and_asks_nothing() -> None:
    judge = FakeJudge(scripted)

    assert JudgeReader(LOCAL, judge).plan(TALK, LEXICON, [RUBRIC]) == (1, 2_000, 100)
    assert cascade(judge).plan(TALK, LEXICON) == (1, 1_000, 100)
    assert cascade(judge, 0.0).plan(TALK, LEXICON) == (0, 0, 0)
    assert JudgeReader(LOCAL, judge).plan(SILENT[0], LEXICON, [RUBRIC]) == (0, 0, 0)
    assert judge.tasks == []


def test_a_session_is_the_local_readers() -> None:
    judge = FakeJudge(scripted)
    session = JudgeReader(LOCAL, judge).session(TALK, LEXICON)
    for turn in TALK.turns:
        session.add(turn)

    assert session.reading().reader == LOCAL.id
    assert judge.tasks == []


def test_closing_closes_the_judge_and_then_its_replies() -> None:
    class Replies:
        closed_after_judge = False

        def close(self) -> None:
            self.closed_after_judge = judge.closed

    judge, replies = FakeJudge(), Replies()
    CascadeReader(LOCAL, judge, 0.8, replies=replies).close()

    assert judge.closed
    assert replies.closed_after_judge
