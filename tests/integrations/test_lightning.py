from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
import torch.nn.functional as F
from lightning.pytorch.plugins.precision import MixedPrecision
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from recorder import with_ids
from recorder.integrations.lightning import RetrogradCallback

from .rows import (
    assert_every_strategy_has_its_signals,
    assert_loss_is_that_of_the_samples,
    learning_rates,
    messages,
    rows,
    skipped_steps,
    steps_of_samples,
)

pytestmark = pytest.mark.filterwarnings("ignore:`isinstance.treespec, LeafSpec.` is deprecated:FutureWarning")  # lightning's own


class Module(pl.LightningModule):
    """As people write them: the step calls `self.net`, and returns the loss."""

    def __init__(self, rate: float = 0.1, fail_at: int | None = None, tell: bool = False) -> None:
        super().__init__()
        self.save_hyperparameters()
        torch.manual_seed(0)
        self.net = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        if self.hparams.fail_at is not None and batch_idx == self.hparams.fail_at:
            raise RuntimeError("the disk is on fire")
        x, y = batch[-2:]
        logits = self.net(x)
        losses = F.cross_entropy(logits, y, reduction="none")
        self.log("train_loss", losses.mean())
        if self.hparams.tell:
            return {
                "loss": losses.mean(),
                "losses": losses.detach(),
                "prediction": logits.detach(),
                "target": y,
                "ids": [f"own-{row}" for row in range(len(y))],
            }
        return losses.mean()

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        x, y = batch[-2:]
        self.log_dict({"val_loss": F.cross_entropy(self.net(x), y), "val_accuracy": 0.5})

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=self.hparams.rate)


def data(count: int) -> TensorDataset:
    x = torch.randn(count, 6, generator=torch.Generator().manual_seed(count))
    return TensorDataset(x, (x[:, 0] > 0).long() + (x[:, 1] > 1).long())


def fit(folder: Path, module: pl.LightningModule, callbacks: list[Any], named: bool = True, **options: Any) -> pl.Trainer:
    wrapped = (lambda dataset: with_ids(dataset, "toy")) if named else (lambda dataset: dataset)
    usual = {"max_epochs": 2, "accelerator": "cpu", "logger": False, "enable_progress_bar": False, "enable_model_summary": False, "enable_checkpointing": False}
    trainer = pl.Trainer(default_root_dir=folder, callbacks=callbacks, **{**usual, **options})
    torch.manual_seed(1)
    trainer.fit(module, DataLoader(wrapped(data(12)), batch_size=4, shuffle=True), DataLoader(wrapped(data(8)), batch_size=4))
    return trainer


def test_one_line_brings_every_signal(tmp_path: Path) -> None:
    run = tmp_path / "run"
    fit(tmp_path, Module(), [RetrogradCallback(run, every=1)])
    assert_every_strategy_has_its_signals(run, 6, {f"toy:{index}" for index in range(12)})
    assert_loss_is_that_of_the_samples(run)
    validation = [row for row in rows(run, "samples") if row["split"] == "valid"]
    assert [row["step"] for row in validation] == [2] * 8 + [5] * 8  # the sanity check before training is none
    assert {row["name"] for row in rows(run, "metrics") if row["split"] == "valid"} == {"loss", "accuracy"}


def test_without_ids_the_input_names_the_sample(tmp_path: Path) -> None:
    fit(tmp_path, Module(), [RetrogradCallback(tmp_path / "run")], named=False)
    samples = [row for row in rows(tmp_path / "run", "samples") if row["split"] == "train"]
    assert len({row["sample_id"] for row in samples}) == 12
    assert {row["epoch"] for row in samples} == {0, 1}


def test_what_the_step_tells_comes_first(tmp_path: Path) -> None:
    fit(tmp_path, Module(tell=True), [RetrogradCallback(tmp_path / "run")])
    assert {row["sample_id"] for row in rows(tmp_path / "run", "samples") if row["split"] == "train"} == {"own-0", "own-1", "own-2", "own-3"}


