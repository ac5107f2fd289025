"""How each shell is started in a Rez context; :mod:`rezup.shells.context_start` loads the one it needs."""
