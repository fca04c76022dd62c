import json
import os
from pathlib import Path
from typing import Any

import pytest

from evalh.importers import Imported, Rejected, open_source
from evalh.models import Conversation

CALL = {"id": "c1", "type": "function", "function": {"name": "find_plan", "arguments": '{"line": 2}'}}


def read(tmp_path: Path, value: Any, **options: Any) -> list[Imported | Rejected]:
    path = tmp_path / "chat.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return list(open_source(path, **options))


def one(tmp_path: Path, *messages: dict[str, Any], **record: Any) -> Conversation:
    (found,) = read(tmp_path, {**record, "messages": list(messages)})
    assert isinstance(found, Imported), found
    return found.conversation


def refused(tmp_path: Path, *messages: Any) -> str:
    (found,) = read(tmp_path, {"messages": list(messages)})
    assert isinstance(found, Rejected), found
    return str(found.error).replace(str(tmp_path), "")


def test_every_role_becomes_a_turn(tmp_path: Path) -> None:
    roles = ["system", "developer", "user", "assistant", "tool", "function"]
    found = one(tmp_path, *({"role": role, "content": role} for role in roles))
    assert [turn.role for turn in found.turns] == ["system", "system", "customer", "agent", "tool", "tool"]
    assert [turn.origin.raw_index for turn in found.turns if turn.origin] == list(range(6))


@pytest.mark.parametrize("key", ["messages", "traj", "conversation", "conversations"])
def test_messages_stand_under_any_of_the_usual_keys(tmp_path: Path, key: str) -> None:
    (found,) = read(tmp_path, [{key: [{"role": "user", "content": "hi"}]}])
    assert isinstance(found, Imported)
    assert found.place.endswith("chat.json[0]")


def test_a_bare_list_of_messages_is_one_conversation(tmp_path: Path) -> None:
    (found,) = read(tmp_path, [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}])
    assert isinstance(found, Imported)
    assert len(found.conversation.turns) == 2


def test_content_parts_are_joined_and_a_picture_says_nothing(tmp_path: Path) -> None:
    parts = [
        {"type": "text", "text": "one"},
        {"type": "image_url", "image_url": {"url": "x"}},
        {"type": "refusal", "refusal": "no"},
        {"type": "input_audio", "input_audio": {"transcript": "spoken"}},
    ]
    assert one(tmp_path, {"role": "user", "content": parts}).turns[0].text == "one\nno\nspoken"


def test_a_refusal_or_spoken_answer_is_the_text_where_content_is_null(tmp_path: Path) -> None:
    found = one(
        tmp_path,
        {"role": "assistant", "content": None, "refusal": "I can't."},
        {"role": "assistant", "content": None, "audio": {"id": "x", "transcript": "Hello."}},
    )
    assert [turn.text for turn in found.turns] == ["I can't.", "Hello."]


def test_a_result_reaches_its_call_by_id_and_keeps_its_turn(tmp_path: Path) -> None:
    other = {"id": "c2", "function": {"name": "find_bill", "arguments": "{}"}}
    found = one(
        tmp_path,
        {"role": "assistant", "content": None, "tool_calls": [CALL, other]},
        {"role": "tool", "tool_call_id": "c2", "content": "bill"},
        {"role": "tool", "tool_call_id": "c1", "content": "plan"},
    )
    first, second = found.turns[0].tool_calls
    assert (first.arguments, first.result, second.result) == ({"line": 2}, "plan", "bill")
    assert [turn.text for turn in found.turns] == ["", "bill", "plan"]


def test_results_without_an_id_reach_calls_in_order(tmp_path: Path) -> None:
    found = one(
        tmp_path,
        {"role": "assistant", "content": None, "tool_calls": [{**CALL, "id": None}, {**CALL, "id": None}]},
        {"role": "tool", "content": "first"},
        {"role": "tool", "content": "second"},
    )
    assert [call.result for call in found.turns[0].tool_calls] == ["first", "second"]


def test_a_result_with_an_unknown_id_reaches_no_call(tmp_path: Path) -> None:
    found = one(
        tmp_path,
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "other", "content": "lost"},
    )
    assert found.turns[0].tool_calls[0].result is None


