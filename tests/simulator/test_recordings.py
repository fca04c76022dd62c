"""Recordings: found by their keys, kept as they come, written so that every change is seen."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalh.agents.protocol import AgentReply, Declared
from evalh.errors import BadInput, UserError
from evalh.models import (
    AgentInfo,
    Case,
    Conversation,
    Failure,
    Fault,
    Move,
    Persona,
    Prompt,
    Simulation,
    ToolCall,
    Turn,
)
from evalh.simulator.keys import reply_key
from evalh.simulator.protocol import Played, Said, Trial
from evalh.simulator.recordings import FLUSH, Mode, Recordings, path_part
from evalh.simulator.transcripts import read_recordings, recorded

AGENT, CUSTOMER, SITUATION = "a" * 64, "c" * 64, "5" * 64
REPLY = AgentReply(
    "Fiber 500 is $49.99.",
    (ToolCall(name="offers", arguments={"n": 1}, result={"price": 49.99, "none": None}),),
    declares=(Declared("pitch", "FIBER-500"),),
)
SAID = Said("no thanks \u202e bye", (Move(turn=2, act="refuse", offer="FIBER-500"),), ended=True)


def a_trial(case: str = "c-1", number: int = 0, version: str = "v1", text: str = "You are Nora.") -> Trial:
    prompt = Prompt(agent="care", version=version.partition("@")[0], text=text)
    label = version if "@" in version else ""
    return Trial(prompt, Case(id=case, persona="calm"), Persona(id="calm", name="Calm"), number, 7, label)


def simulation(trial: Trial, attempt: int = 0, **fields: Any) -> Simulation:
    made = Simulation(
        case=trial.case.id, persona="calm", trial=trial.trial, attempt=attempt, seed=trial.seed,
        prompt_version=trial.version, prompt_sha256=trial.prompt.sha256, agent_sha256=AGENT,
        customer_sha256=CUSTOMER, situation_sha256=SITUATION,
    )  # fmt: skip
    return made.model_copy(update=fields)


def turns_of(first: str = "my wifi is slow") -> tuple[Turn, ...]:
    return (
        Turn(index=0, role="customer", text=first),
        Turn(index=1, role="agent", text=REPLY.text, tool_calls=REPLY.tool_calls),
        Turn(index=2, role="customer", text=SAID.text),
    )


MOVES = (
    Move(turn=0, act="state", item="matter"),
    Move(turn=1, act="pitch", offer="FIBER-500"),
    Move(turn=2, act="refuse", offer="FIBER-500"),
)


def played(trial: Trial, attempt: int = 0, first: str = "my wifi is slow", **fields: Any) -> Played:
    held = Conversation(
        id=f"{trial.case.id}.{trial.version}", persona="calm", case=trial.case.id, trial=trial.trial,
        agent=AgentInfo(prompt_version=trial.version), turns=turns_of(first),
    )  # fmt: skip
    return Played(trial, held, simulation(trial, attempt, moves=MOVES, **fields), attempt + 1)


def opened(tmp_path: Path, mode: Mode = "normal") -> Recordings:
    return Recordings(tmp_path / "kept" / "demo", pending=tmp_path / "cache", mode=mode)


def file_of(tmp_path: Path) -> Path:
    return tmp_path / "kept/demo/v1/calm.jsonl"


def recorded_once(tmp_path: Path, *trials: Trial) -> None:
    held = opened(tmp_path)
    for trial in trials or (a_trial(),):
        held.played([played(trial)])
    held.close()


# --- keys ---


def test_a_key_changes_with_everything_a_reply_depends_on() -> None:
    trial, turns = a_trial(), turns_of()[:2]
    one = simulation(trial)
    others: list[tuple[Any, Any, int, Any]] = [
        ("customer", one, 2, turns),
        ("agent", one, 3, turns),
        ("agent", one, 2, turns[:1]),
        ("agent", one, 2, (turns[0], turns[1].model_copy(update={"text": "Fiber 500 is $59.99."}))),
        ("agent", one, 2, (turns[0], turns[1].model_copy(update={"tool_calls": ()}))),
        *(
            ("agent", one.model_copy(update={name: value}), 2, turns)
            for name, value in {
                "prompt_sha256": "0", "agent_sha256": "0", "situation_sha256": "0", "case": "d", "persona": "shy",
                "seed": 8, "trial": 1, "attempt": 1,
            }.items()
        ),
    ]  # fmt: skip
    keys = [reply_key("agent", one, 2, turns), *(reply_key(*other) for other in others)]

    assert len(set(keys)) == len(keys)
    assert all(len(key) == 32 for key in keys)


def test_a_key_depends_on_nothing_else() -> None:
    one, turns = simulation(a_trial()), turns_of()[:2]
    renamed = one.model_copy(update={"prompt_version": "v1@0123456789ab", "moves": MOVES, "ended": "failed"})

    assert reply_key("agent", renamed, 2, turns) == reply_key("agent", one, 2, turns)
    assert reply_key("agent", one.model_copy(update={"customer_sha256": "0"}), 2, turns) == reply_key(
        "agent", one, 2, turns
    )


# --- found and kept ---


def test_what_was_played_is_found_again_by_its_keys(tmp_path: Path) -> None:
    recorded_once(tmp_path)
    one, turns = simulation(a_trial()), turns_of()
    again = opened(tmp_path, "replay_only")

    reply = again.agent(reply_key("agent", one, 1, turns[:1]))
    said = again.customer(reply_key("customer", one, 2, turns[:2]))
    assert reply is not None
    assert (reply.text, reply.tool_calls, reply.declares, reply.ended, reply.calls) == (
        REPLY.text, REPLY.tool_calls, REPLY.declares, False, 0,
    )  # fmt: skip
    assert said == SAID
    assert again.agent(reply_key("agent", one, 2, turns[:2])) is None
    assert again.has(one)
    again.close()


def test_a_reply_is_kept_before_the_conversation_is_over(tmp_path: Path) -> None:
    first = opened(tmp_path)
    first.keep_agent("k", REPLY)
    first.keep_customer("l", SAID)
    first.close()
    again = opened(tmp_path)

    assert again.agent("k") == REPLY
    assert again.customer("l") == SAID
    assert not file_of(tmp_path).exists()
    again.close()


def _killed(folder: str) -> None:
    held = opened(Path(folder))
    for number in range(20):
        held.keep_agent(f"k{number}", REPLY)
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_kill_loses_nothing_that_was_kept(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_killed, args=(str(tmp_path),))
    process.start()
    process.join(60)
    again = opened(tmp_path)

    assert process.exitcode == -signal.SIGKILL
    assert all(again.agent(f"k{number}") == REPLY for number in range(20))
    again.close()


def test_pending_replies_are_dropped_when_their_conversation_is_in_a_file(tmp_path: Path) -> None:
    key = reply_key("agent", simulation(a_trial()), 1, turns_of()[:1])
    held = opened(tmp_path)
    held.keep_agent(key, REPLY)
    held.played([played(a_trial())])
    held.close()
    file_of(tmp_path).unlink()
    again = opened(tmp_path)

    assert again.agent(key) is None
    again.close()


def test_a_conversation_that_failed_is_not_recorded_but_what_was_said_stays(tmp_path: Path) -> None:
    failure = Failure(class_="timeout", message="no answer within 1 s")
    held = opened(tmp_path)
    held.keep_agent("k", REPLY)
    held.played([played(a_trial(), faults=(Fault(fault="looped"),)), played(a_trial(), 1, failure=failure)])
    held.finished()
    held.close()
    again = opened(tmp_path)

    assert not file_of(tmp_path).exists()
    assert again.agent("k") == REPLY
    again.close()


def test_attempts_that_were_the_customers_fault_are_recorded_too(tmp_path: Path) -> None:
    looped = played(a_trial(), faults=(Fault(fault="looped", turn=2, why="said it thrice"),))
    held = opened(tmp_path)
    held.played([looped])
    assert not held.has(simulation(a_trial()), attempts=3), "it would be played again"
    assert held.has(simulation(a_trial()), attempts=1)
    held.played([looped, played(a_trial(), 1)])
    held.close()

    found = read_recordings(file_of(tmp_path))
    assert [(one.head.attempt, [fault.fault for fault in one.head.faults]) for one in found] == [
        (0, ["looped"]),
        (1, []),
    ]
    assert opened(tmp_path, "replay_only").has(simulation(a_trial()), attempts=3)


def test_a_trial_takes_the_place_of_what_was_recorded_of_it_and_no_other(tmp_path: Path) -> None:
    trials = [a_trial("c-2"), a_trial("c-1", 1), a_trial("c-1")]
    recorded_once(tmp_path, *trials)
    held = opened(tmp_path)
    held.played([played(a_trial("c-1", text="You are Nora. Be brief."), first="the wifi again")])
    held.close()

    found = read_recordings(file_of(tmp_path))
    assert [(one.head.case, one.head.trial, one.turns[0].text) for one in found] == [
        ("c-1", 0, "the wifi again"), ("c-1", 1, "my wifi is slow"), ("c-2", 0, "my wifi is slow"),
    ]  # fmt: skip


def test_files_are_written_now_and_then_so_that_no_cache_need_last(tmp_path: Path) -> None:
    held = opened(tmp_path)
    for number in range(FLUSH):
        held.played([played(a_trial(f"c-{number}"))])

    assert len(read_recordings(file_of(tmp_path))) == FLUSH
    held.close()


def test_what_is_recorded_already_is_not_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded_once(tmp_path)
    monkeypatch.setattr("evalh.simulator.recordings.write_atomic", pytest.fail)
    recorded_once(tmp_path)


def test_a_prompt_at_a_git_ref_has_a_file_named_by_its_digest(tmp_path: Path) -> None:
    trial = a_trial(version="v1@0123456789ab")
    recorded_once(tmp_path, trial)

    assert (tmp_path / f"kept/demo/at-{trial.prompt.sha256[:12]}/calm.jsonl").exists()


@pytest.mark.parametrize("name", ["..", "a/b", ".hidden", "-x", "", "x" * 101, "a\x00b", "gr\u00fcn"])
def test_a_name_that_could_lead_elsewhere_is_no_path(name: str) -> None:
    assert path_part(name).isalnum()
    assert path_part("v1.2@x+y-z") == "v1.2@x+y-z"


# --- modes ---


def test_replaying_writes_nothing_at_all(tmp_path: Path) -> None:
    held = opened(tmp_path, "replay_only")
    held.keep_agent("k", REPLY)
    held.played([played(a_trial())])
    held.finished()
    held.close()

    assert list(tmp_path.iterdir()) == []


def test_recording_again_finds_nothing_but_what_this_recording_asked(tmp_path: Path) -> None:
    key = reply_key("agent", simulation(a_trial()), 1, turns_of()[:1])
    recorded_once(tmp_path)
    killed = opened(tmp_path, "record")
    assert killed.agent(key) is None
    assert not killed.has(simulation(a_trial()))
    killed.keep_agent(key, AgentReply("New."))
    killed.close()

    going_on = opened(tmp_path, "record")
    assert going_on.agent(key) == AgentReply("New.")
    going_on.finished()
    going_on.close()
    anew = opened(tmp_path, "record")
    assert anew.agent(key) is None
    anew.close()


def test_recording_again_keeps_what_was_asked_where_a_conversation_failed(tmp_path: Path) -> None:
    held = opened(tmp_path, "record")
    held.keep_agent("k", REPLY)
    held.played([played(a_trial(), failure=Failure(class_="timeout"))])
    held.finished()
    held.close()
    again = opened(tmp_path, "record")

    assert again.agent("k") == REPLY
    again.close()


# --- what is missing ---


def missing(tmp_path: Path, trial: Trial, now: Simulation | None = None) -> str:
    error = opened(tmp_path, "replay_only").missing(trial, 2, now)
    assert isinstance(error, BadInput)
    assert "give the same command without --replay-only" in str(error)
    assert "(case 'c-1' played by 'calm', trial 0, by prompt 'v1', turn 2)" in str(error)
    return str(error)


def test_what_is_missing_is_told_with_its_reason(tmp_path: Path) -> None:
    assert f"{file_of(tmp_path)}: this conversation was never recorded" in missing(tmp_path, a_trial())
    recorded_once(tmp_path)
    other, now = a_trial(text="You are Ned."), simulation(a_trial())

    old, new = a_trial().prompt.sha256[:12], other.prompt.sha256[:12]
    assert f"it was recorded with another prompt ({old}, and now it is {new})" in missing(tmp_path, other)
    for name, what in (("agent", "another agent (a"), ("customer", "other simulated customers (c"),
                       ("situation", "another case, persona or policy (5")):  # fmt: skip
        changed = now.model_copy(update={f"{name}_sha256": "0" * 64})
        assert f"it was recorded with {what}" in missing(tmp_path, a_trial(), changed)
    every = now.model_copy(update={"situation_sha256": "0" * 64, "customer_sha256": "0" * 64})
    assert re.search(
        r"with another case, [^)]*\) and other simulated customers \(c", missing(tmp_path, a_trial(), every)
    )
    assert "now it goes another way before turn 2" in missing(tmp_path, a_trial(), now)


# --- files ---


def test_a_file_is_one_line_for_whose_it_is_and_one_a_turn_with_nothing_hidden(tmp_path: Path) -> None:
    recorded_once(tmp_path)
    raw = file_of(tmp_path).read_bytes()
    lines = [json.loads(line) for line in raw.splitlines()]

    assert raw.endswith(b"}\n")
    assert b"\\u202e" in raw
    assert [list(line) for line in lines[1:]] == [
        ["role", "text", "moves", "key"], ["role", "text", "tool_calls", "moves", "key"],
        ["role", "text", "moves", "ended", "key"],
    ]  # fmt: skip
    assert list(lines[0])[:8] == ["schema", "id", "case", "persona", "trial", "attempt", "seed", "prompt_version"]
    assert (lines[0]["turns"], lines[0]["ended"]) == (3, "customer")


def edited(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return change


@pytest.mark.parametrize(
    ("change", "line", "told"),
    [
        (edited("my wifi is slow", "my wifi is dead"), 2, "was changed by hand"),
        (edited("$49.99", "$39.99"), 3, "was changed by hand"),
        (edited("no thanks", "yes please"), 4, "was changed by hand"),
        (edited('"seed": 7', '"seed": 8'), 1, "was changed by hand"),
        (edited('"moves": [{"act": "pitch", "offer": "FIBER-500"}], ', ""), 4, "was changed by hand"),
        (lambda text: "".join(text.splitlines(keepends=True)[:3]), 1, "has 2 of its 3 turns; the file was cut off"),
        (lambda text: text[:-40], 4, "JSON"),
        (lambda text: text + "=======\n", 5, "two recordings were merged here"),
        (lambda text: text.replace("{", "<<<<<<< HEAD\r\n{", 1), 1, "take the file of one side"),
        (lambda text: text + text, 5, "this conversation is recorded twice; restore the file"),
        (lambda text: text + "\n", 5, "restore the file, or delete it and record again"),
        (edited("evalh.recording/1", "evalh.recording/2"), 1, "install the evalh that wrote it, or a newer one"),
        (lambda text: text.replace('"turns": 3', '"turns": 4') + text, 5, "the conversation before it lacks turns"),
        (lambda text: "".join(text.splitlines(keepends=True)[1:]), 1, "is missing"),
        (lambda text: "[]\n" + text, 1, "no turn and no first line"),
        (edited('"role": "agent"', '"role": "pilot"'), 3, "pilot"),
    ],
)
def test_every_change_by_hand_is_told_with_its_line(
    tmp_path: Path, change: Callable[[str], str], line: int, told: str
) -> None:
    recorded_once(tmp_path)
    path = file_of(tmp_path)
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")

    with pytest.raises(BadInput) as caught:
        opened(tmp_path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert told in str(caught.value)


def test_a_conversation_comes_back_equal(tmp_path: Path) -> None:
    one = recorded(played(a_trial()).conversation, simulation(a_trial(), moves=MOVES))
    recorded_once(tmp_path)

    assert read_recordings(file_of(tmp_path)) == [one]


# --- who may write ---


def test_two_processes_do_not_record_in_one_folder(tmp_path: Path) -> None:
    first, second = opened(tmp_path), opened(tmp_path)
    first.keep_agent("k", REPLY)

    with pytest.raises(UserError, match=r"another evalh is recording in .*demo; wait for it"):
        second.agent("k")
    first.close()
    assert second.agent("k") == REPLY
    second.close()


def test_what_is_recorded_whole_needs_no_writable_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded_once(tmp_path)
    monkeypatch.setattr("tempfile.TemporaryFile", _denied)
    held = opened(tmp_path)
    assert held.agent(reply_key("agent", simulation(a_trial()), 1, turns_of()[:1])) is not None
    held.played([played(a_trial())])

    with pytest.raises(UserError, match=r"nothing can be recorded there \(Permission denied\); make it writable"):
        held.agent("nobody was asked yet")
    held.close()


def _denied(**_: object) -> None:
    raise PermissionError(13, "Permission denied")


def test_a_full_disk_is_told_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = reply_key("agent", simulation(a_trial()), 1, turns_of()[:1])
    held = opened(tmp_path)
    held.keep_agent(key, REPLY)
    held.played([played(a_trial())])
    with monkeypatch.context() as full:
        full.setattr("os.fsync", _full)
        with pytest.raises(UserError, match="No space left"):
            held.close()
    again = opened(tmp_path)

    assert not file_of(tmp_path).exists()
    assert again.agent(key) == REPLY
    again.close()


def _full(_: int) -> None:
    raise OSError(28, "No space left on device")


def test_a_damaged_pending_store_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache/played-1.sqlite").write_bytes(b"no database" * 100)
    held = opened(tmp_path)
    held.keep_agent("k", REPLY)

    assert held.agent("k") == REPLY
    held.close()
    assert (tmp_path / "cache/played-1.sqlite.bad").exists()
