"""``rezup use``: into a container."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rezup_cli.commands.options import (
    recipe_file,
    root_options,
    talk_options,
    target_and_command_argument,
)

if TYPE_CHECKING:
    from rezup_cli.console import Console


@click.command(
    "use",
    options_metavar="[OPTIONS]",
    epilog="\b\nrezup use foo                     a shell in the newest revision\n"
    "rezup use foo@-1                  the one before it\n"
    "rezup use foo --make              a new revision first\n"
    "rezup use foo --do script.sh      run a script in it\n"
    "rezup use foo -- rez-env maya     run a command in it\n"
    "rezup use --from job.json -- nuke -x shot.nk   do a farm job",
)
@target_and_command_argument
@click.option(
    "--make", is_flag=False, flag_value="", metavar="[RECIPE]",
    help="Make a new revision first, from RECIPE, else ~/rezup.NAME.toml, else ~/rezup.toml.",
)  # fmt: skip
@click.option(
    "--do", "script", metavar="SCRIPT", help="Run a script or command; arguments follow after `--`."
)
@click.option(
    "--from", "job", metavar="JOB",
    help="Take revision and context of a job, a file that `rezup env PKG… -o JOB.json` wrote.",
)  # fmt: skip
@click.option("-l", "--local", is_flag=True, help="Leave the remote root out.")
@click.option("-n", "--no-wait", is_flag=True, help="Do not wait for what is run to end.")
@click.option("--timings", is_flag=True, help="Show where the time went.")
@root_options
@talk_options
@click.pass_obj
def command(
    console: Console,
    target: tuple[str | None, str | None] = (None, None),
    make: str | None = None,
    script: str | None = None,
    job: str | None = None,
    local: bool = False,
    no_wait: bool = False,
    timings: bool = False,
) -> int:
    """Open a shell in a container, or run something in it.

    The newest ready revision is taken; with a remote root, the studio's newest,
    which is built here when it is not there yet. `-- COMMAND` runs a command
    without a shell in between, and returns its status.
    """
    name, revision = target or (None, None)
    if job is not None:
        if name is not None or revision is not None or make is not None or script is not None:
            raise click.UsageError(
                "--from says which revision it is; NAME, --make and --do have no place there."
            )
        return _do_job(console, job, local=local, wait=not no_wait, timings=timings)
    if console.tail is not None and not console.tail and script is None:
        raise click.UsageError("A command must follow `--`.")
    if no_wait and script is None and not console.tail:
        raise click.UsageError("--no-wait needs something to run: --do SCRIPT or -- COMMAND.")
    if make is not None and revision is not None:
        raise click.UsageError("--make makes a new revision; it can't be told to use an old one.")
    file = recipe_file(make, name, "--make")
    session = console.session(timings=timings)
    session.check_entrance(for_shell=script is None and not console.tail)
    place = session.place(name, file)
    acquired = (
        session.make(place, file) if make is not None else session.acquire(place, revision, local=local)
    )
    console.say(f"{place.name}@{acquired.revision.stamp}: {acquired.reason}", level=2)
    return session.enter(acquired, place, command=console.tail or (), script=script, wait=not no_wait)


def _do_job(console: Console, job: str, *, local: bool, wait: bool, timings: bool) -> int:
    """Run the command in the revision and context of a job."""
    from rezup.system.machine import has_terminal

    if not console.tail and (console.tail is not None or not wait or not has_terminal()):
        raise click.UsageError(f"--from needs something to run: rezup use --from {job} -- COMMAND.")
    session = console.session(timings=timings)
    return session.run_job(job, console.tail or (), local=local, wait=wait, quiet=console.is_quiet)
