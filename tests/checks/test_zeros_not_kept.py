from .builder import findings, healthy_log


def test_silent_on_a_healthy_log() -> None:
    assert findings("zeros_not_kept", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("zeros_not_kept", healthy_log(steps=0)) == []


def test_silent_where_the_zeros_stay() -> None:
    assert findings("zeros_not_kept", healthy_log().metric("exact_zeros/fc1.weight", 0)) == []


def test_finds_the_first_step_at_which_they_move() -> None:
    [found] = findings("zeros_not_kept", healthy_log().metric("exact_zeros/fc1.weight", [0] * 30 + [12] * 70))
    assert (found.subject, found.step, found.last_step, found.value) == ("fc1.weight", 30, 99, 12)


def test_silent_on_a_metric_of_a_similar_name() -> None:
    assert findings("zeros_not_kept", healthy_log().metric("exactXzeros/fc1.weight", 5)) == []
