"""The commands; see `rezup.rez_cli`."""