def test_accumulation_and_clipping(tmp_path: Path) -> None:
    run = tmp_path / "run"
    fit(tmp_path, Module(), [RetrogradCallback(run, every=1)], accumulate_grad_batches=3, gradient_clip_val=0.01, max_epochs=1)
    norms = [row["value"] for row in rows(run, "metrics") if row["name"] == "gradient_norm"]
    assert norms == [pytest.approx(0.01, rel=1e-3)]
    losses = {round(row["value"], 4) for row in rows(run, "metrics") if row["name"] == "loss" and row["split"] == "train"}
    by_batch: dict[int, list[float]] = {}
    for row in rows(run, "samples"):
        if row["split"] == "train":
            by_batch.setdefault(row["batch"], []).append(row["loss_sum"])
    assert losses == {round(sum(values) / len(values), 4) for values in by_batch.values()}


def test_weights_are_the_same_with_and_without_it(tmp_path: Path) -> None:
    plain, recorded = Module(), Module()
    fit(tmp_path, plain, [])
    fit(tmp_path, recorded, [RetrogradCallback(tmp_path / "run", every=1)])
    assert all(torch.equal(one, other) for one, other in zip(plain.state_dict().values(), recorded.state_dict().values(), strict=True))


def test_an_exception_is_in_the_log(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="on fire"):
        fit(tmp_path, Module(fail_at=2), [RetrogradCallback(tmp_path / "run")])
    assert messages(tmp_path / "run", "exception") == ["RuntimeError: the disk is on fire"]
    assert messages(tmp_path / "run", "finished") == []


@pytest.mark.filterwarnings("ignore:Detected call of .lr_scheduler:UserWarning")  # where the first step is the skipped one
@pytest.mark.parametrize("accumulated", [1, 3])
def test_learning_rates_and_skipped_steps(tmp_path: Path, accumulated: int) -> None:
    """The second backward pass overflows."""

    class Half(Module):
        def __init__(self) -> None:
            super().__init__()
            self.passes = 0

        def training_step(self, batch: Any, batch_idx: int) -> Tensor:
            logits = self.net(batch[-2])
            self.passes += 1
            if self.passes == 2:
                logits.register_hook(lambda gradient: gradient * torch.inf)
            return F.cross_entropy(logits.float(), batch[-1])

        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
            return [optimizer], [torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)]

    run, module = tmp_path / "run", Half()
    plugin = MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu", init_scale=8.0))
    fit(tmp_path, module, [RetrogradCallback(run, every=100)], plugins=[plugin], accumulate_grad_batches=accumulated)
    steps = 6 // accumulated
    assert skipped_steps(run) == [1 // accumulated]
    assert steps_of_samples(run) == [4 * accumulated] * steps
    if accumulated == 1:  # a step that was skipped is noticed at the next forward pass, when the schedule may have gone on
        assert learning_rates(run) == pytest.approx([0.1, 0.1, 0.1, 0.05, 0.05, 0.05])
    assert all(torch.isfinite(parameter).all() for parameter in module.parameters())


def test_hyperparameters_are_in_the_configuration(tmp_path: Path) -> None:
    fit(tmp_path, Module(rate=0.25), [RetrogradCallback(tmp_path / "run")])
    assert '"rate": 0.25' in (tmp_path / "run" / "run.json").read_text()


def test_the_older_package_name_is_taken_where_it_alone_is_imported() -> None:
    program = "import pytorch_lightning; from recorder.integrations.lightning import RetrogradCallback as C; assert issubclass(C, pytorch_lightning.Callback)"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_multi_output_prediction_in_forward_is_found(tmp_path: Path) -> None:
    class Forward(Module):
        def forward(self, x: Tensor) -> Tensor:
            return self.net(x)

        def training_step(self, batch: Any, batch_idx: int) -> Tensor:
            return F.cross_entropy(self(batch[-2]), batch[-1])

    fit(tmp_path, Forward(), [RetrogradCallback(tmp_path / "run")])
    assert_loss_is_that_of_the_samples(tmp_path / "run")
