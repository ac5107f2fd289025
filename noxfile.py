"""The checks of both distributions: ``python -m nox``, or one of them with ``-s NAME``."""

from __future__ import annotations

import shutil

import nox

PYTHONS = ["3.10", "3.11", "3.12", "3.13"]

nox.needs_version = ">=2025.2"
# virtualenv and pip obey pip's configuration, thus an internal index; uv would not.
nox.options.default_venv_backend = "virtualenv"
nox.options.sessions = ["lint", "tests"]


def install(session: nox.Session, *groups: str) -> None:
    """Install both distributions in edit mode, and groups of development dependencies."""
    session.install("--upgrade", "pip >= 25.1")  # the first with --group
    options = [word for group in groups for word in ("--group", group)]
    session.install("--editable", "./rezup_api", "--editable", "./rezup_cli", *options)


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the default selection; arguments after ``--`` are for pytest."""
    install(session, "test", "build")  # tests of upgrades build wheels of this checkout
    session.run("python", "-m", "pytest", *(session.posargs or ["-n", "auto"]))


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, formatting and types."""
    install(session, "lint", "test")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")


@nox.session
def integration(session: nox.Session) -> None:
    """Build the real Rez, from the index that pip is configured for."""
    install(session, "test", "build")
    session.run("python", "-m", "pytest", "-m", "integration", *(session.posargs or ["-n", "auto"]))


@nox.session
def build(session: nox.Session) -> None:
    """Make the archives of both distributions, in ``dist/``."""
    session.install("--upgrade", "pip >= 25.1")
    session.install("--group", "build")
    shutil.rmtree("dist", ignore_errors=True)
    for folder in ("rezup_api", "rezup_cli"):
        session.run("python", "-m", "build", "--no-isolation", "--outdir", "dist", folder)
