"""Bodies of commands, each on its own: what package files do, and what they had better not."""

from __future__ import annotations

import textwrap

_BODIES = r"""
env.X = "a"
---
env.X = "a"; env.X = "b"
---
env.X.set("a"); env["Y"] = env.X
---
env["with space"] = 1
---
env.X = 1; env.Y = 1.5; env.Z = True; env.N = None
---
env.X = ["a", "b"]
---
env.X = ("a", "{root}")
---
env.X = {"a": 1}
---
setenv("X", "{root}/bin")
---
env.X = "{root}"; env.Y = "{base}"; env.Z = "{version}"
---
env.X = "{this.name}-{this.version}-{this.index}-{this.root}"
---
env.X = "{this}"
---
env.X = "{version.major}.{version.minor}.{version.patch}"
---
env.X = "{resolve.tool.version.patch} {resolve.tool.version.major} {resolve.python.version.minor}"
---
env.X = "{resolve.python.version} {resolve.bare.version} {resolve.bare.version.major}"
---
env.X = str(version[0]) + str(version[5]) + str(version[:2]) + str(len(version)) + str(version.as_tuple())
---
env.X = str([str(t) for t in version]) + str(bool(resolve.bare.version)) + str(version == "2022.1")
---
env.X = "{version.nothing}"
---
env.X = version.nothing
---
env.X = "{this.nothing}"
---
env.X = this.nothing
---
env.X = "{this.tools}"
---
env.X = "{this.tools[1]}"
---
env.X = "{this.own[key]}"
---
env.X = this.own["key"]
---
env.X = "{this.description}"; env.Y = "{resolve.tool.description}"
---
env.X = "{this.is_variant} {this.is_package} {this.qualified_name} {this.qualified_package_name}"
---
env.X = "{this.uri}"
---
env.X = "{resolve.missing.root}"
---
env.X = "{resolve[tool].root}"
---
env.X = resolve["missing"].root
---
env.X = "missing" in resolve, "tool" in resolve, resolve.get("missing"), resolve.get("missing", 3)
---
if "python" in resolve and resolve.python.version.major >= 3: env.PY = "3"
---
env.X = "{request.maya} {request.nuke} {request.houdini}"
---
env.X = request.get("maya"), request.get("none"), request.get("none", "x"), "maya" in request, "maya" in implicits
---
env.X = request.none
---
env.X = request["maya"]
---
env.X = request["none"]
---
env.X = str(request.get_range("maya")), str(request.get_range("none")), str(request.get_range("none", "1+"))
---
env.X = "{implicits.platform}"
---
env.X = ephemerals.get("feature.x"), ephemerals.get("none", "1"), "debug" in ephemerals, ".debug" in ephemerals
---
env.X = str(ephemerals.get_range("feature.x")), str(ephemerals.get_range("none", "2"))
---
env.X = ephemerals.debug
---
env.X = ephemerals.nothing
---
env.X = ephemerals["feature.x"]
---
env.X = intersects(ephemerals.get_range("feature.x", "1"), "1"), intersects(ephemerals.get("feature.x", "1"), "3")
---
env.X = intersects(request.maya, "2019+"), intersects(resolve.maya, "2022"), intersects(resolve.maya, "<2022")
---
env.X = intersects(resolve.maya.version, "2022.1"), intersects("foo-1.2.3+", "1"), intersects("!foo-1", "1")
---
env.X = intersects(request.houdini, "18"), intersects("~foo", "1"), intersects("foo", "1")
---
env.X = intersects(request.get("none"), "1")
---
env.X = intersects(5, "1")
---
env.X = intersects("foo", "not a [range")
---
env.X = building, testing
---
if not building: env.RUN = "{root}/run"
---
env.X = system.platform, system.rez_version
---
env.X = "{system.platform}"
---
env.PATH.append("{root}/bin")
---
env.PATH.prepend("{root}/bin")
---
env.PATH.append("a"); env.PATH.append("b"); env.PATH.prepend("c")
---
env.PARENT.append("a"); env.PARENT.prepend("b")
---
env.INHERITED.append("a"); env.INHERITED.prepend("b")
---
env.INHERITED_MISSING.append("a"); env.Y = "$INHERITED_MISSING"
---
env.INHERITED_EMPTY.prepend("a")
---
env.INHERITED = "new"; env.INHERITED.append("a")
---
env.INHERITED.unset(); env.INHERITED.append("a")
---
env.INHERITED.append("a"); env.INHERITED.unset(); env.INHERITED.append("b")
---
env.FLAGS.append("-a"); env.FLAGS.append("-b"); env.CMAKE_MODULE_PATH.append("x"); env.CMAKE_MODULE_PATH.prepend("y")
---
appendenv("P", "a"); prependenv("P", "b"); appendenv("P", "c:d"); prependenv("P", "")
---
env.P.append(""); env.P.append("")
---
env.P = ""; env.P.append("a")
---
env.P.append(["a", "b"]); env.P.append(5); env.P.append(None)
---
env.P.append(literal("$A")); env.P.append("$PARENT"); env.P.prepend(literal("b").e("$PARENT"))
---
env.P.append(expandable("${PARENT}/x"))
---
env.X = literal("{root} $HOME ${HOME} 'quoted' \"double\"")
---
env.X = expandable("{root} $PARENT")
---
env.X = literal("a").expandable("{root}").literal("{root}").e("$PARENT").l("$PARENT")
---
env.X = literal("a") + "b" + literal("c")
---
env.X = literal("{root}").expandable("{unknown}").expandable("{root}")
---
env.X = str(literal("{root}")); env.Y = literal("a") == "a"
---
env.X = repr(literal("a") == literal("a")) + repr(literal("a") == expandable("a")) + repr(literal("a") != "a")
---
env.X = "$PARENT ${PARENT} $MISSING ${MISSING}"
---
env.X = "$PARENT1 $PARENT_A ${PARENT1} $1 $ $$ $$PARENT ${} ${ } $-"
---
env.A = "1"; env.B = "${A}2"; env.C = "$B$A"; env.A = "x"; env.D = "$B"
---
env.A = "$A"; env.B = "$A"
---
env.PARENT = "$PARENT:more"; env.PARENT = "${PARENT}:more"
---
env.A = "${B"; env.B = "$}"; env.C = "a}b"
---
env.A = "{{root}} {{}} }} {{"
---
env.A = "{"; env.B = "}"; env.C = "{}"
---
env.C = "{}"
---
env.C = "{0}"
---
env.A = "{unknown}/{root}"; env.B = "{root}{unknown}$PARENT $X1"
---
env.A = "{root!r} {root!s} {version.major!r:>9} {root!a:x<90}"
---
env.A = "{root:>40} {version.major:08d}"
---
env.A = "{version:>10}"
---
env.A = "{root:{version.major}}"
---
env.A = "{this.root}{env.PARENT}{env.PARENT}"
---
env.A = "{env.MISSING}"
---
env.A = "1"; env.B = "{env.A} {env[A]}"
---
env.A = "{env.PARENT.name} {env}"[:20]
---
env["{version}"] = "a"; env["$PARENT"] = "b"; env["X_$PARENT"].append("c"); env["X_$PARENT"].append("d")
---
env["X_$KEY"].append("c"); env["X_${KEY}"].append("d"); env["X_$KEY"].prepend("e"); unsetenv("X_$KEY")
---
env["{unknown}"] = "a"; env["~"] = "b"; env["~/x"].append("c")
---
env.A = "~"; env.B = "~/x"; env.C = "a~/x"; env.D = " ~"; env.E = literal("~/x"); env.F = literal("a").e("~/x")
---
env.A = "~nobody_of_that_name/x"; env.B = "~root"; env.P.append("~/a"); env.P.append("~/b")
---
env.A = "line\nbreak\ttab\\back"; env.B = "é ☃ 'q' \"d\" `x` $(x) !"; env.C = "%PATH% ^ & | ; # *"
---
env.A = '''two
lines

and a gap'''
---
env.A.unset(); unsetenv("PARENT"); env.B = "$PARENT"; env.C = getenv("PARENT")
---
env.A = "a"; env.A.unset(); env.B = "x$A"; env.C = undefined("A")
---
env.A.reset("a"); env.A.reset("b", friends=["B", "C"]); resetenv("D", "{root}")
---
resetenv("PARENT", "$PARENT", ["X"])
---
env.A = getenv("PARENT"); env.B = env.PARENT.value(); env.C = env.PARENT.get(); env.D = str(env.PARENT)
---
env.A = getenv("MISSING")
---
env.A = env.MISSING.value()
---
env.A = str(env.MISSING)
---
env.A = defined("PARENT"), undefined("PARENT"), defined("MISSING"), undefined("$PARENT"), defined("{unknown}")
---
env.A = "a"; env.B = defined("A"), getenv("A"), getenv("${KEY}")
---
env.A = bool(env.PARENT), bool(env.MISSING), bool(env.INHERITED_EMPTY)
---
env.A = env.PARENT == "PARENT", env.PARENT == env.PARENT, env.PARENT != "x", env.KEY == "PARENT"
---
env.A = env.MISSING == "x"
---
env.A.setdefault("a"); env.PARENT.setdefault("b"); env.INHERITED_EMPTY.setdefault("c"); env.A.setdefault("d")
---
env.A = "PARENT" in env, "MISSING" in env, env.MISSING.name, "MISSING" in env, len(env), sorted(env)
---
env.A = env.get("MISSING", "x").name, sorted(env.keys()), [v.name for v in env.values()][:2]
---
env.A = env.setdefault("NEW", "x").name; env.update({"U": "1", "V": "{root}"}); del env["PARENT"]; env.B = "PARENT" in env
---
del env["MISSING"]
---
env.A = env.pop("PARENT").name
---
env.A += "x"
---
env.A = hash(env.A)
---
env.A = repr(env.PARENT)
---
env.A = isinstance(env.PARENT, str), type(env.PARENT.get()).__name__
---
env.A = expandvars("$PARENT/{root}/$MISSING/~"), expandvars("{root} $PARENT", format=False), expandvars("~/x")
---
env.A = expandvars(literal("$PARENT")), expandvars(5), expandvars("{unknown} $PARENT")
---
env.A = format("{root} $PARENT ${KEY}"), format(5), format("{version.major}")
---
env.A = format("{unknown}")
---
env.A = format("{")
---
env.A = format(3.14, ".1f")
---
x = "local"; env.A = "{x} {x}{x}"; y = {"k": "v"}; env.B = "{y[k]}"; z = "{x}"; env.C = "{z}"
---
x = "{x}"; env.A = "{x}"
---
x = literal("{root}"); env.A = "{x}"; y = expandable("{root}"); env.B = "{y}"
---
x = "$PARENT"; env.A = "{x}"; env.B = "a{x}b$KEY"
---
def helper(name): return "<%s>" % name
env.A = helper("a"); env.B = "{helper}"[:3]
---
def helper(): env.A = "in {root}"
helper()
---
for i in range(3):
    env["N%d" % i] = i
    env.P.append("{i}")
---
import os.path
env.A = os.path.join("{root}", "x"); env.B = os.path.basename(root)
---
from os import sep as s
env.A = "{s}"
---
class Thing:
    root = "mine"
    def __str__(self): return "thing {root}"
t = Thing(); env.A = "{t.root} {t}"; env.B = t
---
alias("a", "{root}/bin/a --x"); alias("b", "$PARENT $X1"); alias(5, 6); alias("{version}", literal("{root}"))
---
alias("a", "echo '{unknown}' \"$@\" | awk '{print $1}'")
---
info("in {root} with $PARENT"); info(); info(5); info(literal("{root}")); info("two\nlines")
---
error("bad {version}"); error(None); error(literal("{root}").e("{root}"))
---
error()
---
comment("about {root}"); comment(5); comment("two\nlines"); comment(literal("{root}"))
---
command("ls {root} $PARENT"); command(["ls", "{root}", "a b", literal("$X"), expandable("$Y")]); command(("true",))
---
command(literal("ls"))
---
command([literal("ls"), "x"])
---
source("{root}/setup.sh"); source("~/x"); source("$PARENT/x")
---
shebang()
---
stop("no %s for %d", "maya", 5)
---
stop("no way")
---
stop("100%")
---
try:
    stop("caught")
except Exception as e:
    env.A = "went on"
---
try:
    getenv("MISSING")
except Exception as e:
    env.A = "went on"
---
raise ValueError("own {root}")
---
raise KeyError("own")
---
1 / 0
---
nothing_of_this_name
---
this is no python
---
return
---
env.A = optionvars("plain"), optionvars("deep.er"), optionvars("none"), optionvars("none.x", 4), optionvars("deep.none")
---
env.A = optionvars("plain.x")
---
env.A = optionvars("deep.er.x", 1)
---
env.A = this.root == root, this.base == base, this.parent.name, [str(r) for r in this.requires]
---
env.A = sorted(k for k in globals() if not k.startswith("_"))
---
env.A = __name__
---
global env
env.A = "global"
---
global q
q = 1; env.A = "{q}"
---
env.A: str = "annotated"
---
x: Nothing = 1
env.A = x
---
env.REZ_MAYA_ROOT = "mine"; env.PATH = "{env.PATH}:x"
---
env.PYTHONPATH.append("{root}/python"); env.PYTHONPATH.append("{root}/{resolve.python.version.major}")
---
env.A = "a" if "maya" in resolve else "b"; env.B = "{this.root}/x" if resolve.maya.version >= 1 else ""
---
env.__dunder__
---
env.A = [k for k in ("a", "b") if k in "{root}"]; env.B = "x" * 3; env.C = f"{root}!"
---
env.A = env.B = "{root}"
---
env.A.append(env.PARENT); env.A.append(env.PARENT)
---
env.A.prepend("x"); env.A.set("{root}:$A"); env.A.append("y$A")
---
print("said") ; env.A = "x"
---
env.A = "\\$PARENT \\${PARENT} \\{root}"
---
env.A = "{ root }"; env.B = "{root.}"
---
env.A = "{.x}"
---
env.A = "{root:}{root!s}"
---
env.A = "{root!x}"
---
env.A = "{root}}"; env.B = "{{root}"
---
env.A = "${root} ${this.root} ${{root}}"
---
env.A = "${a{root}b}"
---
env.A = "$ROOT{root}$_x{version}$"
---
env.A = b"bytes"; env.B = u"text"; env.C = r"raw\n{root}"
"""

BODIES = [textwrap.dedent(body).strip("\n") for body in _BODIES.strip("\n").split("\n---\n")]
