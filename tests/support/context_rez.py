"""The real Rez asked about contexts, and worlds of packages for it and for us.

Run as a program it answers questions, one line of JSON for each on stdin.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: Versions, variants (plain, hashed, one within another), a combined file, ephemerals, tools that clash, no version.
FILES = {
    "one/python/2.7/package.py": "timestamp = 1000\ntools = ['python', 'pip']",
    "one/python/3.9.1/package.py": "timestamp = 2000\ntools = ['python', 'pip']",
    "one/python/3.11.4.1/package.py": "timestamp = 3000\ntools = ['python']",
    "one/maya/2023/package.py": "requires = ['python-3.9']\ntimestamp = 1500\ntools = ['maya']",
    "one/maya/2024.1/package.py": "requires = ['python-3', 'python-3.11']\ntimestamp = 2500",
    "one/maya/2024.2/package.yaml": "requires: [python-3.11]\ntools: [maya, mayapy]\ntimestamp: 2600",
    "one/rig/1.0/package.py": "variants = [['python-2.7'], ['python-3.9'], ['python-3.11']]\ntools = ['rig']",
    "one/rig/1.1/package.py": "requires = ['maya']\nvariants = [['python-3.9', 'maya-2023'], ['maya-2024', 'python-3']]",
    "one/rig/1.1/maya-2024/python-3/bin/rig": "#!/bin/sh\n",
    "one/rig/1.1/python-3.9/maya-2023/bin/rig": "#!/bin/sh\n",
    "one/rig/1.0/python-3.11/readme": "rig",
    "one/scripts/package.py": "requires = ['python-3', '!maya-2023']\ntools = ['rig', 'go']",
    "one/many.py": "versions = ['1', '2']\nversion_overrides = {'1': {'requires': ['python-2']}}",
    "one/toggle/1/package.py": "requires = ['.feature-1+']",
    "one/hash/1/package.py": "hashed_variants = True\nvariants = [['python-2'], ['python-3', 'scripts']]",
    "one/bound/1/package.py": "relocatable = False\nrequires = ['~maya-2024']",
    "one/later/1/package.py": "@late()\ndef tools():\n    return [str('maya' in request), str(testing), ephemerals.get('x', '')]",
    "one/site.lib/1.0/package.py": "requires = ['python']",
    "two/local/1.0/package.py": "requires = ['python']",
    "two/local/1.1/package.py": "requires = ['python']",
}  # fmt: skip


def fill(root: Path) -> Path:
    """Write the packages below a folder, and give the hashed one its payload and short link."""
    from hashlib import sha1

    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        family = name.split("/")[1].removesuffix(".py")
        is_definition = path.suffix in (".py", ".yaml")
        heads = [f"name = {family!r}"] if path.suffix == ".py" else [f"name: {family}"]
        if name.count("/") == 3:
            version = name.split("/")[2]
            heads.append(f"version = {version!r}" if path.suffix == ".py" else f"version: '{version}'")
        path.write_text("\n".join([*heads, text, ""]) if is_definition else text, encoding="utf-8")
    folder = root / "one/hash/1"
    digest = sha1(str(["python-3", "scripts"]).encode(), usedforsecurity=False).hexdigest()
    (folder / digest).mkdir()
    (folder / digest / "data").write_text("of the hashed one", encoding="utf-8")
    (folder / digest / "inner").symlink_to(folder / digest / "data")
    (folder / "_v").mkdir()
    (folder / "_v/a").symlink_to(f"../{digest}")
    return root


class RealRez:
    """A process of Rez that answers until it is closed."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", __file__],
            env=dict(environ), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def ask(self, what: str, **details: Any) -> Any:
        """The answer to one question; a failure of Rez is ``{"error": …}``."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"what": what, **details}) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()
        assert self._process.wait(60) == 0


def edges(dot_or_drawing: Any) -> list[tuple[str, str, str]]:
    """A graph as the labels of the ends of its edges, and their own."""
    from rezup.runtime.context.drawing import Drawing, read_drawing

    drawing = dot_or_drawing if isinstance(dot_or_drawing, Drawing) else read_drawing(dot_or_drawing)
    return sorted(
        (drawing.label(source), drawing.label(target), str(found.get("label", "")))
        for (source, target), found in drawing.edges.items()
    )


def _shown(context: Any) -> dict[str, Any]:
    from rez.utils.graph_utils import prune_graph

    def printed(**options: Any) -> str:
        stream = io.StringIO()
        context.print_info(buf=stream, **options)
        return stream.getvalue()

    answer: dict[str, Any] = {
        "info": printed(),
        "verbose": printed(verbosity=1),
        "source order": printed(source_order=True),
        "uris": printed(show_resolved_uris=True),
        "graph": context.graph(as_dot=True),
    }
    if context.success:
        names = [each.name for each in context.resolved_packages]
        answer |= {
            "all": printed(verbosity=2, source_order=True, show_resolved_uris=True),
            "dependencies": context.get_dependency_graph(as_dot=True),
            "pruned": {name: prune_graph(context.graph(as_dot=True), name) for name in names},
            "exact": list(map(str, context.get_resolve_as_exact_requests())),
            "roots": [each.root for each in context.resolved_packages],
            "conflicting": sorted(context.get_conflicting_tools()),
            "tools": {name: list(tools) for name, (_, tools) in context.get_tools().items()},
            "asked tools": sorted(context.get_tools(request_only=True)),
        }
    return answer


def _answer(question: dict[str, Any]) -> Any:
    from rez.resolved_context import PatchLock, ResolvedContext, get_lock_request
    from rez.utils.formatting import PackageRequest
    from rez.version import Version

    match question.pop("what"):
        case "save":
            path = question.pop("path")
            context = ResolvedContext(question.pop("request"), **question)
            context.save(path)
            return context.status.name
        case "fresh":
            path = question.pop("path")
            context = ResolvedContext(question.pop("request"), **question)
            context.save(path)
            stream = io.StringIO()
            context.print_info(buf=stream)
            return stream.getvalue()
        case "show":
            return _shown(ResolvedContext.load(question["path"]))
        case "resave":
            ResolvedContext.load(question["path"]).save(question["to"])
            return None
        case "patch":
            context = ResolvedContext.load(question["path"])
            # Those with "^" must be texts, the others must not be, or Rez fails on ranks.
            changes = [each if each.startswith("^") else PackageRequest(each) for each in question["changes"]]
            found = context.get_patched_request(
                changes, question["without"], strict=question["strict"], rank=question["rank"]
            )
            return list(map(str, found))
        case "lock":
            found = get_lock_request(
                question["name"], Version(question["version"]), PatchLock[question["lock"]], question["weak"]
            )
            return None if found is None else str(found)
        case "diff":
            first, other = (ResolvedContext.load(path) for path in question["paths"])
            stream = io.StringIO()
            before, sys.stdout = sys.stdout, stream
            try:
                first.print_resolve_diff(other, True)
            finally:
                sys.stdout = before
            return stream.getvalue()
        case "bundle":
            from rez.bundle_context import bundle_context

            context = ResolvedContext.load(question.pop("path"))
            bundle_context(context, question.pop("to"), quiet=True, patch_libs=False, **question)
            return None
        case other:
            raise ValueError(other)


if __name__ == "__main__":
    sys.stdout, out = sys.stderr, sys.stdout
    for line in sys.stdin:
        try:
            reply = _answer(json.loads(line))
        except Exception as failure:  # noqa: BLE001 - whatever Rez raises is its answer
            reply = {"error": f"{type(failure).__name__}: {failure}"}
        out.write(json.dumps(reply) + "\n")
        out.flush()
    os._exit(0)
