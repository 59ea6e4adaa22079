"""A real browser looks at the report. Skipped only where there is no Chromium."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzer.story import collect
from reports.page import render, write

from .example import example_checks, example_diagnosis, example_run
from .test_page import nasty_story

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
sync_api = pytest.importorskip("playwright.sync_api")


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    with example_run() as run:
        story = collect(run, example_diagnosis(), example_checks())
    write(folder / "plain.html", render(story, example_diagnosis()))
    write(folder / "nasty.html", render(*nasty_story()))
    return {path.stem: path for path in folder.iterdir()}


@pytest.fixture(scope="module")
def browser() -> Iterator[sync_api.Browser]:
    arguments = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    os.environ.setdefault("PLAYWRIGHT_BROWSERS_PATH", "0")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield opened
        opened.close()


@pytest.fixture
def visit(browser: sync_api.Browser, reports: dict[str, Path]) -> Iterator[object]:
    """Opens a report from disk; at the end nothing has failed and nothing was asked of the network."""
    troubles: list[str] = []
    contexts = []

    def open_page(name: str = "plain", width: int = 1400, **options: object) -> sync_api.Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
        page.on("console", lambda message: troubles.append(f"console: {message.text}") if message.type in ("error", "warning") else None)
        page.on("request", lambda request: None if request.url.startswith(("file:", "data:")) else troubles.append(f"request: {request.url}"))
        page.goto(reports[name].as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []


def scroll_through(page: sync_api.Page) -> None:
    for figure in page.query_selector_all("figure"):
        figure.scroll_into_view_if_needed()
    page.wait_for_function("[...document.querySelectorAll('figure.chart')].every((figure) => figure.querySelector('canvas'))")


@pytest.mark.parametrize("name", ["plain", "nasty"])
@pytest.mark.parametrize("width", [1400, 400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_charts_are_taken_over_and_nothing_is_wider_than_the_window(visit, name: str, width: int, scheme: str) -> None:  # type: ignore[no-untyped-def]
    page = visit(name, width, color_scheme=scheme)
    scroll_through(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("[...document.querySelectorAll('.plot > svg')].every((svg) => getComputedStyle(svg).display === 'none')")


def test_without_script_the_curves_are_there_as_svg(visit) -> None:  # type: ignore[no-untyped-def]
    page = visit(java_script_enabled=False)
    assert page.locator("#chart-loss svg path").count() > 5
    assert page.locator("#chart-loss svg").is_visible()
    assert page.locator(".filter").is_hidden()


def test_zoom_and_cursor_are_one_for_all_charts(visit) -> None:  # type: ignore[no-untyped-def]
    page = visit()
    scroll_through(page)
    page.evaluate("document.querySelector('#chart-loss .plot').focus()")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('#chart-gradient-norm .u-legend .u-value').textContent === '3'")
    left = page.evaluate("document.querySelectorAll('.lane i')[1].style.left")
    page.keyboard.press("+")
    assert page.evaluate("document.querySelectorAll('.lane i')[1].style.left") != left
    page.keyboard.press("Escape")
    assert float(page.evaluate("document.querySelectorAll('.lane i')[1].style.left").rstrip("%")) == pytest.approx(float(left.rstrip("%")), abs=0.01)


def test_dragging_zooms_every_chart_and_a_double_click_shows_the_whole(visit) -> None:  # type: ignore[no-untyped-def]
    page = visit()
    scroll_through(page)
    page.locator("#chart-loss").scroll_into_view_if_needed()
    box = page.locator("#chart-loss .u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 60, steps=4)
    page.mouse.up()
    visible = "[...document.querySelectorAll('.lane i')].map((bar) => bar.style.visibility)"
    assert page.evaluate("document.querySelectorAll('.lane i')[1].style.left") != "60.3%"
    page.mouse.dblclick(box["x"] + 200, box["y"] + 60)
    assert set(page.evaluate(visible)) == {"visible"}
    assert float(page.evaluate("document.querySelectorAll('.lane i')[1].style.left").rstrip("%")) == pytest.approx(60.3, abs=0.05)


def test_a_heat_map_tells_the_value_under_the_pointer_and_the_arrow_keys(visit) -> None:  # type: ignore[no-untyped-def]
    page = visit()
    cells = page.locator("#map-saturated-share .cells")
    cells.scroll_into_view_if_needed()
    box = cells.bounding_box()
    assert box is not None
    cells.hover(position={"x": box["width"] - 3, "y": box["height"] * 0.62})
    assert page.locator("#tip").text_content() == "fc1, step 195: 92 %"
    cells.focus()
    page.keyboard.press("ArrowUp")
    assert page.locator("#tip").text_content().startswith("conv2, step 195")


def test_the_filter_hides_what_does_not_match(visit) -> None:  # type: ignore[no-untyped-def]
    page = visit()
    page.fill("#filter", "fc1 flat")
    assert page.locator(".index tbody tr:visible").count() == 1
    assert page.locator("#filter-count").text_content() == "1 of 6"
    assert page.locator(".finding:visible").count() == 1
    page.fill("#filter", "")
    page.uncheck(".filter input[value=info]")
    assert page.locator(".index tbody tr:visible").count() == 5


def test_a_link_to_a_finding_shows_it_although_the_filter_hides_it(visit) -> None:  # type: ignore[no-untyped-def]
    page = visit()
    page.fill("#filter", "yak")
    assert page.locator("#finding-saturated-units-fc1").is_hidden()
    page.locator(".verdict a.proof").first.click()
    page.wait_for_function("document.querySelector('#finding-saturated-units-fc1').getBoundingClientRect().height > 0")


def test_the_sql_can_be_copied(visit) -> None:  # type: ignore[no-untyped-def]
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    block = page.locator(".finding .sql").first
    block.locator("summary").click()
    block.locator("button").click()
    page.wait_for_function("document.querySelector('.finding .sql button').textContent !== 'Copy'")


def test_the_gallery_shows_one_split(visit) -> None:  # type: ignore[no-untyped-def]
    page = visit()
    page.click("#gallery-worst .tabs button:has-text('train')")
    shown = page.locator("#gallery-worst .cards li:visible")
    assert shown.count() == 12
    assert set(shown.evaluate_all("cards => cards.map((card) => card.dataset.split)")) == {"train"}
    assert page.evaluate("[...document.images].every((image) => image.naturalWidth > 0)")


def test_the_page_prints_with_curves_as_svg(visit) -> None:  # type: ignore[no-untyped-def]
    page = visit()
    scroll_through(page)
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.querySelector('#chart-loss .plot > svg')).display") == "block"
    assert page.evaluate("getComputedStyle(document.querySelector('#chart-loss .uplot')).display") == "none"
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_everything_is_reached_with_the_keyboard(visit) -> None:  # type: ignore[no-untyped-def]
    page = visit()
    scroll_through(page)
    page.evaluate("scrollTo(0, 0)")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    reached = set()
    for _ in range(220):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.className || document.activeElement.tagName"))
    assert {"plot", "cells", "filter", "proof", "SUMMARY"} <= reached
