"""Why the analyzer misses what it misses: one sentence a case, printed in docs/accuracy.md."""

EXPLAINED = {
    "clipped_by_unit_mistake": "The clip begins at step 60 of 261; the check asks for one norm at nine steps of ten of the whole run.",
    "gate_that_never_opens": ("The saturated gate is found, but the bias of the head still lowers the loss a little, so the finding is held to be harmless."),
    "input_replaced_by_zeros": "Found second: units that are zero for the only input there is count as dead, seen earlier than the probe.",
    "labels_shifted_twice": (
        "A model that has learned the character after the next is only a little worse; its predictions agree with no other position well enough."
    ),
    "labels_shuffled": ("Training has learned less than the share that the check asks for when the run ends, so memory alone cannot be told from no learning."),
    "so40467990_images_and_labels_batched_apart": (
        "The CNN is too small to learn 900 random labels by heart, so the run looks like one that does not learn at all; the diagnosis says unknown."
    ),
    "last_row_only": ("Reading the state before any input also cuts the recurrent weights off from the loss; that consequence is named instead of its cause."),
    "logarithm_of_one_minus_one": (
        "Found second: after the NaN the validation looks like random labels from an earlier step on."
        " Mended since; the figures are from before."
    ),
    "narrow_tanh_tower": "Found second: the output of a tower without gradient is the same for every input, and that is ranked before the reason.",
    "place_embedding_never_used": "Found, but only as info, since the model learns well without places in so short a text.",
    "same_draw_each_epoch": (
        "Found, but only as info: the same order in every epoch; that a third of the samples never comes is not seen, for ids "
        "that never come leave no trace in the log."
    ),
    "so31880720_softmax_over_one_output": (
        "Found second: every gradient is exactly zero, which looks as if gradients were cleared before the step."
        " Mended since; the figures are from before."
    ),
    "so49931055_softmax_of_one_class": (
        "Found third: a gradient that is zero everywhere is taken for a cut-off parameter, and the accuracy contradicts a model of one output."
    ),
    "straight_line_for_circles": (
        "A linear model learns the training set a little better than guessing and validation not at all, which is taken for random labels."
    ),
    "one_epoch_only": "After two epochs there are two evaluations only, too few for the checks to judge the slope.",
}
