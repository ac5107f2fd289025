"""Every setting of Rez 3.4: its kind, and its value where nobody sets it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from rezup.runtime.config import kinds

if TYPE_CHECKING:
    from rezup.runtime.config.kinds import Kind


class Setting(NamedTuple):
    """One setting."""

    kind: Kind
    default: Any


def _flags(words: str, default: Any, kind: Kind = kinds.BOOLEAN) -> dict[str, Setting]:
    return {word: Setting(kind, default) for word in words.split()}


_ON = """
    allow_unversioned_packages cache_listdir cache_package_files catch_rex_errors
    default_relocatable disable_rez_1_compatibility error_on_missing_variant_requires gui_threads
    make_package_temporarily_writable package_cache_async package_commands_sourced_first
    prefix_prompt prune_failed_graph read_package_cache resolve_caching set_prompt show_progress
    use_variant_shortlinks warn_old_commands write_package_cache
"""

_OFF = """
    all_parent_variables all_resetting_variables debug_all debug_bind_modules
    debug_context_tracking debug_file_loads debug_memcache debug_none debug_old_commands
    debug_package_exclusions debug_package_release debug_plugins debug_resolve_memcache
    debug_resources debug_shell_startup error_old_commands package_cache_during_build
    package_cache_local package_cache_same_device prompt_release_message quiet
    rez_1_environment_variables use_pyqt use_pyside warn_all warn_none warn_shell_startup
    warn_untimestamped
"""

#: Where these are None, Rez looks at the machine; see `rezup.runtime.config.dynamic`.
_BY_MACHINE = "context_tmpdir difftool editor image_viewer terminal_emulator_command tmpdir"

_NO_TEXT = f"""
    {_BY_MACHINE} browser cache_packages_path package_definition_python_path
    alias_back critical_back debug_back ephemeral_back error_back heading_back heading_fore
    implicit_back info_back local_back warning_back
"""

_COLOURS = {
    "alias": "cyan", "critical": "red", "debug": "blue", "ephemeral": "blue", "error": "red",
    "implicit": "cyan", "info": "green", "local": "green", "warning": "yellow",
}  # fmt: skip

_NO_STYLES = """
    alias_styles debug_styles ephemeral_styles error_styles implicit_styles info_styles local_styles
    warning_styles
"""

_NUMBERS = {
    "max_package_changelog_chars": 1 << 16,
    "max_package_changelog_revisions": 0,
    "memcached_context_file_min_compress_len": 1,
    "memcached_listdir_min_compress_len": 1 << 14,
    "memcached_package_file_min_compress_len": 1 << 14,
    "memcached_resolve_min_compress_len": 1,
    "package_cache_log_days": 7,
    "package_cache_max_variant_days": 30,
    "package_cache_space_buffer": 100 << 20,
    "package_cache_used_threshold": 80,
    "resource_caching_maxsize": -1,
    "shell_error_truncate_cap": 750,
}

_TEXTS = {
    "build_directory": "build",
    "default_build_process": "local",
    "documentation_url": "https://rez.readthedocs.io",
    "dot_image_format": "png",
    "local_packages_path": "~/packages",
    "release_packages_path": "~/.rez/packages/int",
    "suite_alias_prefix_char": "+",
}

_TRACKED = [
    "status", "timestamp", "solve_time", "load_time", "from_cache", "package_requests",
    "implicit_packages", "resolved_packages",
]  # fmt: skip

SETTINGS: dict[str, Setting] = {
    **_flags(_ON, default=True),
    **_flags(_OFF, default=False),
    **_flags(_NO_TEXT, None, kinds.OPTIONAL_TEXT),
    **_flags(_NO_STYLES, None, kinds.OPTIONAL_TEXTS),
    **_flags("memcached_uri pip_extra_args", [], kinds.OPTIONAL_TEXTS),
    **_flags("critical_styles heading_styles", ["bright"], kinds.OPTIONAL_TEXTS),
    **_flags("package_filter package_orderers", None, kinds.DICTIONARIES),
    **_flags(
        """default_cachable_per_package default_cachable_per_repository
        default_relocatable_per_package default_relocatable_per_repository new_session_popen_args
        optionvars""",
        None,
        kinds.OPTIONAL_DICTIONARY,
    ),
    **_flags("context_tracking_extra_fields platform_map", {}, kinds.OPTIONAL_DICTIONARY),
    **_flags(
        """bind_module_path package_definition_build_python_paths plugin_path
        standard_system_paths""",
        [],
        kinds.PATHS,
    ),
    **_flags("parent_variables release_hooks resetting_variables", [], kinds.TEXTS),
    **{f"{name}_fore": Setting(kinds.OPTIONAL_TEXT, colour) for name, colour in _COLOURS.items()},
    **{name: Setting(kinds.INTEGER, number) for name, number in _NUMBERS.items()},
    **{name: Setting(kinds.TEXT, text) for name, text in _TEXTS.items()},
    "build_thread_count": Setting(kinds.THREADS, "physical_cores"),
    "color_enabled": Setting(kinds.BOOLEAN_OR_FORCE, os.name == "posix"),
    "context_tracking_amqp": Setting(
        kinds.OPTIONAL_DICTIONARY,
        {
            "connect_timeout": 10,
            "exchange_name": "",
            "exchange_routing_key": "REZ.CONTEXT",
            "message_delivery_mode": 1,
            "password": "",
            "userid": "",
        },
    ),
    "context_tracking_context_fields": Setting(kinds.TEXTS, _TRACKED),
    "context_tracking_host": Setting(kinds.OPTIONAL_TEXT, ""),
    "create_executable_script_mode": Setting(kinds.SCRIPT_MODE, "single"),
    "default_cachable": Setting(kinds.OPTIONAL_BOOLEAN, default=False),
    "default_shell": Setting(kinds.OPTIONAL_TEXT, ""),
    "env_var_separators": Setting(kinds.DICTIONARY, {"CMAKE_MODULE_PATH": ";", "DOXYGEN_TAGFILES": " "}),
    "implicit_packages": Setting(
        kinds.TEXTS, [f"~{name}=={{system.{name}}}" for name in ("platform", "arch", "os")]
    ),
    "package_cache_clean_limit": Setting(kinds.FRACTION, 0.5),
    "package_preprocess_function": Setting(kinds.FUNCTION, None),
    "package_preprocess_mode": Setting(kinds.PREPROCESS_MODE, "override"),
    "packages_path": Setting(kinds.PATHS, ["~/packages", "~/.rez/packages/int", "~/.rez/packages/ext"]),
    "pathed_env_vars": Setting(kinds.TEXTS, ["*PATH"]),
    "pip_install_remaps": Setting(
        kinds.REMAPS,
        [
            {"record_path": "^{p}{s}{p}{s}" + found, "pip_install": r"\1", "rez_install": target}
            for found, target in (
                ("(bin{s}.*)", r"\1"),
                ("lib{s}python{s}(.*)", r"python{s}\1"),
            )
        ],
    ),
    "rez_tools_visibility": Setting(kinds.TOOLS_VISIBILITY, "append"),
    "suite_visibility": Setting(kinds.SUITE_VISIBILITY, "always"),
    "variant_select_mode": Setting(kinds.SELECT_MODE, "version_priority"),
    "variant_shortlinks_dirname": Setting(kinds.OPTIONAL_TEXT, "_v"),
}

#: Settings that Rez warns about when somebody sets them.
DEPRECATED = frozenset(
    ["disable_rez_1_compatibility", "error_old_commands", "rez_1_environment_variables",
     "warn_old_commands"]
)  # fmt: skip
