"""An application: it brings its programs, and says where plug-ins are to be found."""

name = "maya"

version = "2025.1"

description = "3D animation"

requires = ["python-3.11"]

tools = ["maya", "mayapy"]


def commands():
    env.MAYA_LOCATION = "{root}"
    env.MAYA_VERSION = "{version.major}"
    env.PATH.prepend("{root}/bin")

    # A program that is another one with an option.
    alias("mayabatch", "{root}/bin/maya -batch")


def post_commands():
    # All packages have had their say, so this is what they made of it.
    if defined("MAYA_PLUG_IN_PATH"):
        info("Maya looks for plug-ins in {env.MAYA_PLUG_IN_PATH}")
