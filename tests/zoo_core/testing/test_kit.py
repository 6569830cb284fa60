"""The conformance kit: what it accepts, and that each check finds what it is there for."""

import json
import shutil
import socket

import pytest
from safetensors.torch import load_file, save_file
from subjects import subjects_zoo
from toys import RECIPE, toy_recipe, toy_zoo

from zoo_core.cards import read_card, readme
from zoo_core.errors import UsageError, ZooError
from zoo_core.testing import (
    Check,
    CheckFailed,
    NotApplicable,
    check_model_folder,
    check_plugin,
    model_checks,
    parametrize_with_checks,
    plugin_checks,
)
from zoo_core.training import export_model, make_trainer
from zoo_core.weights import file_ref

pytest_plugins = ["zoo_core.testing.fixtures", "pytester"]

BAD_PARTS = [
    ("architectures", "NeedsArgument", "builds_with_default_arguments"),
    ("architectures", "Nameless", "has_timm_methods"),
    ("architectures", "OtherForward", "forward_is_features_then_head"),
    ("architectures", "WrongFeatures", "forward_is_features_then_head"),
    ("architectures", "OneBand", "takes_other_bands_and_outputs"),
    ("architectures", "OneGroup", "groups_cover_parameters_once"),
    ("architectures", "Unseeded", "seeded_build_is_reproducible"),
    ("architectures", "Constant", "seeded_build_is_reproducible"),
    ("architectures", "Uphill", "one_step_lowers_the_loss"),
    ("architectures", "Detached", "every_parameter_learns"),
    ("architectures", "Sociable", "batch_equals_singles"),
    ("architectures", "Forgetful", "state_dict_round_trip"),
    ("architectures", "StuckHead", "reset_classifier_changes_outputs"),
    ("architectures", "LostHead", "reset_classifier_changes_outputs"),
    ("architectures", "Missing", "targets_are_there"),
    ("simulators", "GlobalRandom", "same_seed_same_data"),
    ("simulators", "GlobalRandom", "random_state_is_left_alone"),
    ("simulators", "Steady", "seeds_and_chunks_differ"),
    ("simulators", "Double", "arrays_match_input_spec"),
    ("simulators", "Small", "arrays_match_input_spec"),
    ("simulators", "Holey", "arrays_are_finite"),
    ("simulators", "Blank", "arrays_are_finite"),
    ("simulators", "Talkative", "truth_matches_columns"),
    ("simulators", "Unmapped", "maps_are_as_declared"),
    ("simulators", "Shifted", "maps_are_as_declared"),
    ("simulators", "Hollow", "maps_are_as_declared"),
    ("simulators", "Versionless", "name_and_version_are_stated"),
    ("simulators", "Counting", "a_part_is_the_start_of_the_whole"),
    ("tasks", "OtherColumns", "columns_match_decode"),
    ("tasks", "EndlessLoss", "loss_is_a_finite_scalar"),
    ("tasks", "Overconfident", "calibration_is_taken_back"),
    ("tasks", "OtherKind", "kind_agrees_with_the_recipe"),
    ("tasks", "Unmeasured", "metrics_are_sound"),
    ("tasks", "OtherRanking", "ranking_is_a_column"),
    ("tasks", "NoTask", "targets_are_there"),
    ("recipes", "gone.toml", "targets_are_there"),
    ("hook_module", "torch", "hook_module_is_light"),
    ("hook_module", "observer", "hooks_register"),
    ("unknown_fields", ("colour",), "manifest_has_no_unknown_fields"),
]

BAD_RECIPES = [
    ('name = "toy"', 'name = "toi"', "parses_under_its_name"),
    ("epochs = 3", "epochs = -", "parses_under_its_name"),
    ('name = "tiny"', 'name = "gone"', "names_resolve"),
    ("epochs = 1", "epochs = 3", "fast_is_shorter"),
    ("size = [9, 9]", "size = [8, 8]", "inputs_are_the_simulators"),
    ('{ name = "toy-g" }', '{ name = "toy-r" }', "inputs_are_the_simulators"),
    ("low = -9.0", "low = 8.999", "preprocessed_data_is_finite"),
    ('name = "spot", classes', 'name = "dot", classes', "network_suits_the_task"),
    ('["head.weight", "head.bias"]', '["head.weight"]', "head_keys_are_the_heads"),
    ("CC0-1.0", "free", "terms_are_stated"),
    ("CC0-1.0", "cc0-1.0", "terms_are_stated"),
    ('["A toy."]', "[]", "terms_are_stated"),
    ("@misc{toy, title = {Toy}}", "Toy, 2020", "terms_are_stated"),
]


