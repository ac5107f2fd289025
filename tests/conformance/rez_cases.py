"""What Rez's own tests ask of its solver, as tables: packages, requests and what comes of them.

``python tests/conformance/rez_cases.py`` asks the Rez that is installed for every order of every request, in
both modes, and writes ``data/cases-rez-VERSION.json`` (a few seconds)::

    {"rez": "3.4.0", "answers": {"version_priority": {"GROUP": {"REQUEST": [kind, packages, ephemerals, text, phases]}}}}

A line of a table is a request and what it is answered with: packages in order (``name-version[variant]``) and ephemerals
sorted behind them, or a word: ``failed``, ``cycle``, or the name of an error.
"""

from __future__ import annotations

import json
import os
import re
import sys
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    os.environ.update(REZ_DISABLE_HOME_CONFIG="1", REZ_CONFIG_FILE="")

from support.resolve_worlds import Package, ResolveWorld, Settings, rez

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = Path(__file__).parent / "data"
MODES = ("version_priority", "intersection_priority")


def packages_of(table: str) -> tuple[Package, ...]:
    """Packages from lines ``name-version @timestamp: requires | variant | variant + build requires``."""
    found = []
    for line in filter(None, map(str.strip, table.splitlines())):
        head, _, rest = line.partition(":")
        title, _, time = head.partition(" @")
        name, _, version = title.partition("-")
        rest, _, building = rest.partition(" + ")
        requires, *variants = (tuple(part.split()) for part in rest.split("|"))
        found.append(
            Package(name, version, requires, tuple(variants), tuple(building.split()), int(time or 0))
        )
    return tuple(found)


SOLVER = packages_of("""
    python-2.5.2
    python-2.6.0
    python-2.6.8
    python-2.7.0
    nada
    nopy-2.1: !python-2.5
    bahish-1: !pybah-4
    bahish-2: pybah-5
    pybah-4: python-2.6 .eek-1
    pybah-5: python-2.5
    pyfoo-3.0.0: python-2.5 .eek-3+
    pyfoo-3.1.0: python-2.6
    pyodd-1: pyfoo
    pyodd-2: pybah
    pysplit-5
    pysplit-6: python-2.6
    pysplit-7: python-2.7
    pyvariants-2: | python-2.7.0 | python-2.6.8 nada | python-2.6.8 | nada
    pymum-1: pydad-1
    pymum-2: pydad-2
    pymum-3: pydad-3
    pydad-1: pyson-1
    pydad-2: pyson-2
    pydad-3: pymum-3
    pyson-1: pymum-1
    pyson-2: pymum-3
    missing_variant_requires-1: | noexist | nada
    test_variant_split_start-1.0: | test_variant_split_mid1-1 | test_variant_split_mid2-2
    test_variant_split_start-2.0: | test_variant_split_mid1-2 | test_variant_split_mid2-2
    test_variant_split_mid1-1.0: | test_variant_split_end-2 | test_variant_split_end-1
    test_variant_split_mid1-2.0: | test_variant_split_end-2 | test_variant_split_end-4
    test_variant_split_mid2-1.0: | test_variant_split_end-3 | test_variant_split_end-1
    test_variant_split_mid2-2.0: | test_variant_split_end-1 | test_variant_split_end-3
    test_variant_split_end-1.0: | !test_variant_split_mid2 | !test_variant_split_start-2
    test_variant_split_end-2.0: | !test_variant_split_start | !test_variant_split_mid1
    test_variant_split_end-3.0: | !test_variant_split_start | !test_variant_split_mid2
    test_variant_split_end-4.0: | !test_variant_split_start | !test_variant_split_mid1
    test_weakly_reference_requires-2.0: ~test_variant_split_mid1 ~test_variant_split_mid2
    test_weakly_reference_variant-2.0: ~pyfoo | test_variant_split_mid1 ~test_variant_split_mid2-1..3
""")

RELEASED = packages_of("""
    timestamped-1.0.5 @1000
    timestamped-1.0.6 @2000
    timestamped-1.1.0 @3000
    timestamped-1.1.1 @4000
    timestamped-1.2.0 @5000
    timestamped-2.0.0 @6000
    timestamped-2.1.0 @7000
    timestamped-2.1.5 @8000
""")

BUILT = packages_of("""
    python-2.7.0
    build_util-1
    floob-1.2.0
    foo-1.0.0: + floob
    foo-1.1.0: + floob
    bah-2.1: | foo-1.0 | foo-1.1
    anti-1.0.0: floob !loco
    loco-3: foo-1.0 foo-1.1
    translate_lib-2.2.0
    sup_world-3.8: translate_lib-2.2
""")


