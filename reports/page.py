"""The report: one HTML file that opens from disk, with style, script and images inside."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analyzer.diagnosis import Diagnosis
    from analyzer.story import Story


def render(story: Story, diagnosis: Diagnosis) -> str:
    """The whole page as text."""
    raise NotImplementedError


def write(path: Path, content: str | bytes) -> None:
    """Put the file in place in one move, so that no reader sees half of it.

    Raises OSError whose text names the file and what to do.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise OSError(f"cannot write the report {path}: {error.strerror or error}; name another place with -o FILE") from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise OSError(f"cannot write the report {path}: {error.strerror or error}; name another place with -o FILE") from error
