"""Catalogues of every format give the same positions, and say what they take for what."""

import gzip
import tracemalloc

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy import units
from astropy.coordinates import Angle, SkyCoord
from astropy.io import fits
from astropy.io.votable import from_table
from astropy.table import Table
from pyarrow import csv as arrow_csv

from zoo_core.errors import InputError, UsageError
from zoo_core.survey import CATALOGS, open_catalog
from zoo_core.tables import Column, PredictionTable, write_table

RA = np.array([0.0, 359.9999999, 12.5, 180.25, 266.4])
DEC = np.array([0.0, -90.0, 90.0, -1.75, 33.3])
IDS = np.array([7, 1237668292186046720, 3, 0, -4])


def _table(**more):
    table = Table({"objID": IDS, "ra": RA, "dec": DEC, **more})
    table["ra"].unit = table["dec"].unit = "deg"
    return table


def _write(table, path):
    """With what a user would: astropy, not our own writers."""
    name = path.name.removesuffix(".gz")
    if name.endswith(".parquet"):
        table.write(path, format="parquet")
    elif name.endswith((".vot", ".xml")):
        from_table(table).to_xml(str(path))
    elif name.endswith((".csv", ".tsv")):
        plain = path.with_name(f"plain-{name}")
        table.write(plain, format="ascii.csv", delimiter="\t" if ".tsv" in name else ",")
        text = plain.read_bytes()
        path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
        plain.unlink()
    elif name.endswith(".ecsv"):
        table.write(path, format="ascii.ecsv")
    else:
        table.write(path, format="fits")
    return path


def _whole(catalog, rows=1000, start=0):
    """All pieces as one: ids, ra, dec, bad, repeated."""
    pieces = list(catalog.pieces(rows, start))
    names = ("ids", "ra", "dec", "is_bad", "is_repeated")
    return [np.concatenate([getattr(piece, name) for piece in pieces]) for name in names]


# Formats


@pytest.mark.parametrize("suffix", [*CATALOGS, ".csv.gz", ".fits.gz"])
def test_every_format_gives_the_same_positions(tmp_path, suffix):
    """And ids that are whole numbers stay such, large ones to the last digit."""
    catalog = open_catalog(_write(_table(), tmp_path / f"objects{suffix}"))
    ids, ra, dec, bad, repeated = _whole(catalog, rows=2)

    assert catalog.count == 5
    assert catalog.columns == {"id": "objID", "ra": "ra", "dec": "dec"}
    assert not catalog.has_text_ids
    assert ids.dtype == np.int64
    np.testing.assert_array_equal(ids, IDS)
    np.testing.assert_array_equal(ra, RA)
    np.testing.assert_array_equal(dec, DEC)
    assert not bad.any()
    assert not repeated.any()


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".ecsv", ".fits", ".vot"])
def test_no_rows_are_no_error(tmp_path, suffix):
    """There is nothing to go through."""
    catalog = open_catalog(_write(_table()[:0], tmp_path / f"none{suffix}"))

    assert catalog.count == 0
    assert list(catalog.pieces(10)) == []


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".ecsv", ".fits", ".vot"])
@pytest.mark.parametrize(("rows", "start"), [(1, 0), (7, 0), (7, 21), (40, 40), (1000, 99)])
def test_pieces_have_the_rows_that_are_asked_for(tmp_path, suffix, rows, start):
    """Whatever the batches are that the file is read in; a later start changes no piece."""
    numbers = np.arange(100)
    table = Table({"id": numbers, "ra": numbers * 1.0, "dec": numbers - 50.0})
    path = tmp_path / f"objects{suffix}"
    if suffix == ".parquet":
        pq.write_table(pa.table({n: np.array(table[n]) for n in table.colnames}), path,
                       row_group_size=9)  # fmt: skip
    else:
        _write(table, path)
    pieces = list(open_catalog(path).pieces(rows, start))

    assert [piece.first for piece in pieces] == list(range(start, 100, rows))
    assert [len(piece) for piece in pieces] == [
        min(rows, 100 - first) for first in range(start, 100, rows)
    ]
    np.testing.assert_array_equal(np.concatenate([p.ids for p in pieces]), numbers[start:])
    np.testing.assert_array_equal(np.concatenate([p.dec for p in pieces]), numbers[start:] - 50)


