"""YAML, through PyYAML, which loads only where such a file exists."""

from __future__ import annotations

from typing import Any


class YamlError(ValueError):
    """A text that is no YAML.

    :param line: counts from 1; None where the parser tells none
    """

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


def parse_yaml(content: bytes | str, path: str) -> Any:
    """What a YAML text holds: one document, YAML 1.1, plain data and Python's plain types.

    Nothing is executed: tags that would make objects are refused.

    :param path: for messages
    :raises YamlError: it is no YAML
    """
    import yaml  # type: ignore[import-untyped]  # its types are a distribution of their own

    # The same reading in C where PyYAML has it. Old package files hold tags such as
    # `!!python/unicode`, which the safe loader doesn't know.
    loader = getattr(yaml, "CFullLoader", yaml.FullLoader)
    try:
        return yaml.load(content, Loader=loader)  # noqa: S506 - the full loader makes plain data only
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        raise YamlError(f"no YAML: {problem}", None if mark is None else mark.line + 1) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise YamlError(f"no YAML: {error}") from error
