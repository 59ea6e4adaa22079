import argparse
import functools
import json
import os
import subprocess

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from recorder import run_info as module
from recorder.criterion import NAMES, read_criterion
from recorder.run_info import describe_criterion, git_state, plain, run_info, write_run_info


def model_and_optimizer():
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    model[2].bias.requires_grad_(False)
    groups = [{"params": [model[0].weight], "lr": 0.1}, {"params": [model[0].bias, model[2].weight], "weight_decay": 0.5}]
    return model, torch.optim.SGD(groups, lr=0.01, momentum=0.9)


def test_says_what_is_needed_to_repeat_and_compare(tmp_path):
    model, optimizer = model_and_optimizer()
    criterion = read_criterion(nn.CrossEntropyLoss(label_smoothing=0.1, weight=torch.tensor([1.0, 3.0])))
    write_run_info(
        tmp_path,
        run_info(models=[model], optimizers=[optimizer], task="classification", classes=["a", "b"], criterion=criterion, config={"seed": 3}, every=10),
    )
    info = json.loads((tmp_path / "run.json").read_text())
    assert info["format_version"] == "1.0" and info["pid"] == os.getpid() and info["config"] == {"seed": 3} and info["every"] == 10
    assert info["versions"]["torch"] == torch.__version__ and info["seeds"]["torch"] == torch.initial_seed()
    assert info["model"]["type"] == "Sequential" and (info["model"]["parameters"], info["model"]["trainable"]) == (26, 24)
    assert [part["type"] for part in info["model"]["modules"]] == ["Sequential", "Linear", "Tanh", "Linear"]
    [described] = info["optimizers"]
    assert described["type"] == "SGD"
    first, second = described["groups"]
    assert (first["lr"], first["momentum"], first["parameters"]) == (0.1, 0.9, ["0.weight"])
    assert (second["lr"], second["weight_decay"], second["parameters"]) == (0.01, 0.5, ["0.bias", "2.weight"])
    assert info["loss"]["name"] == "cross_entropy" and info["loss"]["label_smoothing"] == 0.1 and info["loss"]["weight"] == [1.0, 3.0]
    assert info["loss"]["ignore_index"] == -100 and info["loss"]["reduction"] == "mean" and info["loss"]["pos_weight"] is None
    assert "silent" in info["definitions"] and info["command"]


def test_is_never_changed_and_leaves_no_half_file(tmp_path):
    write_run_info(tmp_path, {"config": 1})
    write_run_info(tmp_path, {"config": 2})
    assert json.loads((tmp_path / "run.json").read_text()) == {"config": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_a_write_that_fails_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(module.os, "fsync", lambda _: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        write_run_info(tmp_path, {"config": 1})
    assert list(tmp_path.iterdir()) == []


def test_anything_becomes_strict_json():
    class Awkward:
        def __repr__(self):
            raise RuntimeError("no")

    loop: dict[str, object] = {}
    loop["self"] = loop
    value = {
        1: float("nan"),
        "inf": -float("inf"),
        "tensor": torch.arange(3),
        "large": torch.zeros(2000),
        "namespace": argparse.Namespace(lr=0.1, path=os.path),
        "dtype": torch.float16,
        "function": F.relu,
        "awkward": Awkward(),
        "set": {3},
        "loop": loop,
        "module": nn.Linear(1, 1),
    }
    found = json.loads(json.dumps(plain(value), allow_nan=False))
    assert (found["1"], found["inf"], found["tensor"], found["dtype"], found["set"]) == ("nan", "-inf", [0, 1, 2], "float16", [3])
    assert found["namespace"]["lr"] == 0.1 and found["large"] == "Tensor of shape [2000]" and found["function"] == "relu"
    assert "Linear" in found["module"] and "RuntimeError" in found["awkward"]


def test_no_repository_and_no_git_are_no_trouble(tmp_path, monkeypatch):
    assert git_state(tmp_path) is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_state(tmp_path) is None


def test_a_git_that_hangs_or_breaks_is_no_trouble(tmp_path, monkeypatch):
    git = tmp_path / "git"
    git.write_text("#!/bin/sh\nexec sleep 30\n")
    git.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setattr(module, "_GIT_SECONDS", 0.2)
    assert git_state(tmp_path) is None


def test_a_commit_and_changes_are_seen(tmp_path):
    def git(*arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q")
    (tmp_path / "file").write_text("1")
    git("add", "file")
    git("commit", "-qm", "first")
    state = git_state(tmp_path)
    assert state is not None and len(state["commit"]) == 40 and state["dirty"] is False
    (tmp_path / "file").write_text("2")
    assert (git_state(tmp_path) or {})["dirty"] is True


@pytest.mark.parametrize(
    "given, name",
    [
        ("mse", "mse_loss"),
        ("mse_loss", "mse_loss"),
        ("smooth_l1", "smooth_l1_loss"),
        ("bce", "binary_cross_entropy"),
        ("bce_with_logits", "binary_cross_entropy_with_logits"),
        ("Cross-Entropy", "cross_entropy"),
        (nn.BCEWithLogitsLoss(), "binary_cross_entropy_with_logits"),
        (F.cross_entropy, "cross_entropy"),
        (functools.partial(F.cross_entropy, label_smoothing=0.2), "cross_entropy"),
    ],
)
def test_a_loss_may_be_declared_in_many_ways(given, name):
    criterion = read_criterion(given)
    assert criterion is not None and (criterion.name, criterion.known) == (name, True)
    if isinstance(given, functools.partial):
        assert criterion.label_smoothing == 0.2


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_one_of_torch(name):
    assert hasattr(F, name) and read_criterion(name).name == name


def test_every_loss_module_of_torch_is_known_by_its_function():
    built = {name: kind for name, kind in vars(nn).items() if name.endswith("Loss")}
    special = {"AdaptiveLogSoftmaxWithLoss", "TripletMarginWithDistanceLoss", "NLLLoss2d", "LinearCrossEntropyLoss"}  # they need arguments, or are deprecated
    for name, kind in built.items():
        if name not in special:
            assert read_criterion(kind()).known, name


@pytest.mark.parametrize("wrong, near", [("cross_entrpy", "cross_entropy"), ("msee", "mse"), ("bce_logits", "binary_cross_entropy_with_logits")])
def test_an_unknown_name_gets_the_nearest(wrong, near):
    with pytest.raises(ValueError, match=f"did you mean '{near}'"):
        read_criterion(wrong)


def test_a_loss_of_the_user_s_own_is_named_and_not_recomputed():
    class Focal(nn.Module):
        gamma = 2.0

    def mine(z, y):
        return z.sum()

    for given, name in ((Focal(), "Focal"), (mine, "mine"), (lambda z, y: z, "<lambda>")):
        criterion = read_criterion(given)
        assert criterion is not None and (criterion.name, criterion.known) == (name, False)
        assert json.dumps(describe_criterion(criterion))