def test_a_table_of_ours_is_a_catalogue(tmp_path):
    """What ``zoo`` writes, it reads: with units, ids as text."""
    columns = [Column("id", is_text=True), Column("x", unit="rad"), Column("y", unit="rad")]
    values = {"id": ["a", "b"], "x": np.radians(RA[2:4]), "y": np.radians(DEC[2:4])}
    write_table(PredictionTable(columns, values), tmp_path / "ours.parquet")
    catalog = open_catalog(tmp_path / "ours.parquet", ra="x", dec="y")
    ids, ra, dec, *_ = _whole(catalog)

    assert ids.tolist() == ["a", "b"]
    assert catalog.has_text_ids
    np.testing.assert_allclose(ra, RA[2:4], rtol=1e-14)
    np.testing.assert_allclose(dec, DEC[2:4], rtol=1e-14)


def test_a_fits_file_gives_the_table_that_has_positions(tmp_path):
    """As in the files of SExtractor, whose first table holds a header."""
    first = fits.BinTableHDU(Table({"Field Header Card": ["x"]}), name="LDAC_IMHEAD")
    second = fits.table_to_hdu(
        Table({"NUMBER": [1, 2], "ALPHA_J2000": [5.0, 6.0], "DELTA_J2000": [1.0, 2.0]})
    )
    path = tmp_path / "ldac.fits"
    fits.HDUList([fits.PrimaryHDU(), first, second]).writeto(path)
    catalog = open_catalog(path)

    assert catalog.columns == {"id": "NUMBER", "ra": "ALPHA_J2000", "dec": "DELTA_J2000"}
    assert _whole(catalog)[1].tolist() == [5.0, 6.0]


def test_sky_coordinates_of_astropy_are_positions(tmp_path):
    """In the frame of the rest: galactic ones are turned to ICRS."""
    position = SkyCoord([10.0, 200.0], [20.0, -60.0], unit="deg")
    Table({"name": ["a", "b"], "where": position.galactic}).write(tmp_path / "sky.ecsv")
    _, ra, dec, *_ = _whole(open_catalog(tmp_path / "sky.ecsv"))

    np.testing.assert_allclose(ra, position.ra.deg, atol=1e-10)
    np.testing.assert_allclose(dec, position.dec.deg, atol=1e-10)


def test_hats_catalogues_come_in_the_order_of_the_sky(tmp_path):
    """Pixels of several orders, nested; the columns are those that the properties name."""
    folder = tmp_path / "collection"
    for order, pixel, number in ((1, 5, 2), (0, 0, 0), (0, 2, 3), (1, 4, 1)):
        path = folder / f"main/dataset/Norder={order}/Dir=0/Npix={pixel}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table({"id": [number], "x": [1.0 * number], "y": [0.5]}), path)
    (folder / "collection.properties").write_text("#HATS\nhats_primary_table_url=main\n")
    (folder / "main/hats.properties").write_text("hats_col_ra=x\nhats_col_dec = y\n")
    catalog = open_catalog(folder)

    assert catalog.count == 4
    assert _whole(catalog, rows=3)[0].tolist() == [0, 1, 2, 3]
    assert _whole(catalog, rows=3, start=2)[1].tolist() == [2.0, 3.0]


