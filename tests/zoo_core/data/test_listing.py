"""From paths to files, before anything is opened."""

import pytest

from zoo_core.data._listing import list_files, natural_key
from zoo_core.errors import InputError, UsageError

SUFFIXES = (".fits", ".fits.gz", ".png")


@pytest.fixture
def folder(tmp_path):
    """A folder with subfolders, hidden things and files that are not for reading."""
    names = ["a10.fits", "a9.fits", "B.FITS.GZ", "truth.csv", "README", ".hidden.fits"]
    names += ["sub/c.png", "sub/deeper/d.fits", ".cache/e.fits"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def listed(folder, *paths):
    """Paths relative to the folder."""
    files, _ = list_files(paths or [folder], SUFFIXES)
    return [file.relative_to(folder).as_posix() for file in files]


def test_a_folder_is_walked_in_natural_order(folder):
    """Files before subfolders, 9 before 10; hidden and other files are passed over."""
    expected = ["a9.fits", "a10.fits", "B.FITS.GZ", "sub/c.png", "sub/deeper/d.fits"]
    assert listed(folder) == expected


def test_a_pattern_that_the_shell_left_is_expanded(folder):
    """``**`` goes into subfolders; what cannot be read is passed over."""
    assert listed(folder, folder / "a*") == ["a9.fits", "a10.fits"]
    assert listed(folder, folder / "**" / "*.fits") == [
        "a9.fits",
        "a10.fits",
        "sub/deeper/d.fits",
    ]
    assert "truth.csv" not in listed(folder, folder / "*")


def test_a_name_with_brackets_is_a_file_before_it_is_a_pattern(folder):
    """``obj[1].fits`` exists, so it is meant."""
    (folder / "obj[1].fits").touch()
    assert listed(folder, folder / "obj[1].fits") == ["obj[1].fits"]


def test_one_path_may_be_given_as_it_is(folder):
    """A single text is not a list of letters."""
    files, _ = list_files(str(folder / "a9.fits"), SUFFIXES)
    assert files == [folder / "a9.fits"]


def test_a_file_named_twice_is_read_once_and_told(folder):
    """A folder and a file in it are one listing."""
    files, notes = list_files([folder / "a9.fits", folder], SUFFIXES)

    assert len(files) == 5
    assert notes == ("1 file named more than once, read once",)


def test_the_order_of_paths_is_kept(folder):
    """What the user named first comes first."""
    paths = [folder / "sub", folder / "a9.fits"]
    assert listed(folder, *paths) == ["sub/c.png", "sub/deeper/d.fits", "a9.fits"]


def test_links_in_a_circle_end(folder):
    """A link to a parent folder is entered once."""
    (folder / "sub" / "loop").symlink_to(folder, target_is_directory=True)
    assert listed(folder)[-2:] == ["sub/c.png", "sub/deeper/d.fits"]


def test_a_link_to_nowhere_is_kept(folder):
    """It becomes a row that tells, rather than nothing."""
    (folder / "gone.fits").symlink_to(folder / "nowhere.fits")
    assert "gone.fits" in listed(folder)


@pytest.mark.parametrize("paths", [[], ()])
def test_no_path_is_an_error(paths):
    """Nothing to read is a mistake of the request."""
    with pytest.raises(UsageError, match="no input"):
        list_files(paths, SUFFIXES)


def test_a_missing_path_is_an_error(tmp_path):
    """The path is named."""
    with pytest.raises(InputError, match=r"missing\.fits does not exist"):
        list_files([tmp_path / "missing.fits"], SUFFIXES)


def test_a_pattern_without_match_is_an_error(tmp_path):
    """The pattern is named."""
    with pytest.raises(InputError, match="matches no file"):
        list_files([tmp_path / "*.fits"], SUFFIXES)


def test_a_folder_without_any_image_is_an_error_that_says_what_was_looked_for(tmp_path):
    """The suffixes are listed."""
    (tmp_path / "notes.txt").touch()
    with pytest.raises(InputError, match=r"Looked for \.fits, \.fits\.gz, \.png"):
        list_files([tmp_path], SUFFIXES)


def test_a_folder_that_cannot_be_listed_is_an_error(open_folder, as_ordinary_user):
    """Permission denied is told before any work."""
    closed = open_folder / "closed"
    closed.mkdir(mode=0o000)
    with as_ordinary_user(), pytest.raises(InputError, match="Permission denied"):
        list_files([open_folder], SUFFIXES)
    closed.chmod(0o755)


def test_what_is_neither_file_nor_folder_is_an_error():
    """A device cannot be read as a file."""
    with pytest.raises(InputError, match="neither"):
        list_files(["/dev/null"], SUFFIXES)


def test_natural_order_mixes_digits_and_letters():
    """Names that begin with digits and letters can be compared."""
    names = ["b1", "10", "a", "9", "b", "a10", "a9", ""]
    assert sorted(names, key=natural_key) == ["", "9", "10", "a", "a9", "a10", "b", "b1"]
