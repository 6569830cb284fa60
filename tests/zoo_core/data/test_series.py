"""Series from tables: columns, times, windows, and everything that can be wrong with them."""

import pickle

import numpy as np
import pytest
from astropy import units
from astropy.io import fits
from astropy.table import QTable, Table
from astropy.time import Time
from astropy.timeseries import TimeSeries

from zoo_core.cards import Band, InputSpec
from zoo_core.data import open_inputs, read_series, window_starts

DAY = 86400.0
CADENCE = 120.0 / DAY


def _spec(size=60, cadence=120.0, band="flux"):
    return (
        InputSpec(
            name="series",
            kind="series",
            bands=(Band(name=band),),
            size=(size,),
            cadence_seconds=cadence,
        ),
    )


def _curve(count=60, cadence=CADENCE):
    """Times in days from 1325.3 on, and a flux that tells the sample."""
    time = 1325.3 + cadence * np.arange(count)
    return time, 1.0 + 1e-3 * np.arange(count)


def _table(time, flux, **columns):
    return Table({"time": time, "flux": flux, **columns})


def _only(path, spec=None):
    (sample,) = open_inputs(path, spec or _spec())
    return sample


def _write_csv(path, time, flux, **columns):
    _table(time, flux, **columns).write(path, format="ascii.csv")
    return path


def _write_kepler(path, *, prefix="PDCSAP_", quality="SAP_QUALITY", count=60):
    """Columns, units and gaps as Kepler's and TESS's light-curve files have them."""
    time, flux = _curve(count)
    time, flux = time.copy(), flux.astype("f4")
    time[7], flux[[7, 9]] = np.nan, np.nan
    flags = np.zeros(count, "i4")
    flags[11] = 128
    columns = [
        fits.Column("TIME", "D", unit="BJD - 2454833, days", array=time, disp="D14.7"),
        fits.Column("SAP_FLUX", "E", unit="e-/s", array=flux * 7),
        fits.Column(f"{prefix}FLUX", "E", unit="e-/s", array=flux),
        fits.Column(quality, "J", array=flags),
    ]
    table = fits.BinTableHDU.from_columns(columns, name="LIGHTCURVE")
    aperture = fits.ImageHDU(np.ones((5, 5), "i4"), name="APERTURE")
    fits.HDUList([fits.PrimaryHDU(), table, aperture]).writeto(path)
    return path


@pytest.mark.parametrize("kind", [
    "csv", "ecsv", "fits", "quantities.ecsv", "quantities.fits", "series.ecsv", "series.fits",
    "dates.csv", "hours.ecsv",
])  # fmt: skip
def test_every_format_gives_the_same_series(tmp_path, kind):
    """Plain columns, quantities, astropy's TimeSeries, dates in words, hours."""
    time, flux = _curve()
    path = tmp_path / f"star.{kind}"
    plain = _table(time, flux)
    if kind.startswith("quantities"):
        table = QTable({"time": time * units.day, "flux": flux * units.mJy})
    elif kind.startswith("series"):
        table = TimeSeries(time=Time(time + 2457000.0, format="jd"), data={"flux": flux})
    elif kind.startswith("dates"):
        table = _table(Time(time + 2457000.0, format="jd").isot, flux)
    elif kind.startswith("hours"):
        table = QTable({"time": 24 * time * units.hour, "flux": flux})
    else:
        table = plain
    if kind == "series.fits":
        table = QTable(table)
    options = {"csv": "ascii.csv", "ecsv": "ascii.ecsv", "fits": "fits"}
    table.write(path, format=options[path.suffix[1:]])

    sample = _only(path)

    assert sample.flag == ""
    assert sample.id == path.name.removesuffix(path.suffix)
    assert sample.arrays["series"].shape == (1, 60)
    assert sample.arrays["series"].dtype == np.float32
    assert sample.arrays["series"][0] == pytest.approx(flux, rel=1e-6)


