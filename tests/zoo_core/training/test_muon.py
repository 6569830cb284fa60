"""Muon: orthogonal steps for kernels, and runs that resume with it."""

import pytest
import torch
from toys import toy_recipe, toy_zoo

from zoo_core.training import make_trainer
from zoo_core.training._muon import Muon, orthogonalised


@pytest.mark.parametrize("shape", [(8, 8), (6, 40), (40, 6)])
def test_singular_values_become_about_one(shape):
    """Of any matrix, however unequal its singular values; its directions stay."""
    torch.manual_seed(0)
    u, _, v = torch.linalg.svd(torch.randn(shape), full_matrices=False)
    values = torch.logspace(0, -1.5, min(shape))
    got = orthogonalised(u * values @ v)
    in_basis = u.T @ got @ v.T

    assert in_basis.diagonal().min() > 0.5
    assert in_basis.diagonal().max() < 1.3
    assert (in_basis - in_basis.diagonal().diag()).abs().max() < 0.1


def test_the_size_of_a_step_is_that_of_adamw():
    """Root mean square 0.2 of the learning rate, whatever the gradient's scale."""
    torch.manual_seed(0)
    for scale in (1e-6, 1e3):
        kernel = torch.nn.Parameter(torch.zeros(32, 16, 3, 3))
        kernel.grad = scale * torch.randn_like(kernel)
        Muon([kernel], lr=0.1, weight_decay=0.0).step()
        size = kernel.detach().square().mean().sqrt().item()

        assert size == pytest.approx(0.2 * 0.1, rel=0.2)


def test_it_goes_downhill():
    """A least-squares problem of matrices is solved."""
    torch.manual_seed(0)
    kernel = torch.nn.Parameter(torch.zeros(4, 3, 2))
    wanted = torch.randn(4, 3, 2)
    optimizer = Muon([kernel], lr=0.2, weight_decay=0.0)
    for step in range(200):
        optimizer.param_groups[0]["lr"] = 0.2 * (1 - step / 200)
        optimizer.zero_grad()
        (kernel - wanted).square().sum().backward()
        optimizer.step()

    assert (kernel - wanted).detach().abs().max() < 0.1


def test_kernels_go_to_muon_and_the_rest_to_adamw(tmp_path):
    """Each parameter is in exactly one of them."""
    zoo = toy_zoo(tmp_path)
    trainer = make_trainer(zoo, toy_recipe(zoo, optimizer="muon"), tmp_path / "run")
    adamw, muon = trainer.optimizers
    kernels = [p for group in muon.param_groups for p in group["params"]]
    others = [p for group in adamw.param_groups for p in group["params"]]

    assert {p.dim() for p in kernels} == {4}
    assert max(p.dim() for p in others) == 2
    assert len(kernels) + len(others) == len(list(trainer.model.parameters()))


def test_a_resumed_run_ends_like_an_uninterrupted_one(tmp_path):
    """The momentum is in the checkpoint."""
    zoo = toy_zoo(tmp_path)
    recipe = toy_recipe(zoo, optimizer="muon")
    whole = make_trainer(zoo, recipe, tmp_path / "whole")
    whole.run()

    def stop(record):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_trainer(zoo, recipe, tmp_path / "part").run(after_epoch=stop)
    part = make_trainer(zoo, recipe, tmp_path / "part")
    part.run()

    for name, value in whole.average.model.state_dict().items():
        assert torch.equal(value, part.average.model.state_dict()[name]), name
