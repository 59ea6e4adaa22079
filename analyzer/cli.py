"""The `analyze` command: parse, call, print. What it prints on the terminal is made in `terminal.py`, what it decides elsewhere.

Commands are modules of `analyzer/commands/`, loaded when they are asked for; what they need is imported when they run.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path

import click

from .errors import RetrogradError

COMMANDS = ("report", "check", "worst", "sql", "schema", "checks", "list", "verify", "compact")


class Failure(click.ClickException):
    """A bad log or a wrong request: exit status 2."""

    exit_code = 2

    def show(self, file: object = None) -> None:
        click.echo(f"{click.style('error:', fg='red', bold=True)} {self.format_message()}", err=True)


class Commands(click.Group):
    """The commands, found by module name."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(f".commands.{name}", __package__).command
        return command

    def resolve_command(self, context: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(context, args)
        except click.UsageError as error:
            near = get_close_matches(args[0], COMMANDS, n=1)
            guess = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"{error.message}{guess} `analyze --help` lists the commands.", context) from None

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except RetrogradError as error:
            raise Failure(str(error)) from error
        except KeyboardInterrupt:  # a query may still run in its thread: leave without waiting for it
            click.echo("interrupted", err=True)
            remove_spills()
            os._exit(130)
        except BrokenPipeError:  # the reader of our output, such as `head`, has seen enough
            sys.stderr.close()
            context.exit(0)


def remove_spills() -> None:
    """Take away what queries of this process put on disk where memory was short."""
    for folder in Path(tempfile.gettempdir()).glob(f"retrograd-{os.getpid()}-*"):
        shutil.rmtree(folder, ignore_errors=True)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="retrograd", prog_name="analyze")
def cli() -> None:
    """Say what went wrong in a training run, since when and where, from the log that the recorder left.

    \b
    Begin with:   analyze report runs/exp42
    Completion:   eval "$(_ANALYZE_COMPLETE=bash_source analyze)"     (zsh_source, fish_source likewise)

    Exit status: 0 nothing found, 1 something found, 2 a log that cannot be read or a wrong request.
    """


def main() -> None:
    """Entry point of the `analyze` command."""
    from retrograd import check_packages

    try:
        check_packages()
    except ImportError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)
    cli(prog_name="analyze")


if __name__ == "__main__":
    main()
