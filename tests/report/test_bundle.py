from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from tests.report.comparisons import regression

from evalh.errors import UserError
from evalh.report.bundle import write_reports
from evalh.report.junit import junit
from evalh.report.markdown import markdown
from evalh.report.metrics import metrics


def test_the_reports_are_written_and_their_paths_given(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "reports"

    paths = write_reports(folder, [regression()], name="care")

    assert [path.name for path in paths] == ["report.md", "junit.xml", "metrics.txt"]
    texts = [path.read_text(encoding="utf-8") for path in paths]
    assert texts == [markdown([regression()], name="care"), junit([regression()]), metrics([regression()])]
    ET.parse(paths[1])


def test_the_report_is_cut_to_the_size_asked_for(tmp_path: Path) -> None:
    report = write_reports(tmp_path, [regression()], limit=1500)[0]

    assert report.stat().st_size <= 1500


def test_a_second_time_they_are_replaced(tmp_path: Path) -> None:
    write_reports(tmp_path, [regression()])

    paths = write_reports(tmp_path, [])

    assert paths[2].read_text(encoding="utf-8") == "# EOF\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["junit.xml", "metrics.txt", "report.md"]


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    with pytest.raises(UserError, match="cannot be made"):
        write_reports(tmp_path / "file" / "reports", [regression()])
