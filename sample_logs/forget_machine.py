"""Takes what belongs to one machine out of a recorded run, so that it can be given away."""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path


def forget_machine(run_dir: str) -> None:
    """Blanks host, folder, process and git state in run.json; the command keeps the script and its arguments."""
    path = Path(run_dir) / "run.json"
    info = json.loads(path.read_text(encoding="utf-8"))
    here = {"host": "", "directory": "", "pid": 0, "git": None, "platform": platform.system()}
    info.update({key: value for key, value in here.items() if key in info})
    info["command"] = ["python", f"sample_logs/{Path(sys.argv[0]).name}"]
    path.write_text(json.dumps(info, indent=1, ensure_ascii=False), encoding="utf-8")
