"""Running the commands of packages: what Rez calls rex.

`engine.Rex` runs code, which sees `env`, `this`, `resolve`… and whose calls end in a
`recorder.Recorder`; that gives the actions for a shell (`rezup.shells.actions`) and the environment
they lead to. `replay` leads from actions to the environment again.
"""