def _only(checks, name):
    (check,) = [check for check in checks if check.name == name]
    return check


def test_a_good_plugin_passes(tmp_path):
    """All of it; what cannot be checked says why."""
    outcomes = check_plugin("subjects", zoo=subjects_zoo(tmp_path))

    assert {o.word for o in outcomes} == {"passed", "skipped"}
    assert {o.check.name: o.reason for o in outcomes if o.word == "skipped"} == {
        "health_checks_are_sound": "the plugin has no health checks",
        "hook_module_is_light": "the plugin has no hook module",
    }


@pytest.mark.parametrize(("kind", "part", "check"), BAD_PARTS)
def test_a_bad_part_is_found(tmp_path, kind, part, check):
    """By the check that is there for it."""
    zoo = subjects_zoo(tmp_path, **{kind: part})

    with pytest.raises((ZooError, RuntimeError)):
        _only(plugin_checks("subjects", zoo=zoo), check)()


def test_declared_hooks_must_be_those_of_the_module(tmp_path):
    """Neither one too many nor one too few."""
    for hooks in (["zoo_event"], ["zoo_event", "zoo_health_checks"], ["zoo_health_checks"]):
        zoo = subjects_zoo(tmp_path, hook_module="observer", hooks=tuple(hooks))
        check = _only(plugin_checks("subjects", zoo=zoo), "hooks_register")
        if hooks == ["zoo_event"]:
            check()
        else:
            with pytest.raises(ZooError, match="zoo_health_checks but does not implement it"):
                check()


@pytest.mark.parametrize(("old", "new", "check"), BAD_RECIPES)
def test_a_bad_recipe_is_found(tmp_path, old, new, check):
    """By the check that is there for it; the recipe was good before."""
    assert RECIPE.count(old) >= 1
    zoo = subjects_zoo(tmp_path, recipe=RECIPE.replace(old, new, 1))
    checks = [c for c in plugin_checks("subjects", zoo=zoo) if "recipes" in c.subject]

    with pytest.raises((ZooError, RuntimeError)):
        _only(checks, check)()


def test_what_nothing_uses_is_skipped_with_a_reason(tmp_path):
    """A network whose inputs no recipe states cannot be run."""
    zoo = subjects_zoo(tmp_path, recipe=RECIPE.replace('name = "tiny"', 'name = "other"'))

    with pytest.raises(NotApplicable, match=r"no recipe .*uses 'tiny'"):
        _only(plugin_checks("subjects", zoo=zoo), "batch_equals_singles")()


def test_all_failures_are_named_at_once(tmp_path):
    """With the subject of each."""
    zoo = subjects_zoo(tmp_path, simulators="Holey", tasks="OtherKind")

    with pytest.raises(CheckFailed) as caught:
        check_plugin("subjects", zoo=zoo)
    assert "subjects/simulators/spots:arrays_are_finite: 'image' holds" in str(caught.value)
    assert "subjects/tasks/spotting:kind_agrees_with_the_recipe" in str(caught.value)


@pytest.mark.parametrize("key", ["{name}", "subjects/tasks/spotting:{name}"])
def test_an_expected_failure_needs_a_reason_and_must_fail(tmp_path, key):
    """Named for all subjects or for one."""
    name = "kind_agrees_with_the_recipe"
    bad, good = subjects_zoo(tmp_path, tasks="OtherKind"), subjects_zoo(tmp_path)
    expected = {key.format(name=name): "it counts"}

    outcomes = check_plugin("subjects", zoo=bad, expected_failures=expected)
    assert [o.reason for o in outcomes if o.word == "expected failure"] == ["it counts"]
    with pytest.raises(CheckFailed, match="passed, but was expected to fail: it counts"):
        check_plugin("subjects", zoo=good, expected_failures=expected)
    with pytest.raises(UsageError, match="needs a reason"):
        check_plugin("subjects", zoo=bad, expected_failures=dict.fromkeys(expected, " "))
    with pytest.raises(UsageError, match="no check 'kind'"):
        check_plugin("subjects", zoo=bad, expected_failures={"kind": "misspelt"})


