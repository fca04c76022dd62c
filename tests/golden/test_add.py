import json
from pathlib import Path
from typing import Any

import pytest
from tests.golden.growing import SET, TURNS, calls, conversation, files, growing_workspace, rows
from tests.live_workspace import live_workspace
from tests.small_workspace import change, write

from evalh.errors import ManyErrors, UserError
from evalh.gate.plan import plan_of, run_inputs
from evalh.golden import staged
from evalh.golden.add import Addition, AddOptions, add
from evalh.models import Conversation
from evalh.reader.local import LocalReader
from evalh.workspace import Workspace


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    growing_workspace(tmp_path, conversation())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVALH_CACHE", str(tmp_path / ".cache"))
    monkeypatch.setattr("os.fsync", lambda _: None)
    return tmp_path


def put(root: Path, *, dry_run: bool = False, source: str = "calls.jsonl", **options: Any) -> Addition:
    return add(Workspace(root), "few", str(root / source), AddOptions(**options), dry_run=dry_run)


def test_a_conversation_becomes_a_case_with_its_recording_and_proposed_labels(root: Path) -> None:
    before = files(root)
    put(root)
    after = files(root)

    for name, raw in before.items():
        assert name == "set.yaml" or after[name].startswith(raw)
    (case,) = rows(root, "cases.jsonl")[3:]
    (held,) = rows(root, "recordings/v1.jsonl")[3:]
    assert (case["id"], case["persona"], case["channel"]) == ("call-1", "calm", "voice")
    assert case["goal"] == "have a wrong charge corrected"
    assert case["metadata"]["proposed"] == ["goal", "tools"]
    assert (held["id"], held["case"], held["agent"]["prompt_version"]) == ("call-1.v1", "call-1", "v1")
    assert held["prompt_sha256"] == Workspace(root).prompt("care", "v1").sha256
    labels = rows(root, "labels.jsonl")
    assert {(one["confirmed"], one["labeller"].partition("-")[0]) for one in labels} == {(False, "reader:local")}
    assert [4, "FIBER-500", "act", "pitch"] in [
        [one["turn"], one["offer"], one["construct"], one["label"]] for one in labels
    ]
    assert Workspace(root).problems() == []


def test_personal_data_is_replaced_everywhere_by_the_same_token(root: Path) -> None:
    more = {
        "facets": {"note": "ring 415-555-2671"},
        "metadata": {"from": ["415-555-2671", {"mail": "a.b@example.com"}]},
    }
    calls(root, conversation("415-555-2671", **more))
    put(root)
    text = "".join(raw.decode() for raw in files(root).values())

    assert "2671" not in text
    assert "example.com" not in text
    (held,) = rows(root, "recordings/v1.jsonl")[3:]
    assert held["customer"]["phone"] == held["facets"]["note"].removeprefix("ring ") == "<PHONE_1>"
    assert held["turns"][1]["text"].endswith("Call me on <PHONE_1>.")
    assert held["turns"][2]["tool_calls"][0]["arguments"] == {"phone": "<PHONE_1>"}
    assert held["metadata"]["from"][0] == "<PHONE_1>"
    assert rows(root, "cases.jsonl")[3]["id"].startswith("case-")


@pytest.mark.parametrize("name", ["4155552671", "ticket.4155552671"])
def test_an_id_that_the_conversation_knows_as_personal_is_replaced(root: Path, name: str) -> None:
    calls(root, conversation(name, facets={"phone": "4155552672"}))
    put(root)
    assert b"41555526" not in b"".join(files(root).values())


def test_no_digest_of_what_was_replaced_stays(root: Path) -> None:
    nameless = {name: value for name, value in conversation().items() if name != "id"}
    calls(root, nameless, {**nameless, "turns": TURNS[3:], "customer": None})
    put(root)
    first, second = rows(root, "cases.jsonl")[3:]

    assert first["id"].startswith("case-")
    assert list(first["metadata"]["source"]) == ["sha256"]
    assert second["metadata"]["source"]["conversation"] == second["id"]
    assert second["id"].startswith("c_")