@pytest.mark.parametrize(
    ("prefix", "quality"), [("PDCSAP_", "SAP_QUALITY"), ("KSPSAP_", "QUALITY")]
)
def test_light_curves_of_missions_by_their_own_columns(tmp_path, prefix, quality):
    """The corrected flux is taken; NaN, gaps and flagged samples are missing."""
    path = _write_kepler(tmp_path / "k.fits", prefix=prefix, quality=quality)
    inputs = open_inputs(path, _spec())
    (sample,) = inputs

    missing = np.flatnonzero(np.isnan(sample.arrays["series"][0]))
    assert missing.tolist() == [7, 9, 11]
    assert np.nanmax(sample.arrays["series"]) == pytest.approx(1.059)
    assert sample.flag == "nan-filled"
    assert "3 of 60 values" in sample.reason
    assert inputs.notes == ("k.fits: 1 of 60 samples with a flag of quality left out",)


def test_another_column_can_be_asked_for(tmp_path):
    """``--accept-band`` names it."""
    path = _write_kepler(tmp_path / "k.fits")
    (sample,) = open_inputs(path, _spec(), accept_bands=["sap_flux"])

    assert np.nanmax(sample.arrays["series"]) == pytest.approx(7 * 1.059)


def test_gaps_become_missing_samples_in_their_place(tmp_path):
    """A hole of ten samples keeps what follows where it belongs."""
    time, flux = _curve(70)
    kept = np.r_[0:30, 40:70]
    (*_, last) = open_inputs(_write_csv(tmp_path / "a.csv", time[kept], flux[kept]), _spec())
    values = last.arrays["series"][0]

    assert np.flatnonzero(np.isnan(values)).tolist() == list(range(20, 30))
    assert values[30:] == pytest.approx(flux[40:], rel=1e-6)
    assert last.flag == "nan-filled"


def test_a_long_series_is_a_row_a_window(tmp_path):
    """Windows overlap, the last ends with the series, and ids tell the middle's time."""
    time, flux = _curve(400)
    path = _write_csv(tmp_path / "long.csv", time, flux)
    inputs = open_inputs(path, _spec(180))

    starts = window_starts(400, 180)
    assert starts[:3] + starts[-2:] == [0, 5, 10, 215, 220]
    assert len(inputs) == len(starts) == len(set(inputs.ids))
    assert inputs[1].arrays["series"][0] == pytest.approx(flux[5:185], rel=1e-6)
    assert inputs[-1].source == f"{path}[220:400]"
    assert float(inputs.ids[3].partition("@")[2]) == pytest.approx(
        time[[15, 194]].mean(), abs=1e-5
    )


def test_windows_without_half_of_their_values_are_left_out_with_a_note(tmp_path):
    """Beside a gap there is too little to predict from, between two sectors nothing."""
    time, flux = _curve(400)
    time[200:] += 100 * CADENCE
    inputs = open_inputs(_write_csv(tmp_path / "a.csv", time, flux), _spec())

    known = [int(np.isfinite(sample.arrays["series"]).sum()) for sample in inputs]
    assert min(known) == 30
    assert sum(count == 30 for count in known) == 2  # one on each side
    (note,) = inputs.notes
    # Samples 200 to 299 are missing: more than 30 of them in windows from 171 to 269.
    assert "99 windows without half of the values left out" in note


def test_a_series_that_is_sparse_all_over_is_looked_at_all_the_same(tmp_path):
    """Eight samples together and then twelve without: no window has half of them."""
    time, flux = _curve(400)
    kept = np.arange(400) % 20 < 8
    inputs = open_inputs(_write_csv(tmp_path / "a.csv", time[kept], flux[kept]), _spec())

    assert len(inputs) > 300
    assert {sample.flag for sample in inputs} == {"nan-filled"}


def test_a_shorter_cadence_is_averaged(tmp_path):
    """Six samples of 20 s become one of 120 s."""
    time, flux = _curve(360, CADENCE / 6)
    # The middles of six samples lie half a sample off the sixth one.
    inputs = open_inputs(_write_csv(tmp_path / "a.csv", time, flux), _spec())
    values = inputs[0].arrays["series"][0]

    assert values[1:] == pytest.approx(1.0 + 6e-3 * np.arange(1, 60), abs=6e-4)
    assert "samples every 20 s, the model takes 120 s: averaged" in inputs.notes[0]