class Group(NamedTuple):
    """Requests in one world."""

    title: str
    packages: tuple[Package, ...]
    settings: Settings
    table: str

    def cases(self) -> list[tuple[tuple[str, ...], list[str]]]:
        """(request, words of the answer)."""
        lines = [line.partition("->") for line in self.table.strip().splitlines()]
        return [(tuple(request.split()), answer.split()) for request, _, answer in lines]

    def orders(self) -> Iterator[tuple[str, ...]]:
        """Each request in every order."""
        return (order for request, _ in self.cases() for order in permutations(request))

    def world(self, request: tuple[str, ...], mode: str) -> ResolveWorld:
        """What is asked of both."""
        return ResolveWorld((self.packages,), request, self.settings._replace(mode=mode))


PLAIN = """
    .foo-1                       -> .foo-1
    nada                         -> nada
    !nada                        ->
    ~nada                        ->
    python                       -> python-2.7.0
    ~python                      ->
    ~python-2+                   ->
    !python                      ->
    !python-2.5                  ->
    nada ~nada                   -> nada
    nopy                         -> nopy-2.1
    python-2.6                   -> python-2.6.8
    python-2.6 !python-2.6.8     -> python-2.6.0
    python-2.6 python-2.6.5+     -> python-2.6.8
    python python-0+<2.6         -> python-2.5.2
    python python-0+<2.6.8       -> python-2.6.0
    python ~python-2.7+          -> python-2.7.0
    !python-2.6+ python          -> python-2.5.2
    nada nopy                    -> nada nopy-2.1
    pyfoo                        -> python-2.6.8 pyfoo-3.1.0
    pyfoo-3.0                    -> python-2.5.2 pyfoo-3.0.0 .eek-3+
    pyfoo-3.0 .eek-4.5           -> python-2.5.2 pyfoo-3.0.0 .eek-4.5
    pybah                        -> python-2.5.2 pybah-5
    nopy python                  -> nopy-2.1 python-2.7.0
    pybah !python-2.5            -> python-2.6.8 pybah-4 .eek-1
    pybah !python-2.5 python<2.6.8 -> python-2.6.0 pybah-4 .eek-1
    python pybah                 -> python-2.6.8 pybah-4 .eek-1
    python pyodd                 -> python-2.6.8 pybah-4 pyodd-2 .eek-1
    pybah pyodd                  -> python-2.5.2 pybah-5 pyodd-2
    pysplit python-2.5           -> pysplit-5 python-2.5.2
    ~python<2.6 pysplit          -> pysplit-5
    python bahish pybah          -> python-2.5.2 pybah-5 bahish-2
    .foo-2.5+ .foo-2             -> .foo-2.5+<2_
    pyvariants python            -> python-2.7.0 pyvariants-2[0]
    pyvariants python nada       -> python-2.7.0 pyvariants-2[0] nada
    pyvariants !nada             -> python-2.7.0 pyvariants-2[0]
"""

REFUSED = """
    nada !nada                   -> failed
    python-2.6 ~python-2.7       -> failed
    pyfoo nada !nada             -> failed
    .foo-1 .foo-2                -> failed
    pybah !python                -> failed
    pyfoo-3.1 python-2.7+        -> failed
    pyodd<2 python-2.7           -> failed
    nopy python-2.5.2            -> failed
    bahish pybah<5               -> failed
    pybah-4 pyfoo-3.0            -> failed
    pymum-1                      -> cycle
    pydad-1                      -> cycle
    pyson-1                      -> cycle
    pymum-3                      -> cycle
    pydad-3                      -> cycle
    pymum-2                      -> failed
"""

SPLIT = """
    test_variant_split_start -> test_variant_split_end-1.0[1] test_variant_split_mid2-2.0[0] test_variant_split_start-1.0[1]
    test_weakly_reference_requires test_variant_split_mid2-2 -> test_weakly_reference_requires-2.0 test_variant_split_end-3.0[0] test_variant_split_mid2-2.0[1]
    test_weakly_reference_variant-2.0 test_variant_split_mid2-2 pyfoo -> test_variant_split_end-1.0[1] test_variant_split_mid1-1.0[1] test_weakly_reference_variant-2.0[0] test_variant_split_mid2-2.0[0] python-2.6.8 pyfoo-3.1.0
"""

BUILDING = """
    build_util python            -> build_util-1 python-2.7.0
    build_util python floob      -> build_util-1 python-2.7.0 floob-1.2.0
    build_util python foo-1.0    -> build_util-1 python-2.7.0 floob-1.2.0 foo-1.0.0
    build_util python foo-1.1    -> build_util-1 python-2.7.0 floob-1.2.0 foo-1.1.0
    bah build_util               -> floob-1.2.0 foo-1.1.0 bah-2.1[1] build_util-1
    build_util python floob !loco -> build_util-1 python-2.7.0 floob-1.2.0
    anti loco                    -> ContradictoryPackageError
    loco                         -> ContradictoryPackageError
    foo-1.0 foo-1.1              -> failed
    sup_world                    -> translate_lib-2.2.0 sup_world-3.8
"""

NOT_BUILDING = """
    bah build_util               -> foo-1.1.0 bah-2.1[1] build_util-1
    foo-1.0                      -> foo-1.0.0
    anti                         -> floob-1.2.0 anti-1.0.0
    anti foo                     -> floob-1.2.0 anti-1.0.0 foo-1.1.0
"""


