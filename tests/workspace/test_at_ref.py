from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.small_workspace import RECORDING, change, small_workspace, write

from evalh.errors import BadConfig, BadInput, NotFound, UserError
from evalh.workspace import Workspace
from evalh.workspace.at_ref import (
    blobs_at,
    commit_of,
    config_at,
    file_at,
    gone_at,
    is_unchanged,
    place_of,
    prompt_at,
    recordings_at,
)

V1 = "configs/prompts/care/v1.md"
RECORDED = "golden_sets/few/recordings/v1.jsonl"


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "protocol.file.allow=always")
    done = subprocess.run(["git", *who, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(folder: Path) -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "m")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace whose prompt was changed since the commit on `main`."""
    root = tmp_path / "space"
    root.mkdir()
    monkeypatch.chdir(root)
    found = small_workspace(root)
    git(root, "init", "--quiet", "--initial-branch=main")
    commit(root)
    change(root, V1, "You are Nora.", "You are Nora. Sell.")
    return found


def told(call: Any) -> str:
    with pytest.raises(UserError) as caught:
        call()
    return str(caught.value)


# --- commits ---


def test_a_branch_a_tag_and_a_short_digest_name_the_same_commit(space: Workspace) -> None:
    commit = git(space.root, "rev-parse", "HEAD")
    git(space.root, "tag", "-a", "-m", "m", "t1")
    assert {commit_of(space.root, ref) for ref in ("main", "t1", "HEAD", commit[:8], commit)} == {commit}


@pytest.mark.parametrize("ref", ["", "-x", "--output=stolen", "^main", "main\n", "a\x1b[31m", "a\u202eb", "x" * 501])
def test_what_git_could_take_for_an_option_or_a_terminal_for_a_command_is_no_ref(space: Workspace, ref: str) -> None:
    said = told(lambda: commit_of(space.root, ref))
    assert said.endswith("is no git ref; name a branch, a tag or a commit")
    assert said.isprintable()
    assert not (space.root / "stolen").exists()


@pytest.mark.parametrize("ref", ["mian", "HEAD:configs", f"HEAD:{V1}", "HEAD~9", "0" * 40, "a b", "$(touch x)"])
def test_a_ref_that_names_no_commit_is_one_sentence(space: Workspace, ref: str) -> None:
    wanted = f"there is no git commit {ref!r} here; name a branch, a tag or a commit that was fetched"
    assert told(lambda: commit_of(space.root, ref)) == wanted


def test_a_branch_that_only_the_remote_has_is_suggested(space: Workspace, tmp_path: Path) -> None:
    git(space.root, "branch", "release/1")
    git(tmp_path, "clone", "--quiet", str(space.root), "copy")
    assert told(lambda: commit_of(tmp_path / "copy", "release/1")).endswith("here; did you mean 'origin/release/1'?")


def test_a_shallow_clone_is_told_what_to_fetch_and_that_helps(space: Workspace, tmp_path: Path) -> None:
    base = git(space.root, "rev-parse", "main")
    git(space.root, "switch", "--quiet", "--create", "change")
    commit(space.root)
    git(tmp_path, "clone", "--quiet", "--depth=1", "--branch=change", f"file://{space.root}", "copy")
    copy = tmp_path / "copy"

    said = told(lambda: commit_of(copy, "origin/main"))
    wanted = "fetch it: git fetch --depth=1 origin main:refs/remotes/origin/main"
    assert said == f"there is no git commit 'origin/main' here, and the clone is shallow; {wanted}"
    assert told(lambda: commit_of(copy, "HEAD~1")).endswith("fetch the rest: git fetch --unshallow")
    git(copy, *said.rpartition(": git ")[2].split())
    assert commit_of(copy, "origin/main") == base
    assert told(lambda: commit_of(copy, "main")).endswith("did you mean 'origin/main'?")


def test_a_folder_without_a_repository_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    said = told(lambda: commit_of(tmp_path, "main"))
    assert "cannot be looked up in git ('not a git repository" in said
    assert said.endswith("; work in a clone")


def test_a_repository_of_another_owner_names_the_setting(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert told(lambda: commit_of(space.root, "main")).endswith(
        "; trust that folder: git config --global --add safe.directory FOLDER"
    )


def test_without_git_there_is_a_sentence(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert told(lambda: commit_of(space.root, "main")).startswith("there is no git here; install it")


def test_a_git_that_does_not_answer_is_given_up(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "bin/git", "#!/bin/sh\nexec /bin/sleep 9\n")
    (tmp_path / "bin/git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr("evalh.workspace.at_ref.TIMEOUT_SECONDS", 0.1)
    assert told(lambda: commit_of(space.root, "main")).startswith("git did not answer in")


# --- files ---


def test_a_file_is_read_as_it_was_and_the_working_tree_stays(space: Workspace) -> None:
    before = git(space.root, "status", "--porcelain")
    raw = file_at(space.root, commit_of(space.root, "main"), space.root / V1)
    assert raw is not None
    assert raw.endswith(b"You are Nora.\n")
    assert git(space.root, "status", "--porcelain") == before != ""


def test_a_file_that_is_gone_now_is_still_there_and_a_new_one_is_not(space: Workspace) -> None:
    commit = commit_of(space.root, "main")
    (space.root / V1).unlink()
    write(space.root, "configs/prompts/care/v2.md", "new")
    assert file_at(space.root, commit, space.root / V1) is not None
    assert file_at(space.root, commit, space.root / "configs/prompts/care/v2.md") is None
    assert file_at(space.root, commit, space.root / V1 / "below") is None


def test_an_empty_file_is_not_a_missing_one(space: Workspace) -> None:
    write(space.root, "empty.md", "")
    assert file_at(space.root, commit(space.root), space.root / "empty.md") == b""


def test_bytes_come_as_they_are_whatever_the_attributes_say(space: Workspace) -> None:
    write(space.root, ".gitattributes", "*.md diff=loud text eol=crlf filter=loud\n")
    git(space.root, "config", "diff.loud.textconv", "touch stolen; cat")
    git(space.root, "config", "filter.loud.smudge", "touch stolen; cat")
    (space.root / "raw.md").write_bytes(b"a\nb\n\xff\x00")
    assert file_at(space.root, commit(space.root), space.root / "raw.md") == b"a\nb\n\xff\x00"
    assert not (space.root / "stolen").exists()


@pytest.mark.parametrize("name", ["*.md", ":(top)x.md", "two\nlines.md", "é x.md", "-n.md", "[a].md"])
def test_a_name_is_never_a_pattern(space: Workspace, name: str) -> None:
    write(space.root, name, "this one")
    assert file_at(space.root, commit(space.root), space.root / name) == b"this one"
    git(space.root, "rm", "--quiet", "--", f":(literal){name}")
    assert file_at(space.root, commit(space.root), space.root / name) is None


def test_a_link_and_a_folder_are_refused(space: Workspace) -> None:
    (space.root / "link.md").symlink_to("/etc/passwd")
    at = commit(space.root)
    for name in ("link.md", "configs/prompts"):
        with pytest.raises(BadInput, match=rf"^{at[:12]}:{name}: is a link or a folder, not a file; name the file"):
            file_at(space.root, at, space.root / name)


def test_a_file_that_is_too_big_is_not_read(space: Workspace) -> None:
    with pytest.raises(BadInput, match=r"has 0\.0 MiB, at most 0\.0 MiB are read; split it$"):
        file_at(space.root, commit_of(space.root, "main"), space.root / V1, max_bytes=10)


def test_a_pointer_of_git_lfs_is_not_taken_for_the_file(space: Workspace) -> None:
    write(space.root, RECORDED, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    commit(space.root)
    assert "is kept in Git LFS" in told(lambda: recordings_at(space, "few", space.prompt("care", "v1"), "main"))


@pytest.mark.parametrize("name", ["../other.md", "configs/../../other.md"])
def test_a_file_outside_of_the_repository_is_refused(space: Workspace, name: str) -> None:
    at = commit_of(space.root, "main")
    assert "is outside of the git repository" in told(lambda: file_at(space.root, at, space.root / name))


def test_a_commit_that_is_gone_is_one_sentence(space: Workspace) -> None:
    said = told(lambda: file_at(space.root, "1" * 40, space.root / V1))
    assert said == "git cannot read the commit ('not a tree object'); fetch it again"


def test_a_workspace_may_be_a_folder_of_the_repository_and_be_reached_by_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "repo/agents/care").mkdir(parents=True)
    small_workspace(tmp_path / "repo/agents/care")
    git(tmp_path / "repo", "init", "--quiet", "--initial-branch=main")
    commit(tmp_path / "repo")
    (tmp_path / "link").symlink_to("repo/agents")
    for root in (tmp_path / "repo/agents/care", tmp_path / "link/care"):
        assert prompt_at(Workspace(root), "care", "v1", "main")[0].text == "You are Nora."


def test_in_a_hook_the_repository_is_given_relative_to_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "agents").mkdir()
    small_workspace(tmp_path / "agents")
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    commit(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_DIR", ".git")
    assert prompt_at(Workspace(tmp_path / "agents"), "care", "v1", "main")[0].text == "You are Nora."


def test_a_file_that_is_a_link_now_is_told_by_its_own_name(space: Workspace) -> None:
    (space.root / "configs/prompts/care/v3.md").symlink_to("v1.md")
    assert told(lambda: prompt_at(space, "care", "v3", "main")).startswith("git:main has no configs/prompts/care/v3.md")


# --- what changed since ---


@pytest.mark.parametrize("name", ["sha1", "sha256"])
def test_a_file_is_unchanged_while_it_has_the_bytes_of_the_commit_but_for_line_ends(tmp_path: Path, name: str) -> None:
    root, path = tmp_path / "space", tmp_path / "space/a.md"
    write(root, "a.md", "one\ntwo\n")
    git(root, "init", "--quiet", "--initial-branch=main", f"--object-format={name}")
    at = commit(root)
    found = {}
    for raw in (b"one\ntwo\n", b"one\r\ntwo\r\n", b"one\ntwo", b"one\ntwo\n\n", b""):
        path.write_bytes(raw)
        found[raw] = is_unchanged(root, at, path)
    assert list(found.values()) == [True, True, False, False, False]


def test_what_git_is_told_to_overlook_is_not_overlooked(space: Workspace) -> None:
    at = commit_of(space.root, "main")
    git(space.root, "update-index", "--assume-unchanged", RECORDED)
    write(space.root, ".git/info/attributes", "*.jsonl filter=same\n")
    git(space.root, "config", "filter.same.clean", f"touch stolen; git cat-file blob {at}:{RECORDED}")
    assert is_unchanged(space.root, at, space.root / RECORDED)
    write(space.root, RECORDED, "other\n")
    assert not is_unchanged(space.root, at, space.root / RECORDED)
    assert not (space.root / "stolen").exists()
    assert git(space.root, "diff", "--name-only", "--", RECORDED) == ""


def test_a_link_a_missing_and_a_new_file_are_changed(space: Workspace) -> None:
    (space.root / "link.md").symlink_to("configs/small.yaml")
    at = commit(space.root)
    write(space.root, "new.md", "")
    (space.root / RECORDED).unlink()
    assert not any(is_unchanged(space.root, at, space.root / name) for name in ("link.md", "new.md", RECORDED))
    (space.root / V1).rename(space.root / "moved.md")
    (space.root / V1).symlink_to(space.root / "moved.md")
    assert not is_unchanged(space.root, at, space.root / V1)


def test_the_files_of_a_folder_are_those_of_the_commit_and_never_a_pattern(space: Workspace) -> None:
    at = commit_of(space.root, "main")
    root = space.root.resolve()
    write(space.root, "personas/new.yaml", "")
    assert list(blobs_at(root, at, [root / "personas", root / "configs/policies/home@1.yaml"])) == [
        root / "configs/policies/home@1.yaml", root / "personas/calm.yaml",
    ]  # fmt: skip
    assert blobs_at(root, at, [root / "*", root.parent / "elsewhere.md"]) == {}
    assert blobs_at(root, at, []) == {}


def test_a_linked_folder_does_not_lead_elsewhere_in_the_commit(space: Workspace, tmp_path: Path) -> None:
    write(space.root, "easy/brevity.py", "")
    at = commit(space.root)
    (space.root / "evaluators").rename(tmp_path / "away")
    (space.root / "evaluators").symlink_to("easy")
    path = space.root / "evaluators/brevity.py"
    assert place_of(space.root, path) == space.root.resolve() / "evaluators/brevity.py"
    assert not is_unchanged(space.root, at, path)


# --- prompts, recordings, configurations ---


def test_a_prompt_keeps_its_version_and_digest_and_its_side_is_named_after_the_commit(space: Workspace) -> None:
    now = space.prompt("care", "v1")
    before, name = prompt_at(space, "care", "v1", "main")
    assert (before.version, before.text) == ("v1", "You are Nora.")
    assert name == f"v1@{git(space.root, 'rev-parse', 'main')[:12]}"
    assert before.sha256 != now.sha256
    git(space.root, "checkout", "--quiet", "--", V1)
    assert before.sha256 == space.prompt("care", "v1").sha256


def test_a_prompt_without_front_matter_is_named_by_its_file(space: Workspace) -> None:
    write(space.root, "configs/prompts/care/v9.md", "You are Nora.\n")
    commit(space.root)
    (space.root / "configs/prompts/care/v9.md").unlink()
    found, _ = prompt_at(space, "care", "v9", "main")
    assert (found.agent, found.version) == ("care", "v9")


def test_a_prompt_the_ref_lacks_is_one_sentence(space: Workspace) -> None:
    assert told(lambda: prompt_at(space, "care", "v3", "main")) == (
        "git:main has no configs/prompts/care/v3.md; name a ref that has it, or another version: --baseline VERSION"
    )


def test_a_prompt_that_was_bad_then_is_told_with_the_ref_and_line(space: Workspace) -> None:
    write(space.root, V1, "---\nschema: evalh.prompt/1\nagent: care\nversion: v1\nrequierd: []\n---\nYou are Nora.\n")
    commit(space.root)
    with pytest.raises(
        BadConfig, match=r"^git:main:configs/prompts/care/v1.md:5: unknown key 'requierd'; did you mean"
    ):
        prompt_at(space, "care", "v1", "main")
    (space.root / V1).write_bytes(b"\xff")
    commit(space.root)
    with pytest.raises(BadConfig, match=r"^git:main:configs/prompts/care/v1.md:1: invalid UTF-8 at byte 0"):
        prompt_at(space, "care", "v1", "main")


def test_recordings_are_those_of_the_ref_and_fit_its_prompt(space: Workspace) -> None:
    write(space.root, RECORDED, "changed since\n")
    prompt, _ = prompt_at(space, "care", "v1", "main")
    ((held, place),) = [item for item in recordings_at(space, "few", prompt, "main") if not isinstance(item, BadInput)]
    assert (held.id, held.persona, place) == ("r-1", "calm", f"git:main:{RECORDED}:1")


def test_recordings_of_another_prompt_are_refused(space: Workspace) -> None:
    (error,) = recordings_at(space, "few", space.prompt("care", "v1"), "main")
    assert isinstance(error, BadInput)
    assert str(error).startswith(f"git:main:{RECORDED}:1: prompt_sha256: was recorded with another prompt (")


def test_each_recording_that_cannot_be_used_comes_as_its_error(space: Workspace) -> None:
    prompt, _ = prompt_at(space, "care", "v1", "main")
    good = {**RECORDING, "prompt_sha256": prompt.sha256}
    records: list[dict[str, Any]] = [good, {**good, "trial": 1}, {**good, "id": "r-2", "case": "gone"}]
    lines = [json.dumps(good | more) for more in records]
    (space.root / RECORDED).write_text("\ufeff" + "\r\n".join([lines[0], "", *lines[1:], '{"id": "cut', ""]))
    commit(space.root)
    found = list(recordings_at(space, "few", prompt, "main"))
    places = [str(item) if isinstance(item, BadInput) else item[1] for item in found]
    assert [place.removeprefix(f"git:main:{RECORDED}:").partition("; ")[0] for place in places] == [
        "1",
        f"3: id: the id 'r-1' was used before, at git:main:{RECORDED}:1",
        "4: case: there is no case 'gone'",
        "5: the JSON stops in the middle (after column 11)",
    ]


def test_recordings_of_cases_that_are_gone_can_be_left_out_and_counted(space: Workspace) -> None:
    prompt, _ = prompt_at(space, "care", "v1", "main")
    good = {**RECORDING, "prompt_sha256": prompt.sha256}
    gone = {**good, "id": "r-2", "case": "gone"}
    write(space.root, RECORDED, "".join(json.dumps(one) + "\n" for one in (gone, good)) + "{\n")
    commit(space.root)
    assert gone_at(space, "few", prompt, "main") == 1
    first, second = recordings_at(space, "few", prompt, "main", leave_out=True)
    assert not isinstance(first, BadInput)
    assert (first[0].id, isinstance(second, BadInput)) == ("r-1", True)


def test_an_empty_file_of_recordings_is_an_error_not_nothing(space: Workspace) -> None:
    write(space.root, RECORDED, "\n")
    commit(space.root)
    (error,) = recordings_at(space, "few", space.prompt("care", "v1"), "main")
    assert str(error) == f"git:main:{RECORDED}: is empty; put at least one conversation in it"


def test_recordings_the_ref_lacks_name_a_version_that_has_some(space: Workspace) -> None:
    git(space.root, "rm", "--quiet", "--cached", RECORDED)
    git(space.root, "commit", "--quiet", "--message", "m")
    prompt = space.prompt("care", "v1")
    missing = f"git:main has no {RECORDED}; "
    assert told(lambda: recordings_at(space, "few", prompt, "main")) == (
        missing + "name a ref that has recordings of it"
    )
    write(space.root, "golden_sets/few/recordings/v2.jsonl", "")
    assert told(lambda: recordings_at(space, "few", prompt, "main")) == (
        missing + "compare with a version that has recordings: --baseline v2"
    )


def test_a_configuration_is_that_of_the_ref(space: Workspace) -> None:
    path = space.root / "configs/small.yaml"
    path.write_text(path.read_text() + "gate: {alpha: 0.01}\n")
    commit(space.root)
    change(space.root, "configs/small.yaml", "0.01", "0.5")
    assert config_at(space, path, "main").gate.alpha == 0.01
    assert space.config("small").config.gate.alpha == 0.5


def test_a_configuration_beside_the_workspace_is_found(space: Workspace) -> None:
    write(space.root, "ci/gate.yaml", (space.root / "configs/small.yaml").read_text())
    commit(space.root)
    assert config_at(space, Path("ci/gate.yaml"), "main").name == "small"


def test_a_configuration_the_ref_lacks_or_has_broken_is_one_sentence(space: Workspace) -> None:
    path = space.root / "configs/new.yaml"
    assert told(lambda: config_at(space, path, "main")) == "git:main has no configs/new.yaml; name a ref that has it"
    path.write_text("schema: evalh.run/1\nname: [\n")
    commit(space.root)
    assert told(lambda: config_at(space, path, "main")).startswith("git:main:configs/new.yaml:3: name: this is not")
    with pytest.raises(NotFound):
        config_at(space, path, "gone")
