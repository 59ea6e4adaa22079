"""Prints docs/checks.md, docs/schema.md and docs/cli.md from the checks' headers, the log format and the commands' help.

python scripts/print_docs.py            write them
python scripts/print_docs.py --check    exit with 1 where one is not up to date, and say which
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from analyzer.causes import CAUSES  # noqa: E402
from analyzer.check import STRATEGIES, Check, load_checks  # noqa: E402
from analyzer.cli import COMMANDS, cli  # noqa: E402
from analyzer.schema import Described, described  # noqa: E402
from analyzer.worst import load_rankings  # noqa: E402
from recorder.format import DEFINITIONS, FORMAT_VERSION  # noqa: E402

STRATEGY_TITLES = {
    "predictions": "Look at the model in action",
    "worst": "Look at the worst mistakes",
    "mistakes": "Suspect the code; reason with training and evaluation error",
    "tiny": "Fit a tiny data set",
    "gradients": "Compare back-propagated with numerical derivatives",
    "saturation": "Monitor activations, gradients and updates",
    "guarantees": "Use what the optimizer promises",
}
KIND_TITLES = {"log": "Recorded tables", "facts": "Tables from run.json", "view": "Views"}
HOW_MADE = "<!-- Printed by scripts/print_docs.py: change its source and run `make docs`. -->"


def checks_page() -> Iterator[str]:
    checks = load_checks()
    yield f"# Checks\n\n{HOW_MADE}\n"
    yield f"{len(checks)} checks in the order of the seven strategies. A check is one file of SQL with this header; `analyze checks NAME` prints it whole."
    yield "[How a diagnosis is made of their findings](diagnosis.md).\n"
    for strategy in STRATEGIES:
        own = [check for check in checks if check.strategy == strategy]
        yield f"## {STRATEGY_TITLES[strategy]} (`{strategy}`)\n"
        for check in own:
            yield from _check(check)


def _check(check: Check) -> Iterator[str]:
    yield f'<a id="{check.name}"></a>\n### {check.name}: {check.title}\n'
    cause = f"{check.strength} evidence of `{check.cause}` ({CAUSES.get(check.cause, check.cause)})"
    explains = f" Explains {', '.join(f'`{name}`' for name in check.explains)}." if check.explains else ""
    expected = " Its silence speaks against it." if check.expected else ""
    yield f"*{check.severity}*, {cause}.{expected}{explains} [SQL](../analyzer/checks/{check.strategy}/{check.name}.sql)\n"
    yield f"- **Finds** {check.finds}\n- **Matters** {check.matters}\n- **Do** {check.do}\n- **Ignore** {check.ignore}"
    reads = "; ".join(f"`{view}` ({', '.join(columns)})" if columns else f"`{view}`" for view, columns in check.reads.items())
    yield f"- **Reads** {reads}\n"
    if check.params:
        yield "| threshold | default | unit | source |\n|---|---|---|---|"
        for param in check.params:
            yield f"| `{param.name}` | {param.default} | {_cell(param.unit)} | {_cell(param.source)} |"
        yield ""


def schema_page() -> Iterator[str]:
    yield f"# Tables and views\n\n{HOW_MADE}\n"
    yield f"Log format {FORMAT_VERSION}. `analyze schema TABLE` prints the same on the terminal, and DuckDB knows the meanings as comments of the columns.\n"
    yield "## Definitions\n"
    for term, meaning in DEFINITIONS.items():
        yield f"- **{term}**: {meaning}"
    everything = described()
    for kind, title in KIND_TITLES.items():
        yield f"\n## {title}\n"
        for one in everything:
            if one.kind == kind:
                yield from _table(one)


def _table(one: Described) -> Iterator[str]:
    yield f"### {one.name}\n\n{one.grain}{'' if one.grain.endswith('.') else '.'} To have it: {_cell(one.record)}.\n"
    yield "| column | type | meaning |\n|---|---|---|"
    for column in one.columns:
        yield f"| `{column.name}` | {_cell(column.type)} | {_cell(column.meaning)} |"
    yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def cli_page() -> Iterator[str]:
    yield f"# The `analyze` command\n\n{HOW_MADE}\n"
    yield _help(cli, "analyze")
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        yield f"## analyze {name}\n"
        yield _help(command, f"analyze {name}")
        if name == "worst":
            yield "| ranking | what comes first | score |\n|---|---|---|"
            for ranking in load_rankings():
                yield f"| `{ranking.name}` | {ranking.title} | {_cell(ranking.score)} |"
            yield ""


def _help(command: click.Command, name: str) -> str:
    context = click.Context(command, info_name=name, terminal_width=100, max_content_width=100, help_option_names=["-h", "--help"])
    return f"```\n{command.get_help(context)}\n```\n"


PAGES: dict[str, Callable[[], Iterator[str]]] = {"checks.md": checks_page, "schema.md": schema_page, "cli.md": cli_page}


def main(arguments: list[str]) -> int:
    """Write the pages, or with --check compare them; the exit status."""
    stale = []
    for name, page in PAGES.items():
        path = ROOT / "docs" / name
        text = "\n".join(page()).rstrip() + "\n"
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path.relative_to(ROOT).as_posix())
        if "--check" not in arguments:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if stale and "--check" in arguments:
        print(f"not up to date: {', '.join(stale)}; run `make docs`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