@pytest.mark.parametrize("name", ["../../x", "a b/c", "call 0017/ü", "..", "x" * 400, "\u202e"])
def test_ids_are_safe_and_unique(root: Path, name: str) -> None:
    calls(root, conversation(name), conversation("call 0017", turns=TURNS[:4]))
    put(root)
    ids = [one["id"] for one in rows(root, "cases.jsonl")]

    assert len(set(ids)) == len(ids) == 5
    assert all(one.replace("-", "").isalnum() and len(one) < 101 for one in ids)
    assert Workspace(root).problems() == []


def test_what_is_there_already_is_refused(root: Path) -> None:
    put(root)
    before = files(root)
    with pytest.raises(UserError, match=r"calls.jsonl:1: is there already: the recording of 'call-1' by 'v1', trial 0"):
        put(root)
    calls(root, conversation("other name", persona="hurried"))
    with pytest.raises(UserError, match="is there already"):
        put(root)
    assert files(root) == before


def test_trials_that_say_the_same_are_trials(root: Path) -> None:
    put(root)
    calls(root, conversation("x", case="call-1", trial=1))
    put(root)
    assert [(one["case"], one.get("trial", 0)) for one in rows(root, "recordings/v1.jsonl")[3:]] == [
        ("call-1", 0), ("call-1", 1),
    ]  # fmt: skip
    with pytest.raises(UserError, match="is there already: the recording of 'call-1' by 'v1', trial 1"):
        put(root)


def test_all_that_is_wrong_is_told_at_once_and_nothing_is_added(root: Path) -> None:
    calls(
        root,
        conversation("a", persona="nobody"),
        conversation("b", agent={}),
        conversation("c", agent={"prompt_version": "v7"}),
        conversation("d", prompt_sha256="0" * 64),
        conversation("e", started_at="2020-01-01T00:00:00Z"),
        conversation("f", turns=[{"role": "agent"}]),
        conversation("g"),
    )
    before = files(root)
    with pytest.raises(ManyErrors) as raised:
        put(root)
    told = [str(error) for error in raised.value.errors]

    assert len(told) == 6
    for part, sentence in zip(
        ("there is no persona 'nobody'", "does not say by which prompt version", "called 'v7'", "another prompt (0000",
         "in force from 2026-10-01", "nobody says anything"),
        told, strict=True,
    ):  # fmt: skip
        assert part in sentence
    assert files(root) == before


def test_what_the_source_does_not_say_can_be_given(root: Path) -> None:
    calls(root, conversation(agent={"prompt_version": "prod-77"}, persona=None))
    put(root, version="v2", persona="hurried", case_id="my.case")
    (case,) = rows(root, "cases.jsonl")[3:]

    assert (case["id"], case["persona"]) == ("my.case", "hurried")
    assert rows(root, "recordings/v2.jsonl")[3]["agent"] == {"name": "care", "prompt_version": "v2"}
    calls(root, conversation())
    with pytest.raises(UserError, match="was held by 'v1', not by 'v2'; leave --version out"):
        put(root, version="v2")
    with pytest.raises(UserError, match="cannot be the id of a case"):
        put(root, case_id="../x")


def test_a_recording_that_a_case_lacks_is_added_to_it(root: Path) -> None:
    put(root)
    calls(
        root,
        conversation("x", case="call-1", agent={"prompt_version": "v2"}),
        conversation("y", case="call-1", trial=1),
    )
    put(root)

    assert len(rows(root, "cases.jsonl")) == 4
    assert rows(root, "recordings/v2.jsonl")[3]["id"] == "call-1.v2"
    assert rows(root, "recordings/v1.jsonl")[4]["id"] == "call-1.v1.t1"
    assert Workspace(root).problems() == []


def test_where_the_recording_is_there_it_becomes_a_case_of_the_same_family(root: Path) -> None:
    calls(root, conversation(case="c-00"), conversation("x", case="c-00", agent={"prompt_version": "v2"}))
    put(root)
    (case,) = rows(root, "cases.jsonl")[3:]

    assert (case["id"], case["template"]) == ("c-00-2", "c-00")
    assert rows(root, "recordings/v1.jsonl")[3]["case"] == rows(root, "recordings/v2.jsonl")[3]["case"] == "c-00-2"
    calls(root, conversation("y", case="c-01+calm", turns=TURNS[:2]))
    put(root)
    assert rows(root, "cases.jsonl")[4]["template"] == "c-01"


