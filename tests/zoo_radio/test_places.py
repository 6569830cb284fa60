"""Places of images of MiraBest: the same source is never trained on and tested on."""

import pytest
from zoo_radio.places import groups_of, position_of

from zoo_core.errors import InputError


def test_sources_of_one_place_are_one_group():
    """Within 5 arcmin on the sphere, across RA 0 and near the pole too."""
    places = [(0.01, 0.0), (359.99, 0.0), (10.0, 0.0), (0.0, 89.99), (180.0, 89.99)]
    groups = groups_of(places)
    assert groups[0] == groups[1]
    assert groups[3] == groups[4]
    assert len(set(groups)) == 3


def test_positions_are_read_from_names():
    """Both signs, whatever folder stands before."""
    name = "100_162.947+055.386_0.0739_0250.34.png"
    assert position_of(f"./MiraBest_data/{name}") == (162.947, 55.386)
    assert position_of(name.replace("+", "-")) == (162.947, -55.386)


@pytest.mark.parametrize("name", ["source.png", "100_here_0.1_2.png", ""])
def test_names_without_a_position_are_told(name):
    """With what a name is like."""
    with pytest.raises(InputError, match="does not say a position; names are like 100_162"):
        position_of(name)