def test_a_longer_cadence_is_interpolated_but_not_over_gaps(tmp_path):
    """Lines between samples of eight minutes, a warning, and no line over missing ones."""
    time, flux = _curve(50, 4 * CADENCE)
    kept = np.r_[0:20, 26:50]
    inputs = open_inputs(_write_csv(tmp_path / "a.csv", time[kept], flux[kept]), _spec(60))
    first = inputs[0]

    assert first.arrays["series"][0, :8] == pytest.approx(1.0 + 2.5e-4 * np.arange(8), rel=1e-6)
    assert first.flag == "cadence"
    assert "every 480 s, the model takes 120 s: interpolated" in first.reason
    whole = read_series(tmp_path / "a.csv", _spec()[0])
    holes = np.flatnonzero(np.isnan(whole.values[0]))
    assert holes.tolist() == list(range(77, 104))


def test_a_much_longer_cadence_is_refused(tmp_path):
    """Lines over half an hour would be smooth where the model has learned noise."""
    sample = _only(_write_csv(tmp_path / "a.csv", *_curve(60, 15 * CADENCE)))

    assert sample.flag == "cadence"
    assert not sample.is_usable
    assert "a sample every 1800 s, the model takes one every 120 s" in sample.reason
    assert "at most 480 s" in sample.reason


def test_units_that_cannot_be_meant_are_refused(tmp_path):
    """Metres are no time, magnitudes no flux; days that are called seconds leave one sample."""
    reasons = {}
    for unit, column in (("m", "time"), ("mag", "flux"), ("s", "time")):
        table = _table(*_curve())
        table[column].unit = unit
        table.write(tmp_path / f"{unit}.ecsv")
        sample = _only(tmp_path / f"{unit}.ecsv")
        reasons[unit] = (sample.flag, sample.reason)

    assert reasons["m"] == (
        "wrong-times",
        "the column 'time' is in m, which is no unit of time",
    )
    assert reasons["mag"][0] == "wrong-type"
    assert "Magnitudes are no flux" in reasons["mag"][1]
    assert reasons["s"][0] == "wrong-size"
    assert (
        "1 sample (samples every 0.001389 s, the model takes 120 s: averaged)"
        in reasons["s"][1]
    )


@pytest.mark.parametrize(
    ("mark", "told"), [(";", "semicolons"), ("\t", "tabs"), (" ", "spaces")]
)
def test_other_separators_than_commas_are_told(tmp_path, mark, told):
    """Not that a column is missing."""
    lines = [f"time{mark}flux", *(f"{t}{mark}{f}" for t, f in zip(*_curve(), strict=True))]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    sample = _only(tmp_path / "a.csv")

    assert sample.flag == "missing-column"
    assert told in sample.reason
    assert "csv has commas" in sample.reason


def test_one_text_among_numbers_is_named(tmp_path):
    """It is found without looking through the file."""
    time, flux = _curve()
    texts = [*map(str, flux[:7]), "off", *map(str, flux[8:])]
    sample = _only(_write_csv(tmp_path / "a.csv", time, texts))

    assert sample.flag == "wrong-type"
    assert "such as 'off'" in sample.reason


def test_a_slightly_other_cadence_is_taken_as_it_is(tmp_path):
    """A window whose samples lie 120.67 s apart keeps all of them."""
    time, flux = _curve(60, CADENCE * 180 / 179)
    sample = _only(_write_csv(tmp_path / "a.csv", time, flux))

    assert sample.flag == ""
    assert np.isfinite(sample.arrays["series"]).all()


def test_a_model_without_cadence_takes_samples_as_they_come(tmp_path):
    """Sorted, but at their own times."""
    rng = np.random.default_rng(1)
    time = np.sort(rng.uniform(0, 9, 60))
    sample = _only(_write_csv(tmp_path / "a.csv", time, np.arange(60.0)), _spec(cadence=None))

    assert sample.arrays["series"][0].tolist() == list(range(60))


def test_unsorted_and_duplicated_times_are_told(tmp_path):
    """The series is put in order, and samples of one time are averaged."""
    time, flux = _curve()
    order = np.r_[30:60, 0:30, 5]
    sample = _only(_write_csv(tmp_path / "a.csv", time[order], flux[order]))

    assert sample.arrays["series"][0] == pytest.approx(flux, rel=1e-6)
    assert sample.flag == "duplicate-times"
    assert "1 sample at the time of another" in sample.reason
    assert "sorted" in sample.reason


