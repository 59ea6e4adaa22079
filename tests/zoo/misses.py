"""Why the analyzer misses what it misses: one sentence a case, printed in docs/accuracy.md."""

EXPLAINED: dict[str, str] = {
    "chirps_called_sines": (
        "Nearly a third of one class carries the label of one other: the log shows two classes that overlap,"
        " and nearly all of one label among three is no proof."
    ),
    "code_drawn_without_a_gradient": (
        "A variational autoencoder logged without samples: the divergence falls to zero and the error stays, but nothing in the log says what the numbers mean."
    ),
    "divergence_summed_error_averaged": (
        "The declared loss is the error alone, and it does fall; that the output is the same for every input shows only in a fraction of its spread."
    ),
    "eighty_graphs_by_heart": "The validation loss falls to the end; what opens is a gap, and a gap alone is no harm of longer training.",
    "longer_sequences_in_stage_two": (
        "From one recorded step to the next the gradient grows a million times and the loss is NaN; such a jump is also what one bad batch makes."
    ),
    "plateau_told_the_accuracy": (
        "The rate comes down in steps of ten, each after the loss has become level at the rate before: a plateau schedule that works looks the same."
    ),
    "sigmoid_under_dice": "The loss is the user's own: the log cannot know whether it expects probabilities or logits.",
    "sines_drawn_as_ever": (
        "The usual draw of weights is right for every other activation, and nothing in the log says that this one is a sine of frequency 30."
    ),
    "vocabulary_of_its_own": (
        "Training has hardly begun to learn at first sight, so that nothing tells a validation split that is prepared differently from labels at random."
    ),
    "width_and_layers_swapped": ("A recurrent state of two numbers learns how frequent letters are; gates and states inside of fused layers are not recorded."),
    "islands_far_apart": "At twice the rate the four heaps of points are told without any loss before half of the run, as an answer that leaked would be.",
    "masks_lie_across": "The log counts pixels by class and not by place: that the masks are transposed shows only as a class that is hardly found.",
    "next_character_read_backwards_too": "Logged without samples: the loss is low for a next character, but the log does not know that it is one.",
    "one_annotator_confuses_two_faults": "One class of five is called another by one of three annotators: to the log these two classes overlap.",
    "patience_that_waits_for_a_higher_loss": "Ended after 45 steps, fewer than the 50 from which the slope of the loss is judged.",
    "pictures_flipped_without_their_masks": "Half of the masks fit their pictures, and the other half make the model no worse than a small model would be.",
    "zoomed_in_training_and_cropped_in_validation": "Training is logged without samples, so that another preparation of validation looks like overfitting.",
    "budget_of_two_epochs": "At one seed the fall at the end of the short run is less certain than the check asks for.",
    "checkpoint_without_buffers": "At two seeds an early evaluation, before the averages have settled, already differs from training, and that comes first.",
    "nothing_is_hidden": "At two seeds validation, in which the positions are hidden, is as bad as with labels at random.",
    "rare_disease": "At one seed the rare class is predicted now and then, and never right.",
    "rate_of_adam_for_adagrad": "At one seed the loss falls by more than a tenth, so that the short way of the weights stays info.",
    "sixteen_plain_layers": "At one seed the gradient is so small everywhere that its fall over the depth is not seen; a constant output comes first.",
    "straight_line_for_circles": "At two seeds the weights shrink to a third of their first size, since no straight line helps, and are taken for decayed.",
    "wakefulness_as_a_count": "At one seed no outcome is bad, so that the dead units stay info.",
    "so41780344_floor_in_the_path_repaired": "At one seed and twice the rate the network is surely wrong about five samples of its training data.",
    "absolute_values_in_the_loss": "At one seed no outcome is bad, so that the shrinking weights stay info.",
    "background_everywhere": "At one seed 5 % of the samples of the rare class are found when the short run ends.",
    "benign_for_malignant": "At one seed four samples a split are surely contradicted, one fewer than the check asks for.",
    "guesses_of_other_pictures": ("The pass that brings the wrong labels does not meet all that the check asks for; units that die are named instead."),
    "heavy_dropout": "At one seed the validation of an easy data set is right to the last sample from step 119 on.",
    "lstm_with_too_few_epochs": "At one seed the fall over the last tenth is smaller or less certain than the check asks for.",
    "normal_without_a_scale": "At one seed no outcome is bad, so that what the weights show stays info.",
    "rate_of_one_group_without_its_exponent": "At one seed the head throws its predictions about, surely and wrongly, which looks like wrong labels.",
    "so42264716_linear_fit_grows_repaired": (
        "At one seed and twice the rate a noisy loss falls by a seventh from its first to its last third, which cannot be told from chance."
    ),
    "window_without_contrast": "At one seed the window without contrast comes late, and inputs that the splits share, which are there as well, come first.",
}
