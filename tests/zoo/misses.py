"""Why the analyzer misses what it misses: one sentence a case, printed in docs/accuracy.md."""

EXPLAINED = {
    "clipped_by_unit_mistake": (
        "The clip begins at step 60 after an unclipped warm-up, and the run goes on learning at a crawl: nothing is constant over the whole run."
    ),
    "diverges_in_a_log_of_scalars": "The loss has single spikes and comes down again; with nothing but that one number no check calls it divergence.",
    "gate_that_never_opens": "The saturated gate is found, but the bias of the head still lowers the loss a little, so the finding is held to be harmless.",
    "input_replaced_by_zeros": "Found second: units that are zero for the only input there is count as dead, seen earlier than the probe.",
    "labels_shifted_twice": (
        "A model that has learned the character after the next is only a little worse; its predictions agree with no other position well enough."
    ),
    "labels_shuffled": (
        "Few samples per class and little time to learn them by heart: training loss falls slowly and validation stays at chance, which no "
        "check takes for random labels here."
    ),
    "so40467990_images_and_labels_batched_apart": (
        "The CNN is too small to learn 900 random labels by heart, so the run looks like one that does not learn at all; the diagnosis says unknown."
    ),
    "last_row_only": ("Reading the state before any input also cuts the recurrent weights off from the loss; that consequence is named instead of its cause."),
    "logarithm_of_one_minus_one": "Found second: after the NaN the validation looks like random labels from an earlier step on.",
    "narrow_tanh_tower": "Found second: the output of a tower without gradient is the same for every input, and that is ranked before the reason.",
    "place_embedding_never_used": "Found, but only as info, since the model learns well without places in so short a text.",
    "same_draw_each_epoch": (
        "Found, but only as info: the same order in every epoch; that a third of the samples never comes is not seen, for ids that never "
        "come leave no trace in the log."
    ),
    "so31880720_softmax_over_one_output": "Found second: every gradient is exactly zero, which looks as if gradients were cleared before the step.",
    "so49931055_softmax_of_one_class": "Found second: the accuracy metric for several classes contradicts a model of one output, and that is ranked first.",
    "straight_line_for_circles": "The probe and the level loss fit, but validation at the level of the prior is taken for random labels.",
    "one_epoch_only": "After two epochs there are two evaluations only, too few for the checks to judge the slope.",
    "negative_loss": (
        "A parameter that only the loss uses gets its gradient before the recorder looks whether gradients were cleared: a false event of the recorder."
    ),
    "resumed_well": "The recorder counts passes anew after a resume, and two passes of one number look like samples that come twice.",
    "yolo_resume_drops_the_optimizer_repaired": "As for resumed_well: passes are counted anew after a resume.",
}
