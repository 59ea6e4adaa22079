"""Ctrl-C while a query runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from analyzer.interrupt import interruptible

from .run_directory import write_log

ENDLESS = "select count(*) from range(100000000000) where hash(range) % 7 = 1"


def test_results_and_errors_come_through() -> None:
    assert interruptible(lambda: 42) == 42
    with pytest.raises(ZeroDivisionError):
        interruptible(lambda: 1 / 0)


def test_ctrl_c_stops_a_query_with_its_own_exit_status(tmp_path: Path) -> None:
    code = (
        "import signal, threading, os; from analyzer.cli import main; import sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell has its background jobs ignore it, and the tests may be one
        "from analyzer.run import Run\n"
        "rows = Run.sql\n"
        "def sql(run, query):\n"
        "    threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()\n"
        "    return rows(run, query)\n"
        "Run.sql = sql\n"
        f"sys.argv = ['analyze', 'sql', {str(write_log(tmp_path))!r}, {ENDLESS!r}]\n"
        "main()\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (run.returncode, run.stdout, run.stderr) == (128 + signal.SIGINT, "", "interrupted\n")


def test_a_query_that_begins_only_after_ctrl_c_is_stopped_too() -> None:
    asked_to_stop, begun, stopped = threading.Event(), threading.Event(), threading.Event()

    def query() -> None:
        asked_to_stop.wait(60)
        begun.set()
        assert stopped.wait(60)

    def stop() -> None:
        if begun.is_set():
            stopped.set()
        asked_to_stop.set()

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    try:
        with pytest.raises(KeyboardInterrupt):
            interruptible(query, stop)
    finally:
        signal.signal(signal.SIGINT, before)
    assert stopped.is_set()
