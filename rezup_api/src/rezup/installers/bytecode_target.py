# ruff: noqa: T201, UP020, UP031, UP036  # it speaks to its caller, and must run in Python 2.7
# mypy: ignore-errors
# Compiles files; run by the Python of the environment, any from 2.7 on, so it is not typed and
# imports nothing of ours. Arguments: the environment's folder, a file with one path per line.
# The paths are relative to that folder, and that is what the byte-code names.
import io
import marshal
import os
import struct
import sys

root, listing = sys.argv[1:3]
with io.open(listing, encoding="utf-8") as stream:
    names = [line for line in stream.read().split("\n") if line]

if sys.version_info >= (3, 7):
    from importlib.util import MAGIC_NUMBER, source_hash

    def head(path, data):
        # An unchecked hash (PEP 552): good whatever happens to times, and never checked.
        return MAGIC_NUMBER + struct.pack("<L", 1) + source_hash(data)
elif sys.version_info >= (3,):
    from importlib.util import MAGIC_NUMBER

    def head(path, data):
        return MAGIC_NUMBER + struct.pack("<LL", int(os.stat(path).st_mtime) & 0xFFFFFFFF, len(data))
else:
    import imp

    def head(path, data):
        return imp.get_magic() + struct.pack("<L", int(os.stat(path).st_mtime) & 0xFFFFFFFF)


if sys.version_info >= (3,):
    tag = sys.implementation.cache_tag

    def place(path):
        folder, name = os.path.split(path)
        folder = os.path.join(folder, "__pycache__")
        if not os.path.isdir(folder):
            try:
                os.mkdir(folder)
            except OSError:
                if not os.path.isdir(folder):
                    raise
        return os.path.join(folder, "%s.%s.pyc" % (name[:-3], tag))
else:

    def place(path):
        return path + "c"


failed = 0
for name in names:
    path = os.path.join(root, name)
    with open(path, "rb") as stream:
        data = stream.read()
    try:
        # dont_inherit: this file's own __future__ is not theirs
        code = compile(data, str(name), "exec", 0, True)
    except (SyntaxError, ValueError, TypeError, OverflowError, MemoryError, RuntimeError):
        failed += 1  # templates, and code of another Python
        continue
    with open(place(path), "wb") as stream:
        stream.write(head(path, data) + marshal.dumps(code))
print("%d compiled, %d not" % (len(names) - failed, failed))
