from pathlib import Path

import pytest

from evalh.errors import BadConfig
from evalh.workspace.files import did_you_mean, files


class Closed(type(Path())):  # type: ignore[misc]
    """A folder that may not be listed, also for root, whom permissions do not stop."""

    def iterdir(self) -> None:
        raise PermissionError(13, "Permission denied")


def test_a_folder_that_may_not_be_listed_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"cannot be read \(Permission denied\); check the folder's permissions"):
        files(Closed(tmp_path), ".yaml")


def test_hidden_and_underscored_files_are_left_out(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yaml", ".c.yaml", "_d.yaml", "e.yml"):
        (tmp_path / name).touch()
    assert [path.name for path in files(tmp_path, ".yaml")] == ["a.yaml", "b.yaml"]


def test_of_many_names_the_closest_or_the_first_are_told() -> None:
    known = [f"call-{number:03}" for number in range(200)]
    assert did_you_mean("cal-199", known, "add one") == "did you mean 'call-199'?"
    assert did_you_mean("zzz", known, "add one").endswith("call-028, call-029 and 170 more")
