from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification, LlamaConfig, LlamaForCausalLM, Trainer, TrainingArguments

from recorder.integrations.huggingface import RetrogradCallback

from .rows import (
    assert_every_strategy_has_its_signals,
    assert_loss_is_that_of_the_samples,
    learning_rates,
    messages,
    rows,
    skipped_steps,
    steps_of_samples,
)


def sentences(count: int, named: bool) -> list[dict[str, Any]]:
    generator = torch.Generator().manual_seed(0)
    items = []
    for index in range(count):
        tokens = torch.randint(5, 40, (8,), generator=generator)
        item = {"input_ids": tokens, "attention_mask": torch.ones(8, dtype=torch.long), "labels": int(tokens[0] > 20)}
        items.append(item | ({"sample_id": 100 + index} if named else {}))
    return items


def classifier(labels: int = 2) -> BertForSequenceClassification:
    torch.manual_seed(0)
    sizes = {"vocab_size": 40, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32, "max_position_embeddings": 16}
    return BertForSequenceClassification(BertConfig(**sizes, num_labels=labels, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0))


def language_model() -> LlamaForCausalLM:
    torch.manual_seed(0)
    sizes = {"vocab_size": 40, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32, "max_position_embeddings": 16}
    return LlamaForCausalLM(LlamaConfig(**sizes, bos_token_id=1, eos_token_id=2))


def arguments(folder: Path, **options: Any) -> TrainingArguments:
    usual = {"max_steps": 6, "per_device_train_batch_size": 4, "per_device_eval_batch_size": 4, "report_to": [], "use_cpu": True, "disable_tqdm": True}
    return TrainingArguments(str(folder / "out"), **{**usual, "save_strategy": "no", "logging_steps": 3, "eval_strategy": "steps", "eval_steps": 3, **options})


def train(folder: Path, model: Any, data: Any, evaluation: Any, callbacks: list[Any], **options: Any) -> Trainer:
    trainer = Trainer(model, arguments(folder, **options), train_dataset=data, eval_dataset=evaluation, callbacks=callbacks)
    trainer.train()
    return trainer


