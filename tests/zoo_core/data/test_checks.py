"""Checks of arrays against a specification, whatever the format they came in."""

import numpy as np
import pytest

from zoo_core.data._checks import check_array
from zoo_core.errors import InputError


def refused(array, spec, **options):
    """The error that an array is refused with."""
    with pytest.raises(InputError) as caught:
        check_array(array, spec[0], **options)
    return caught.value


@pytest.mark.parametrize("dtype", [">f4", ">i2", "<u4", "f8", "u1", ">f8"])
def test_any_number_type_and_byte_order_becomes_native_float32(image, make_spec, dtype):
    """Types are a matter of storage: values stay."""
    array, warnings = check_array(image.astype(dtype), make_spec()[0])

    assert array.dtype == np.dtype("=f4")
    assert array.dtype.isnative
    assert array.flags.c_contiguous
    assert array.flags.writeable
    assert warnings == ()
    np.testing.assert_array_equal(array, image[None])


def test_the_array_given_is_left_as_it_was(image, make_spec):
    """Infinities are replaced in a copy."""
    image[0, 0] = np.inf
    check_array(image, make_spec()[0])

    assert np.isinf(image[0, 0])


@pytest.mark.parametrize("dtype", ["c8", "U3"])
def test_what_is_no_real_number_is_refused(make_spec, dtype):
    """Complex numbers and text are not silently cast."""
    assert refused(np.zeros((8, 8), dtype), make_spec()).flag == "wrong-type"


def test_wrong_number_of_bands_is_told_with_both_numbers(make_spec):
    """The message names what came and what was wanted."""
    error = refused(np.ones((3, 8, 8)), make_spec("lsst-g", "lsst-r"))

    assert error.flag == "wrong-bands"
    assert "3 bands" in str(error)
    assert "takes 2 (lsst-g lsst-r)" in str(error)


def test_bands_in_the_last_axis_are_recognised(make_spec):
    """The commonest cause of a wrong number of bands is named."""
    assert "last axis" in str(refused(np.ones((8, 8, 3)), make_spec("g", "r", "i")))


def test_wrong_size_is_told_with_both_sizes_and_the_mend(make_spec):
    """Larger data can be cropped, which the message says."""
    error = refused(np.ones((10, 9)), make_spec())

    assert error.flag == "wrong-size"
    assert "10x9" in str(error)
    assert "8x8" in str(error)
    assert "--fit crop" in str(error)


def test_crop_keeps_the_middle(make_spec):
    """An even surplus is cut equally; an odd one leaves one more behind the middle."""
    whole = np.arange(110.0).reshape(10, 11)
    array, _ = check_array(whole, make_spec()[0], fit="crop")

    np.testing.assert_array_equal(array[0], whole[1:9, 1:9])


@pytest.mark.parametrize("shape", [(7, 8), (7, 20)])
def test_crop_does_not_enlarge(make_spec, shape):
    """One axis that is too short is enough to refuse."""
    error = refused(np.ones(shape), make_spec(), fit="crop")

    assert error.flag == "wrong-size"
    assert "--fit crop" not in str(error)


def test_an_axis_of_any_length_takes_any_length(make_spec):
    """None in the specification asks for nothing."""
    whole = np.arange(24.0).reshape(4, 6)
    assert check_array(whole, make_spec(size=(None, 6))[0]).array.shape == (1, 4, 6)


def test_all_nan_is_refused_even_in_one_band(image, make_spec):
    """An image without one of its bands cannot be used, and the band is named."""
    assert refused(np.full((8, 8), np.nan), make_spec()).flag == "all-nan"
    error = refused(
        np.stack([image, np.full_like(image, np.nan)]), make_spec("lsst-g", "lsst-r")
    )
    assert error.flag == "all-nan"
    assert "lsst-r" in str(error)


def test_a_constant_image_is_refused_with_its_value(make_spec):
    """NaN beside a single value does not make it an image."""
    flat = np.full((8, 8), 2.5)
    flat[0] = np.nan
    error = refused(flat, make_spec())

    assert error.flag == "constant"
    assert "2.5" in str(error)


def test_partly_nan_is_a_warning_with_counts(image, make_spec):
    """4 of 64 values are 6.25 per cent."""
    image[:2, :2] = np.nan
    array, (warning,) = check_array(image, make_spec()[0])

    assert warning.flag == "nan-filled"
    assert warning.reason == "4 of 64 values (6.25 %) are NaN"
    assert np.count_nonzero(np.isnan(array)) == 4


