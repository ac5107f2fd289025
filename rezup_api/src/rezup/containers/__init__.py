"""Containers and their revisions: made from a recipe, chosen, held while in use, dropped."""
