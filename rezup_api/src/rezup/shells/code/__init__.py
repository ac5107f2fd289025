"""The text of each shell for what package commands do."""
