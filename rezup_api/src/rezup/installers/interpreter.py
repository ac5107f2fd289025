"""The Python that an environment is made for when it is installed by a lock.

Apart from what builds, since an environment that is cloned needs to know no more than that.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from rezup.errors import LockError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup.installers.context import BuildContext
    from rezup.installers.plans import EnvironmentPlan
    from rezup.lockfiles.lock import Lock
    from rezup.system.interpreters import Interpreter

#: Major and minor version, which stand for all such versions.
_SERIES = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})")


def find_interpreter_for(plan: EnvironmentPlan, context: BuildContext, lock: Lock) -> Interpreter:
    """The interpreter that `build` takes for this lock; no program is asked where none has to be.

    :raises InterpreterNotFoundError: there is none
    :raises LockError: the lock is of another Python than the plan
    """
    if plan.is_embedded:
        if plan.python is None:
            from rezup.system.interpreters import running

            return running().base
        return _searched(plan, context)
    request = interpreter_request(plan.python, lock)
    found = known_answer(request, context.environment)
    if found is None:
        return _searched(plan, context, lock)
    check_interpreter(found, lock)
    return found


def _searched(plan: EnvironmentPlan, context: BuildContext, lock: Lock | None = None) -> Interpreter:
    from rezup.installers.environments import prepare_plan

    return prepare_plan(plan, context, lock).interpreter


def check_interpreter(interpreter: Interpreter, lock: Lock) -> None:
    """Make sure that an interpreter is of the Python of a lock.

    :raises LockError: it is of another
    """
    have = (".".join(map(str, interpreter.release)), interpreter.implementation)
    if lock.python is not None and (lock.python, lock.implementation) != have:
        raise LockError(
            f"the lock is of {lock.implementation} {lock.python}",
            context=f"{interpreter.path} is {interpreter.implementation} {interpreter.version}",
            hint="lock anew with `rezup lock --upgrade`, or change `python` in the recipe",
        )


def interpreter_request(python: str | None, lock: Lock) -> str | None:
    """What is looked for when a plan that asks for `python` is installed by a lock.

    :raises LockError: no Python is both
    """
    if lock.python is None or python is None or re.search(r"[\\/]", python):
        return python if lock.python is None or python is not None else lock.python
    if python == lock.python:
        return python
    from rezup.system.discovery import specifier

    wanted = specifier(python)
    if re.fullmatch(r"\d+(?:\.\d+)+", python.strip()) and wanted.contains(python.strip(), prereleases=True):
        fits = f"{python.strip()}.".startswith(f"{lock.python}.")
        request = python
    else:
        fits = any(wanted.contains(f"{lock.python}.{patch}", prereleases=True) for patch in range(100))
        request = f"{wanted},=={lock.python}.*"
    if not fits:
        raise LockError(
            f"the lock is of Python {lock.python}, and the recipe asks for {python}",
            hint="lock anew with `rezup lock --upgrade`",
        )
    return request


def known_answer(request: str | None, environment: Mapping[str, str]) -> Interpreter | None:
    """What a search for `request` ends with, where that is plain without one; None where it isn't.

    :raises InterpreterNotFoundError: the request is a path that is no Python
    """
    from rezup.system.interpreters import inspect, running, unsuited

    base = running().base
    if request is None:
        return base
    if re.search(r"[\\/]", request):
        return inspect(Path(request), environment)
    return base if _fits(base, request) and unsuited(base, environment) is None else None


def _fits(interpreter: Interpreter, request: str) -> bool:
    series = _SERIES.fullmatch(request)
    if series is not None:
        return interpreter.release == (int(series[1]), int(series[2]))
    from rezup.system.discovery import specifier

    return specifier(request).contains(interpreter.version, prereleases=True)
