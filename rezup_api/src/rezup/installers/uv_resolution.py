"""What goes together, by uv: ``uv pip compile`` into its own lock, made ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.installers.distributions import url_path
from rezup.installers.requirements import write_requirements
from rezup.installers.resolution import no_wheel
from rezup.installers.sources import keep_wheel
from rezup.lockfiles.normalising import from_uv, local_wheels, sources
from rezup.lockfiles.selection import uncovered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from rezup.installers.resolution import Question
    from rezup.lockfiles.document import Source
    from rezup.lockfiles.lock import Lock, LockedPackage, Origin, Wheel


def resolve(
    compile_: Callable[[Sequence[str], Mapping[str, str]], None],
    question: Question,
    folder: Path,
    *,
    from_source: frozenset[str],
    secrets: Sequence[str] = (),
) -> tuple[LockedPackage, ...]:
    """The answer to a question.

    :param compile_: runs ``uv pip compile`` with these arguments and variables
    :param folder: for the files between uv and us
    :param from_source: names of what is not to be taken as a wheel; ":all:" is everything
    :raises ProcessError: uv failed
    :raises LockError: there is no wheel of something
    """
    asked = write_requirements(question.packages, folder / "requirements.in", secrets)
    answer = folder / "pylock.toml"
    # A source in edit mode may have to be built to tell what it needs.
    may_build = question.sdists or from_source or any(each.editable for each in question.packages)
    _write_kept(answer, question.kept)
    arguments = [
        str(folder / "requirements.in"), "--format", "pylock.toml", "--output-file", str(answer),
        "--python-version", _python(question), *(["--universal"] if question.is_universal else ()),
        # With an exception, uv can't be told; what has no wheel is then found below.
        *([] if may_build else ["--only-binary", ":all:"]),
    ]  # fmt: skip
    compile_(arguments, asked.environment)
    data = answer.read_bytes()
    answer.unlink()
    return _settled(data, question, folder, from_source)


def _python(question: Question) -> str:
    return ".".join(map(str, question.interpreter.release))


def _write_kept(path: Path, kept: Mapping[str, str]) -> None:
    """What uv takes for its own earlier answer, whose versions it prefers."""
    path.unlink(missing_ok=True)
    if kept:
        entries = [
            f'[[packages]]\nname = "{name}"\nversion = "{version}"\n' for name, version in kept.items()
        ]
        head = 'lock-version = "1.0"\ncreated-by = "rezup"\n'
        path.write_text("\n".join([head, *entries]), encoding="utf-8")


def _settled(
    data: bytes, question: Question, folder: Path, from_source: frozenset[str]
) -> tuple[LockedPackage, ...]:
    """The packages, with what had to be built, and with the wheels of local folders beside the lock."""
    known = {key: _found_from(folder, source) for key, source in sources(data).items()}
    edited = {name for (name, _), source in known.items() if source.editable}
    built: dict[str, tuple[Wheel, Origin]] = {
        name: (package.wheels[0], package.origin)
        for name, package in question.built.items()
        if package.origin is not None
    }
    lock = from_uv(
        data, python=_python(question), implementation=question.interpreter.implementation,
        platforms=question.platforms, built=built,
    )  # fmt: skip
    lock = lock._replace(packages=tuple(p for p in lock.packages if p.name not in edited))
    packages, local = _with_built(lock, question, known, from_source), local_wheels(data)
    for package in packages:
        for wheel in package.wheels:
            place = local.get(wheel.sha256)
            if wheel.url is None and place is not None and not (question.wheels / wheel.name).is_file():
                keep_wheel(url_path(place) or folder / place, question.wheels)
    return packages


def _found_from(folder: Path, source: Source) -> Source:
    """The source by its whole path; uv names what is local relative to its answer."""
    if "://" in source.place or source.place.startswith("file:"):
        return source
    return source._replace(place=str(folder / source.place))


def _with_built(
    lock: Lock, question: Question, known: Mapping[tuple[str, str], Source], from_source: frozenset[str]
) -> tuple[LockedPackage, ...]:
    """The packages of a lock; what has no wheel somewhere is built."""
    lacking: dict[LockedPackage, str] = {}
    for gap in uncovered(lock, lock.platforms):
        lacking.setdefault(gap.package, gap.platform)
    packages = []
    for package in lock.packages:
        is_forced = _is_forced(package, question, from_source)
        if package not in lacking and not is_forced:
            packages.append(package)
            continue
        source = known.get((package.name, package.version)) or known.get((package.name, ""))
        may = source is not None and (source.kind != "sdist" or question.sdists or is_forced)
        if source is None or not may:
            raise no_wheel(
                f"{package.name} {package.version}".rstrip(), lacking.get(package, question.platforms[0]),
                is_source_there=source is not None,
            )  # fmt: skip
        made = question.build(_requirement(package.name, source), "")
        wheels = made.wheels if is_forced else tuple(sorted({*package.wheels, *made.wheels}))
        packages.append(made._replace(wheels=wheels, marker=package.marker))
    whole = lock._replace(packages=tuple(packages))
    for gap in uncovered(whole, lock.platforms):
        raise no_wheel(f"{gap.package.name} {gap.package.version}", gap.platform, is_source_there=False)
    return whole.packages


def _is_forced(package: LockedPackage, question: Question, from_source: frozenset[str]) -> bool:
    return package.name not in question.built and bool(from_source & {package.name, ":all:"})


def _requirement(name: str, source: Source) -> str:
    """What asks pip for a source that uv found."""
    place = source.place
    if "://" not in place and not place.startswith("file:"):
        return place
    if source.kind == "vcs":
        place = f"git+{place.removeprefix('git+').partition('#')[0]}@{source.commit}"
    return f"{name} @ {place}" + (f"#subdirectory={source.subdirectory}" if source.subdirectory else "")
