from .builder import findings, healthy_log


def test_silent_on_a_healthy_log() -> None:
    assert findings("evaluated_in_train_mode", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("evaluated_in_train_mode", healthy_log(steps=0)) == []


def test_finds_the_split_and_the_step_from_which_it_is_wrong() -> None:
    log = healthy_log().event("mode", 49, split="valid", training=True, modules=[], sensitive_modules=2)
    [found] = findings("evaluated_in_train_mode", log)
    assert (found.subject, found.step, found.last_step) == ("valid", 49, 99)


def test_silent_on_a_model_without_modules_that_have_a_mode() -> None:
    log = healthy_log().event("mode", 49, split="valid", training=True, modules=[], sensitive_modules=0)
    assert findings("evaluated_in_train_mode", log) == []


def test_silent_on_dropout_that_is_left_on_in_a_model_in_eval_mode() -> None:
    log = healthy_log().event("mode", 49, split="valid", training=False, modules=["dropout"], sensitive_modules=2)
    assert findings("evaluated_in_train_mode", log) == []
