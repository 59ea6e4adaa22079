"""Tells a run that goes on from one that ended or was killed."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: the lock cannot be asked
    fcntl = None  # type: ignore[assignment]

_SILENT_SECONDS = 300.0


def is_recording(run_dir: Path) -> bool | None:
    """Whether a recorder is alive there; None where that cannot be told, as for one on another machine that has been silent for a while."""
    locks = list(run_dir.glob("_lock.[0-9]*")) if run_dir.parts else []
    return _any_alive([_is_held(lock) for lock in locks])


def _any_alive(answers: list[bool | None]) -> bool | None:
    return True if True in answers else None if None in answers else False


def _is_held(lock: Path) -> bool | None:
    """Whether a process holds the lock. One on another machine is judged by when it last wrote."""
    try:
        with lock.open("rb") as file:
            owner = json.loads(file.read() or b"{}")
            if owner.get("host") not in (None, socket.gethostname()):
                return True if time.time() - _last_write(lock.parent) < _SILENT_SECONDS else None
            if fcntl is None:
                return None
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    except (OSError, ValueError, AttributeError):
        return None


def _last_write(run_dir: Path) -> float:
    return max((path.stat().st_mtime for path in run_dir.glob("*/rank=*/*")), default=0.0)
