"""The top of the report as one PNG: verdict, loss, heat map."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analyzer.diagnosis import Diagnosis
    from analyzer.story import Story


def render_png(story: Story, diagnosis: Diagnosis) -> bytes:
    """A PNG of 1400 x 1000 pixels, drawn without a browser."""
    raise NotImplementedError
