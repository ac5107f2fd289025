"""What the real Rez makes of many configurations, each in a process of its own.

Run as a program it reads a list of environments (JSON) from stdin and prints, for each, every
setting: ``{"value": …}`` or ``{"error": …}``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any


def plain(value: Any) -> Any:
    """A value as JSON can hold it; functions by their name."""
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(inner) for inner in value]
    if callable(value):
        return f"function {getattr(value, '__name__', '?')}"
    if hasattr(value, "_data") and not isinstance(value, dict):
        return plain(dict(value._data))
    return value if isinstance(value, (str, int, float, type(None))) else repr(value)


def ask_rez(environments: list[dict[str, str]]) -> list[dict[str, Any]]:
    """The answers of Rez to these environments."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", __file__],
        input=json.dumps(environments), capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def _answer() -> dict[str, Any]:
    from rez.config import Config, config

    found: dict[str, Any] = {}
    for key in Config.schema._schema:
        found[key] = _outcome(lambda key=key: getattr(config, key))
    for plugin_type in config.plugins:
        found[f"plugins.{plugin_type}"] = _outcome(lambda name=plugin_type: getattr(config.plugins, name))
    return found


def _outcome(ask: Any) -> dict[str, Any]:
    try:
        return {"value": plain(ask())}
    except Exception as error:  # noqa: BLE001 - whatever Rez raises is the answer
        return {"error": f"{type(error).__name__}: {error}"}


def _in_child(environment: dict[str, str]) -> dict[str, Any]:
    """An answer from a fork, since Rez decides much when it is imported."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answer"
        child = os.fork()
        if child == 0:
            os.environ.clear()
            os.environ.update(environment)
            tempfile.tempdir = None  # found anew, with these variables
            path.write_text(json.dumps(_outcome_of_all()), encoding="utf-8")
            os._exit(0)
        os.waitpid(child, 0)
        answer: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return answer


def _outcome_of_all() -> dict[str, Any]:
    try:
        return _answer()
    except Exception as error:  # noqa: BLE001 - whatever Rez raises is the answer
        return {"error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    import asyncio  # noqa: F401 - what Rez imports anyway, once for all children
    import logging.config  # noqa: F401

    import rez.vendor.schema.schema
    import rez.vendor.yaml  # noqa: F401

    json.dump([_in_child(environment) for environment in json.load(sys.stdin)], sys.stdout)
