from pathlib import Path

import pytest

from evalh.errors import BadConfig
from evalh.workspace.files import files


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
