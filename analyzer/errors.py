"""Errors with a message for the user: caught once, in the command line."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches


class RetrogradError(Exception):
    """What happened, where, with the value found, and what to do next."""


class CheckFileError(RetrogradError):
    """A check's file is not what a check must be."""


class LogError(RetrogradError):
    """A run directory cannot be read."""


class ViewFileError(RetrogradError):
    """A view's file is not what a view must be."""


class QueryError(RetrogradError):
    """A query of the user's is refused or fails."""


class UsageError(RetrogradError):
    """Something was asked for that does not exist; the message names the nearest match."""


def unknown(what: str, name: str, known: Sequence[str], how: str) -> UsageError:
    """The error for a name that does not exist: with the nearest that does, and how to see all."""
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    guess = f" Did you mean {near[0]!r}?" if near else ""
    return UsageError(f"there is no {what} {name!r}.{guess} {how[0].upper()}{how[1:]}.")
