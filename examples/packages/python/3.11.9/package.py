"""Stands for an installed Python; its program is a script that says who it is."""

name = "python"

version = "3.11.9"

description = "The Python language"

tools = ["python"]


def commands():
    env.PATH.prepend("{root}/bin")
