"""The command line on a machine whose clock is wrong.

Usage: ``python faulty_clock.py SECONDS ARGUMENT…``: it is ahead by so much, or behind.
"""

from __future__ import annotations

import sys
import time


def main() -> int:
    """Be the command line."""
    ahead, right = float(sys.argv.pop(1)), time.time
    time.time = lambda: right() + ahead
    from rezup_cli.main import main as command_line

    return command_line()


if __name__ == "__main__":
    sys.exit(main())
