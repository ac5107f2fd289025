"""The environment that actions lead to, without a shell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.runtime.rex.expansion import with_home, with_variables
from rezup.shells.actions import Appendenv, Prependenv, Refer, Resetenv, Setenv, Unsetenv

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rezup.shells.actions import Action


def changes_of(actions: Iterable[Action], parent: Mapping[str, str], home: str = "") -> dict[str, str]:
    """The variables that actions give a value, as Rez's `get_environ` has them.

    :param parent: the environment that they are applied to
    :param home: what ``~`` stands for
    """
    environ: dict[str, str] = {}

    def expanded(text: str) -> str:
        if "$" in text:
            text = with_variables(with_variables(text, environ), parent)
        return with_home(text, home)

    for each in actions:
        if isinstance(each, (Setenv, Resetenv)):
            name = expanded(each.name)
            environ[name] = str(each.value.formatted(expanded))
        elif isinstance(each, Prependenv):
            environ[each.name] = str(each.value.formatted(expanded)) + each.separator + environ[each.name]
        elif isinstance(each, Appendenv):
            environ[each.name] += each.separator + str(each.value.formatted(expanded))
        elif isinstance(each, Unsetenv):
            environ.pop(expanded(each.name), None)
        elif isinstance(each, Refer):
            environ.setdefault(expanded(each.name), parent.get(expanded(each.name), ""))
    return environ


def adjusted(environ: Mapping[str, str], parent: Mapping[str, str], platform: str) -> dict[str, str]:
    """An environment that programs can start in: on Windows they need the system's own folder."""
    made = dict(environ)
    if platform == "windows" and "SYSTEMROOT" not in made and "SYSTEMROOT" in parent:
        made["SYSTEMROOT"] = parent["SYSTEMROOT"]
    return made
