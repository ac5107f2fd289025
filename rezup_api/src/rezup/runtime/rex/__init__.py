"""Running the commands of packages: what Rez calls rex."""
