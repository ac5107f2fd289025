"""Data as the YAML that Rez prints."""

from __future__ import annotations

from functools import cache
from typing import Any

from rezup.resolver.requirement import Requirement
from rezup.resolver.version import Version
from rezup.runtime.source_code import SourceCode


def yaml_text(data: Any) -> str:
    """Plain data, versions, requirements and code as YAML; mappings are sorted."""
    import yaml  # type: ignore[import-untyped]  # its types are a distribution of their own

    text: str = yaml.dump(data, default_flow_style=False, Dumper=_dumper())
    return text.strip()


@cache
def _dumper() -> Any:
    import inspect
    import textwrap
    import types

    import yaml

    class Dumper(yaml.SafeDumper):  # type: ignore[misc]  # PyYAML has no types
        pass

    def as_text(dumper: Any, value: Any) -> Any:
        return dumper.represent_str(str(value))

    def function(dumper: Any, value: Any) -> Any:
        try:
            lines = inspect.getsourcelines(value)[0][1:]
        except (OSError, TypeError):
            return as_text(dumper, value)
        return dumper.represent_str(textwrap.dedent("".join(lines)))

    Dumper.add_multi_representer(Version, as_text)
    Dumper.add_multi_representer(Requirement, as_text)
    Dumper.add_multi_representer(SourceCode, lambda dumper, value: dumper.represent_str(value.text))
    Dumper.add_representer(types.FunctionType, function)
    Dumper.add_representer(types.BuiltinFunctionType, as_text)
    Dumper.add_multi_representer(str, lambda dumper, value: dumper.represent_str(str(value)))
    return Dumper
