"""Rez's own command lines (`rez-env`, `rez context` …), answered by the embedded runtime.

::

    main                 which command is meant, its options, its exit status
    options              the parser, and what words on the command line mean
    caller               who calls: environment and streams, and what they lead to
    output               lines of text, with colours on a terminal
    shelf                packages as they lie on the packages path
    commands/            one module for each command
    package_text         a package as `rez-view` prints it
    field_text           packages as `rez-search --format` prints them

Each command prints what Rez's command of that name prints, and ends with its status. A command
module has a docstring (its help), `add_options` and `run`.
"""