def test_one_line_brings_every_signal(tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(tmp_path, classifier(), sentences(12, True), sentences(8, True), [RetrogradCallback(run, every=1)], remove_unused_columns=False)
    assert_every_strategy_has_its_signals(run, 6, {str(100 + index) for index in range(12)})
    assert_loss_is_that_of_the_samples(run)
    assert {row["split"] for row in rows(run, "samples")} == {"train", "eval"}
    assert {row["epoch"] for row in rows(run, "samples") if row["split"] == "train"} == {0, 1}


def test_without_a_column_of_ids_a_sample_has_the_same_key_in_every_epoch(tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(tmp_path, classifier(), sentences(12, False), None, [RetrogradCallback(run)], eval_strategy="no")
    seen = [(row["epoch"], row["sample_id"]) for row in rows(run, "samples")]
    assert len({key for _, key in seen}) == 12
    assert {key for epoch, key in seen if epoch == 0} == {key for epoch, key in seen if epoch == 1}


def test_weights_are_the_same_with_and_without_it(tmp_path: Path) -> None:
    plain = train(tmp_path / "a", classifier(), sentences(12, False), sentences(8, False), []).model
    recorded = train(tmp_path / "b", classifier(), sentences(12, False), sentences(8, False), [RetrogradCallback(tmp_path / "run", every=1)]).model
    assert all(torch.equal(one, other) for one, other in zip(plain.state_dict().values(), recorded.state_dict().values(), strict=True))


def test_the_trainer_can_be_used_further_and_the_model_copied(tmp_path: Path) -> None:
    trainer = train(tmp_path, classifier(), sentences(8, True), sentences(8, True), [RetrogradCallback(tmp_path / "run")], remove_unused_columns=False)
    assert "eval_loss" in trainer.evaluate()
    batch = {key: torch.stack([torch.as_tensor(item[key]) for item in sentences(2, True)]) for key in ("input_ids", "attention_mask", "sample_id")}
    assert copy.deepcopy(trainer.model)(**batch).logits.shape == (2, 2)
    trainer.save_model(str(tmp_path / "saved"))


def test_a_causal_language_model_is_shifted_and_padding_masked(tmp_path: Path) -> None:
    data = [{"input_ids": item["input_ids"], "labels": item["input_ids"].clone()} for item in sentences(8, False)]
    for item in data:
        item["labels"][5:] = -100
    run = tmp_path / "run"
    train(tmp_path, language_model(), data, None, [RetrogradCallback(run)], eval_strategy="no")
    samples = rows(run, "samples")
    assert {(row["elements"], row["elements_total"]) for row in samples} == {(4, 7)}
    assert all(row["perplexity"] > 1 for row in samples)
    assert_loss_is_that_of_the_samples(run)


def test_gradient_accumulation_is_one_step_and_one_loss(tmp_path: Path) -> None:
    data = [{"input_ids": item["input_ids"], "labels": item["input_ids"].clone()} for item in sentences(16, False)]
    run = tmp_path / "run"
    train(tmp_path, language_model(), data, None, [RetrogradCallback(run)], eval_strategy="no", gradient_accumulation_steps=2, max_steps=2)
    assert [len([row for row in rows(run, "samples") if row["step"] == step]) for step in (0, 1)] == [8, 8]
    assert_loss_is_that_of_the_samples(run)


@pytest.mark.parametrize("accumulated", [1, 2])
@pytest.mark.parametrize("optim", ["adamw_torch", "adamw_torch_fused"])
def test_learning_rates_and_skipped_steps(tmp_path: Path, accumulated: int, optim: str) -> None:
    """The third backward pass overflows, as it does with fp16 on a GPU. Its scaler works on a CPU too, but has to be brought in from outside."""
    model, passes = classifier(), []

    def overflow(module: Any, args: Any, output: torch.Tensor) -> None:
        if module.training:
            passes.append(output)
            if len(passes) == 3:
                output.register_hook(lambda gradient: gradient * torch.inf)

    model.classifier.register_forward_hook(overflow)
    run = tmp_path / "run"
    options = {"optim": optim, "gradient_accumulation_steps": accumulated, "max_steps": 5, "warmup_steps": 2, "eval_strategy": "no", "learning_rate": 0.004}
    trainer = Trainer(model, arguments(tmp_path, **options), train_dataset=sentences(24, False), callbacks=[RetrogradCallback(run, every=100)])
    trainer.accelerator.scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    trainer.accelerator.native_amp = True
    trainer.accelerator.state._mixed_precision = "fp16"
    trainer.train()
    assert skipped_steps(run) == [2 // accumulated]
    assert steps_of_samples(run) == [4 * accumulated] * 5
    skipped = 2 // accumulated
    assert all(torch.isfinite(parameter).all() for parameter in model.parameters())
    assert learning_rates(run)[:skipped] == pytest.approx([0.0, 0.002][:skipped])
    assert len(learning_rates(run)) == 5 and len(set(learning_rates(run))) > 2


def test_an_exception_that_ends_the_program_is_in_the_log(tmp_path: Path) -> None:
    program = f"""
from pathlib import Path
from tests.integrations.test_huggingface import RetrogradCallback, classifier, sentences, train
data = sentences(12, False)
data[7] = None
train(Path({str(tmp_path)!r}), classifier(), data, None, [RetrogradCallback({str(tmp_path / "run")!r})], eval_strategy="no", max_steps=30)
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.returncode == 1 and "Traceback" in ended.stderr
    [told] = messages(tmp_path / "run", "exception")
    assert told.split(":")[0] in ended.stderr.splitlines()[-1]
    assert messages(tmp_path / "run", "finished") == []


def test_a_training_that_was_left_by_a_caught_exception_has_not_finished(tmp_path: Path) -> None:
    run, data = tmp_path / "run", sentences(12, False)
    callback = RetrogradCallback(run)
    broken: list[Any] = [*data[:11], None]
    with pytest.raises(Exception, match="NoneType"):
        train(tmp_path, classifier(), broken, None, [callback], eval_strategy="no", max_steps=30)
    train(tmp_path, classifier(), data, None, [callback], eval_strategy="no")
    assert messages(run, "exception") == ["TrainingDidNotEnd: the training was left before its end, by an exception that somebody caught"]
    assert [row["kind"] for row in rows(run, "events") if row["kind"] in ("exception", "resumed", "finished")] == ["exception", "resumed", "finished"]


def test_a_resumed_training_goes_on_in_the_same_log(tmp_path: Path) -> None:
    run = tmp_path / "run"
    options = {"save_strategy": "steps", "save_steps": 3, "eval_strategy": "no"}
    train(tmp_path, classifier(), sentences(12, False), None, [RetrogradCallback(run)], **options)
    trainer = Trainer(classifier(), arguments(tmp_path, **{**options, "max_steps": 8}), train_dataset=sentences(12, False), callbacks=[RetrogradCallback(run)])
    trainer.train(resume_from_checkpoint=str(tmp_path / "out" / "checkpoint-3"))
    events = rows(run, "events")
    assert [row["step"] for row in events if row["kind"] == "resumed"] == [3]
    assert max(row["step"] for row in rows(run, "samples")) == 7
    assert [row["message"] for row in events if row["kind"] == "checkpoint"][:2] == ["checkpoint checkpoint-3", "checkpoint checkpoint-6"]
