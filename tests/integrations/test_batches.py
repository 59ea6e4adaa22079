from __future__ import annotations

import torch
import torch.nn.functional as F

from recorder.integrations.batches import fingerprints, keys_in, sample_losses, target_for


def test_a_fingerprint_is_the_samples_own() -> None:
    rows = torch.randn(50, 7, generator=torch.Generator().manual_seed(0))
    keys = fingerprints(rows)
    order = torch.randperm(50, generator=torch.Generator().manual_seed(1))
    assert len(set(keys.tolist())) == 50
    assert torch.equal(fingerprints(rows[order]), keys[order])


def test_close_token_rows_differ_and_padding_does_not_count() -> None:
    tokens = torch.cartesian_prod(*[torch.arange(4)] * 5)
    assert len(set(fingerprints(tokens).tolist())) == 4**5
    padded = F.pad(tokens, (0, 3))
    mask = F.pad(torch.ones_like(tokens), (0, 3))
    assert torch.equal(fingerprints(padded, mask), fingerprints(tokens, torch.ones_like(tokens)))


def test_keys_come_from_with_ids_or_from_a_mapping() -> None:
    x = torch.zeros(2, 3)
    assert keys_in((["a:0", "a:1"], x), 2) == ["a:0", "a:1"]
    assert keys_in({"ids": ["u", "v"], "x": x}, 2) == ["u", "v"]
    assert keys_in((x, x), 2) is None


def test_losses_by_shape() -> None:
    torch.manual_seed(0)
    logits, classes = torch.randn(2, 3), torch.tensor([0, 2])
    tokens = torch.randint(0, 5, (2, 4))
    scores = torch.randn(2, 4, 5)
    assert torch.equal(sample_losses(logits, classes), F.cross_entropy(logits, classes, reduction="none"))
    assert torch.equal(sample_losses(scores, tokens), F.cross_entropy(scores.transpose(1, 2), tokens, reduction="none"))
    assert sample_losses(torch.randn(2, 1), torch.randn(2)).shape == (2,)
    assert sample_losses(logits, torch.zeros(5)) is None
    torch.testing.assert_close(sample_losses(logits, torch.ones(2, 3), "binary_cross_entropy_with_logits"), F.softplus(-logits))


def test_the_target_is_the_last_tensor_that_fits() -> None:
    torch.manual_seed(0)
    x, y, other = torch.randn(4, 3), torch.tensor([0, 1, 2, 0]), torch.randn(4, 9)
    assert target_for(torch.randn(4, 3), (["k"] * 4, other, y)) is y
    assert target_for(torch.randn(4, 1), [x, other, x[:, 0]]) is not None
    assert target_for(torch.randn(4, 6, 5), {"a": y, "b": other}) is None
