"""Rez's files on disk: its configuration, package definitions and filesystem repositories.

What a Rez user has written is read here the way Rez reads it, and handed to `rezup.resolver`
as records. Nothing is executed but what Rez executes too: package files and rezconfig files.
"""
