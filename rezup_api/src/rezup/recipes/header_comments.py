"""Comments that stand directly above the header of a table belong to that table, and go where it goes.

Tomlkit counts them to the table before. While a text is changed they are kept at the end of the header's
own line, encoded, which is a comment wherever it stands, and put back afterwards.
"""

from __future__ import annotations

import re


def folded(text: str, mark: str) -> str:
    """The text with such comments in the lines below them.

    :param mark: hexadecimal digits that are nowhere in the text
    """
    result: list[str] = []
    above: list[str] = []
    for line in re.findall(r"[^\n]*\n|[^\n]+", text):
        start = line.lstrip(" \t")
        if start.startswith("#"):
            above.append(line)
            continue
        if above and start.startswith("["):
            body = line.rstrip("\r\n")
            line = f"{body} #{mark}:{''.join(above).encode().hex()}:{line[len(body) :]}"
        else:
            result += above
        above = []
        result.append(line)
    return "".join(result + above)


def unfolded(text: str, mark: str) -> str:
    """What `folded` was made from, of those tables that are still there."""
    kept = re.compile(f" #{mark}:([0-9a-f]*):")
    lines = []
    for line in text.split("\n"):
        found = kept.search(line)
        above = bytes.fromhex(found[1]).decode() if found else ""
        lines.append(above + kept.sub("", line))
    return "\n".join(lines)
