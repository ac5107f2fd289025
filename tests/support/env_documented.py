"""Packages as the documentation of Rez describes them, in words of our own, and requests for them."""

from __future__ import annotations

#: Each page's subject, as far as packages of it change an environment.
PACKAGES = {
    # The first page: programs on a path, variants, and requests that choose among them.
    "python/2.7.18/package.py": "tools = ['python']\ndef commands():\n    env.PATH.append('{root}/bin')",
    "python/3.7.1/package.py": "tools = ['python']\ndef commands():\n    env.PATH.append('{root}/bin')",
    "maya/2018.3/package.py": """
        requires = ['python-2.7']
        tools = ['maya', 'mayabatch']
        def commands():
            env.PATH.append("{root}/bin")
            env.MAYA_LOCATION = "{root}"
            alias("mayabatch", "/bin/echo maya -batch")
        """,
    "nuke/11.3.2/package.py": """
        def commands():
            alias("nukestudio", "/bin/echo Nuke --studio")
            env.NUKE_PATH.append("{root}/plugins")
        """,
    "houdini/17.0/package.py": """
        requires = ['python-2.7']
        def commands():
            env.HFS = "{root}"
            env.HOUDINI_PATH.append("{root}/houdini")
            env.HOUDINI_PATH.append("&")
            info("houdini {version} is at $HFS")
        """,
    "maya_utils/1.3.0/package.py": """
        variants = [['maya-2018', 'python-2.7'], ['python-3']]
        def commands():
            env.PYTHONPATH.append("{root}/python")
            if "maya" in resolve:
                env.MAYA_PLUG_IN_PATH.append("{root}/{resolve.maya.version.major}")
        """,
    # Variants that are named by a hash, and one whose order matters.
    "tracker/2.1.0/package.py": """
        hashed_variants = True
        variants = [['python-2.7'], ['python-3.7']]
        def commands():
            env.TRACKER = "{root}|{base}|{this.index}"
        """,
    # Commands: before and after all others; all objects that commands see.
    "seq/1.0/package.py": """
        def pre_commands():
            env.SEQ.append("pre")
        def commands():
            env.SEQ.append("seq")
        def post_commands():
            env.SEQ.append("post")
            env.SEQ_SEEN = "$SEQ"
        """,
    "objects/2.0.1/package.py": """
        requires = ['seq', 'python-3+']
        _own = {'level': 3}
        def commands():
            env.O_BASE = base, root
            env.O_VERSION = str(version), version.major, version[1], "{version.patch}"
            env.O_RESOLVE = str(resolve.python.version), "maya" in resolve, resolve.seq.root
            env.O_REQUEST = request.get("objects"), "seq" in request
            env.O_IMPLICIT = "host" in implicits, implicits.get("host")
            env.O_SYSTEM = system.platform
            env.O_THIS = this.name, str(this.version), this._own["level"]
            env.O_BUILDING = building
            if intersects(resolve.python, "3.5+"):
                env.O_MODERN = 1
        """,
    "functions/1.2/package.py": """
        def commands():
            comment("what follows is made by functions")
            setenv("F_SET", "{root}")
            appendenv("F_PATH", "{root}/b")
            prependenv("F_PATH", "{root}/a")
            env.F_GONE = "here"
            unsetenv("F_GONE")
            env.F_LITERAL = literal("this {root} and $HOME stay")
            env.F_NAME = "you"
            env.F_BOTH = literal("hello ").expandable("$F_NAME")
            env.F_EXPANDED = expandvars("$F_NAME too")
            env.F_GET = getenv("F_NAME"), defined("F_NAME"), undefined("F_NOT")
            env.F_OPTION = optionvars("studio", "none")
            command("/bin/echo from a command")
            error("a warning of {this.name}")
            source("{root}/setup")
        """,
    "functions/1.2/setup": "/bin/echo from a source\n",
    # Words that are no packages.
    "builder/1.0/package.py": """
        requires = ['.builder.debug-0|1']
        def commands():
            env.BUILDER = ephemerals.get("builder.debug"), intersects(ephemerals.get("builder.debug", "0"), "1")
            env.BUILDER_CLI = str(ephemerals.get_range("builder.cli", "1")), "builder.cli" in ephemerals
        """,
    # What is known only in a context.
    "late/1.0/package.py": """
        @late()
        def requires():
            return ['seq'] if in_context() and 'maya' in request else ['nuke']
        @late()
        def tools():
            return ['with_maya'] if in_context() and 'maya' in request else ['alone']
        def commands():
            env.LATE_TOOLS = " ".join(this.tools)
        """,
    # Other forms of a definition.
    "yaml/5.1/package.yaml": """
        name: yaml
        version: '5.1'
        requires: [seq]
        commands: |
          env.YAML_ROOT = '{root}'
          if 'seq' in resolve: env.YAML_SEQ = '{resolve.seq.version}'
        """,
    "bundled.py": """
        name = 'bundled'
        versions = ['1.0', '1.1', '2.0']
        version_overrides = {'2.0+': {'requires': ['seq']}}
        def commands():
            env.BUNDLED = '{version}|{root}'
        """,
    "old/1/package.py": """
        commands = ['export OLD_HOME=!ROOT!', 'export PATH=$PATH:!ROOT!/bin', 'export OLD_V=!MAJOR_VERSION!', 'alias oldtool=/bin/echo']
        """,
    "unversioned/package.py": "def commands():\n    env.UNVERSIONED = '{root}|{version}|'",
    "refuses/1/package.py": "def commands():\n    stop('not to be used in %s', 'production')",
}  # fmt: skip

#: By name, requests for them.
REQUESTS = {
    "documented maya": "maya maya_utils",
    "documented python": "maya_utils python-3",
    "documented houdini": "houdini nuke",
    "documented hashed": "tracker-2.1 maya-2018",
    "documented hashed too": "tracker",
    "documented order": "seq yaml",
    "documented objects": "objects",
    "documented functions": "functions",
    "documented ephemerals": "builder .builder.debug-1 .builder.cli-2+",
    "documented ephemerals too": "builder",
    "documented late": "late",
    "documented late too": "late maya",
    "documented bundled": "bundled unversioned",
    "documented bundled too": "bundled-1",
    "documented weak": "~maya-2017 nuke !houdini-16",
    "documented commands of old": "old",
    "documented refusal": "refuses",
    "documented conflict": "maya-2018 python-3",
    "documented nothing": "no_such_package",
    "documented no version": "maya-2099",
}
