import math
import random

import pytest

from .builder import Log, Row, findings, healthy_log
from .sample_rows import answer, sample_log

CHECK = "suspicious_labels"


def run(wrong: int, epochs: int = 6, learned_from: int | None = None, hard: int = 10, sure: float = 0.95, samples: int = 300) -> Log:
    """Training in which `wrong` samples carry another label than the model surely gives them, until they are learned by heart.

    `hard` further samples are mistaken too, but with little confidence.
    """
    chance = random.Random(0)
    train = []
    for epoch in range(epochs):
        rows: list[Row] = []
        for i in range(samples):
            real = i % 5
            confidence = sure - 0.2 * chance.random() if i >= wrong else sure - 0.01 * chance.random()
            if i < wrong and (learned_from is None or epoch < learned_from):
                rows.append(answer(i, (real + 1) % 5, real, outputs=5, confidence=confidence))
            elif wrong <= i < wrong + hard:
                rows.append(answer(i, real, (real + 2) % 5, outputs=5, confidence=0.5))
            else:
                rows.append(answer(i, (real + 1) % 5 if i < wrong else real, (real + 1) % 5 if i < wrong else real, outputs=5, confidence=confidence))
        chance.shuffle(rows)
        train.append([rows[:150], rows[150:]])
    return sample_log("classification", train)


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_exactly_the_wrong_labels() -> None:
    found = findings(CHECK, run(9))
    assert {row.subject for row in found} == {str(i) for i in range(9)}
    assert all(row.step in (0, 1) and "6 of 6 sure predictions" in row.message for row in found)


def test_finds_them_although_they_are_learned_by_heart_later() -> None:
    assert len(findings(CHECK, run(9, epochs=8, learned_from=5))) == 9


@pytest.mark.parametrize("wrong, epochs, learned_from, count", [(4, 6, None, 0), (5, 6, None, 5), (9, 2, None, 0), (9, 3, None, 9), (9, 6, 2, 0)])
def test_needs_five_samples_and_three_visits(wrong: int, epochs: int, learned_from: int | None, count: int) -> None:
    assert len(findings(CHECK, run(wrong, epochs, learned_from))) == count


def test_silent_on_samples_that_are_merely_hard() -> None:
    assert findings(CHECK, run(0, hard=60)) == []


def test_silent_on_a_model_that_is_not_sure() -> None:
    assert findings(CHECK, run(9, sure=0.69)) == []


def test_silent_on_a_model_that_is_wrong_about_half_of_what_it_is_sure_of() -> None:
    assert findings(CHECK, run(60)) == []


@pytest.mark.parametrize("classes, count", [(2, 9), (5, 0)])
def test_silent_where_nearly_all_carry_one_label_of_several(classes: int, count: int) -> None:
    """A group within one class that looks like another is no mistake of whoever gave the labels."""
    chance = random.Random(0)
    train = []
    for _ in range(6):
        rows = []
        for i in range(300):
            suspect = i % classes == 0 and i < 9 * classes
            confidence = 0.95 - (0 if suspect else 0.2 * chance.random())
            rows.append(answer(i, i % classes, 1 if suspect else i % classes, outputs=classes, confidence=confidence))
        chance.shuffle(rows)
        train.append([rows[:150], rows[150:]])
    assert len(findings(CHECK, sample_log("classification", train))) == count


@pytest.mark.parametrize("slope", [0.8, 1.5, 2.0, 3.0, 8.0])
def test_silent_on_classes_that_overlap(slope: float) -> None:
    """Labels drawn by the very probabilities that the model gives: nothing is wrong with them."""
    chance = random.Random(0)
    samples = []
    for i in range(900):
        p = 1 / (1 + math.exp(-slope * abs(chance.gauss(0, 1))))
        side = chance.randrange(2)
        samples.append((i, side if chance.random() < p else 1 - side, side, p))
    train = [[[answer(i, target, side, confidence=p) for i, target, side, p in samples]] for _ in range(6)]
    assert findings(CHECK, sample_log("classification", train)) == []
