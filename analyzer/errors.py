"""Errors with a message for the user: caught once, in the command line."""

from __future__ import annotations


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
