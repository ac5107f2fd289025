"""Show the configuration of Rez, or one of its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

    from rezup.rez_cli.caller import Caller


def add_options(parser: argparse.ArgumentParser, caller: Caller) -> None:
    """Those of `rez-config`."""
    del caller
    add = parser.add_argument
    add("--json", action="store_true", help="a list or dictionary as JSON, fit for REZ_*_JSON")
    add("--search-list", action="store_true", help="the files that were looked for")
    add("--source-list", action="store_true", help="those of them that were read")
    add("FIELD", nargs="?", help="a setting, such as packages_path or plugins.shell.bash.prompt")


def run(options: argparse.Namespace, parser: argparse.ArgumentParser, caller: Caller, groups: Any) -> int:
    """Print what is asked for."""
    del parser, groups
    config = caller.packages.config()
    if options.search_list or options.source_list:
        from rezup.runtime.config.files import searched

        if options.search_list:
            found = list(searched(caller.environ))
        else:
            found = [source.path for source in config.sources if source.found]
        for path in found:
            caller.out.say(path)
        return 0
    if not options.FIELD:
        value: Any = config.as_dict()
    else:
        try:
            value = config.lookup(options.FIELD)
        except KeyError:
            from rezup.errors import RezConfigError

            raise RezConfigError(
                f"there is no setting {options.FIELD!r}", hint="without a name, all are shown"
            ) from None
    caller.out.say(_text(_plain(value), as_json=options.json))
    return 0


def _plain(value: Any) -> Any:
    """The settings of plugins are read piece by piece; here they are all wanted."""
    if hasattr(value, "items"):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _text(value: Any, *, as_json: bool) -> str:
    if not isinstance(value, (dict, list)):
        return str(value)
    if as_json:
        import json

        return json.dumps(value, default=str)
    from rezup.rez_cli.yaml_text import yaml_text

    return yaml_text(value)
