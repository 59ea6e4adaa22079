"""Why the analyzer misses what it misses: one sentence a case, printed in docs/accuracy.md."""

EXPLAINED: dict[str, str] = {
    "attention_by_argmax": (
        "Found as info: a layer that is called and never gets a gradient is also what a pretrained model's unused pooler looks like;"
        " only the graph could tell them apart, and the log does not hold it."
    ),
    "so41780344_floor_in_the_path_repaired": (
        "Nine samples of one class, nearly all of them ones that a short training is sure are nines: a confusion of two classes, taken for wrong labels."
    ),
}