def test_a_folder_of_parquet_files_is_one_catalogue(tmp_path):
    """In the order of the names; one that lacks a column is named."""
    for number in range(3):
        pq.write_table(
            pa.table({"ra": [number * 1.0], "dec": [0.0]}), tmp_path / f"{number}.parquet"
        )
    catalog = open_catalog(tmp_path)
    assert _whole(catalog)[1].tolist() == [0.0, 1.0, 2.0]
    assert _whole(catalog)[0].tolist() == [0, 1, 2]

    pq.write_table(pa.table({"ra": [0.0]}), tmp_path / "1.parquet")
    with pytest.raises(InputError, match=r"1\.parquet lacks the columns dec"):
        open_catalog(tmp_path)


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_memory_does_not_grow_with_the_rows(tmp_path, suffix):
    """Neither Python's nor Arrow's, not even with one row group."""
    peaks = []
    for rows in (400_000, 1_200_000):
        path = tmp_path / f"{rows}.{suffix}"
        table = pa.table(
            {"id": np.arange(rows), "ra": np.linspace(0, 350, rows), "dec": np.zeros(rows)}
        )
        if suffix == "parquet":
            pq.write_table(table, path, row_group_size=rows, use_dictionary=False)
        else:
            arrow_csv.write_csv(table, path)
        del table
        catalog = open_catalog(path)
        before = pa.total_allocated_bytes()
        tracemalloc.start()
        most = 0
        for _ in catalog.pieces(20_000):
            most = max(most, pa.total_allocated_bytes() - before)
        peaks.append((tracemalloc.get_traced_memory()[1], most))
        tracemalloc.stop()

    (python, arrow), (python_more, arrow_more) = peaks
    assert python_more < 1.1 * python
    assert arrow_more < 1.1 * arrow + 1e6


# Columns


def _fields(tmp_path, names, **options):
    table = Table({name: [1.0, 2.0, 30.0] for name in names})
    return open_catalog(_write(table, tmp_path / "objects.fits"), **options).columns


@pytest.mark.parametrize(
    ("ra", "dec"),
    [
        ("RA", "DEC"), ("Ra", "Dec"), ("RAJ2000", "DEJ2000"), ("RAJ2000", "DECJ2000"),
        ("_RAJ2000", "_DEJ2000"), ("RA_ICRS", "DE_ICRS"), ("ALPHA_J2000", "DELTA_J2000"),
        ("ALPHAWIN_J2000", "DELTAWIN_J2000"), ("RIGHT_ASCENSION", "DECLINATION"),
        ("coord_ra", "coord_dec"), ("TARGET_RA", "TARGET_DEC"), ("raMean", "decMean"),
    ],
)  # fmt: skip
def test_usual_names_are_known(tmp_path, ra, dec):
    """Among others that sound like them."""
    names = ["x", f"e_{ra}", ra, dec, "pmRA", "RA_err"]

    assert _fields(tmp_path, names) == {"id": None, "ra": ra, "dec": dec}


def test_the_ucd_comes_before_the_name(tmp_path):
    """That of the main position; an error in it has another first word."""
    table = Table({name: [1.0, 0.5] for name in ("ra", "dec", "a", "d", "e_a", "id", "key")})
    for name, ucd in {
        "ra": "pos.eq.ra", "dec": "pos.eq.dec", "a": "pos.eq.ra;meta.main",
        "d": "pos.eq.dec;meta.main", "e_a": "stat.error;pos.eq.ra", "key": "meta.id;meta.main",
    }.items():  # fmt: skip
        table[name].meta["ucd"] = ucd
        table[name].unit = "rad" if len(name) == 1 else "deg"
    path = tmp_path / "objects.vot"
    votable = from_table(table)
    for field in votable.get_first_table().fields:
        field.ucd = table[field.name].meta.get("ucd")
    votable.to_xml(str(path))
    catalog = open_catalog(path)

    assert catalog.columns == {"id": "key", "ra": "a", "dec": "d"}
    np.testing.assert_allclose(_whole(catalog)[1], np.degrees([1.0, 0.5]))


def test_ucds_in_headers_of_fits_are_read(tmp_path):
    """As TOPCAT writes them."""
    hdu = fits.table_to_hdu(Table({"p": [1.0], "q": [2.0]}))
    hdu.header["TUCD1"], hdu.header["TUCD2"] = "POS_EQ_RA_MAIN", "pos.eq.dec"
    hdu.header["TUCD2"] = "POS_EQ_DEC_MAIN"
    hdu.writeto(tmp_path / "objects.fits")

    assert open_catalog(tmp_path / "objects.fits").columns["ra"] == "p"


