"""The commands: what they print, their exit status, their JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result

from analyzer.cli import COMMANDS, cli
from analyzer.examine import Examined, examine
from tests.checks.builder import Log, healthy_log

from .run_directory import metric_rows, seal, write_info, write_log

HEAVY = ("duckdb", "pyarrow", "pandas", "numpy", "matplotlib", "jinja2", "prompt_toolkit", "rich", "yaml", "torch")


def analyze(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def diverging_log() -> Log:
    log = healthy_log(40, 10)
    return log.metric("loss", [2.0 - step * 0.05 if step < 20 else 1.0 + (step - 20) * 5.0 for step in range(40)])


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_log(tmp_path_factory.mktemp("runs") / "healthy", healthy_log(40, 10))


@pytest.fixture(scope="module")
def examined(diverging: Path) -> Iterator[Examined]:
    found = examine(diverging)
    with found.run:
        yield found


@pytest.fixture(scope="module")
def diverging(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_log(tmp_path_factory.mktemp("runs") / "diverging", diverging_log())


# Every command.


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    result = analyze(command, "--help")
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) > 5
    listed = next(line for line in analyze("--help").stdout.splitlines() if line.strip().startswith(f"{command} "))
    assert not listed.endswith("...")


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from analyzer.cli import main; sys.argv = ['analyze', '--help']\n"
        f"try: main()\nexcept SystemExit: print([name for name in {HEAVY} if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "[]"


def test_the_analysis_loads_no_torch(healthy: Path) -> None:
    code = f"import sys; from analyzer import open_run; open_run({str(healthy)!r}).diagnose(); print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_it_works_from_a_folder_with_a_users_own_reports_and_recorder(tmp_path: Path, healthy: Path) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "recorder.py").write_text("raise RuntimeError('not ours')")
    script = Path(sys.executable).with_name("analyze")
    run = subprocess.run([str(script), "verify", str(healthy)], cwd=tmp_path, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")


def test_an_unknown_command_is_met_with_the_nearest() -> None:
    result = analyze("chek", "run")
    assert (result.exit_code, "Did you mean 'check'?" in result.stderr) == (2, True)


# check


def test_a_healthy_run_exits_with_0(healthy: Path) -> None:
    result = analyze("check", healthy)
    assert result.exit_code == 0
    assert result.stdout.startswith("healthy  40 steps, finished  healthy\n\nHealthy: ")
    assert result.stderr == ""


def test_a_failed_run_exits_with_1(diverging: Path) -> None:
    result = analyze("check", diverging)
    assert result.exit_code == 1
    assert "loss_diverges: " in result.stdout
    assert "since step" in result.stdout
    assert "= try: " in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_the_json_is_as_promised(diverging: Path) -> None:
    result = analyze("check", diverging, "--json")
    answer = json.loads(result.stdout, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert result.exit_code == 1
    assert list(answer) == ["run", "format", "healthy", "diagnosis", "findings", "not_checked"]
    assert (answer["run"], answer["format"], answer["healthy"]) == (str(diverging), "1.0", False)
    assert list(answer["diagnosis"][0]) == ["cause", "severity", "confidence", "step", "subject", "because", "against", "explains"]
    keys = ["check", "strategy", "severity", "subject", "step", "last_step", "value", "threshold", "message", "fix", "sql"]
    assert list(answer["findings"][0]) == keys
    assert list(answer["not_checked"][0]) == ["check", "reason"]


def test_the_sql_of_a_finding_proves_it(diverging: Path, examined: Examined) -> None:
    finding = examined.diagnosis.findings[0]
    result = analyze("sql", diverging, finding.sql, "--format", "json")
    assert json.loads(result.stdout)[0]["message"] == finding.message


@pytest.mark.parametrize("severity, fails", [("info", [True, False, False]), ("warning", [True, True, False]), ("error", [True, True, True])])
def test_fail_on_moves_the_limit(examined: Examined, severity: str, fails: list[bool]) -> None:
    entries = (replace(examined.diagnosis.entries[0], severity=severity),)
    judged = replace(examined, diagnosis=replace(examined.diagnosis, entries=entries))
    assert [judged.fails(level) for level in ("info", "warning", "error")] == fails


def test_a_level_that_does_not_exist(diverging: Path) -> None:
    assert analyze("check", diverging, "--fail-on", "never").exit_code == 2


CHECK = """/*
title: A loss that was logged
cause: unknown
strength: symptom
severity: warning
explains: []
reads:
  metrics: [value]
params:
  limit: {default: -1.0, unit: loss, source: a test}
finds: Any loss.
matters: Not at all.
do: Nothing.
ignore: Always.
*/
select name as subject, min(step) as step, max(step) as last_step, max(value) as value, $limit as threshold, 'there is a loss' as message
from metrics
where name = 'loss' and value > $limit
group by name
order by subject
"""


def test_a_folder_of_ones_own_checks_is_asked_and_reads_nothing_but_the_run(tmp_path: Path, healthy: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a_loss.sql").write_text(CHECK)
    (tmp_path / "mine" / "a_thief.sql").write_text(CHECK.replace("from metrics", "from read_text('/etc/hostname'), metrics"))
    answer = json.loads(analyze("check", healthy, "--json", "--checks", tmp_path / "mine").stdout)
    assert [finding["subject"] for finding in answer["findings"] if finding["check"] == "a_loss"] == ["loss"]
    [refused] = [skipped["reason"] for skipped in answer["not_checked"] if skipped["check"] == "a_thief"]
    assert "Cannot access file" in refused
    assert analyze("checks", "a_loss", "--checks", tmp_path / "mine").stdout.rstrip() == CHECK.rstrip()


def test_a_broken_check_is_named_with_its_file(tmp_path: Path, healthy: Path) -> None:
    (tmp_path / "broken.sql").write_text("select 1")
    result = analyze("check", healthy, "--checks", tmp_path)
    assert (result.exit_code, str(tmp_path / "broken.sql") in result.stderr) == (2, True)


def test_ignored_findings_do_not_count(diverging: Path, examined: Examined) -> None:
    found = {finding.check for finding in examined.diagnosis.findings}
    options = [option for check in sorted(found) for option in ("--ignore", check)]
    result = analyze("check", diverging, *options)
    assert result.exit_code == 0
    assert "left out" in result.stdout


def test_a_check_to_ignore_must_exist(healthy: Path) -> None:
    result = analyze("check", healthy, "--ignore", "loss_diverge")
    assert (result.exit_code, "Did you mean 'loss_diverges'?" in result.stderr) == (2, True)


# checks, schema


def test_checks_are_listed_and_shown() -> None:
    listed = analyze("checks")
    assert listed.exit_code == 0
    assert "  loss_diverges " in listed.stdout
    shown = analyze("checks", "loss_diverges")
    assert shown.stdout.startswith("/*\ntitle: ")
    assert "select" in shown.stdout
    wrong = analyze("checks", "loss_divergs")
    assert (wrong.exit_code, "Did you mean 'loss_diverges'?" in wrong.stderr) == (2, True)


def test_tables_and_columns_are_shown() -> None:
    assert "  weights " in analyze("schema").stdout
    shown = " ".join(analyze("schema", "metrics").stdout.split())
    assert "value DOUBLE the number; NaN and infinities are kept" in shown
    wrong = analyze("schema", "metric")
    assert (wrong.exit_code, "Did you mean 'metrics'?" in wrong.stderr) == (2, True)


# worst


def test_the_worst_samples_first(healthy: Path) -> None:
    rows = json.loads(analyze("worst", healthy, "-k", 3, "--json").stdout)
    assert len(rows) == 3
    assert [row["score"] for row in rows] == sorted((row["score"] for row in rows), reverse=True)
    assert {row["split"] for row in json.loads(analyze("worst", healthy, "--split", "valid", "--json").stdout)} == {"valid"}


def test_rankings_are_listed_and_misspelt_ones_met_with_the_nearest(healthy: Path) -> None:
    assert "most_forgotten" in analyze("worst", healthy, "--by", "help").stdout
    result = analyze("worst", healthy, "--by", "most_forgoten")
    assert (result.exit_code, "Did you mean 'most_forgotten'?" in result.stderr) == (2, True)
    wrong = analyze("worst", healthy, "--split", "vaild")
    assert (wrong.exit_code, "Did you mean 'valid'?" in wrong.stderr) == (2, True)


# list


def test_runs_below_a_folder(tmp_path: Path) -> None:
    write_log(tmp_path / "a" / "good", healthy_log(40, 10))
    write_log(tmp_path / "bad", diverging_log())
    write_info(tmp_path / "c-empty")
    killed = healthy_log(20, 5)
    killed.rows["events"] = [row for row in killed.rows["events"] if row["kind"] != "finished"]
    write_log(tmp_path / "d", killed)
    write_info(tmp_path / "e", format_version="99.0")
    rows = {row["run"]: row for row in json.loads(analyze("list", tmp_path, "--json").stdout)}
    assert {name: row["status"] for name, row in rows.items()} == {
        "a/good": "finished",
        "bad": "finished",
        "c-empty": "empty",
        "d": "killed",
        "e": "unreadable",
    }
    assert (rows["a/good"]["last_step"], rows["a/good"]["cause"]) == (39, None)
    assert rows["bad"]["cause"] is not None
    assert rows["d"]["cause"] == "crashed"
    assert "99.0" in rows["e"]["error"]
    shown = analyze("list", tmp_path)
    assert [line.split()[:2] for line in shown.stdout.splitlines()[1:]] == [[name, row["status"]] for name, row in rows.items()]


def test_a_folder_without_runs(tmp_path: Path) -> None:
    result = analyze("list", tmp_path)
    assert (result.exit_code, "no run below" in result.stderr) == (2, True)


# report, compact


def test_a_report_is_written_and_its_path_printed(tmp_path: Path) -> None:
    run = write_log(tmp_path / "run", diverging_log())
    result = analyze("report", run, "-o", tmp_path / "out" / "page.html")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[0] == str(tmp_path / "out" / "page.html")
    assert result.stdout.splitlines()[2].startswith("1. ")
    assert (tmp_path / "out" / "page.html").read_text(encoding="utf-8").startswith("<!")


def test_small_files_are_merged_and_no_row_is_lost(tmp_path: Path) -> None:
    write_info(tmp_path)
    for number in range(5):
        seal(tmp_path, "metrics", metric_rows(number), number=number)
    result = analyze("compact", tmp_path)
    assert (result.exit_code, result.stdout.startswith("5 files (")) == (0, True)
    assert analyze("sql", tmp_path, "select list(step order by step) as steps from metrics", "--format", "csv").stdout == 'steps\n"[0, 1, 2, 3, 4]"\n'
    assert analyze("verify", tmp_path).exit_code == 0


# completion


def completions(*words: str) -> list[str]:
    return [item.value for item in ShellComplete(cli, {}, "analyze", "_ANALYZE_COMPLETE").get_completions(list(words[:-1]), words[-1])]


def test_the_shell_completes_commands_runs_checks_rankings_and_tables(healthy: Path) -> None:
    assert completions("ch") == ["check", "checks"]
    assert completions("checks", "loss_div") == ["loss_diverges"]
    assert completions("worst", "run", "--by", "most") == ["most_forgotten"]
    assert completions("schema", "wei") == ["weights"]
    assert completions("check", f"{healthy.parent}{os.sep}") == [str(healthy)]
    assert completions("check", str(healthy)[:-2]) == [str(healthy)]
