"""Contexts beside the real Rez: each opens the other's files and says the same of them."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rezup.errors import ContextError, RezupError
from rezup.resolver.version import Version
from rezup.runtime.config import load_config
from rezup.runtime.context import queries
from rezup.runtime.context.bundle import bundle
from rezup.runtime.context.context_file import load, save, to_dict
from rezup.runtime.context.creation import Setting, context_of, with_graph
from rezup.runtime.context.difference import difference, difference_lines, on_path
from rezup.runtime.context.drawing import read_drawing
from rezup.runtime.context.export import exact, portable
from rezup.runtime.context.info import info_lines
from rezup.runtime.context.patching import lock_request, patched_request
from rezup.runtime.context.reproduce import reproduce
from rezup.runtime.context.resolve_graph import dependency_graph, pruned, resolve_graph
from rezup.session.packages.packages import Packages
from support.context_rez import RealRez, edges, fill

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rezup.runtime.config import Config
    from rezup.runtime.context.context import Context
    from rezup.runtime.context.reproduce import Wanted

pytestmark = pytest.mark.conformance

REQUESTS = {
    "plain": "maya",
    "variants": "rig maya",
    "older variants": "rig python-2",
    "rig of 3.9": "rig-1.1 maya-2023",
    "combined": "many-2 site.lib",
    "combined with requirements": "many-1",
    "ephemerals": "toggle .feature-1+<3 .other-2",
    "weak and conflict": "scripts ~maya-2024.1 !toggle bound",
    "no version": "scripts python",
    "hashed": "hash-1 scripts",
    "hashed without its link": "hash python-2",
    "local": "local rig-1.0",
    "bound late": "later maya-2023 .x-1",
    "clashing": "maya-2023 python-3.11",
    "request clashes": "maya-2023 maya-2024",
    "reduced to nothing": "rig-1.1 maya-2023|2024 python-2",
}
SOLVED = [name for name in REQUESTS if name not in
          ("clashing", "request clashes", "reduced to nothing")]  # fmt: skip


class Worlds:
    """Packages, the configuration that both have, Rez, and the contexts it made."""

    def __init__(self, root: Path) -> None:
        self.root = fill(root)
        self.paths = [str(root / "one"), str(root / "two")]
        self.environ = {
            "HOME": str(root), "PATH": os.environ["PATH"], "TZ": "Asia/Kathmandu", "USER": "artist",
            "REZ_PACKAGES_PATH": ":".join(self.paths), "REZ_LOCAL_PACKAGES_PATH": self.paths[1],
            "REZ_DISABLE_HOME_CONFIG": "1", "REZUP_CACHE_DIR": str(root / "cache"),
        }  # fmt: skip
        self.config: Config = load_config(self.environ)
        self.rez = RealRez(self.environ)
        self.files: dict[str, str] = {}

    def ask_rez(self) -> None:
        """Let Rez make the contexts."""
        for name, request in REQUESTS.items():
            path = str(self.root / f"{name.replace(' ', '_')}.rxt")
            answer = self.rez.ask("save", path=path, request=request.split())
            assert answer == ("solved" if name in SOLVED else "failed"), (name, answer)
            self.files[name] = path

    def load(self, name: str) -> Context:
        return load(self.files[name], self.config)

    def resolve(self, request: list[str], **options: Any) -> Context:
        """A context of ours."""
        packages = Packages(self.environ)
        resolved = packages.resolve(request, **options)
        requests = resolved.request[: len(resolved.request) - len(resolved.implicit)]
        return context_of(
            resolved.resolution, resolved.uris, requests=requests, implicit=resolved.implicit,
            setting=Setting(resolved.paths, options.get("time")), config=self.config, now=int(time.time()),
        )  # fmt: skip


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Asia/Kathmandu"
    time.tzset()
    found = Worlds(tmp_path_factory.mktemp("contexts"))
    try:
        found.ask_rez()
        yield found
    finally:
        found.rez.close()
    os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
    time.tzset()


def text(context: Context, config: Config, **options: Any) -> str:
    """What we print of a context."""
    lines = info_lines(context, config, {}, show_ways=False, **options)
    return "".join([f"{line.text}\n" for line in lines])


def shown(context: Context, config: Config) -> dict[str, Any]:
    """The answers that `RealRez` gives to "show", of ours."""
    answer: dict[str, Any] = {
        "info": text(context, config),
        "verbose": text(context, config, verbosity=1),
        "source order": text(context, config, source_order=True),
        "uris": text(context, config, show_uris=True),
        "graph": resolve_graph(context).to_dot(),
    }
    if context.is_solved:
        names = [each.parent.name for each in context.resolved_packages]
        answer |= {
            "all": text(context, config, verbosity=2, source_order=True, show_uris=True),
            "dependencies": dependency_graph(context).to_dot(),
            "pruned": {name: pruned(resolve_graph(context), name).to_dot() for name in names},
            "exact": queries.resolve_as_exact_requests(context),
            "roots": [each.root for each in context.resolved_packages],
            "conflicting": sorted(queries.conflicting_tools(context)),
            "tools": {name: tools for name, (_, tools) in queries.tools(context).items()},
            "asked tools": sorted(queries.tools(context, request_only=True)),
        }
    return answer


def compare(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """All answers; of DOT texts the lines, in any order, and attributes in any order."""
    assert "error" not in theirs, theirs
    for key in ("graph", "dependencies"):
        assert _dot(ours.pop(key, "")) == _dot(theirs.pop(key, "")), key
    ours_pruned, theirs_pruned = ours.pop("pruned", {}), theirs.pop("pruned", {})
    assert {name: edges(each) for name, each in ours_pruned.items()} == {
        name: edges(each) for name, each in theirs_pruned.items()
    }
    assert ours == theirs


def _dot(text: str) -> list[tuple[str, list[str]]]:
    lines = [line.rstrip("];").partition(" [") for line in text.splitlines()]
    return sorted((head.strip(), sorted(tail.split(", "))) for head, _, tail in lines)


@pytest.mark.parametrize("name", REQUESTS)
def test_files_of_rez_are_read_and_shown_alike(worlds: Worlds, name: str) -> None:
    context = worlds.load(name)
    assert to_dict(context) == json.loads(Path(worlds.files[name]).read_text())
    compare(shown(context, worlds.config), worlds.rez.ask("show", path=worlds.files[name]))


@pytest.mark.parametrize("name", REQUESTS)
def test_rez_reads_our_files(worlds: Worlds, name: str, tmp_path: Path) -> None:
    path = str(tmp_path / "ours.rxt")
    context = with_graph(worlds.resolve(REQUESTS[name].split()))
    save(context, path)
    theirs = worlds.rez.ask("show", path=path)
    compare(shown(load(path, worlds.config), worlds.config), theirs)
    rez_made = worlds.load(name)
    assert queries.requested_packages(context, implicit=True) == queries.requested_packages(
        rez_made, implicit=True
    )
    assert [each.uri for each in context.resolved_packages] == [
        each.uri for each in rez_made.resolved_packages
    ]
    if context.is_solved:
        assert edges(resolve_graph(context)) == edges(resolve_graph(rez_made))
    same = to_dict(context)
    for key, value in to_dict(rez_made).items():
        if key not in (
            "created",
            "timestamp",
            "load_time",
            "solve_time",
            "num_loaded_packages",
            "graph",
            "rez_path",
        ):
            assert same[key] == value, key


@pytest.mark.parametrize("name", SOLVED)
def test_a_file_without_a_graph_can_be_used_by_rez(worlds: Worlds, name: str, tmp_path: Path) -> None:
    context = worlds.resolve(REQUESTS[name].split())
    save(context, str(tmp_path / "ours.rxt"))
    assert worlds.rez.ask("resave", path=str(tmp_path / "ours.rxt"), to=str(tmp_path / "theirs.rxt")) is None
    again = load(str(tmp_path / "theirs.rxt"), worlds.config)
    assert to_dict(again) == to_dict(context)


def test_filters_orderers_and_times(worlds: Worlds, tmp_path: Path) -> None:
    path = str(tmp_path / "x.rxt")
    answer = worlds.rez.ask(
        "save", path=path, request=["maya"], timestamp=2550, package_paths=worlds.paths[:1]
    )
    assert answer == "solved"
    document = json.loads(Path(path).read_text())
    document["package_filter"] = [
        {"excludes": ["glob(*.beta)", "range(maya-1)"], "includes": ["range(maya-2)"]}
    ]
    document["package_orderers"] = [{"type": "sorted", "descending": False, "packages": ["maya"]}]
    Path(path).write_text(json.dumps(document))
    compare(shown(load(path, worlds.config), worlds.config), worlds.rez.ask("show", path=path))


@pytest.mark.parametrize("first", ["plain", "rig of 3.9", "variants", "local", "weak and conflict"])
@pytest.mark.parametrize("other", ["plain", "rig of 3.9", "older variants", "ephemerals", "hashed"])
def test_differences(worlds: Worlds, first: str, other: str) -> None:
    names = tuple(os.path.basename(worlds.files[name]) for name in (first, other))
    found = difference(worlds.load(first), worlds.load(other), on_path(worlds.config))
    ours = difference_lines(found, (names[0], names[1]))
    theirs = worlds.rez.ask("diff", paths=[worlds.files[first], worlds.files[other]]).splitlines()
    assert ours[:2] == theirs[:2]
    assert sorted(ours) == sorted(theirs)


def test_contexts_with_other_paths_are_not_compared(worlds: Worlds, tmp_path: Path) -> None:
    path = str(tmp_path / "x.rxt")
    worlds.rez.ask("save", path=path, request=["maya"], package_paths=worlds.paths[:1])
    assert "search paths differ" in worlds.rez.ask("diff", paths=[path, worlds.files["plain"]])["error"]
    with pytest.raises(ContextError, match="can't be compared"):
        difference(load(path, worlds.config), worlds.load("plain"), on_path(worlds.config))


_NAMES = st.sampled_from(["maya", "python", "rig", "scripts", "toggle", "nuke", ".feature"])
_CHANGES = st.lists(
    st.builds(
        lambda kind, name, versions: kind + name + ("" if kind == "^" else versions),
        st.sampled_from(["", "", "!", "~", "^"]), _NAMES, st.sampled_from(["", "-2", "==3.1", "<4", "-1+<2", "-1|3"]),
    ).filter(lambda text: text[:2] not in ("!.", "~.")),
    max_size=5,
)  # fmt: skip


@given(
    name=st.sampled_from(SOLVED), changes=_CHANGES, without=st.lists(_NAMES, max_size=2), strict=st.booleans(),
    rank=st.integers(0, 5),
)  # fmt: skip
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
def test_patched_requests(
    worlds: Worlds, name: str, changes: list[str], without: list[str], strict: bool, rank: int
) -> None:
    theirs = worlds.rez.ask(
        "patch", path=worlds.files[name], changes=changes, without=without, strict=strict, rank=rank
    )
    ours = patched_request(worlds.load(name), changes, without=without, strict=strict, rank=rank)
    assert [text.replace("~~", "~") for text in ours] == theirs


@given(
    version=st.from_regex(r"([0-9a-z]{1,2}([.-][0-9a-z]{1,2}){0,5})?", fullmatch=True),
    lock=st.sampled_from(["no_lock", "lock_2", "lock_3", "lock_4", "lock"]), weak=st.booleans(),
)  # fmt: skip
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_locks(worlds: Worlds, version: str, lock: str, weak: bool) -> None:
    theirs = worlds.rez.ask("lock", name="foo", version=version, lock=lock, weak=weak)
    assert lock_request("foo", Version(version), lock, weak=weak) == theirs


@pytest.mark.parametrize("name", [name for name in SOLVED if name not in ("weak and conflict",)])
def test_rez_opens_our_bundles_after_a_move(worlds: Worlds, name: str, tmp_path: Path) -> None:
    context = worlds.load(name)
    if name in ("older variants", "combined with requirements", "hashed without its link", "local"):
        for variant in context.resolved_packages:  # the payloads that the world lacks
            if variant.root:
                os.makedirs(variant.root, exist_ok=True)
    bundle(context, str(tmp_path / "made"), worlds.config, environ=worlds.environ)
    os.rename(tmp_path / "made", tmp_path / "moved")
    path = str(tmp_path / "moved/context.rxt")
    theirs = worlds.rez.ask("show", path=path)
    ours = load(path, worlds.config)
    compare(shown(ours, worlds.config), theirs)
    assert queries.missing(ours) == []
    assert all(root is None or root.startswith(str(tmp_path / "moved/packages")) for root in theirs["roots"])
    assert all(root is None or os.path.isdir(root) for root in theirs["roots"])
    assert len(theirs["roots"]) == len(context.resolved_packages)


@pytest.mark.parametrize("name", ["plain", "variants", "ephemerals", "hashed"])
def test_we_open_bundles_of_rez_after_a_move(worlds: Worlds, name: str, tmp_path: Path) -> None:
    assert worlds.rez.ask("bundle", path=worlds.files[name], to=str(tmp_path / "made")) is None
    shutil.move(tmp_path / "made", tmp_path / "moved")
    path = str(tmp_path / "moved/context.rxt")
    ours = load(path, worlds.config)
    compare(shown(ours, worlds.config), worlds.rez.ask("show", path=path))
    assert queries.missing(ours) == []
    bundled = to_dict(ours, str(tmp_path / "moved"))["resolved_packages"]
    assert {each["variables"]["location"] for each in bundled} == {"packages"}


def test_what_may_not_be_moved(worlds: Worlds, tmp_path: Path) -> None:
    path = worlds.files["weak and conflict"]
    assert "non-relocatable" in worlds.rez.ask("bundle", path=path, to=str(tmp_path / "theirs"))["error"]
    with pytest.raises(ContextError, match=r"bound-1 can't be put into a bundle"):
        bundle(worlds.load("weak and conflict"), str(tmp_path / "ours"), worlds.config)
    for option in ("skip_non_relocatable", "force"):
        theirs, ours = tmp_path / f"theirs {option}", tmp_path / f"ours {option}"
        assert worlds.rez.ask("bundle", path=path, to=str(theirs), **{option: True}) is None
        bundle(worlds.load("weak and conflict"), str(ours), worlds.config, **{option: True})
        places = [
            [os.path.relpath(each.root or "", root).split("/")[0]
             for each in load(str(root / "context.rxt"), worlds.config).resolved_packages]
            for root in (theirs, ours)
        ]  # fmt: skip
        assert places[0] == places[1]


@pytest.mark.parametrize("name", SOLVED)
@pytest.mark.parametrize("kind", [exact, portable])
def test_exported_contexts_resolve_to_the_same(worlds: Worlds, name: str, kind: Any) -> None:
    document = json.loads(json.dumps(kind(worlds.load(name))))

    def resolve(wanted: Wanted) -> Context:
        options: dict[str, Any] = {"time": wanted.time, "building": wanted.building}
        if wanted.packages_path is not None:
            options["paths"] = wanted.packages_path
        return worlds.resolve(list(wanted.request), implicit=wanted.implicit is None, **options)

    found = reproduce(document, resolve)
    assert found.deviations == ()
    assert [each.uri for each in found.context.resolved_packages] == [
        each.uri for each in worlds.load(name).resolved_packages
    ]


def test_a_graph_in_dot_is_read(worlds: Worlds) -> None:
    for name in REQUESTS:
        answer = worlds.rez.ask("show", path=worlds.files[name])
        assert edges(answer["graph"]) == edges(resolve_graph(worlds.load(name)))
        assert read_drawing(answer["graph"]).nodes


#: The keys that came with each version of the format, newest first.
SINCE = {
    "4.9": ["testing"], "4.8": ["package_cache_async"], "4.7": [], "4.6": ["resolved_ephemerals"],
    "4.5": ["package_caching"], "4.4": ["append_sys_path"], "4.3": ["num_loaded_packages"],
    "4.2": ["package_orderers"], "4.1": ["package_filter"], "4.0": ["from_cache"],
    "3": ["default_patch_lock", "patch_locks"], "2": ["parent_suite_path", "suite_context_name"],
    "1": ["requested_timestamp"], "0": [],
}  # fmt: skip


@pytest.mark.parametrize("version", SINCE)
@pytest.mark.parametrize("name", ["variants", "combined", "no version", "clashing"])
def test_files_of_older_versions(worlds: Worlds, version: str, name: str, tmp_path: Path) -> None:
    data = json.loads(Path(worlds.files[name]).read_text())
    for newer, keys in SINCE.items():
        if newer == version:
            break
        for key in keys:
            del data[key]
    data["serialize_version"] = version
    path = tmp_path / "old.rxt"
    if version[0] == "4":
        path.write_text(json.dumps(data))
    else:
        for handle in data["resolved_packages"]:
            kind = "package" if handle.pop("key") == "filesystem.variant" else handle["variables"]["name"]
            handle["path"] = f"/old/{kind}.py"
            handle["variables"]["search_path"] = handle["variables"].pop("location")
        data["graph"] = read_drawing(data["graph"]).to_dot()
        path.write_text(yaml.safe_dump(data))
    theirs = worlds.rez.ask("show", path=str(path))
    if name == "combined" and version[0] != "4":
        assert "error" in theirs  # Rez looks for a file without suffix
        found = queries.resolved_package(load(str(path), worlds.config), "many")
        assert found is not None
        assert found.uri == f"{worlds.paths[0]}/many.py<2>[]"
    elif name == "clashing" and version[0] != "4":
        # Rez does not know its own marks again in DOT, and says less.
        ours = text(load(str(path), worlds.config), worlds.config)
        assert ours.replace("Resolve paths starting from initial requests to conflict:", "") == theirs["info"]
        assert edges(resolve_graph(load(str(path), worlds.config))) == edges(theirs["graph"])
    else:
        compare(shown(load(str(path), worlds.config), worlds.config), theirs)


def test_the_ways_to_a_clash_right_after_the_resolve(worlds: Worlds, tmp_path: Path) -> None:
    theirs = worlds.rez.ask("fresh", path=str(tmp_path / "x.rxt"), request=REQUESTS["clashing"].split())
    lines = info_lines(load(str(tmp_path / "x.rxt"), worlds.config), worlds.config, {})
    assert [line.text for line in lines] == theirs.splitlines()
    ours = info_lines(worlds.resolve(REQUESTS["clashing"].split()), worlds.config, {})
    assert [line.text for line in ours][5:] == theirs.splitlines()[5:]


def test_what_rez_refuses_we_refuse(worlds: Worlds, tmp_path: Path) -> None:
    document = json.loads(Path(worlds.files["plain"]).read_text())
    for key in ("status", "resolved_packages", "package_requests", "timestamp", "serialize_version"):
        path = tmp_path / "x.rxt"
        path.write_text(json.dumps({name: value for name, value in document.items() if name != key}))
        assert "error" in worlds.rez.ask("show", path=str(path)), key
        with pytest.raises(RezupError):
            load(str(path), worlds.config)