def test_units_in_parquet_of_other_programs_are_read(tmp_path):
    """Those of a VOTable in the metadata (VOParquet), and of astropy."""
    table = Table({"alpha": [1.0], "delta": [0.5]})
    table["alpha"].unit = table["delta"].unit = "rad"
    table.write(tmp_path / "astropy.parquet", format="parquet")
    from_table(table).to_xml(str(tmp_path / "meta.vot"))
    arrow = pa.table({"alpha": [1.0], "delta": [0.5]}).replace_schema_metadata(
        {"IVOA.VOTable-Parquet.content": (tmp_path / "meta.vot").read_bytes()}
    )
    pq.write_table(arrow, tmp_path / "voparquet.parquet")

    for name in ("astropy", "voparquet"):
        _, ra, dec, *_ = _whole(open_catalog(tmp_path / f"{name}.parquet"))
        np.testing.assert_allclose([ra[0], dec[0]], np.degrees([1.0, 0.5]))


def test_a_pair_with_a_unit_comes_before_one_without(tmp_path):
    """Of two usual pairs."""
    table = Table({name: [1.0] for name in ("ra", "dec", "RAJ2000", "DEJ2000")})
    table["RAJ2000"].unit = table["DEJ2000"].unit = "deg"
    path = _write(table, tmp_path / "objects.fits")

    assert open_catalog(path).columns["ra"] == "RAJ2000"


def test_options_name_columns_and_units(tmp_path):
    """In any case of letters; a unit in brackets goes before the file's."""
    table = Table({"X": [1.0, 2.0], "Y": [0.5, -0.5], "key": ["a", "b"], "ra": [0, 0]})
    path = _write(table, tmp_path / "objects.csv")
    catalog = open_catalog(path, id="key", ra="x[hourangle]", dec="Y[rad]")
    ids, ra, dec, *_ = _whole(catalog)

    assert catalog.columns == {"id": "key", "ra": "X", "dec": "Y"}
    assert ids.tolist() == ["a", "b"]
    np.testing.assert_allclose(ra, [15.0, 30.0])
    np.testing.assert_allclose(dec, np.degrees([0.5, -0.5]))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"ra": "ra"}, UsageError, "give both, or neither"),
        (
            {"ra": "ra", "dec": "y"},
            InputError,
            r"no column 'y' \(--dec\)\. It has: objID, ra, dec",
        ),
        ({"id": "key"}, InputError, r"no column 'key' \(--id\)"),
        ({"ra": "ra[Jy]", "dec": "dec"}, UsageError, "'Jy' is no unit of angles"),
    ],
)
def test_options_that_fit_nothing_are_refused(tmp_path, options, error, message):
    """With the columns that there are."""
    path = _write(_table(), tmp_path / "objects.fits")

    with pytest.raises(error, match=message):
        open_catalog(path, **options)


def test_columns_that_are_no_positions_are_refused(tmp_path):
    """By name, and where texts are no angles."""
    no_names = _write(Table({"a": [1.0], "b": [2.0]}), tmp_path / "a.csv")
    words = _write(Table({"ra": ["north"], "dec": ["far"]}), tmp_path / "b.csv")

    with pytest.raises(InputError, match=r"It has: a, b\. --ra NAME --dec NAME"):
        open_catalog(no_names)
    with pytest.raises(InputError, match="'ra' holds no positions, but texts such as 'north'"):
        open_catalog(words)


def test_radians_without_a_unit_are_not_guessed(tmp_path):
    """Columns that pipelines have written in both; large numbers can only be degrees."""
    small = Table({"coord_ra": [0.6, 0.7], "coord_dec": [-0.1, 0.1]})
    path = _write(small, tmp_path / "objects.parquet")
    with pytest.raises(InputError, match=r"may be radians or degrees.*--ra 'coord_ra\[rad\]'"):
        open_catalog(path)
    asked = open_catalog(path, ra="coord_ra[rad]", dec="coord_dec[rad]")
    np.testing.assert_allclose(_whole(asked)[1], np.degrees([0.6, 0.7]))

    small["coord_ra"].unit = small["coord_dec"].unit = "rad"
    told = open_catalog(_write(small, tmp_path / "told.fits"))
    np.testing.assert_allclose(_whole(told)[1], np.degrees([0.6, 0.7]))
    large = Table({"coord_ra": [60.0, 0.7], "coord_dec": [-0.1, 0.1]})
    assert _whole(open_catalog(_write(large, tmp_path / "large.fits")))[1][0] == 60.0
    usual = _write(Table({"ra": [0.6], "dec": [0.1]}), tmp_path / "usual.csv")
    assert _whole(open_catalog(usual))[1][0] == 0.6


