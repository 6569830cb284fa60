"""Names of models on a hub: read strictly, so that none can climb out of a folder."""

import pytest

from zoo_core.errors import UsageError
from zoo_core.places import split_scheme
from zoo_core.places._reference import parse_hub_reference

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "repository", "revision", "pinned"),
    [
        ("org/name", "org/name", "main", False),
        ("org/name@v1.2", "org/name", "v1.2", False),
        ("my-team/my_model.2@refs/pr/3", "my-team/my_model.2", "refs/pr/3", False),
        (f"org/name@{COMMIT}", "org/name", COMMIT, True),
    ],
)
def test_repository_and_revision(text, repository, revision, pinned):
    """Without a revision it is main; only a commit is pinned."""
    reference = parse_hub_reference(text)

    assert (reference.repository, reference.revision) == (repository, revision)
    assert reference.is_pinned is pinned
    assert str(reference) == f"hf://{repository}@{revision}"


@pytest.mark.parametrize(
    "text",
    [
        "name",
        "a/b/c",
        "../name",
        "org/..",
        "org/name/..",
        "org/.hidden",
        "org/na me",
        "org/name@../../etc",
        "org/name@/abs",
        "/etc/passwd",
        "org\\name",
        "a--b/c",
        "org/name@",
        "org/",
    ],
)
def test_what_is_no_repository_is_refused(text):
    """With the form that is meant."""
    with pytest.raises(UsageError, match="hf://ORGANISATION/NAME"):
        parse_hub_reference(text)


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("hf://org/name", ("hf", "org/name")),
        ("hf:org/name", ("hf", "org/name")),
        ("timm:resnet18.a1_in1k", ("timm", "resnet18.a1_in1k")),
        ("file:/x", ("file", "/x")),
        ("resnet-lens", None),
        ("embedded/resnet-lens", None),
        ("./a:b", None),
        ("C:\\models", None),
    ],
)
def test_schemes(name, split):
    """A path, a plain name and a Windows drive have none."""
    assert split_scheme(name) == split
