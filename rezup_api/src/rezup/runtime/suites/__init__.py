"""Suites: tools of several contexts in one folder.

::

    layout                         where files lie
    members ← suite_file           what suite.yaml holds
    names                          which texts may become file names
    wrappers                       the scripts in bin/
    tools ← info                   which tool is seen under which name, and what `rez-suite` shows
    publishing                     writing a folder so that nothing is ever half there
    saving                         which files there are to be
    suite                          all of it together
    visibility                     the suites on PATH
    invocation ← about             what a wrapper runs, and what it tells of its tool
"""

from rezup.runtime.suites.visibility import kept_suites, visible_suites

__all__ = ["kept_suites", "visible_suites"]