def test_numbers_that_could_be_radians_get_a_note(tmp_path):
    """Under a usual name, without a unit."""
    numbers = _write(Table({"ra": [0.6], "dec": [0.1]}), tmp_path / "a.fits")
    degrees = _write(Table({"ra": [60.0], "dec": [0.1]}), tmp_path / "b.fits")

    assert any("taken for degrees" in note for note in open_catalog(numbers).notes)
    assert not any("taken for degrees" in note for note in open_catalog(degrees).notes)


# Angles


def test_sexagesimal_texts_are_what_astropy_reads(tmp_path):
    """In all usual notations; right ascension in hours, the sign of -0 degrees kept."""
    position = SkyCoord([0.01, 83.633, 359.99], [-0.2, 22.0145, -89.9], unit="deg")
    for sep in (":", " ", "hms"):
        ra = position.ra.to_string(unit=units.hour, sep=sep, precision=4, pad=True)
        dec = position.dec.to_string(
            unit=units.deg, sep="dms" if sep == "hms" else sep, precision=3, alwayssign=True
        )
        path = _write(Table({"ra": ra, "dec": dec}), tmp_path / f"{len(sep)}{ord(sep[0])}.csv")
        _, found_ra, found_dec, bad, _ = _whole(open_catalog(path))

        assert not bad.any()
        np.testing.assert_allclose(found_ra, Angle(ra, unit="hourangle").deg, atol=1e-10)
        np.testing.assert_allclose(found_dec, Angle(dec, unit="deg").deg, atol=1e-10)


@pytest.mark.parametrize(
    ("ra", "unit", "degrees"),
    [
        ("12:30", None, 187.5),
        ("187:30:00", "deg", 187.5),
        ("187d30m", None, 187.5),
        ("12h 30m 00s", None, 187.5),
        (" +187.5 ", None, 187.5),
        ("1.875e2", None, 187.5),
        ("12:29:60.0", None, 187.5),
        ("12:61:00", None, None),
        ("", None, None),
        ("nan", None, None),
        ("12:30:00 or so", None, None),
    ],
)
def test_notations_of_right_ascension(tmp_path, ra, unit, degrees):
    """One that cannot be is a bad position, not an error and not another place."""
    table = Table({"ra": ["10.5", ra], "dec": ["1", "+2"]})
    path = _write(table, tmp_path / "objects.csv")
    options = {} if unit is None else {"ra": f"ra[{unit}]", "dec": "dec"}
    _, found, dec, bad, _ = _whole(open_catalog(path, **options))

    assert dec[0] == 1.0
    assert bad.tolist() == [False, degrees is None]
    if degrees is None:
        assert np.isnan([found[1], dec[1]]).all()
    else:
        np.testing.assert_allclose([found[1], dec[1]], [degrees, 2.0], rtol=1e-14)


# Rows


def test_bad_positions_keep_their_rows(tmp_path):
    """NaN, beyond a pole, no angle; the others at RA 0/360 and at the poles stay."""
    ra = [0.0, 360.0, -1.0, 359.0, np.nan, 10.0, 10.0, 361.0, -999.0, np.inf, -1e-20]
    dec = [90.0, -90.0, 0.0, np.nan, 1.0, 90.001, -91.0, 0.0, 0.0, 0.0, 0.0]
    catalog = open_catalog(_write(Table({"ra": ra, "dec": dec}), tmp_path / "objects.fits"))
    (piece,) = catalog.pieces(100)
    flags, reasons = piece.problems()

    assert piece.is_bad.tolist() == [False] * 3 + [True] * 7 + [False]
    assert piece.ra[[0, 1, 2, 10]].tolist() == [0.0, 0.0, 359.0, 0.0]
    assert piece.dec[:3].tolist() == [90.0, -90.0, 0.0]
    assert np.isnan(piece.ra[piece.is_bad]).all()
    assert flags.tolist() == [""] * 3 + ["bad-position"] * 7 + [""]
    assert [bool(reason) for reason in reasons] == piece.is_bad.tolist()


