"""The search of the solver, one concern to a module.

In reading order:

* `state`: the scopes, and how changes are taken back
* `propagate`: one phase, extract, intersect and reduce; `symbolic`: the same for scopes without versions
* `preference`: which variant is tried first, and how far a split reaches
* `search`: phases, splits and steps back; `backjump`: which choices are to blame
* `finish`: cycles, and the order of the result
"""
