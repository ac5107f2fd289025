"""The JSON documents: one envelope for every command, its keys held by a test."""

from __future__ import annotations

import json
from typing import Any

FORMAT = 1


def document(command: str, data: Any, *, exit_code: int = 0) -> str:
    """The document of a command that did what was asked."""
    return _dump(command, "success", exit_code, data, [])


def error_entry(
    code: str, message: str, context: str | None = None, hint: str | None = None
) -> dict[str, Any]:
    """One thing that is wrong."""
    return {"code": code, "message": message, "context": context, "hint": hint}


def error_document(command: str, exit_code: int, errors: list[dict[str, Any]]) -> str:
    """The document of a command that failed."""
    return failed_document(command, exit_code, None, errors)


def failed_document(command: str, exit_code: int, data: Any, errors: list[dict[str, Any]]) -> str:
    """The document of a command that failed, and yet has something to show."""
    return _dump(command, "error", exit_code, data, errors)


def _dump(command: str, status: str, exit_code: int, data: Any, errors: list[dict[str, Any]]) -> str:
    envelope = {
        "format": FORMAT,
        "command": command,
        "status": status,
        "exit_code": exit_code,
        "data": data,
        "errors": errors,
    }
    return json.dumps(envelope, indent=2)  # ASCII only: no encoding of stdout can spoil it
