"""Starting things in a revision: the environment, a subshell, one command."""
