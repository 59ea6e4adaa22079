from .builder import findings, healthy_log


def test_silent_on_a_healthy_log() -> None:
    assert findings("trained_in_eval_mode", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("trained_in_eval_mode", healthy_log(steps=0)) == []


def test_finds_the_step_after_which_nobody_called_train() -> None:
    log = healthy_log().event("mode", 5, split="train", training=False, modules=[], sensitive_modules=2)
    [found] = findings("trained_in_eval_mode", log)
    assert (found.subject, found.step, found.last_step, found.value) == ("train", 5, 99, 95)


def test_counts_only_the_steps_in_the_wrong_mode() -> None:
    log = healthy_log()
    for step, training in ((40, False), (60, True)):
        log.event("mode", step, split="train", training=training, modules=[], sensitive_modules=2)
    [found] = findings("trained_in_eval_mode", log)
    assert (found.step, found.last_step, found.value) == (40, 59, 20)


def test_silent_on_a_model_without_modules_that_have_a_mode() -> None:
    log = healthy_log().event("mode", 5, split="train", training=False, modules=[], sensitive_modules=0)
    assert findings("trained_in_eval_mode", log) == []


def test_silent_on_frozen_norms_in_a_model_in_train_mode() -> None:
    log = healthy_log().event("mode", 0, split="train", training=True, modules=["norm1"], sensitive_modules=2)
    assert findings("trained_in_eval_mode", log) == []
