"""What the studio sets for everybody, and what an ephemeral in the request changes.

``.studio.cache-off`` in a request needs no package of that name. It is a word to the packages that ask
for it.
"""

name = "studio_config"

version = "2.0.0"

description = "Settings of the studio"


def pre_commands():
    # Before the commands of all packages, so that each of them may rely on it.
    env.STUDIO_ROOT = "{root}"
    env.STUDIO_CACHE = "$HOME/.studio/cache"


def commands():
    if intersects(ephemerals.get("studio.cache", "on"), "off"):
        unsetenv("STUDIO_CACHE")
    env.STUDIO_THREADS = str(ephemerals.get_range("studio.threads", "4"))
    if "maya" in resolve:
        env.MAYA_SHELF_PATH.append("{root}/shelves/{resolve.maya.version.major}")
    if building:
        env.STUDIO_BUILD = "1"
