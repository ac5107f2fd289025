"""Rez's resolve in pure Python: versions, requirements, orderers, filters and the solver.

No disk, clock, environment or configuration: everything comes in as arguments. Nothing is
imported here, so that a resolve pays only for the modules it uses::

    version, ranges, requirement    the algebra of versions
    orderers, filters               what prefers and what hides versions
    repository                      what the solver is given: records of packages
"""