def test_a_case_can_be_named_that_they_are_recordings_of(root: Path) -> None:
    put(root, case_id="mine")
    calls(root, conversation("x", turns=TURNS[:4]), conversation("y", turns=TURNS[:2]))
    with pytest.raises(UserError, match="the conversations are of 2 cases; choose those of one with --id"):
        put(root, case_id="mine")
    with pytest.raises(UserError, match=r"case 'mine' by 'v1', trial 0 is recorded already, at .*leave --case-id out"):
        put(root, case_id="mine", ids=("x",))
    calls(root, conversation("x", persona="hurried", agent={"prompt_version": "v2"}))
    with pytest.raises(UserError, match="its customer is 'hurried', and the case 'mine' is of 'calm'"):
        put(root, case_id="mine")


def test_only_the_case_can_be_added_whatever_agent_held_it(root: Path) -> None:
    calls(root, conversation(agent={"prompt_version": "demo"}, prompt_sha256="0" * 64))
    done = put(root, case_only=True)

    assert (len(done.cases), done.recordings, done.labels) == (1, (), ())
    assert not rows(root, "labels.jsonl")
    with pytest.raises(UserError, match="is there already: the case 'call-1'"):
        put(root, case_only=True)


def test_a_case_that_was_added_alone_gets_its_recording_later(root: Path) -> None:
    put(root, case_only=True)
    put(root)
    assert [one["id"] for one in rows(root, "cases.jsonl")[3:]] == ["call-1"]
    assert rows(root, "recordings/v1.jsonl")[-1]["case"] == "call-1"


def test_a_dry_run_writes_nothing(root: Path) -> None:
    before = files(root)
    done = put(root, dry_run=True)

    assert files(root) == before
    assert [case.id for case in done.cases] == ["call-1"]
    assert put(root, labels=False).labels == ()
    assert not rows(root, "labels.jsonl")


def test_the_version_and_the_digest_change_with_the_content(root: Path) -> None:
    def digest_of() -> tuple[str | None, str]:
        space = Workspace(root)
        found = run_inputs(plan_of(space, space.config("small")), skip_bad=False).files.golden_set
        assert found is not None
        return found.version, found.sha256

    write(root, f"{SET}/set.yaml", "# ours\n" + (root / SET / "set.yaml").read_text().replace("few\n", "few # a few\n"))
    before, text = digest_of(), (root / SET / "set.yaml").read_text()
    done = put(root)

    assert done.versions == ("1", "2")
    assert (root / SET / "set.yaml").read_text() == text.replace('version: "1"', 'version: "2"')
    assert digest_of()[0] == "2"
    assert digest_of()[1] != before[1]
    change(root, f"{SET}/set.yaml", 'version: "2"', "version: spring")
    calls(root, conversation("x", turns=TURNS[:4]))
    assert put(root).versions is None


def test_a_set_may_begin_with_nothing(root: Path) -> None:
    for name in ("cases.jsonl", "recordings/v1.jsonl", "recordings/v2.jsonl"):
        (root / SET / name).unlink()
    put(root)

    assert [one["id"] for one in rows(root, "cases.jsonl")] == ["call-1"]
    assert Workspace(root).problems() == []


def test_a_broken_set_or_source_adds_nothing(root: Path) -> None:
    before = files(root)
    write(root, "calls.jsonl", json.dumps(conversation()) + '\n{"id": "x"')
    with pytest.raises(UserError, match=r"calls.jsonl:2: the JSON stops"):
        put(root)
    calls(root, conversation())
    with pytest.raises(UserError, match=r"there is no conversation in .* 'z'"):
        put(root, ids=("z",))
    assert files(root) == before
    change(root, f"{SET}/cases.jsonl", '"c-00"', '"c-01"')
    with pytest.raises(UserError, match="stands twice"):
        put(root)


def test_what_nobody_says_is_no_case(root: Path) -> None:
    calls(root, conversation(turns=[{"role": "system", "text": "Be kind."}, {"role": "tool", "text": "done"}]))
    with pytest.raises(UserError, match=r"calls.jsonl:1: nobody says anything"):
        put(root)


