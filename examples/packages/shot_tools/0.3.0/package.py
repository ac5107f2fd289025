"""Bound late: what it needs, and which programs it shows, depend on the context that it is in."""

name = "shot_tools"

version = "0.3.0"

description = "Programs for those who work on shots"


@late()
def requires():
    # Only a request that is for Maya needs the rigs.
    if in_context() and "maya" in request:
        return ["studio_config", "rigging"]
    return ["studio_config"]


@late()
def tools():
    return ["shot", "shot-rig"] if in_context() and "maya" in request else ["shot"]


def commands():
    env.PATH.append("{root}/bin")
    env.SHOT_TOOLS = " ".join(this.tools)
