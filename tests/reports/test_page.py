"""The page: what it says, that nothing in a log can break it, and that it asks nothing of the network."""

from __future__ import annotations

import dataclasses
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from analyzer.diagnosis import Cause, Diagnosis
from analyzer.run import Run
from analyzer.story import Story, collect
from reports.page import prose, render, shortened, write

from .example import INFO, example_checks, example_diagnosis, example_findings, example_run, finding, healthy_diagnosis

NASTY = "<script>alert(1)</script> \"quoted\" 'single' & \n new line {{ jinja }} $x^2$ " + "very.long." * 1000
VOID = {"meta", "link", "img", "br", "input", "hr"}


class Markup(HTMLParser):
    """Tags with their attributes, text, and whether every element is closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> while {self.open[-3:]} are open"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.text += data

    def ids(self) -> list[str]:
        return [attributes["id"] or "" for _, attributes in self.tags if "id" in attributes]


@pytest.fixture(scope="module")
def story() -> Story:
    with example_run() as run:
        return collect(run, example_diagnosis(), example_checks())


@pytest.fixture(scope="module")
def page(story: Story) -> str:
    return render(story, example_diagnosis())


def nasty_story() -> tuple[Story, Diagnosis]:
    found = (finding("saturated_units", NASTY, message=NASTY, sql=f"select '{NASTY}'"), *example_findings())
    cause = Cause("saturated_activation", "error", 0.9, 120, NASTY, ("saturated_units",), (NASTY,), (), found[:1])
    diagnosis = dataclasses.replace(example_diagnosis(), entries=(cause,), findings=found, summary=NASTY)
    info = {**INFO, "classes": [NASTY] * 5, "config": {NASTY: NASTY}, "command": [NASTY], "model": {"type": NASTY}}
    tensor = {"tensor_id": 1, "name": NASTY, "kind": "weight", "module": NASTY, "shape": [2, 2], "numel": 4, "depth": 9}
    update = {**tensor, "tensor_id": 2, "kind": "update"}
    stats = [{"step": 5, "split": "train", "tensor_id": number, "count": 4, "rms": 1.0} for number in (1, 2)]
    metrics = [{"step": 3, "split": NASTY, "name": NASTY, "value": 1.0}]
    samples = [{"step": 199, "split": "valid", "pass": 9, "sample_id": NASTY, "loss_sum": 99.0, "elements": 1, "target": 0, "prediction": 1, "correct": False}]
    previews = [
        {"sample_id": NASTY, "split": "valid", "step": 1, "kind": kind, "content": NASTY.encode()} for kind in ("text", "image", "audio", "curve", NASTY)
    ]
    events = [{"step": 3, "kind": kind, "message": NASTY} for kind in ("checkpoint", NASTY)]
    probes = [{"step": 0, "probe": NASTY, "subject": NASTY, "passed": False, "value": float("nan"), "details": NASTY}]
    with example_run(info, tensors=[tensor, update], stats=stats, metrics=metrics, samples=samples, previews=previews, events=events, probes=probes) as run:
        return collect(run, diagnosis, example_checks()), diagnosis


def test_the_markup_is_well_formed_and_ids_are_unique(page: str) -> None:
    markup = Markup(page)
    assert markup.open == []
    assert len(markup.ids()) == len(set(markup.ids()))


def test_every_link_within_the_page_leads_somewhere(page: str) -> None:
    markup = Markup(page)
    targets = {attributes["href"] for tag, attributes in markup.tags if tag == "a"}
    assert {target for target in targets if target and target[1:] not in markup.ids()} == set()


def test_the_verdict_comes_first_and_says_cause_step_subject_and_certainty(page: str) -> None:
    text = " ".join(Markup(page).text.split())
    verdict = text[text.index("Most probable cause") : text.index("Time line", 400)]
    for part in ("An activation is driven into its flat part", "step 120", "fc1", "very likely, 93", "Lower the learning rate", "Vanishing gradient"):
        assert part in verdict
    assert text.index("Most probable cause") < text.index("The model in action")


def test_each_finding_has_its_row_its_anchor_and_its_proof(page: str) -> None:
    markup = Markup(page)
    for found in example_findings():
        assert found.message in " ".join(markup.text.split())
    assert {
        "finding-saturated-units-fc1",
        "finding-saturated-units-fc2",
        "finding-large-updates-fc1-weight",
        "finding-loss-became-nan-loss",
        "finding-dead-units-conv1",
        "finding-class-never-predicted-yak",
    } <= set(markup.ids())
    assert "select 'saturated_units' as subject -- < & >" in markup.text
    assert "SageMaker Debugger, <threshold>" in markup.text


def test_what_could_not_be_checked_is_said_with_the_reason(page: str) -> None:
    text = Markup(page).text
    assert "Not checked:" in text
    assert "no samples of training in the log; call rec.samples(...)" in text


def test_the_seven_strategies_are_there_in_order(page: str) -> None:
    ids = Markup(page).ids()
    strategies = ["predictions", "worst", "mistakes", "tiny", "gradients", "saturation", "guarantees"]
    assert [name for name in ids if name in strategies] == strategies


def test_a_healthy_run_says_so_and_what_was_checked(story: Story) -> None:
    text = " ".join(Markup(render(story, healthy_diagnosis())).text.split())
    assert "No problem found" in text
    assert "6 checks had data, 6 of them found nothing; 1 check could not be asked." in text
    assert "Most probable cause" not in text


def test_a_run_without_any_data_is_not_called_healthy() -> None:
    checks = example_checks()
    from analyzer.check import NotChecked

    blind = Diagnosis(True, (), (), tuple(NotChecked(check.name, "nothing recorded") for check in checks), "", ())
    with Run.from_tables({}, {}) as run:
        text = Markup(render(collect(run, blind, checks), blind)).text
    assert "Nothing could be checked" in text
    assert "No problem found" not in text


def test_the_page_asks_nothing_of_the_network(page: str) -> None:
    for tag, attributes in Markup(page).tags:
        for name in ("src", "href", "srcset", "xlink:href", "action", "data", "poster"):
            value = attributes.get(name) or ""
            assert not re.match(r"\s*(https?:)?//", value), f"<{tag} {name}={value[:60]}>"
            assert value.startswith(("#", "data:")) or value == "", f"<{tag} {name}={value[:60]}>"
    styles = "".join(re.findall(r"<style>(.*?)</style>", page, flags=re.DOTALL))
    assert "@import" not in styles
    assert re.findall(r"url\(\s*[^#)]", styles) == []
    script = page[page.rindex("<script>") :]
    assert re.search(r"fetch\(|XMLHttpRequest|sendBeacon|WebSocket|import\(", script) is None


def test_nothing_in_a_log_becomes_markup() -> None:
    page = render(*nasty_story())
    markup = Markup(page)
    assert markup.open == []
    assert len(markup.ids()) == len(set(markup.ids()))
    scripts = [attributes for tag, attributes in markup.tags if tag == "script"]
    harmless = render(*_plain_story())
    assert len(scripts) - len([1 for tag, _ in Markup(harmless).tags if tag == "script"]) in (1, 2, 3)  # its own charts and maps, no more
    assert "<script>alert" not in page
    assert "{{ jinja }}" in markup.text


def test_names_of_any_length_are_shown_short_and_whole_in_the_title() -> None:
    page = render(*nasty_story())
    markup = Markup(page)
    titles = [attributes["title"] or "" for _, attributes in markup.tags if "title" in attributes]
    assert any(title.endswith("very.long." * 1000) for title in titles)
    for line in re.sub(r"\s+", " ", markup.text).split(" "):
        assert len(line) < 800 or "very.long" in line  # only the SQL, which scrolls, is whole
    assert len(page) < 4_000_000


def test_data_for_the_script_is_json_that_cannot_end_its_element() -> None:
    page = render(*nasty_story())
    blocks = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page, flags=re.DOTALL)
    assert len(blocks) > 5
    for block in blocks:
        assert "<" not in block
        json.loads(block)


def test_the_same_run_gives_the_same_page(story: Story, page: str) -> None:
    assert render(story, example_diagnosis()) == page


def test_a_typical_report_is_small(page: str) -> None:
    assert len(page.encode()) < 1_500_000


def test_an_empty_run_has_a_page() -> None:
    with Run.from_tables({}, {}) as run:
        page = render(collect(run, healthy_diagnosis()), healthy_diagnosis())
    assert "holds no loss" in Markup(page).text


def test_shortened_keeps_short_names_as_they_are() -> None:
    assert str(shortened("fc1.weight")) == "fc1.weight"
    assert str(shortened("<b>")) == "&lt;b&gt;"
    assert str(shortened("x" * 50 + '"', 9)) == f'<span title="{"x" * 50}&#34;">xxxx…xxx&#34;</span>'


def test_prose_sets_code_and_escapes() -> None:
    assert str(prose("lower `lr` < 1")) == "lower <code>lr</code> &lt; 1"
    assert str(prose("`<b>`")) == "<code>&lt;b&gt;</code>"


def test_write_replaces_the_file_in_one_move(tmp_path: Path) -> None:
    target = tmp_path / "new" / "report.html"
    write(target, "one")
    write(target, "two \ud800")
    assert target.read_text() == "two ?"
    assert [path.name for path in target.parent.iterdir()] == ["report.html"]
    assert target.stat().st_mode & 0o044 == 0o044


def test_write_names_the_file_and_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"cannot write the report .*report\.html: (File exists|Not a directory); name another place with -o FILE"):
        write(tmp_path / "file" / "report.html", "text")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="cannot write the report"):
        write(tmp_path / "folder", "text")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def _plain_story() -> tuple[Story, Diagnosis]:
    with example_run() as run:
        return collect(run, example_diagnosis(), example_checks()), example_diagnosis()
