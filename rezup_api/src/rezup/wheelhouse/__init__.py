"""Wheels by their hash, in a folder that several revisions and machines share."""
