"""Suites: tools of several contexts in one folder."""
