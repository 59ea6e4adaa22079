from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import torch
from transformers import BertConfig, BertForSequenceClassification, LlamaConfig, LlamaForCausalLM, Trainer, TrainingArguments

from recorder.integrations.huggingface import RetrogradCallback

from .rows import assert_every_strategy_has_its_signals, assert_loss_is_that_of_the_samples, rows


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
