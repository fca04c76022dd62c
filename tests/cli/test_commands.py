import json
from pathlib import Path

from tests.cli.conftest import Evalh
from tests.small_workspace import BREVITY, change, write

from evalh.workspace import Workspace

START = [
    "configs/telecom.yaml",
    "configs/prompts/care/v1.md",
    "configs/prompts/care/v2.md",
    "configs/scorecards/care.yaml",
    "evaluators/brevity.py",
    "golden_sets/brightwater_care/cases.jsonl",
    "golden_sets/brightwater_care/recordings/v1.jsonl",
    "golden_sets/brightwater_care/set.yaml",
]


def test_init_writes_a_workspace_without_problems(evalh: Evalh, tmp_path: Path) -> None:
    done = evalh("init", str(tmp_path / "mine"))
    assert done.code == 0
    assert [name for name in START if not (tmp_path / "mine" / name).is_file()] == []
    assert Workspace(tmp_path / "mine").problems() == []


def test_init_starts_small(evalh: Evalh, tmp_path: Path) -> None:
    evalh("init", str(tmp_path))
    golden = Workspace(tmp_path).golden_set("brightwater_care")
    assert (len(golden.cases), len({case.persona for case in golden.cases})) == (12, 2)
    assert len(Workspace(tmp_path).personas()) == 2


def test_init_never_overwrites(evalh: Evalh, tmp_path: Path) -> None:
    write(tmp_path, "evaluators/brevity.py", "mine = 1\n")
    evalh("init", str(tmp_path))
    assert (tmp_path / "evaluators/brevity.py").read_text() == "mine = 1\n"
    assert evalh("init", str(tmp_path)).out.startswith("nothing to write, every file is there\n")


def test_init_into_a_file_is_a_users_mistake(evalh: Evalh, root: Path) -> None:
    write(root, "file", "")
    done = evalh("init", "file/below")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "name another folder" in done.err


def test_validate_counts_what_is_good(evalh: Evalh, root: Path) -> None:
    done = evalh("validate")
    assert done.code == 0
    assert done.out.startswith("ok: 2 policy versions, 1 prompt, 1 persona, 1 scorecard, 1 run configuration, ")


def test_validate_says_everything_at_once(evalh: Evalh, root: Path) -> None:
    change(root, "configs/small.yaml", "golden_set: few", "golden_set: feww")
    change(root, "personas/calm.yaml", "name: Calm", "nam: Calm")
    done = evalh("validate")
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[:3] == [
        "personas/calm.yaml:1: name: is missing; add it",
        "personas/calm.yaml:3: unknown key 'nam'; did you mean 'name'?",
        "configs/small.yaml:3: golden_set: there is no golden set 'feww'; did you mean 'few'?",
    ]


def test_validate_tells_of_replaced_evaluators(evalh: Evalh, root: Path) -> None:
    write(root, "evaluators/tone.py", BREVITY.replace("class Brevity", "class Tone"))
    assert evalh("validate").out.startswith("evaluators/tone.py replaces the shipped evaluator 'tone'\nok: ")


def test_validate_checks_one_file_by_itself(evalh: Evalh, root: Path) -> None:
    assert evalh("validate", "configs/policies/home@1.yaml").out == "ok: policy\n"
    assert evalh("validate", "evaluators/brevity.py").out == "ok: evaluator 'brevity'\n"
    assert evalh("validate", "configs/prompts/care/v1.md").out == "ok: prompt 'care', version 'v1'\n"
    assert evalh("validate", "golden_sets/few/recordings/v1.jsonl").out == "ok: 1 conversation\n"


def test_validate_asks_for_a_schema_it_knows(evalh: Evalh, root: Path) -> None:
    write(root, "x.yaml", "schema: evalh.polcy/1\n")
    done = evalh("validate", "x.yaml")
    assert (done.code, done.err) == (
        2,
        "x.yaml:1: schema: unknown schema 'evalh.polcy/1'; did you mean 'evalh.policy/1'?\n",
    )


def test_list_shows_each_evaluator_with_its_origin(evalh: Evalh, root: Path) -> None:
    lines = evalh("list", "evaluators").out.splitlines()
    assert any(line.startswith("brevity") and "user" in line for line in lines)
    assert any(line.startswith("tone") and "shipped" in line for line in lines)


def test_list_without_a_kind_shows_every_kind(evalh: Evalh, root: Path) -> None:
    out = evalh("list").out
    kinds = ("evaluators", "policies", "prompts", "personas", "golden", "configs")
    assert [kind for kind in kinds if f"{kind}:\n" not in out] == []


def test_schema_prints_the_json_schema_with_its_id(evalh: Evalh, root: Path) -> None:
    schema = json.loads(evalh("schema", "policy").out)
    assert schema["$id"] == "urn:evalh:schema:policy:1"
    assert "from" in schema["$defs"]["Effective"]["properties"]


def test_schema_of_an_evaluator_is_that_of_its_settings(evalh: Evalh, root: Path) -> None:
    schema = json.loads(evalh("schema", "evaluator:brevity").out)
    assert schema["properties"]["max_words"]["default"] == 40


def test_schema_writes_them_all(evalh: Evalh, root: Path) -> None:
    assert evalh("schema", "--out", "schemas").code == 0
    names = {path.name for path in (root / "schemas").iterdir()}
    assert {"conversation.schema.json", "score.schema.json", "evaluator.brevity.schema.json"} <= names


def test_an_unknown_schema_gets_a_suggestion(evalh: Evalh, root: Path) -> None:
    done = evalh("schema", "polcy")
    assert (done.code, done.err) == (2, "there is no schema 'polcy'; did you mean 'policy'?\n")


def test_facts_show_what_is_read_in_each_turn(evalh: Evalh, root: Path) -> None:
    done = evalh("facts", "golden_sets/few/recordings/v1.jsonl", "--policy", "home", "--encoder", "none")
    assert done.code == 0
    assert "[0] agent: Hi, this is Nora, an AI assistant.\n" in done.out
    assert "identity: claim=ai_disclosed" in done.out


def test_facts_as_json_are_readings(evalh: Evalh, root: Path) -> None:
    done = evalh("facts", "golden_sets/few/recordings/v1.jsonl", "--json", "--encoder", "none", "--id", "r-1")
    assert json.loads(done.out)["conversation"] == "r-1"


def test_facts_of_an_unknown_conversation_are_a_users_mistake(evalh: Evalh, root: Path) -> None:
    done = evalh("facts", "golden_sets/few/recordings/v1.jsonl", "--id", "r-2", "--encoder", "none")
    assert (done.code, done.err) == (2, "there is no conversation 'r-2'; leave --id out to see all\n")
