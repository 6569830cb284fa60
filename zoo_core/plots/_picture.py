"""From pixels of any bands and units to pictures for the eye.

One band is grey, more are colours after Lupton et al. (2004), those of the three bands in the
middle. Both are on an asinh scale whose limits follow from the pixels of each picture. Pictures
that were made for the eye already (bands called grey, or red, green and blue, of 0 to 255) stay
as they are.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

#: What a pixel without a value looks like: a colour that no stretch makes.
NO_DATA = (204, 121, 167)

#: From blue to red; names of bands that all are among these are brought into this order.
_BLUE_TO_RED = "ugrizyjhk"

#: In units of the noise: black lies so far below the sky, and the scale is linear up to here.
_BELOW = 1.0
_LINEAR = 3.0

#: Deviation of a normal distribution in units of its median absolute one.
_OF_MEDIAN = 1.4826

#: How much larger the noise may be than differences of neighbours say.
_SMOOTH = 3.0

#: In units of the noise, what is white at least; and which share of the pixels may be whiter.
_WHITE = 15.0
_WHITER = 0.003

#: Quantile of the pixels that tells the light of the objects.
_BRIGHT = 0.995


def make_pictures(
    cutouts: Sequence[np.ndarray | None], bands: Sequence[str] = ()
) -> list[np.ndarray | None]:
    """Pictures of cutouts that are to be looked at together.

    Each has its own limits, so that faint objects are seen beside bright ones. The balance of
    the colours is that of all of them: between grey noise and grey objects in the mean.

    Parameters
    ----------
    cutouts : sequence of numpy.ndarray or None
        Each ``(band, y, x)``, any unit and any size; NaN is missing. None stays None.
    bands : sequence of str
        Names of the bands, such as ``lsst-g``; else they go from blue to red.

    Returns
    -------
    list of numpy.ndarray or None
        Each ``(y, x, 3)``, uint8, the first row as in the array.
    """
    import numpy as np

    there = [None if cutout is None else np.asarray(cutout, float) for cutout in cutouts]
    names = [name.lower() for name in bands]
    if _is_for_the_eye(there, names):
        return [None if one is None else _as_it_is(one, names) for one in there]
    channels = [None if one is None else _channels(one, names) for one in there]
    balance = _balance([one for one in channels if one is not None])
    return [
        None if one is None else _stretched(one / balance[: len(one), None, None])
        for one in channels
    ]


def _is_for_the_eye(cutouts: Sequence[np.ndarray | None], names: Sequence[str]) -> bool:
    import numpy as np

    if set(names) not in ({"grey"}, {"red", "green", "blue"}):
        return False
    values = [one[np.isfinite(one)] for one in cutouts if one is not None]
    joined = np.concatenate([np.zeros(0), *values])
    return bool(((joined >= 0) & (joined <= 255)).all() and (joined > 1).any())


def _as_it_is(cutout: np.ndarray, names: Sequence[str]) -> np.ndarray:
    import numpy as np

    order = [0, 0, 0] if len(names) == 1 else [names.index(n) for n in ("red", "green", "blue")]
    return _painted(np.moveaxis(cutout[order], 0, -1), cutout)


def _channels(cutout: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """One channel, or red, green and blue: ``(channel, y, x)``."""
    import numpy as np

    if len(cutout) == 1:
        return cutout
    shorts = [name.rpartition("-")[2] for name in names]
    order = list(range(len(cutout)))
    if len(shorts) == len(order) and all(s and s in _BLUE_TO_RED for s in shorts):
        order.sort(key=lambda index: _BLUE_TO_RED.index(shorts[index]))
    elif set(shorts) == {"red", "green", "blue"}:
        order = [shorts.index(name) for name in ("blue", "green", "red")]
    # Of u, g, r, i the last three: u is shallow, and i is what red galaxies shine in.
    first = 1 if len(order) == 4 else max(len(order) - 3, 0) // 2
    blue, red = cutout[order[first]], cutout[order[min(first + 2, len(order) - 1)]]
    green = cutout[order[first + 1]] if len(order) > 2 else (blue + red) / 2
    return np.stack([red, green, blue])


def _balance(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """What each channel is divided by, the same for all pictures; ones where nothing is known.

    Divided by its noise, a shallow channel would hardly be seen, and objects would have the
    colour of the deepest; divided by the light of the objects, its noise would colour the sky.
    Between both, and nearer to the objects, is what is taken.
    """
    import numpy as np

    if not pictures:
        return np.ones(3)
    found = np.array([[_noise_and_light(channel) for channel in one] for one in pictures])
    noise, light = np.moveaxis(np.median(found, axis=0), -1, 0)
    if not (noise > 0).all():
        return np.ones(len(noise))
    middle: np.ndarray = noise**0.25 * light**0.75 if (light > noise).all() else noise
    return middle


def _noise_and_light(channel: np.ndarray) -> tuple[float, float]:
    """Of the sky, and how far the brightest pixels but a few are above it."""
    import numpy as np

    sky, noise = _sky(channel)
    values = channel[np.isfinite(channel)]
    return noise, float(np.quantile(values, _BRIGHT)) - sky if values.size else 0.0


def _sky(channel: np.ndarray) -> tuple[float, float]:
    """Level and noise of what lies between the objects; 0 and 0 without any value.

    An object may fill the picture. So the level is that at the edge, if it is lower there, and
    the noise is that of the pixels below it; but not much more than pixels differ from their
    neighbours, where the noise may be smooth from resampling.
    """
    import numpy as np

    values = channel[np.isfinite(channel)]
    if not values.size:
        return 0.0, 0.0
    edge = np.concatenate([channel[[0, -1]].ravel(), channel[:, [0, -1]].ravel()])
    edge = edge[np.isfinite(edge)]
    sky = float(min(np.median(values), np.median(edge) if edge.size else np.inf))
    below = float(np.median(sky - values[values <= sky]))
    steps = np.concatenate([np.diff(channel, axis=axis).ravel() for axis in (0, 1)])
    steps = steps[np.isfinite(steps)]
    between = float(np.median(np.abs(steps - np.median(steps)))) if steps.size else below
    return sky, _OF_MEDIAN * min(below, _SMOOTH * between / math.sqrt(2))


def _stretched(channels: np.ndarray) -> np.ndarray:
    import numpy as np

    values = [_sky(channel) for channel in channels]
    noise = float(np.mean([deviation for _, deviation in values]))
    spread = [float(np.ptp(c[np.isfinite(c)])) if np.isfinite(c).any() else 0 for c in channels]
    # More than half of the pixels are equal: then the noise is not what the scale goes by.
    noise = noise or max(spread) / 50 or 1.0
    above = np.stack(
        [np.nan_to_num(c - sky, nan=0, posinf=0, neginf=0) + _BELOW * noise
         for c, (sky, _) in zip(channels, values, strict=True)]
    )  # fmt: skip
    intensity = above.mean(axis=0)
    white = max(_WHITE * noise, float(np.quantile(intensity, 1 - _WHITER)))
    softening = _LINEAR * noise / white
    return _painted(_lupton(above / white, softening), channels)


def _lupton(channels: np.ndarray, softening: float) -> np.ndarray:
    """``(y, x, 3)``, 0 to 255; an intensity of 1 becomes white."""
    from astropy.visualization import make_lupton_rgb

    red, green, blue = channels if len(channels) == 3 else (channels[0],) * 3
    # Their curve is asinh(q i / stretch) / (10 asinh(q / 10)): q such that it is 1 at 1.
    q = 10 * math.sinh(0.1 * math.asinh(1 / softening))
    picture: np.ndarray = make_lupton_rgb(red, green, blue, stretch=softening * q, Q=q)
    return picture


def _painted(picture: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """As bytes, the missing pixels in the colour that says so."""
    import numpy as np

    missing = ~np.isfinite(pixels).all(axis=0)
    whole = np.where(missing[..., None], np.array(NO_DATA), np.nan_to_num(picture))
    return np.clip(np.rint(whole), 0, 255).astype(np.uint8)
