"""Building the environments of a recipe: what to install, with what, and making it fit for production.

Reading order: ``base`` (the contract), ``environments`` (plan and build), ``pip_configuration``
and ``selection`` (which installer, and why), ``uv`` and ``virtualenv_pip`` (the two installers),
``scripts``, ``editable`` and ``bytecode`` (what turns an environment into a production install).
"""
