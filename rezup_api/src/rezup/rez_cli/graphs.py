"""Graphs for somebody to look at: as text, since a display is not what this runtime brings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rezup.errors import ContextError

if TYPE_CHECKING:
    from rezup.rez_cli.caller import Caller


def show_graph(dot: str, caller: Caller, path: str | None = None) -> int:
    """Print a graph, or write it to a file.

    :param path: a file; its name ends in ``.dot`` or ``.gv``, as pictures take Graphviz
    :raises ContextError: the name ends otherwise, or the file can't be written
    """
    if path is None:
        caller.out.say(dot)
        caller.err.say(
            "this is the graph as text; a picture of it is made by Graphviz: | dot -Tsvg > graph.svg"
        )
        return 0
    if not path.endswith((".dot", ".gv")):
        raise ContextError(
            f"{path} can't be written",
            context="pictures of graphs are made by Graphviz, which is no part of this runtime",
            hint="write a file in .dot, and run `dot -Tsvg` on it",
        )
    try:
        Path(path).write_text(f"{dot}\n", encoding="utf-8")
    except OSError as error:
        raise ContextError(f"{path} can't be written", context=error.strerror) from error
    return 0
