"""A plug-in, built once for each application that it supports: one variant for each."""

name = "rigging"

version = "1.4.0"

description = "Rigs and how to make them"

authors = ["Rigging department"]

variants = [
    ["maya-2024", "python-3.10"],
    ["maya-2025", "python-3.11"],
]


def commands():
    # `root` is the folder of the variant, `base` that of the package.
    env.MAYA_PLUG_IN_PATH.append("{root}/plug-ins")
    env.PYTHONPATH.prepend("{root}/python")
    env.RIGGING_ICONS = "{base}/icons"
