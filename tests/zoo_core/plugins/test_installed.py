"""Entry points are found as ``importlib.metadata`` finds them."""

import importlib.metadata
import sys
import zipfile

import pytest

from zoo_core.plugins._installed import installed_entry_points

GROUP = "astrozoo.plugins"


@pytest.mark.parametrize("group", ["astrozoo.plugins", "console_scripts", "pytest11", "none"])
def test_it_agrees_with_the_standard_library(group):
    """On everything that is installed where the tests run."""
    found = importlib.metadata.entry_points(group=group)
    expected = {(p.name, p.value.partition("[")[0].strip(), p.dist.version) for p in found}

    points = installed_entry_points(group)

    assert {(p.name, p.value, p.distribution.rpartition(" ")[2]) for p in points} == expected
    assert len(points) == len(expected)


def test_the_first_of_two_copies_counts(site, tmp_path, monkeypatch):
    """As it does when the package is imported."""
    site.install("good", version="1.0")
    later = type(site)(tmp_path / "later")
    later.install("good", version="2.0")
    monkeypatch.syspath_prepend(site.folder)
    monkeypatch.setattr("sys.path", [*sys.path, str(later.folder)])

    points = [p for p in installed_entry_points(GROUP) if p.name == "good"]

    assert [p.distribution for p in points] == ["zoo-good 1.0"]


def test_only_lines_of_the_group_count(site):
    """Comments, other groups, extras and spaces."""
    info = site.folder / "x-3.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text(
        "[console_scripts]\na = b:c\n\n[astrozoo.plugins]\n# no = no:no\n; no = no\n"
        "  yes   =  pkg:zoo.toml [extra]\n\n[astrozoo.plugins.other]\nd = e:f\n"
    )

    points = [p for p in installed_entry_points(GROUP) if p.distribution == "x 3"]

    assert [(p.name, p.value) for p in points] == [("yes", "pkg:zoo.toml")]


def test_distributions_in_zip_files_are_found(site, monkeypatch):
    """By the standard library, which knows how."""
    archive = site.folder / "packed.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("packed-5.dist-info/METADATA", "Name: packed\nVersion: 5\n")
        file.writestr(
            "packed-5.dist-info/entry_points.txt", f"[{GROUP}]\np = packed:zoo.toml\n"
        )
    monkeypatch.syspath_prepend(archive)

    points = [p for p in installed_entry_points(GROUP) if p.name == "p"]

    assert [(p.value, p.distribution) for p in points] == [("packed:zoo.toml", "packed 5")]


def test_the_backport_of_the_standard_library_changes_nothing(site, monkeypatch):
    """Importing it puts a finder of its own on the path of finders."""
    importlib_metadata = pytest.importorskip("importlib_metadata")
    finder = importlib_metadata.MetadataPathFinder()
    monkeypatch.setattr("sys.meta_path", [finder, *sys.meta_path])
    info = site.folder / "x-3.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text(f"[{GROUP}]\nx = x:zoo.toml\n")

    points = [p for p in installed_entry_points(GROUP) if p.name == "x"]

    assert [p.distribution for p in points] == ["x 3"]


def test_places_that_are_not_there_are_passed_over(monkeypatch, tmp_path):
    """A path may name anything."""
    monkeypatch.setattr("sys.path", [str(tmp_path / "gone"), str(tmp_path)])

    assert installed_entry_points(GROUP) == []