def test_missing_positions_are_bad_in_every_format(tmp_path):
    """Null in parquet, nothing in CSV, masked in ECSV and VOTable."""
    table = Table({"ra": [1.0, 2.0], "dec": [3.0, 4.0]}, masked=True)
    table["dec"].mask = [False, True]
    arrow = pa.table({"ra": [1.0, 2.0], "dec": [3.0, None]})
    pq.write_table(arrow, tmp_path / "o.parquet")
    for suffix in (".csv", ".ecsv", ".vot", ".fits"):
        _write(table, tmp_path / f"o{suffix}")

    for path in sorted(tmp_path.glob("o.*")):
        assert _whole(open_catalog(path))[3].tolist() == [False, True], path


def test_repeated_ids_are_flagged_within_a_piece(tmp_path):
    """All rows that share one; rows without an id do not share it."""
    table = Table({"id": ["a", "b", "a", "", "", "b"], "ra": [1.0] * 6, "dec": [2.0] * 6})
    catalog = open_catalog(_write(table, tmp_path / "objects.fits"), id="id")
    (whole,) = catalog.pieces(6)

    assert whole.is_repeated.tolist() == [True, True, True, False, False, True]
    assert whole.problems()[0].tolist() == ["duplicate-id"] * 3 + [""] * 2 + ["duplicate-id"]
    assert _whole(catalog, rows=3)[4].tolist() == [True, False, True, False, False, False]
    assert any("within a part" in note for note in catalog.notes)


def test_a_column_that_only_sounds_like_identifiers_is_passed_over(tmp_path):
    """Such as the number within a field; a few repeated ones are flagged, not passed over."""
    numbers = np.arange(100)
    fields = Table({"ID": numbers % 10, "ra": numbers * 1.0, "dec": numbers * 0.5})
    catalog = open_catalog(_write(fields, tmp_path / "fields.fits"))
    assert catalog.columns["id"] is None
    assert any("--id ID takes it" in note for note in catalog.notes)
    ids, *_, repeated = _whole(catalog)
    assert ids.tolist() == numbers.tolist()
    assert not repeated.any()

    asked = open_catalog(tmp_path / "fields.fits", id="ID")
    assert _whole(asked)[4].all()
    fields["ID"] = np.maximum(numbers, 2)
    few = open_catalog(_write(fields, tmp_path / "few.fits"))
    assert np.flatnonzero(_whole(few)[4]).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("ids", "found"),
    [
        (["7", "8"], [7, 8]),
        (["007", "8"], ["007", "8"]),
        (["7", ""], ["7", ""]),
        (["7", "J1234"], ["7", "J1234"]),
        (["12345678901234567890", "1"], ["12345678901234567890", "1"]),
        (["9223372036854775807", "-5"], [9223372036854775807, -5]),
    ],
)
def test_ids_of_text_files_are_numbers_only_if_all_are(tmp_path, ids, found):
    """And are then written as they stand there; else every piece has texts."""
    lines = [f"{name},1.0,2.0" for name in ids]
    (tmp_path / "o.csv").write_text("\n".join(["id,ra,dec", *lines]) + "\n")
    pieces = list(open_catalog(tmp_path / "o.csv").pieces(1))

    assert [value for piece in pieces for value in piece.ids.tolist()] == found
    assert len({piece.ids.dtype.kind for piece in pieces}) == 1


def test_missing_whole_numbers_make_ids_texts(tmp_path):
    """Not floating point, which would lose the last digits of the others."""
    big = 2**60 + 1
    table = pa.table({"id": pa.array([big, None]), "ra": [1.0, 2.0], "dec": [3.0, 4.0]})
    pq.write_table(table, tmp_path / "o.parquet")
    pq.write_table(table, tmp_path / "bare.parquet", write_statistics=False)

    for name in ("o", "bare"):
        assert _whole(open_catalog(tmp_path / f"{name}.parquet"))[0].tolist() == [str(big), ""]


# Text files


