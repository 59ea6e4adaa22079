"""What the first screen says."""

from __future__ import annotations

import dataclasses

import pytest

from analyzer.diagnosis import Cause, Diagnosis
from analyzer.story import Story, collect
from reports.findings import anchors, blocks
from reports.time_line import ranks, time_line
from reports.verdict import Verdict, checked, verdict

from .example import STEPS, example_checks, example_diagnosis, example_run, finding, healthy_diagnosis


@pytest.fixture(scope="module")
def story() -> Story:
    with example_run() as run:
        return collect(run, example_diagnosis(), example_checks())


def seen(story: Story, diagnosis: Diagnosis) -> Verdict:
    return verdict(story, diagnosis, anchors(blocks(diagnosis, story.checks)))


def test_the_first_cause_in_plain_words_with_its_evidence(story: Story) -> None:
    first = seen(story, example_diagnosis()).first
    assert first is not None
    assert (first.title, first.onset, first.subject) == ("An activation is driven into its flat part", "step 120", "fc1")
    assert (first.certainty, first.percent) == ("very likely", 93)
    assert [item.anchor for item in first.speaks_for] == ["finding-saturated-units-fc1", "finding-saturated-units-fc2"]
    assert [(item.text, item.check) for item in first.speaks_against] == [("Vanishing gradient", "vanishing_gradient")]
    assert [item.check for item in first.follows] == ["loss_became_nan"]
    assert first.fixes == ("Lower the learning rate before the onset, or scale the inputs.",)


def test_further_causes_follow_in_the_order_of_the_diagnosis(story: Story) -> None:
    others = seen(story, example_diagnosis()).others
    assert [(entry.number, entry.title, entry.since) for entry in others] == [
        (2, "The learning rate is too high", "since step 125"),
        (3, "Units of a layer no longer fire", "since step 145"),
    ]


def test_entries_of_a_healthy_run_are_no_cause(story: Story) -> None:
    healthy = dataclasses.replace(healthy_diagnosis(), entries=example_diagnosis().entries[2:])
    told = seen(story, healthy)
    assert (told.first, told.headline, [entry.number for entry in told.others]) == (None, "No problem found", [1])


def test_the_tally_counts_each_check_once(story: Story) -> None:
    told = seen(story, example_diagnosis())
    assert {tally.strategy: (tally.found, tally.silent, tally.not_checked) for tally in told.tallies if tally.found + tally.silent + tally.not_checked} == {
        "predictions": (1, 0, 0),
        "mistakes": (1, 0, 1),
        "gradients": (0, 1, 0),
        "saturation": (3, 0, 0),
    }
    assert checked(told) == "6 checks had data, 1 of them found nothing; 1 check could not be asked."


@pytest.mark.parametrize(
    ("summary", "rest"),
    [
        ("An activation is driven into its flat part in fc1 since step 120. The loss follows.", "The loss follows."),
        ("An activation is driven into its flat part in fc1 since step 120.", ""),
        ("Something else.", "Something else."),
    ],
)
def test_a_summary_does_not_repeat_the_headline(story: Story, summary: str, rest: str) -> None:
    assert seen(story, dataclasses.replace(example_diagnosis(), summary=summary)).summary == rest


def test_long_evidence_is_cut_and_counted(story: Story) -> None:
    found = tuple(finding("saturated_units", f"fc{place}") for place in range(9))
    cause = Cause("saturated_activation", "error", 0.5, 120, "fc0", ("saturated_units",), (), (), found)
    first = seen(story, dataclasses.replace(example_diagnosis(), entries=(cause,), findings=found)).first
    assert first is not None
    assert (len(first.speaks_for), first.more) == (3, 6)


def test_blocks_group_by_strategy_and_check_gravest_and_earliest_first(story: Story) -> None:
    grouped = blocks(example_diagnosis(), story.checks)
    assert [block.check for block in grouped["saturation"]] == ["saturated_units", "large_updates", "dead_units"]
    assert [row.subject for row in grouped["saturation"][0].rows] == ["fc1", "fc2"]
    assert grouped["tiny"] == ()


def test_a_check_with_many_subjects_lists_the_first_forty(story: Story) -> None:
    found = tuple(finding("saturated_units", f"fc{place:03d}") for place in range(60))
    [block] = blocks(dataclasses.replace(example_diagnosis(), findings=found), story.checks)["saturation"]
    assert (len(block.rows), block.left_out) == (40, 20)


def test_anchors_of_subjects_that_look_alike_differ(story: Story) -> None:
    found = tuple(finding("saturated_units", subject) for subject in ("a.b", "a b", "a/b", "ä", "ö", ""))
    [block] = blocks(dataclasses.replace(example_diagnosis(), findings=found), story.checks)["saturation"]
    places = [row.anchor for row in block.rows]
    assert len(set(places)) == 6
    assert places[0] == "finding-saturated-units"
    assert {"finding-saturated-units-a-b", "finding-saturated-units-a-b-2", "finding-saturated-units-a-b-3"} <= set(places)


def test_the_time_line_numbers_the_onsets_in_order(story: Story) -> None:
    diagnosis = example_diagnosis()
    line = time_line(story, blocks(diagnosis, story.checks), ranks(diagnosis))
    assert [(onset.number, onset.step, onset.subject, onset.subjects) for onset in line.onsets] == [
        (1, 0, "yak", 1),
        (2, 120, "fc1", 2),
        (3, 125, "fc1.weight", 1),
        (4, 145, "conv1", 1),
        (5, 180, "loss", 1),
    ]
    assert (line.first_step, line.last_step) == (0, STEPS - 1)
    assert (line.onsets[1].left, line.onsets[1].width) == (round(100 * 120 / 199, 2), round(100 * 75 / 199, 2))
    assert [(moment.kind, moment.step) for moment in line.moments] == [("checkpoint", 99), ("resumed", 100), ("nonfinite", 180)]


def test_the_time_line_keeps_the_gravest_where_there_are_many(story: Story) -> None:
    found = tuple(finding(f"check_{place:02d}", "fc1", step=place, severity="error" if place == 29 else "info") for place in range(30))
    diagnosis = dataclasses.replace(example_diagnosis(), findings=found)
    line = time_line(story, blocks(diagnosis, ()), ranks(diagnosis))
    assert (len(line.onsets), line.left_out, line.onsets[-1].step) == (12, 18, 29)
