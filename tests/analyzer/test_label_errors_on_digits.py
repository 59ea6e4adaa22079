"""Suspicious labels against the truth and against confident learning (Northcutt 2021), on real digits with planted wrong labels."""

from __future__ import annotations

import functools
import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.neural_network import MLPClassifier

from ..checks.builder import Log, Row, findings
from ..checks.sample_rows import sample_log

SAMPLES = 900
EPOCHS = 14


def planted(share: float) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], set[str]]:
    """Images, labels, and the ids of those whose label was replaced by another digit."""
    images, labels = load_digits(return_X_y=True)
    chance = np.random.default_rng(0)
    order = chance.permutation(len(labels))[:SAMPLES]
    images, labels = images[order] / 16, labels[order].copy()
    wrong = chance.permutation(SAMPLES)[: round(share * SAMPLES)]
    labels[wrong] = (labels[wrong] + chance.integers(1, 10, len(wrong))) % 10
    return images, labels, {str(i) for i in wrong}


@functools.cache
def recorded(share: float) -> Log:
    """A network trained on these labels; a sample's prediction is recorded just before the step that learns from it."""
    images, labels, _ = planted(share)
    network = MLPClassifier((64,), learning_rate_init=3e-3, random_state=0)
    network.partial_fit(images[:1], labels[:1], classes=range(10))
    chance = np.random.default_rng(1)
    train = []
    for _ in range(EPOCHS):
        epoch = []
        for batch in np.array_split(chance.permutation(SAMPLES), SAMPLES // 30):
            shares = network.predict_proba(images[batch])
            epoch.append([_row(str(i), int(labels[i]), p) for i, p in zip(batch, shares, strict=True)])
            network.partial_fit(images[batch], labels[batch])
        train.append(epoch)
    return sample_log("classification", train)


def _row(key: str, target: int, shares: np.ndarray[Any, Any]) -> Row:
    prediction = int(shares.argmax())
    others = np.where(np.arange(10) == target, -1, shares)
    columns = {"target": target, "prediction": prediction, "correct": prediction == target, "outputs": 10, "elements": 1, "elements_total": 1}
    return {"sample_id": key, **columns, "p_target": shares[target], "p_max": shares.max(), "other": int(others.argmax()), "p_other": others.max()}


def confident_learning(share: float) -> set[str]:
    """Ids off the diagonal of the confident joint: another class is as probable as its members find it on average, by out-of-sample probabilities."""
    images, labels, _ = planted(share)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        shares = cross_val_predict(LogisticRegression(max_iter=300), images, labels, cv=5, method="predict_proba")
    thresholds = np.array([shares[labels == c, c].mean() for c in range(10)])
    best = np.where(shares >= thresholds, shares, 0).argmax(1)
    return {str(i) for i in np.flatnonzero((shares >= thresholds).any(1) & (best != labels))}


@pytest.mark.parametrize("share, least", [(0.04, 10), (0.1, 25)])
def test_finds_planted_labels_and_hardly_anything_else(share: float, least: int) -> None:
    _, _, wrong = planted(share)
    found = {row.subject for row in findings("suspicious_labels", recorded(share))}
    assert len(found & wrong) >= least
    assert len(found & wrong) >= 0.9 * len(found)
    assert len(found & confident_learning(share)) >= 0.9 * len(found)


def test_silent_on_digits_as_they_are() -> None:
    assert findings("suspicious_labels", recorded(0.0)) == []
