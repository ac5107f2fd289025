"""Publishes one revision from many processes at once, all with the same time of day.

Usage: ``python publishers.py COUNT ROOT``; prints the name that each process got.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from rezup.recipes.names import ContainerName
from rezup.stores.base import RECEIPT, RECIPE
from rezup.stores.remote import RemoteStore
from rezup.stores.stamps import Stamp

AT = Stamp("1700000000.000000")


def publish(root: Path, number: int, gate: int) -> None:
    """Wait for the gate to open, then publish, and print the name in one write."""
    os.read(gate, 1)
    files = {RECIPE: f"# {number}\n".encode(), RECEIPT: b"{}"}
    stamp = RemoteStore(root).publish(ContainerName("foo"), files, AT)
    os.write(1, f"{number} {stamp}\n".encode())


def main() -> None:
    """Start them all, open the gate, wait for all."""
    count, root = int(sys.argv[1]), Path(sys.argv[2])
    gate, opener = os.pipe()
    children = []
    for number in range(count):
        pid = os.fork()
        if not pid:
            status = 1
            try:
                os.close(opener)
                publish(root, number, gate)
                status = 0
            finally:
                os._exit(status)
        children.append(pid)
    os.close(opener)  # each of them reads the end of it
    failed = [pid for pid in children if os.waitpid(pid, 0)[1] != 0]
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