def test_nan_padded_edges_are_a_warning(make_spec):
    """A cutout at the edge of a detector keeps its good part."""
    padded = np.full((8, 8), np.nan)
    padded[:, 2:] = np.arange(48.0).reshape(8, 6)
    array, (warning,) = check_array(padded, make_spec()[0])

    assert warning == ("nan-filled", "16 of 64 values (25 %) are NaN")
    np.testing.assert_array_equal(array[0, :, 2:], padded[:, 2:])


def test_an_image_without_its_middle_is_refused(make_spec):
    """In all bands; elsewhere the same number of missing values is a warning."""
    two = np.random.default_rng(0).normal(size=(2, 20, 20))
    spec = make_spec("kids-g", "kids-r", size=(20, 20))[0]
    corner, middle = two.copy(), two.copy()
    corner[:, :4, :4] = np.nan
    middle[:, 8:12, 8:12] = np.nan

    assert [w.flag for w in check_array(corner, spec).warnings] == ["nan-filled"]
    with pytest.raises(InputError, match="nothing is seen of the object") as refused:
        check_array(middle, spec)
    assert refused.value.flag == "masked-center"


def test_a_band_without_its_middle_is_a_warning(make_spec):
    """With its name; a hole of less than three quarters of the middle is none."""
    two = np.random.default_rng(0).normal(size=(2, 20, 20))
    spec = make_spec("kids-g", "kids-r", size=(20, 20))[0]
    two[1, 8:12, 8:11] = np.nan
    array, warnings = check_array(two, spec)
    two[1, 8, 8] = 1.0

    assert [w.flag for w in warnings] == ["masked-center", "nan-filled"]
    assert warnings[0].reason == "the middle is missing in kids-r"
    assert np.isnan(array[1, 8:12, 8:11]).all()
    assert [w.flag for w in check_array(two, spec).warnings] == ["nan-filled"]


def test_images_of_a_few_pixels_have_no_middle(make_spec):
    """One bad pixel must not cost the object."""
    image = np.random.default_rng(0).normal(size=(9, 9))
    image[4, 4] = np.nan
    (warning,) = check_array(image, make_spec(size=(9, 9))[0]).warnings

    assert warning.flag == "nan-filled"


def test_images_of_any_size_have_no_middle(make_spec):
    """They are looked at all over."""
    image = np.random.default_rng(0).normal(size=(20, 20))
    image[8:12, 8:12] = np.nan
    (warning,) = check_array(image, make_spec(size=(None, None))[0]).warnings

    assert warning.flag == "nan-filled"


def test_infinities_become_nan_with_a_warning(image, make_spec):
    """Both kinds of missing value are counted for themselves, infinities first."""
    image[0, :3] = [np.inf, -np.inf, np.nan]
    array, warnings = check_array(image, make_spec()[0])

    assert [warning.flag for warning in warnings] == ["not-finite", "nan-filled"]
    assert "2 of 64" in warnings[0].reason
    assert "1 of 64" in warnings[1].reason
    assert np.isnan(array[0, 0, :3]).all()
    assert np.isfinite(array[0, 1:]).all()


def test_values_too_large_for_float32_count_as_infinite(image, make_spec):
    """1e300 cannot be held in single precision."""
    large = image.astype(float)
    large[3, 3] = 1e300
    array, (warning,) = check_array(large, make_spec()[0])

    assert warning.flag == "not-finite"
    assert np.isnan(array[0, 3, 3])


@pytest.mark.parametrize(("value", "flag"), [(np.nan, "nan-filled"), (np.inf, "not-finite")])
def test_a_model_may_refuse_missing_values(image, make_spec, value, flag):
    """``missing = refuse`` makes an error of the warning."""
    image[0, 0] = value
    assert refused(image, make_spec(missing="refuse")).flag == flag


def test_series_have_one_axis_and_channels_that_may_be_constant(make_spec):
    """A mask of zeros beside a light curve is no fault; a wholly constant series is."""
    spec = make_spec("flux", "mask", size=(5,), kind="series")
    series = np.stack([np.arange(5.0), np.zeros(5)])

    assert check_array(series, spec[0]).array.shape == (2, 5)
    assert refused(np.ones((2, 5)), spec).flag == "constant"
    assert refused(np.ones((2, 4)), spec).flag == "wrong-size"


def test_a_vector_may_hold_equal_numbers(make_spec):
    """Equal features are no constant image."""
    spec = make_spec("mass", "redshift", size=(), kind="vector")
    np.testing.assert_array_equal(check_array(np.ones(2), spec[0]).array, np.ones(2))


def test_too_many_axes_are_told(make_spec):
    """The message counts the axes."""
    error = refused(np.ones((1, 1, 8, 8)), make_spec())
    assert error.flag == "wrong-size"
    assert "4 axes" in str(error)
