"""The SQL prompt: history, several lines until a semicolon, completion of keywords, tables and columns."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click
from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.lexers import PygmentsLexer
from pygments.lexers.sql import SqlLexer  # type: ignore[import-untyped]

from .errors import RetrogradError
from .query import print_result
from .view_files import names_in

if TYPE_CHECKING:
    from .run import Run

_WORDS_TO_LEAVE = {"exit", "quit", "\\q", ".exit", ".quit"}
_HELP = """A query ends with ; and may span several lines. Tab completes, arrows recall.
help      this text          tables    tables and views          quit, Ctrl-D    leave
describe NAME;   columns of a table          Ctrl-C   stop a query, or clear the line"""


class Names(Completer):
    """Completes the word at the cursor: columns of the tables that the query names, then tables, keywords and functions."""

    def __init__(self, run: Run) -> None:
        self._tables = run.names()
        self._columns = {name: [column for column, _ in run.column_types(name)] for name in self._tables}
        words = run.rows(
            "select keyword_name as word from duckdb_keywords() union select function_name from duckdb_functions() where function_name ~ '^[a-z_0-9]+$'"
        )
        self._words = sorted(str(row["word"]) for row in words)

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        begun = document.get_word_before_cursor(pattern=None).rpartition(".")[2]
        begun = begun.lstrip("(,=<>+-*/").lower()
        named = names_in(document.text, self._tables)
        columns = sorted({column for name in named for column in self._columns[name]})
        offered: set[str] = set()
        for words, kind in ((columns, "column"), (self._tables, "table"), (self._words, "")):
            for word in words:
                if word.startswith(begun) and word not in offered and (begun or kind):
                    offered.add(word)
                    yield Completion(word, start_position=-len(begun), display_meta=kind)


def prompt(run: Run) -> None:
    """Ask until the user leaves. Errors are printed and the next query is asked for."""
    session: PromptSession[str] = PromptSession(
        "sql> ",
        multiline=True,
        prompt_continuation="...> ",
        history=_history(),
        completer=Names(run),
        complete_while_typing=False,
        lexer=PygmentsLexer(SqlLexer),
        key_bindings=_keys(),
    )
    click.echo(f"{run.path.name}, read-only. `help` explains, Ctrl-D leaves.", err=True)
    while True:
        try:
            text = session.prompt().strip()
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        if text.rstrip(";").strip().lower() in _WORDS_TO_LEAVE:
            return
        answer(run, text)


def answer(run: Run, text: str) -> None:
    """Print the result of a query or a word of the prompt's own, or what is wrong with it."""
    word = text.rstrip(";").strip().lower()
    if word in ("help", "?", ".help"):
        click.echo(_HELP)
    elif word in ("tables", ".tables"):
        click.echo("\n".join(run.names()))
    elif word:
        try:
            print_result(run, text, "table")
        except RetrogradError as error:
            click.echo(f"{click.style('error:', fg='red', bold=True)} {error}", err=True)
        except KeyboardInterrupt:
            click.echo("stopped", err=True)


def is_whole(text: str) -> bool:
    """Whether Enter ends the input: it is a word of the prompt's own, empty, or closed by a semicolon."""
    stripped = text.strip().lower()
    return not stripped or stripped.endswith(";") or stripped in _WORDS_TO_LEAVE | {"help", "?", ".help", "tables", ".tables"}


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("enter")
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if is_whole(buffer.text):
            buffer.validate_and_handle()
        else:
            buffer.insert_text("\n")

    return keys


def _history() -> History:
    folder = Path(click.get_app_dir("retrograd"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return FileHistory(str(folder / "sql_history"))
    except OSError:
        return InMemoryHistory()
