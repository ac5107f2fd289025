"""A resolved environment as data: its file, what can be asked of it, and how it is carried elsewhere."""
