"""What the commands that publish have in common: options of the proof, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rezup.containers.proving import Proof

F = TypeVar("F", bound="Callable[..., Any]")


def verify_options(function: F) -> F:
    """``--no-verify`` and ``--verify-timeout``, handed on as ``no_verify`` and ``verify_timeout``."""
    function = click.option(
        "--verify-timeout",
        type=click.FloatRange(min=0, min_open=True, max=3600),
        metavar="SECONDS",
        help="With --remote: how long each script may take to start and end, 30 by default.",
    )(function)
    return click.option(
        "--no-verify", is_flag=True, help="With --remote: publish without trying it here; that is recorded."
    )(function)


def require_remote(
    remote: bool, given: Mapping[str, bool], *, no_verify: bool, verify_timeout: float | None
) -> None:
    """See that options about publishing come with ``--remote``.

    :param given: further ones, by their names
    :raises click.UsageError: one doesn't
    """
    options = {**given, "--no-verify": no_verify, "--verify-timeout": verify_timeout is not None}
    alone = next((name for name, is_given in options.items() if is_given and not remote), None)
    if alone is not None:
        raise click.UsageError(f"{alone} is about publishing: it needs --remote.")


def unproved(proof: Proof | None) -> str:
    """What to say of a publication besides, if there was no proof."""
    return "" if proof else ", without a proof that it works"


def plain_proof(remote: bool, proof: Proof | None) -> dict[str, Any]:
    """What was proved, for a document; `verified` is None where nothing was published."""
    return {
        "verified": proof is not None if remote else None,
        "starts": [
            {
                "tool": start.tool,
                "environment": start.environment,
                "command": list(start.command),
                "status": start.status,
            }
            for start in (proof.starts if proof else ())
        ],
    }
