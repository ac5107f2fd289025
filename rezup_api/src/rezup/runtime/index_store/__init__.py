"""Indexes of package repositories on disk: kept, checked at every use, and never believed when stale."""
