"""The documented import: `from retrograd import Recorder, with_ids, open_run`.

`recorder`, `analyzer` and `reports` are generic names: a file of the user's or an unrelated distribution can take their place. Here they are
checked, and the offender is named.
"""

from __future__ import annotations

import importlib.util
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analyzer import open_run
    from recorder import Recorder, with_ids

__all__ = ["Recorder", "open_run", "with_ids"]

_PACKAGES = ("recorder", "analyzer", "reports")
_SIGNS = {"recorder": "format.py", "analyzer": "checks", "reports": "templates"}


def check_packages() -> None:
    """Raises ImportError when one of the three packages on the path is not retrograd's own, and names what is in its place."""
    for name in _PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is None:
            raise ImportError(f"retrograd's package {name!r} is not installed; reinstall with: pip install --force-reinstall retrograd")
        places = [Path(place) for place in spec.submodule_search_locations or []]
        if any((place / _SIGNS[name]).exists() for place in places):
            continue
        others = [other for other in packages_distributions().get(name, []) if other != "retrograd"]
        if others:
            raise ImportError(f"the distribution {others[0]!r} has replaced retrograd's package {name!r}: pip uninstall {others[0]}, then reinstall retrograd")
        raise ImportError(f"{spec.origin or places} stands in the way of retrograd's package {name!r}: rename it or run from another folder")


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    check_packages()
    if name == "open_run":
        from analyzer import open_run

        return open_run
    import recorder

    return getattr(recorder, name)
