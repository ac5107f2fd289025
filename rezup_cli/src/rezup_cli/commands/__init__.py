"""One file per command: parse, one call of the library, hand the result to the console."""
