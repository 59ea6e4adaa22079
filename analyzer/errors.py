"""Errors with a message for the user: caught once, in the command line."""

from __future__ import annotations


class RetrogradError(Exception):
    """What happened, where, with the value found, and what to do next."""


class CheckFileError(RetrogradError):
    """A check's file is not what a check must be."""