@pytest.mark.parametrize("raw", ["{not json", '"text"', "[1]", '{"a": NaN}', '{"a": 1, "a": 2}'])
def test_arguments_that_are_no_json_object_are_kept_raw(tmp_path: Path, raw: str) -> None:
    call = {"id": "c1", "function": {"name": "find_plan", "arguments": raw}}
    assert one(tmp_path, {"role": "assistant", "tool_calls": [call]}).turns[0].tool_calls[0].arguments == raw


def test_a_legacy_function_call_is_a_tool_call(tmp_path: Path) -> None:
    found = one(
        tmp_path,
        {"role": "assistant", "content": None, "function_call": {"name": "find_plan", "arguments": "{}"}},
        {"role": "function", "name": "find_plan", "content": "ok"},
    )
    assert found.turns[0].tool_calls[0].result == "ok"


def test_foreign_keys_become_metadata_and_task_and_trial_the_id(tmp_path: Path) -> None:
    found = one(tmp_path, {"role": "user", "content": "hi"}, task_id=4, trial=1, reward=0.5)
    assert found.id == "task-4-trial-1"
    assert found.metadata == {"task_id": 4, "trial": 1, "reward": 0.5}


def test_an_id_that_repeats_is_numbered(tmp_path: Path) -> None:
    record = {"messages": [{"role": "user", "content": "hi"}]}
    found = read(
        tmp_path, [{"id": "a", **record}, {"id": "a#2", **record}, {"id": "a", **record}, {"id": "a", **record}]
    )
    ids = [item.conversation.id for item in found if isinstance(item, Imported)]
    assert ids[:2] == ["a", "a#2"]
    assert len(set(ids)) == 4


def test_sharegpt_is_read(tmp_path: Path) -> None:
    messages = [
        {"from": "human", "value": "hi"},
        {"from": "function_call", "value": '{"name": "find_plan", "arguments": {"line": 2}}'},
        {"from": "observation", "value": "ok"},
        {"from": "gpt", "value": "hello"},
    ]
    (found,) = read(tmp_path, {"conversations": messages})
    assert isinstance(found, Imported)
    turns = found.conversation.turns
    assert [turn.role for turn in turns] == ["customer", "agent", "tool", "agent"]
    assert turns[1].tool_calls[0].result == "ok"


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (
            {"role": "wizard", "content": "x"},
            "messages[0].role: unknown speaker 'wizard'; map it to customer, agent, "
            "human_agent, system or tool with roles: {'wizard': agent}",
        ),
        ({"content": "x"}, "messages[0].role: says no speaker; name who speaks, such as customer or agent"),
        (
            {"role": "user", "content": 5},
            "messages[0].content: should be text, a list of parts or null, found 5; put the words in quotes",
        ),
        ("hi", "messages[0]: should be an object, found 'hi'; write role and content"),
        (
            {"role": "assistant", "tool_calls": [{}]},
            'messages[0].tool_calls[0]: names no function; write {"function": {"name": ..., "arguments": ...}}',
        ),
        (
            {"role": "assistant", "tool_calls": 5},
            "messages[0].tool_calls: should be a list, found 5; write it as a list",
        ),
        (
            {"role": "user", "content": "x" * 70_000},
            "messages[0].text: has 70,000 characters, at most 65,536 are read; split or shorten it",
        ),
    ],
)
def test_a_bad_message_is_one_sentence(tmp_path: Path, message: Any, said: str) -> None:
    assert refused(tmp_path, message) == f"/chat.json:1: {said}"


def test_a_speaker_of_ones_own_can_be_mapped(tmp_path: Path) -> None:
    record = {"messages": [{"role": "Wizard", "content": "hi"}]}
    (found,) = read(tmp_path, record, mapping={"roles": {"wizard": "agent"}})
    assert isinstance(found, Imported)
    assert found.conversation.turns[0].role == "agent"


@pytest.mark.skipif("EVALH_DATA" not in os.environ, reason="EVALH_DATA names no folder of real transcripts")
def test_all_116_conversations_of_tau_bench_are_read() -> None:
    path = Path(os.environ["EVALH_DATA"]) / "transcripts" / "tau_bench_airline_openai.json"
    found = list(open_source(path))
    assert len(found) == 116
    assert all(isinstance(item, Imported) for item in found)
