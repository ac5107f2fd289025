"""Packages in compiled form: `family` makes it, `tables` holds it for a solver, `stored` has it as bytes."""
