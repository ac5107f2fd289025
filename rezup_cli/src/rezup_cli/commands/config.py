"""``rezup config``: the configuration of Rez, each value with where it came from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from rezup.errors import RezConfigError
from rezup_cli.commands.options import json_option, talk_options

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rezup.runtime.config import Config, Origin
    from rezup_cli.console import Console


@click.command("config")
@click.argument("key", required=False, metavar="[KEY]")
@json_option
@talk_options
@click.pass_obj
def command(console: Console, key: str | None) -> int:
    """Show every setting of Rez, and where its value came from.

    With KEY only the value of that one, such as `packages_path` or
    `plugins.shell.bash.prompt`.
    """
    console.refuse_tail()
    config = console.session().rez_config()
    if key is None:
        found = dict(_all(config))
        lines = [_line(name, entry) for name, entry in found.items()]
    else:
        found = {key: _one(config, key)}
        value = found[key]["value"]
        lines = [value if isinstance(value, str) else json.dumps(value)]
        console.say(f"from {_origins(found[key])}")
    data = {
        "settings": found,
        "files": [{"path": source.path, "found": source.found} for source in config.sources],
        "unknown": [{"key": name, "file": path} for name, path in config.unknown()],
    }
    console.result("config", data, lines)
    if not console.is_json:
        for name, path in config.unknown():
            console.say(f"warning: {path}: there is no setting {name}")
    return 0


def _all(config: Config) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every setting; one that can't be used with its error, so that the others are seen all the same."""
    for key in config:
        for name in _names(config, key) if key == "plugins" else (key,):
            try:
                yield name, _one(config, name)
            except RezConfigError as error:
                yield name, {"value": None, "origins": _plain(config.origins(name)), "error": str(error)}


def _one(config: Config, name: str) -> dict[str, Any]:
    try:
        value = config.lookup(name)
    except KeyError:
        raise _unknown(config, name) from None
    return {"value": _data(value), "origins": _plain(config.origins(name))}


def _names(config: Config, place: str) -> Iterator[str]:
    """The dotted names of all values below a place; of the place itself where they can't be told."""
    try:
        value = config.lookup(place)
    except RezConfigError:
        yield place
        return
    if hasattr(value, "items") and len(value):
        for key in value:
            yield from _names(config, f"{place}.{key}")
    else:
        yield place


def _unknown(config: Config, name: str) -> RezConfigError:
    import difflib

    near = difflib.get_close_matches(name, [*config, *_names(config, "plugins")], n=1)
    return RezConfigError(
        f"there is no setting {name}",
        hint=f"did you mean {near[0]}?" if near else "`rezup config` shows all there are",
    )


def _plain(origins: tuple[Origin, ...]) -> list[dict[str, str | None]]:
    return [{"kind": origin.kind, "name": origin.name or None} for origin in origins]


def _data(value: Any) -> Any:
    """A value as JSON can hold it; a function by its name."""
    if hasattr(value, "items"):
        return {str(key): _data(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_data(inner) for inner in value]
    if isinstance(value, (str, int, float, type(None))):
        return value
    return getattr(value, "__qualname__", None) or str(value)


def _line(name: str, entry: Mapping[str, Any]) -> str:
    value = f"error: {entry['error']}" if "error" in entry else json.dumps(entry["value"], ensure_ascii=False)
    return f"{name} = {value}  # {_origins(entry)}"


def _origins(entry: Mapping[str, Any]) -> str:
    return ", ".join(
        {"machine": "this machine", "variable": f"${each['name']}"}.get(each["kind"])
        or each["name"]
        or each["kind"]
        for each in entry["origins"]
    )