def _split(version: str, *packages: str) -> dict[str, Any]:
    named = {"packages": list(packages)} if packages else {}
    return {"type": "version_split", "first_version": version, **named}


def _of_python(orderer: dict[str, Any]) -> Settings:
    return Settings(orderers=({"type": "per_family", "orderers": [{**orderer, "packages": ["python"]}]},))


def _soft(timestamp: int, rank: int = 0) -> Settings:
    return Settings(orderers=({"type": "soft_timestamp", "timestamp": timestamp, "rank": rank},))


LATEST = "timestamped -> timestamped-{}"

GROUPS = [
    Group("plain", SOLVER, Settings(), PLAIN),
    Group("refused", SOLVER, Settings(), REFUSED),
    Group("variants in turn", SOLVER, Settings(), SPLIT),
    Group(
        "most in common first", SOLVER, Settings(mode="intersection_priority"),
        "pyvariants python      -> python-2.7.0 pyvariants-2[0]\n"
        "pyvariants python nada -> python-2.6.8 nada pyvariants-2[1]",
    ),
    Group("a missing family is an error", SOLVER, Settings(), "missing_variant_requires -> PackageFamilyNotFoundError"),
    Group(
        "a missing family is passed over", SOLVER, Settings(missing_is_error=False),
        "missing_variant_requires -> nada missing_variant_requires-1[1]",
    ),
    Group(
        "an orderer decides between variants", SOLVER, _of_python(_split("2.6.8")),
        "pyvariants !nada -> python-2.6.8 pyvariants-2[2]\npython -> python-2.6.8",
    ),
    Group(
        "an orderer for all", SOLVER, Settings(orderers=(_split("2.6.8"),)),
        "python -> python-2.6.8\npython pyfoo -> python-2.6.8 pyfoo-3.1.0",
    ),
    Group("an orderer for one", SOLVER, Settings(orderers=(_split("2.6.8", "python"),)), "python -> python-2.6.8"),
    Group("an orderer for another", SOLVER, Settings(orderers=(_split("2.6.8", "pyfoo"),)), "python -> python-2.7.0"),
    Group("the oldest first", SOLVER, _of_python({"type": "sorted", "descending": False}), "python nopy -> python-2.6.0 nopy-2.1"),
    Group("soon after", RELEASED, _soft(3001), LATEST.format("1.1.0")),
    Group("soon after, patches too", RELEASED, _soft(3001, 3), LATEST.format("1.1.1")),
    Group("long after", RELEASED, _soft(7001, 3), LATEST.format("2.1.5")),
    Group("before all", RELEASED, _soft(0, 3), LATEST.format("1.0.6")),
    Group("as of then", RELEASED, Settings(timestamp=6999), LATEST.format("2.0.0")),
    Group("as of that second", RELEASED, Settings(timestamp=7000), LATEST.format("2.1.0")),
    Group("as of before", RELEASED, Settings(timestamp=999), "timestamped -> PackageNotFoundError"),
    Group(
        "filtered by a glob", RELEASED, Settings(filters=({"excludes": ["glob(timestamped-*.5)"]},)),
        f"{LATEST.format('2.1.0')}\ntimestamped<1.0.6 -> PackageNotFoundError",
    ),
    Group("filtered by a pattern", RELEASED, Settings(filters=({"excludes": ["regex(timestamped-[2].*)"]},)), LATEST.format("1.2.0")),
    Group("filtered by a range", RELEASED, Settings(filters=({"excludes": ["range(timestamped-1.1+)"]},)), LATEST.format("1.0.6")),
    Group(
        "filtered, and let in", RELEASED, Settings(filters=({"excludes": ["glob(*.5)"], "includes": ["range(timestamped-2)"]},)),
        LATEST.format("2.1.5"),
    ),
    Group(
        "filtered twice", RELEASED, Settings(filters=({"excludes": ["*.0"]}, {"excludes": ["*-2.*"], "includes": ["pymum"]})),
        LATEST.format("1.1.1"),
    ),
    Group("building", BUILT, Settings(building=True), BUILDING),
    Group("not building", BUILT, Settings(), NOT_BUILDING),
]  # fmt: skip


def main() -> None:
    """Ask Rez, and write what it says."""
    import rez as package

    answers = {
        mode: {
            group.title: {" ".join(order): rez(group.world(order, mode)) for order in group.orders()}
            for group in GROUPS
        }
        for mode in MODES
    }
    assert None not in [
        found for groups in answers.values() for each in groups.values() for found in each.values()
    ]
    text = json.dumps({"rez": package.__version__, "answers": answers}, separators=(",", ":"))
    path = DATA / f"cases-rez-{package.__version__}.json"
    path.write_text(
        re.sub(r'(?<=\d]),(?=")', ",\n", text) + "\n", encoding="utf-8"
    )  # a line for each request


if __name__ == "__main__":
    main()
