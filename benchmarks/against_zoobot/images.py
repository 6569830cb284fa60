"""Labelled pictures of galaxies, drawn for the comparison."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np
from astropy.io import fits
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    Part = tuple[str, int]

#: What the backbone learns first, and what both sides then fine-tune it for.
FIRST_CLASSES = ("bar", "edge-on", "merger", "ring")
CLASSES = ("smooth", "spiral")

SIZE = 224

#: Deviation of the noise, in units of the disc's centre.
_NOISE = 0.03


def write_images(
    folder: Path,
    classes: Sequence[str],
    parts: Sequence[Part],
    *,
    seed: int = 0,
    suffix: str = ".jpg",
) -> Path:
    """Write pictures and a table of their labels, unless they are there.

    Parameters
    ----------
    folder : pathlib.Path
        Gets ``images/`` (224 x 224 pixels) and ``labels.csv`` with the columns ``path``,
        ``label`` (a position in ``classes``) and ``split``.
    classes : sequence of str
        Shapes, as ``draw_galaxy`` takes them; as many pictures of each.
    parts : sequence of (str, int)
        Parts of the data, such as ``train``, and the pictures of each.
    seed : int
        Of everything that is drawn.
    suffix : str
        ``.jpg`` (RGB) or ``.fits`` (one band, float32).

    Returns
    -------
    pathlib.Path
        The table.
    """
    table = folder / "labels.csv"
    if table.exists():
        return table
    (folder / "images").mkdir(parents=True)
    rng = np.random.default_rng(seed)
    names = [part for part, count in parts for _ in range(count)]
    rows: list[tuple[str, int | str, str]] = [("path", "label", "split")]
    for index, part in enumerate(names):
        label = index % len(classes)
        path = f"images/{index:05d}{suffix}"
        drawn = draw_galaxy(rng, classes[label])
        if suffix == ".fits":
            fits.writeto(folder / path, drawn[..., 1].astype(np.float32))
        else:
            Image.fromarray(drawn).save(folder / path, quality=90)
        rows.append((path, label, part))
    with table.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return table


def draw_galaxy(rng: np.random.Generator, shape: str) -> np.ndarray:
    """Draw an inclined exponential disc with a bulge, stars and noise.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws size, place angle, inclination, colours and all the rest.
    shape : str
        ``smooth``, ``spiral`` (two logarithmic arms in the disc), ``ring``, ``bar``,
        ``edge-on`` or ``merger`` (a second, smaller galaxy near the first).

    Returns
    -------
    numpy.ndarray
        ``(y, x, colour)`` uint8.
    """
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32) - (SIZE - 1) / 2
    light = _disc(rng, x, y, shape, scale=rng.uniform(0.07, 0.13) * SIZE)
    if shape == "merger":
        distance, angle = rng.uniform(0.15, 0.3) * SIZE, rng.uniform(0, 2 * np.pi)
        to_x, to_y = distance * np.cos(angle), distance * np.sin(angle)
        light += _disc(rng, x - to_x, y - to_y, "smooth", scale=rng.uniform(0.04, 0.08) * SIZE)
    for _ in range(rng.integers(0, 6)):
        at_x, at_y = rng.uniform(-SIZE / 2, SIZE / 2, 2)
        star = np.exp(-((x - at_x) ** 2 + (y - at_y) ** 2) / 4.5)
        light += rng.uniform(0.1, 1.0) * star[..., None]
    light += rng.normal(0, _NOISE, light.shape)
    stretched = np.arcsinh(10 * light) / np.arcsinh(20.0)
    return (255 * np.clip(stretched, 0, 1)).astype(np.uint8)


def _disc(
    rng: np.random.Generator, x: np.ndarray, y: np.ndarray, shape: str, *, scale: float
) -> np.ndarray:
    """Light ``(y, x, colour)`` of a galaxy whose disc falls by e within ``scale`` pixels."""
    angle = rng.uniform(0, np.pi)
    ratio = rng.uniform(0.1, 0.2) if shape == "edge-on" else rng.uniform(0.4, 1.0)
    along = (x * np.cos(angle) + y * np.sin(angle)) / scale
    across = (y * np.cos(angle) - x * np.sin(angle)) / (ratio * scale)
    radius = np.hypot(along, across)
    disc = np.exp(-radius)
    if shape == "spiral":
        pitch, contrast = rng.uniform(2.0, 4.0), rng.uniform(0.25, 0.8)
        phase = 2 * np.arctan2(across, along) - pitch * np.log(radius + 0.1)
        disc *= 1 + contrast * np.cos(phase)
    elif shape == "ring":
        disc = 0.3 * disc + 0.4 * np.exp(-((radius - rng.uniform(1.5, 2.5)) ** 2) / 0.1)
    elif shape == "bar":
        disc += 0.8 * np.exp(-((along / 0.9) ** 4) - (across / 0.25) ** 2)
    bulge = rng.uniform(0.2, 1.5) * np.exp(-((radius / 0.25) ** 0.7))
    return np.stack([0.8 * disc + bulge, 0.9 * disc + 0.8 * bulge, disc + 0.6 * bulge], -1)
