"""Where things lie in the folder of a suite.

::

SUITE/suite.yaml           what makes it a suite
SUITE/contexts/NAME.rxt    its contexts
SUITE/bin/ALIAS            a wrapper for each tool that is seen; this folder goes on PATH
"""

from __future__ import annotations

import os

SUITE_FILE = "suite.yaml"

CONTEXTS_FOLDER = "contexts"
CONTEXT_ENDING = ".rxt"

TOOLS_FOLDER = "bin"


def is_suite(folder: str) -> bool:
    """Whether a folder is that of a suite."""
    return os.path.isfile(os.path.join(folder, SUITE_FILE))


def tools_path(folder: str) -> str:
    """The folder that shows a suite's tools when it is on PATH."""
    return os.path.join(folder, TOOLS_FOLDER)


def context_path(folder: str, name: str) -> str:
    """The file of a context in a suite.

    :param name: has been checked, see `rezup.runtime.suites.names`
    """
    return os.path.join(folder, CONTEXTS_FOLDER, f"{name}{CONTEXT_ENDING}")
