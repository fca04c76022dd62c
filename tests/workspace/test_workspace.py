from datetime import date
from pathlib import Path

import pytest
from tests.small_workspace import BREVITY, change, small_workspace, write

from evalh.errors import BadConfig, BadInput, NotFound, UserError
from evalh.testing import make_conversation
from evalh.workspace import Workspace, in_force, reference_root


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    small_workspace(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_workspace_is_the_nearest_folder_above(root: Path) -> None:
    (root / "a" / "b").mkdir(parents=True)
    assert Workspace.find(root / "a" / "b").root == root.resolve()


def test_a_folder_with_foreign_configs_is_no_workspace(tmp_path: Path) -> None:
    write(tmp_path, "configs/app.yaml", "debug: true\n")
    assert Workspace.find(tmp_path).root == reference_root()


def test_outside_any_workspace_the_reference_is_used(tmp_path: Path) -> None:
    space = Workspace.find(tmp_path)
    assert space.is_reference
    assert space.config().config.name == "telecom"


def test_the_only_config_is_the_default(root: Path) -> None:
    loaded = Workspace.find().config()
    assert (loaded.config.name, loaded.path.name) == ("small", "small.yaml")


def test_of_several_configs_one_must_be_named(root: Path) -> None:
    write(root, "configs/other.yaml", (root / "configs/small.yaml").read_text())
    with pytest.raises(NotFound, match=r"^there are 2 run configurations; name one of other, small$"):
        Workspace.find().config()


def test_a_config_is_found_by_its_path(root: Path) -> None:
    assert Workspace.find().config("configs/small.yaml").config.golden_set == "few"


def test_an_unknown_config_gets_a_suggestion(root: Path) -> None:
    with pytest.raises(NotFound, match=r"^there is no run configuration 'smal'; did you mean 'small'\?$"):
        Workspace.find().config("smal")


def test_a_policy_file_brings_its_sibling_versions(root: Path) -> None:
    policies = Workspace.find().policies(root / "configs/policies/home@2.yaml")
    assert [policy.version for policy in policies.versions] == ["1", "2"]


def test_a_policy_file_of_any_name_stands_alone(root: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine" / "offers.yaml"
    write(tmp_path, "mine/offers.yaml", (root / "configs/policies/home@2.yaml").read_text())
    assert [policy.version for policy in Workspace.find().policies(path).versions] == ["2"]


def test_overlapping_versions_name_both_and_the_day(root: Path) -> None:
    change(root, "configs/policies/home@1.yaml", "2026-10-31", "2026-11-30")
    with pytest.raises(BadConfig) as caught:
        Workspace.find().policies("home")
    assert str(caught.value) == (
        "configs/policies/home@2.yaml:4: effective.from: version '2' is in force on 2026-11-01, and so is '1' "
        "(configs/policies/home@1.yaml); change 'from' or the other's 'to'"
    )


def test_an_open_version_ends_when_the_next_begins(root: Path) -> None:
    change(root, "configs/policies/home@1.yaml", ", to: 2026-10-31", "")
    assert len(Workspace.find().policies("home").versions) == 2


def test_a_condition_that_does_not_parse_is_a_sentence_with_its_line(root: Path) -> None:
    change(root, "configs/policies/home@2.yaml", "tenure_months >= 3", "tenure_months >=")
    with pytest.raises(BadConfig, match=r"^configs/policies/home@2.yaml:11: offers.eligibility.condition: the cond"):
        Workspace.find().policies("home")


def test_a_prompt_has_its_checks_and_its_text(root: Path) -> None:
    prompt = Workspace.find().prompt("care", "v1")
    assert (prompt.text, prompt.approved_copy[0].offer) == ("You are Nora.", "FIBER-500")


def test_a_prompt_without_front_matter_is_named_by_its_file(root: Path) -> None:
    write(root, "configs/prompts/care/v9.md", "You are Nora.\n")
    prompt = Workspace.find().prompt("care", "v9")
    assert (prompt.agent, prompt.version, prompt.checkable) == ("care", "v9", False)


def test_line_endings_do_not_change_a_prompts_digest(root: Path) -> None:
    before = Workspace.find().prompt("care", "v1").sha256
    path = root / "configs/prompts/care/v1.md"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert Workspace.find().prompt("care", "v1").sha256 == before


def test_recordings_take_from_their_case_what_they_do_not_say(root: Path) -> None:
    (held,) = Workspace.find().recordings("few", "v1")
    assert (held.persona, str(held.started_at)) == ("calm", "2026-11-05 10:00:00+00:00")


def test_a_recording_of_another_prompt_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    space = small_workspace(tmp_path, prompt_sha256="0" * 64)
    with pytest.raises(BadInput, match=r"v1.jsonl:1: prompt_sha256: was recorded with another prompt \(0000"):
        list(space.recordings("few", "v1"))


def test_a_recording_of_an_unknown_case_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    space = small_workspace(tmp_path, case="c-2")
    with pytest.raises(BadInput) as caught:
        list(space.recordings("few", "v1"))
    assert str(caught.value) == (
        "golden_sets/few/recordings/v1.jsonl:1: case: there is no case 'c-2'; did you mean 'c-1'?"
    )


def test_a_scorecard_of_unknown_evaluators_is_refused_before_a_run(root: Path) -> None:
    change(root, "configs/scorecards/card.yaml", "evaluator: brevity", "evaluator: brevitee")
    with pytest.raises(BadConfig, match="there is no evaluator 'brevitee'; did you mean 'brevity'"):
        Workspace.find().scorecard("card")


def test_a_scorecard_that_the_workspace_lacks_comes_from_the_reference(root: Path) -> None:
    assert Workspace.find().scorecard("care").id == "care"


def test_own_evaluators_stand_beside_the_shipped_ones(root: Path) -> None:
    found = Workspace.find().found_evaluators()
    assert (found["brevity"].origin, found["tone"].origin) == ("user", "shipped")


def test_an_own_evaluator_replaces_a_shipped_one_with_notice(root: Path) -> None:
    write(root, "evaluators/tone.py", BREVITY.replace("class Brevity", "class Tone"))
    space = Workspace.find()
    assert space.found_evaluators()["tone"].overrides
    assert space.notices() == ["evaluators/tone.py replaces the shipped evaluator 'tone'"]


def test_settings_of_a_config_reach_the_evaluator(root: Path) -> None:
    space = Workspace.find()
    (brevity,) = space.evaluators_for(space.config())
    assert brevity.model_dump()["max_words"] == 30


def test_without_settings_every_evaluator_runs_with_its_defaults(root: Path) -> None:
    names = [evaluator.name() for evaluator in Workspace.find().evaluators_for()]
    assert "brevity" in names
    assert names == sorted(names)


def test_the_version_of_the_conversations_day_is_in_force(root: Path) -> None:
    policies = Workspace.find().policies("home")
    held = make_conversation("A: hi", started_at="2026-10-05T10:00:00Z")
    assert in_force(policies, held).policy.version == "1"


def test_as_of_stands_in_for_a_missing_date_and_the_newest_is_assumed(root: Path) -> None:
    policies = Workspace.find().policies("home")
    held = make_conversation("A: hi")
    assert in_force(policies, held, date(2026, 10, 5)).policy.version == "1"
    assert in_force(policies, held).assumed


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2025-01-02", "c: the conversation 'x' is of 2025-01-02, but the first version of 'home' is in force from "
         "2026-10-01; add the version of that day"),
        ("2026-11-05", None),
    ],
)  # fmt: skip
def test_a_conversation_before_any_version_names_both_dates(root: Path, day: str, said: str | None) -> None:
    held = make_conversation("A: hi", id="x", started_at=f"{day}T10:00:00Z")
    try:
        in_force(Workspace.find().policies("home"), held, place="c")
        found = None
    except UserError as error:
        found = str(error)
    assert found == said


def test_a_configuration_is_run_in_the_workspace_that_its_file_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_workspace(tmp_path / "mine")
    monkeypatch.chdir(tmp_path)

    assert Workspace.of_config("mine/configs/small.yaml").root.resolve() == (tmp_path / "mine").resolve()
    assert Workspace.of_config("small").is_reference
    assert Workspace.of_config("mine/configs/absent.yaml").is_reference
    assert Workspace.of_config(None).is_reference