def test_comments_and_blanks_around_names_are_no_obstacle(tmp_path):
    """Nor is a byte order mark, nor a name that stands twice elsewhere."""
    text = "\ufeff#Table1\n id , ra,dec, mag,mag\n1,10.0,20.0,,\n2,11.0,21.0,a,b\n"
    (tmp_path / "o.csv").write_text(text, encoding="utf-8")
    (tmp_path / "p.csv").write_text("# made by hand\n# ra, dec\n10.0,20.0\n11.0,21.0\n")

    for name in ("o", "p"):
        _, ra, dec, *_ = _whole(open_catalog(tmp_path / f"{name}.csv"))
        assert (ra.tolist(), dec.tolist()) == ([10.0, 11.0], [20.0, 21.0])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no line with the names"),
        ("1.0,2.0\n3.0,4.0\n", "begins with the numbers 1.0, 2.0"),
        ("ra,dec\n1.0,2.0\n3.0\n", "Expected 2 columns, got 1"),
        ("ra,ra,dec\n1,2,3\n", "no columns that are known to hold positions"),
    ],
)
def test_text_that_is_no_table_is_refused(tmp_path, text, message):
    """Before anything is computed."""
    (tmp_path / "o.csv").write_text(text)

    with pytest.raises(InputError, match=message):
        open_catalog(tmp_path / "o.csv")


# Files


@pytest.mark.parametrize("name", ["o.parquet", "o.fits", "o.vot", "o.ecsv"])
def test_a_damaged_file_is_named(tmp_path, name):
    """With what its reader says."""
    (tmp_path / name).write_bytes(b"nothing of the kind")

    with pytest.raises(InputError, match=f"{name} cannot be read as a catalogue"):
        open_catalog(tmp_path / name)


def test_what_is_no_catalogue_is_refused(tmp_path):
    """Nothing there, an unknown suffix, an image, an empty folder."""
    (tmp_path / "o.txt").touch()
    (tmp_path / "empty").mkdir()
    fits.PrimaryHDU(np.zeros((2, 2))).writeto(tmp_path / "image.fits")

    for name, error, message in (
        ("none.csv", InputError, "does not exist"),
        ("o.txt", UsageError, r"the suffix '\.txt'.*\.parquet"),
        ("empty", InputError, "without parquet files"),
        ("image.fits", InputError, "holds no table"),
    ):
        with pytest.raises(error, match=message):
            open_catalog(tmp_path / name)


def test_the_fingerprint_is_of_contents(tmp_path, monkeypatch):
    """Of a copy under another name the same; of another number anywhere, another."""
    path = _write(_table(), tmp_path / "a.csv")
    copy = tmp_path / "b.csv"
    copy.write_bytes(path.read_bytes())
    whole = open_catalog(path).fingerprint
    assert open_catalog(copy).fingerprint == whole
    assert open_catalog(copy).identity == open_catalog(path).identity

    copy.write_bytes(path.read_bytes().replace(b"12.5", b"12.6"))
    assert open_catalog(copy).fingerprint != whole
    other = open_catalog(path, ra="dec", dec="ra")
    assert other.fingerprint == whole
    assert other.identity != open_catalog(path).identity


def test_the_fingerprint_of_a_large_file_reads_blocks_of_it(tmp_path, monkeypatch):
    """The first and the last among them, and the size."""
    monkeypatch.setattr("zoo_core.survey._fingerprint._WHOLE", 1000)
    monkeypatch.setattr("zoo_core.survey._fingerprint._BLOCK", 10)
    monkeypatch.setattr("zoo_core.survey._fingerprint._BLOCKS", 5)
    from zoo_core.survey._fingerprint import fingerprint

    path = tmp_path / "large"
    data = bytearray(b"x" * 5000)
    path.write_bytes(data)
    first = fingerprint([path])
    found = []
    for place in (0, 100, 4999):
        path.write_bytes(data[:place] + b"y" + data[place + 1 :])
        found.append(fingerprint([path]) != first)
    path.write_bytes(data + b"x")

    assert found == [True, False, True]
    assert fingerprint([path]) != first


def test_a_file_that_changes_its_length_is_told(tmp_path):
    """Rather than a table with other rows than the catalogue."""
    path = _write(_table(), tmp_path / "o.csv")
    catalog = open_catalog(path)
    path.write_text(path.read_text() + "1,2,3\n")

    with pytest.raises(InputError, match="had 5 rows when it was opened and now has 6"):
        list(catalog.pieces(3))