def test_parametrising_gives_ids_and_marks():
    """Subject and name; an expected failure is a strict xfail with its reason."""
    checks = [Check(name, "me", lambda: None) for name in ("one", "two")]
    mark = parametrize_with_checks(checks, expected_failures={"two": "not yet"})
    one, two = mark.args[1]

    assert (one.id, two.id) == ("me:one", "me:two")
    assert list(one.marks) == []
    assert two.marks[0].kwargs == {"reason": "not yet", "strict": True}
    with pytest.raises(UsageError):
        parametrize_with_checks(checks, expected_failures={"three": "unknown"})


def test_pytest_shows_what_became_of_each_check(pytester):
    """Passed, failed, skipped with the reason, failed as expected."""
    pytester.makepyfile(
        """
        from zoo_core.testing import Check, CheckFailed, NotApplicable, parametrize_with_checks

        def skip():
            raise NotApplicable("not here")

        def fail():
            raise CheckFailed("wrong")

        checks = [
            Check(name, "kit", run)
            for name, run in {"good": int, "odd": skip, "bad": fail, "late": fail}.items()
        ]

        @parametrize_with_checks(checks, expected_failures={"late": "next year"})
        def test_it(check):
            check()
        """
    )
    result = pytester.runpytest("-rsx", "-p", "no:cacheprovider")

    result.assert_outcomes(passed=1, failed=1, skipped=1, xfailed=1)
    result.stdout.fnmatch_lines(["*not here*"])
    result.stdout.fnmatch_lines(["*kit:late* next year"])


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A toy model as its training wrote it."""
    folder = tmp_path_factory.mktemp("kit")
    zoo = toy_zoo(folder)
    recipe = toy_recipe(zoo, epochs=1)
    trainer = make_trainer(zoo, recipe, folder / "run")
    trainer.run()
    export_model(zoo, recipe, trainer, folder / "registry" / "toy")
    return zoo, folder / "registry" / "toy"


@pytest.fixture
def model(exported, tmp_path):
    """The zoo, and a copy of the model that a test may spoil."""
    shutil.copytree(exported[1], tmp_path / "toy")
    return exported[0], tmp_path / "toy"


def test_a_trained_model_passes(model):
    """Everything that training writes conforms."""
    zoo, folder = model

    assert {o.word for o in check_model_folder(folder, zoo=zoo)} == {"passed"}


def _spoil_card(**fields):
    def spoil(folder):
        card = json.loads((folder / "config.json").read_text())
        for path, value in fields.items():
            place = card
            *outer, last = path.split("__")
            for part in outer:
                place = place[int(part) if part.isdigit() else part]
            place[last] = value
        (folder / "config.json").write_text(json.dumps(card))
        (folder / "README.md").write_text(readme(read_card(folder)))

    return spoil


def _compare(**changes):
    """Put a comparison on the card that is fair but for ``changes``."""

    def spoil(folder):
        own = json.loads((folder / "config.json").read_text())["metrics"][0]
        number = {key: own[key] for key in ("name", "value", "low", "high", "n", "conditions")}
        told = {key: own[key] for key in ("data", "role", "command")}
        other = {"name": "svm", **told, "metrics": [number], **changes}
        other["metrics"] = [{**number, **changed} for changed in other["metrics"]]
        _spoil_card(comparisons=[other] * changes.get("times", 1))(folder)

    return spoil


def _tamper(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")


def _swap_weights(change):
    def spoil(folder):
        path = folder / "model.safetensors"
        tensors = load_file(path)
        change(tensors)
        save_file(tensors, path)
        ref = file_ref(path)
        _spoil_card(weights__sha256=ref.sha256, weights__size=ref.size)(folder)

    return spoil


def _link(folder):
    (folder / "link.json").symlink_to(folder / "config.json")


BAD_FOLDERS = [
    (_spoil_card(colour="red"), "card_is_read_whole"),
    (_spoil_card(weights__colour="red"), "card_is_read_whole"),
    (_spoil_card(name="other"), "card_is_read_whole"),
    (_spoil_card(plugin="gone"), "names_resolve"),
    (_spoil_card(architecture__name="gone"), "names_resolve"),
    (_spoil_card(task__kind="counting"), "names_resolve"),
    (_tamper, "files_are_those_of_the_card"),
    (lambda folder: shutil.rmtree(folder / "figures"), "files_are_those_of_the_card"),
    (lambda folder: (folder / "model.pt").touch(), "files_are_of_known_kinds"),
    (lambda folder: (folder / "figures" / "run.py").touch(), "files_are_of_known_kinds"),
    (lambda folder: (folder / "pickle").touch(), "files_are_of_known_kinds"),
    (_link, "files_are_of_known_kinds"),
    (_spoil_card(weights__file="model.bin"), "weights_are_safetensors"),
    (_swap_weights(lambda t: t["head.bias"].fill_(float("nan"))), "weights_are_safetensors"),
    (_spoil_card(weights__license="whatever"), "terms_are_stated"),
    (_spoil_card(limits=[]), "terms_are_stated"),
    (_spoil_card(citation=[]), "terms_are_stated"),
    (_spoil_card(metrics=[]), "metrics_can_be_believed"),
    (_spoil_card(metrics__0__role="train"), "metrics_can_be_believed"),
    (_spoil_card(metrics__0__n=0), "metrics_can_be_believed"),
    (_spoil_card(metrics__0__low=None), "metrics_can_be_believed"),
    (_spoil_card(metrics__0__value=7.0), "metrics_can_be_believed"),
    (_spoil_card(metrics__0__command=""), "metrics_can_be_believed"),
    (_compare(data="others"), "comparisons_are_fair"),
    (_compare(role="independent"), "comparisons_are_fair"),
    (_compare(command=""), "comparisons_are_fair"),
    (_compare(metrics=[]), "comparisons_are_fair"),
    (_compare(metrics=[{"name": "f1"}]), "comparisons_are_fair"),
    (_compare(metrics=[{"conditions": "half"}]), "comparisons_are_fair"),
    (_compare(metrics=[{"high": None}]), "comparisons_are_fair"),
    (_compare(metrics=[{"value": 9.0}]), "comparisons_are_fair"),
    (_compare(times=2), "comparisons_are_fair"),
    (_spoil_card(trained_on__0__seed=4), "tested_on_other_data"),
    (
        lambda folder: (folder / "README.md").write_text("# Mine"),
        "readme_follows_from_the_card",
    ),
    (lambda folder: (folder / "README.md").unlink(), "readme_follows_from_the_card"),
    (_spoil_card(head_keys=["top.weight"]), "head_keys_are_weights"),
    (_spoil_card(head_keys=[]), "head_keys_are_weights"),
    (_spoil_card(weights__num_parameters=1), "golden_output_is_reproduced"),
    (_swap_weights(lambda t: t["head.weight"].neg_()), "golden_output_is_reproduced"),
    (
        _swap_weights(lambda t: t["head.weight"].neg_()),
        "fast_engine_reproduces_golden_output",
    ),
]


@pytest.mark.parametrize(("spoil", "check"), BAD_FOLDERS)
def test_a_spoilt_folder_is_found(model, spoil, check):
    """By the check that is there for it."""
    zoo, folder = model
    spoil(folder)

    with pytest.raises((ZooError, RuntimeError)):
        _only(model_checks(folder, zoo=zoo), check)()


def test_a_fair_comparison_passes(model):
    """Nothing else on the card changes."""
    zoo, folder = model
    _compare()(folder)

    _only(model_checks(folder, zoo=zoo), "comparisons_are_fair")()


def test_the_empty_zoo_is_empty(empty_zoo):
    """Whatever is installed."""
    assert empty_zoo.plugins.plugins == []
    assert empty_zoo.list_models().found == ()


def test_the_network_is_out_of_reach(no_network):
    """By name and by number; this machine itself is not."""
    with pytest.raises(pytest.fail.Exception, match=r"example\.org"):
        socket.create_connection(("example.org", 80))
    with socket.socket() as client, pytest.raises(pytest.fail.Exception, match=r"192\.0\.2\.1"):
        client.connect(("192.0.2.1", 80))
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.connect(server.getsockname())
