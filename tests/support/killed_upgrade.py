"""Upgrades the library as a start does, and kills itself with SIGKILL at a named moment.

Usage: ``python killed_upgrade.py STAGE EDGE``, by the Python of an installation, EDGE being "start" or "end".
"""

from __future__ import annotations

import sys

from rezup_cli import bootstrap


def main() -> None:
    """Perform the upgrade."""
    start = bootstrap.begin([])
    # Nothing of the library before it is decided which one that is.
    from killed import Executioner

    from rezup.session.upgrading import automatic_upgrade
    from rezup_cli.upgrading import upgrade_place

    automatic_upgrade(upgrade_place(start), Executioner(*sys.argv[1:]))


if __name__ == "__main__":
    main()
