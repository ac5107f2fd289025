"""Contexts as JSON data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rezup.runtime.context.context import Context
    from rezup.runtime.package import Variant
    from rezup.session.contexts.jobs import Job


def plain(context: Context, job: Job | None = None) -> dict[str, Any]:
    """A context as JSON data; packages that are gone have no folder.

    :param job: the farm job that it is the context of
    """
    from rezup.runtime.context.queries import missing

    gone = {each.uri for each in missing(context)}
    suite = None
    if context.parent_suite_path:
        suite = {"path": context.parent_suite_path, "context": context.suite_context_name}
    return {
        "file": context.load_path,
        "status": context.status,
        "failure": context.failure_description,
        "request": list(context.package_requests),
        "implicit": list(context.implicit_packages),
        "packages": [_package(variant, gone) for variant in context.resolved_packages],
        "ephemerals": list(context.resolved_ephemerals),
        "paths": list(context.package_paths),
        "package_filter": context.package_filter or [],
        "package_orderers": context.package_orderers or [],
        "timestamp": context.timestamp,
        "requested_timestamp": context.requested_timestamp,
        "building": context.building,
        "created": context.created,
        "creator": context.user,
        "host": context.host,
        "platform": context.platform,
        "arch": context.arch,
        "os": context.os,
        "rez": context.rez_version,
        "suite": suite,
        "job": None if job is None else _job(job),
    }


def _job(job: Job) -> dict[str, Any]:
    """What a farm job has beside its context."""
    revision = job.revision
    return {
        "container": None if revision is None else revision.container,
        "revision": None if revision is None else revision.revision,
        "tools": {} if revision is None else dict(revision.tools),
        "rezup": job.rezup,
        "platform": job.platform,
    }


def job_lines(job: Job | None) -> list[str]:
    """Whose context it is, for a person: one line and a blank one, and none without a job."""
    if job is None:
        return []
    revision = job.revision
    place = "made in no container" if revision is None else f"in {revision.container}@{revision.revision}"
    return [f"the context of a farm job, {place}", ""]


def _package(variant: Variant, gone: set[str]) -> dict[str, Any]:
    is_gone = variant.uri in gone
    return {
        "name": variant.parent.name,
        "version": str(variant.parent.version),
        "variant": variant.index,
        "uri": variant.uri,
        "root": None if is_gone else variant.root,
        "missing": is_gone,
    }