@pytest.mark.parametrize(
    ("change", "flag", "reason"),
    [
        (lambda t, f: (t[:50], f[:50]), "wrong-size", "50 samples, the model takes 60"),
        (lambda t, f: (t, f * np.nan), "all-nan", "finite"),
        (lambda t, f: (t * np.nan, f), "all-nan", "no sample has a time"),
        (lambda t, f: (t, f * 0 + 3), "constant", "constant"),
        (lambda t, f: (t * 0, f), "wrong-times", "all times are the same (60 samples)"),
        (lambda t, f: (t, -f), "negative", "100 % of the values are negative"),
        (lambda t, f: (np.r_[t[:-1], 1e9], f), "wrong-times", "unit"),
        (lambda t, f: (t * 86400, f), "wrong-times", "a sample every"),
        (lambda t, f: (t, np.full(60, "bright")), "wrong-type", "'flux'"),
        (lambda t, f: (np.full(60, "noon"), f), "wrong-type", "no dates, such as 'noon'"),
    ],
)
def test_bad_series_are_rows_with_a_reason(tmp_path, change, flag, reason):
    """Nothing is raised, and nothing disappears."""
    sample = _only(_write_csv(tmp_path / "a.csv", *change(*_curve())))

    assert sample.flag == flag
    assert reason in sample.reason
    assert sample.is_usable == (flag == "negative")


@pytest.mark.parametrize(
    ("columns", "flag", "reason"),
    [
        ({"when": [1.0], "flux": [1.0]}, "missing-column", "when, flux"),
        ({"time": [1.0], "brightness": [1.0]}, "missing-band", "--accept-band"),
        ({"time": [1.0], "mag": [1.0]}, "missing-band", "Magnitudes"),
    ],
)
def test_columns_that_are_not_found_are_told_with_those_that_are(
    tmp_path, columns, flag, reason
):
    """And what to do."""
    Table(columns).write(tmp_path / "a.csv", format="ascii.csv")
    sample = _only(tmp_path / "a.csv")

    assert sample.flag == flag
    assert reason in sample.reason


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b""),
        ("a.csv", b"time,flux\n"),
        ("a.csv", b"time,flux\n1,2,3\n4,5,6\n"),
        ("a.csv", bytes(range(256))),
        ("a.ecsv", b"time,flux\n1,2\n"),
        ("a.fits", b"SIMPLE  = nothing"),
        ("a.fits.gz", b"\x1f\x8b junk"),
    ],
)
def test_broken_files_are_rows(tmp_path, name, content):
    """Whatever the file holds, there is one flagged row, and the next file goes on."""
    (tmp_path / name).write_bytes(content)
    _write_csv(tmp_path / "good.csv", *_curve())
    bad, good = sorted(open_inputs(tmp_path, _spec()), key=lambda sample: sample.is_usable)

    assert bad.flag in ("unreadable", "empty")
    assert bad.reason
    assert good.is_usable


def test_two_bands_are_two_columns(tmp_path):
    """Each by its name."""
    time, flux = _curve()
    _write_csv(tmp_path / "a.csv", time, flux, background=flux * 2)
    spec = InputSpec(
        name="series",
        kind="series",
        bands=(Band(name="flux"), Band(name="background")),
        size=(60,),
        cadence_seconds=120.0,
    )
    (sample,) = open_inputs(tmp_path / "a.csv", (spec,))

    assert sample.arrays["series"][1] == pytest.approx(2 * flux, rel=1e-6)


def test_images_and_tables_of_other_models_stay_as_they_were(tmp_path):
    """For a model of images a folder's csv files are passed over."""
    image = InputSpec(name="image", kind="image", bands=(Band(name="g"),), size=(9, 9))
    _write_csv(tmp_path / "truth.csv", *_curve())
    fits.writeto(tmp_path / "a.fits", np.random.default_rng(1).normal(size=(9, 9)))

    assert [sample.id for sample in open_inputs(tmp_path, (image,))] == ["a"]


def test_inputs_travel_to_other_processes(tmp_path):
    """A copy made by pickle reads the same windows."""
    inputs = open_inputs(_write_csv(tmp_path / "a.csv", *_curve(100)), _spec())
    again = pickle.loads(pickle.dumps(inputs))

    assert np.array_equal(again[3].arrays["series"], inputs[3].arrays["series"])
