"""A revision into one file, with every wheel that its locks cover."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.containers import receipt as receipts
from rezup.containers.bundle_file import BundleFacts, write_bundle
from rezup.containers.publication import refuse_literal_secrets
from rezup.containers.workroom import workroom
from rezup.errors import BundleError, LockError
from rezup.lockfiles.lock import WHEELS
from rezup.stores.base import RECEIPT, RECIPE

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.containers.building import Builder
    from rezup.containers.source import Source
    from rezup.stores.stamps import Stamp


def write(stamp: Stamp, source: Source, path: Path, *, builder: Builder) -> None:
    """Write the bundle of a revision; wheels that this machine lacks come from the index.

    :raises RecipeError: its recipe has a literal secret
    :raises LockError: it has no locks, or a wheel can't be had
    :raises BundleError: it can't be carried, or the file can't be written
    """
    recipe, receipt, container = source.recipe, source.receipt, source.container
    refuse_literal_secrets(recipe, "in the bundle")
    if source.given is None:
        raise LockError(
            f"revision {stamp} of {container} has no lock",
            context="an older rezup made it",
            hint=f"make a new one: rezup add {container}",
        )
    edited = next((tool.name for tool in recipe.tools if tool.editable), None)
    if edited is not None:
        raise BundleError(
            f"revision {stamp} of {container} can't be bundled",
            context=f"{edited} is installed in edit mode: its source is on this machine only",
            hint="take `edit` out of the recipe, and make a new revision",
        )
    with workroom(builder.cache) as work:
        found = builder.lock(recipe, work, container, given=source.given)
        builder.download(recipe, found, container, source.given)
        wheels = {f"{WHEELS}/{file.name}": file for file in (found.folder / WHEELS).glob("*.whl")}
        write_bundle(
            path,
            {RECIPE: recipe.data, RECEIPT: _carried(receipt).to_bytes(), **found.files, **wheels},
            BundleFacts(container, stamp, receipt.creator, receipt.host, receipt.rezup),
        )


def _carried(receipt: receipts.Receipt) -> receipts.Receipt:
    """The receipt without what is true of one machine only."""
    if receipt.kind == receipts.RECIPE and receipt.origin == "remote":  # who made that one published it
        receipt = receipt._replace(published_by=receipt.creator, published_on=receipt.host)
    return receipt._replace(
        kind=receipts.RECIPE, recipe_source="", tools=(), environments=(), not_relocatable=()
    )