def test_one_reader_reads_them_all(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[None] = []
    real = LocalReader.__init__

    def counted(reader: LocalReader, *args: Any) -> None:
        made.append(None)
        real(reader, *args)

    monkeypatch.setattr(LocalReader, "__init__", counted)
    calls(root, conversation("a"), conversation("b", turns=TURNS[:4]))
    put(root)
    assert len(made) == 1


def test_a_kill_leaves_all_or_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, before = staged._placed, files(root)

    def killed(*step: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(staged, "_placed", killed)
    with pytest.raises(KeyboardInterrupt):
        put(root)
    assert {name: raw for name, raw in files(root).items() if ".staged" not in name} == before
    monkeypatch.setattr(staged, "_placed", real)
    with pytest.raises(UserError, match="is there already"):
        put(root)
    assert len(rows(root, "cases.jsonl")) == 4
    assert Workspace(root).problems() == []


def test_a_line_that_has_no_end_stays_a_line(root: Path) -> None:
    path = root / SET / "cases.jsonl"
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    put(root)

    assert [one["id"] for one in rows(root, "cases.jsonl")] == ["c-00", "c-01", "c-02", "call-1"]


# --- what was simulated ---


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a workspace, played once: conversations in out.jsonl, a run in results/run."""
    root = tmp_path / "space"
    live_workspace(root, cases=2)
    monkeypatch.chdir(root)
    monkeypatch.setenv("EVALH_CACHE", str(tmp_path / ".cache"))
    monkeypatch.setenv("ASKED", str(tmp_path / "asked"))
    monkeypatch.setattr("os.fsync", lambda _: None)
    from evalh.cli.main import main

    assert main(["simulate", "--out", "out.jsonl"]) == 0
    assert main(["run", "--out", "results/run", "--replay-only", "--no-gate"]) == 0
    return root


def said(root: Path, version: str) -> list[list[str]]:
    return [[turn.get("text", "") for turn in one["turns"]] for one in rows(root, f"recordings/{version}.jsonl")]


@pytest.mark.parametrize("source", ["out.jsonl", "results/run", "golden_sets/few/recordings/small"])
def test_what_was_simulated_is_added_from_wherever_it_is(live: Path, source: str) -> None:
    done = put(live, source=source)

    assert done.cases == ()
    assert [one.id for one in sorted(done.recordings, key=lambda one: one.id)] == [
        "c-00.v1", "c-00.v2", "c-01.v1", "c-01.v2",
    ]  # fmt: skip
    simulated = [Conversation.model_validate_json(line) for line in (live / "out.jsonl").read_text().splitlines()]
    assert sorted(said(live, "v1") + said(live, "v2")) == sorted([turn.text for turn in one.turns] for one in simulated)
    assert Workspace(live).problems() == []
    assert "simulation" not in "".join(
        raw.decode() for name, raw in files(live).items() if name.startswith("recordings/v")
    )


def test_one_conversation_of_a_run_and_one_file_of_recordings(live: Path) -> None:
    done = put(live, source="results/run", ids=("c-01.v2",), labels=False)
    assert [one.id for one in done.recordings] == ["c-01.v2"]
    done = put(live, source="golden_sets/few/recordings/small/v1/calm.jsonl", labels=False)
    assert [one.id for one in done.recordings] == ["c-00.v1"]


def test_a_run_whose_conversations_were_recorded_again_is_told(live: Path) -> None:
    from evalh.cli.main import main

    change(live, "agents/helper.py", "You're welcome.", "Any time.")
    assert main(["simulate"]) == 0
    with pytest.raises(UserError, match="is recorded otherwise than it was in that run; run it again"):
        put(live, source="results/run")


def test_the_conversations_of_a_replayed_run_are_those_of_its_set(root: Path) -> None:
    from evalh.cli.main import main

    put(root)
    assert main(["run", "--out", "results/done", "--no-gate"]) == 0
    with pytest.raises(UserError, match="is there already: the recording of 'c-00' by 'v1'"):
        put(root, source="results/done", ids=("c-00-0",), case_id="new")
