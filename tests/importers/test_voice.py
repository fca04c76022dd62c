import json
from pathlib import Path
from typing import Any

from evalh.importers import Imported, Rejected, open_source
from evalh.models import Conversation


def read(tmp_path: Path, value: Any) -> Conversation:
    path = tmp_path / "call.json"
    path.write_text(json.dumps(value, indent=1), encoding="utf-8")
    (found,) = open_source(path)
    assert isinstance(found, Imported), found
    return found.conversation


LIVEKIT: list[dict[str, Any]] = [
    {"type": "agent_handoff", "new_agent_id": "x", "created_at": 100.0},
    {"type": "agent_config_update", "instructions": "Be kind.", "created_at": 100.0},
    {
        "id": "i1",
        "type": "message",
        "role": "user",
        "content": ["my tv", {"type": "image_content"}],
        "created_at": 101.0,
    },
    {"type": "function_call", "call_id": "c1", "name": "reset", "arguments": '{"box": 1}', "created_at": 102.0},
    {"type": "function_call_output", "call_id": "c1", "output": "done", "is_error": True, "created_at": 103.0},
    {"type": "message", "role": "assistant", "content": ["It works."], "interrupted": True, "created_at": 104.0},
]


def test_a_livekit_history_keeps_times_interruptions_and_tools(tmp_path: Path) -> None:
    found = read(tmp_path, {"items": LIVEKIT})
    assert [turn.role for turn in found.turns] == ["system", "customer", "agent", "tool", "agent"]
    assert (found.channel, found.turns[1].start, found.turns[4].interrupted) == ("voice", 1.0, True)
    call = found.turns[2].tool_calls[0]
    assert (call.arguments, call.result, call.error) == ({"box": 1}, "done", True)


def test_a_livekit_session_report_is_read_too(tmp_path: Path) -> None:
    found = read(tmp_path, {"job_id": "j1", "chat_history": {"items": LIVEKIT}, "events": []})
    assert (found.id, found.turns[1].text) == ("j1", "my tv")


def test_times_that_livekit_left_out_stay_unknown(tmp_path: Path) -> None:
    found = read(tmp_path, {"items": [{"type": "message", "role": "user", "content": ["hi"]}]})
    assert (found.turns[0].start, found.turns[0].interrupted) == (None, None)


def segment(role: dict[str, str], text: str, begin: int) -> dict[str, Any]:
    return {**role, "Id": text, "Content": text, "BeginOffsetMillis": begin, "EndOffsetMillis": begin + 500}


def test_call_analytics_segments_are_ordered_by_their_begin(tmp_path: Path) -> None:
    segments = [segment({"ParticipantRole": "AGENT"}, "two", 2000), segment({"ParticipantRole": "CUSTOMER"}, "one", 40)]
    found = read(tmp_path, {"JobName": "j", "Channel": "VOICE", "LanguageCode": "en-US", "Transcript": segments})
    assert [(turn.role, turn.text, turn.start) for turn in found.turns] == [
        ("customer", "one", 0.04),
        ("agent", "two", 2.0),
    ]


def test_contact_lens_participants_are_looked_up(tmp_path: Path) -> None:
    people = [{"ParticipantId": "p1", "ParticipantRole": "CUSTOMER"}]
    found = read(tmp_path, {"Participants": people, "Transcript": [segment({"ParticipantId": "p1"}, "hi", 0)]})
    assert found.turns[0].role == "customer"


def test_a_participant_nobody_knows_is_named(tmp_path: Path) -> None:
    path = tmp_path / "call.json"
    path.write_text(json.dumps({"Transcript": [segment({"ParticipantId": "p9"}, "hi", 0)]}))
    (found,) = open_source(path)
    assert isinstance(found, Rejected)
    assert "Transcript[0].ParticipantRole: unknown speaker 'p9'" in str(found.error)
