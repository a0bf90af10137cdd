"""What dbt does at each of its starts, done sooner in the processes of the tests: they start it some three hundred times.

None of it changes what dbt does to a warehouse, or what its artifacts say. Who runs dbt from a shell never meets this.
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import Any

from dbt_common import behavior_flags

WRITES_AT_ITS_END = {"build", "compile", "run", "seed", "snapshot", "test"}
"""The commands that write the manifest a second time, over the first."""
CHECKED = {"dbt.contracts.project", "dbt.adapters.duckdb.credentials", "dbt.contracts.selection"}
"""Modules with what a person writes: dbt checks it against a schema that it makes of the class."""


def install() -> None:
    """Have dbt of this process do it so; to be called wherever a test runs dbt in its own process."""
    import dbt.artifacts.schemas.base
    import dbt.artifacts.schemas.run.v5.run
    import dbt.parser.manifest

    # They take the name over when they are imported, and write at the end.
    import dbt.task.build
    import dbt.task.docs.generate
    import dbt_common.events.logger
    from dbt_common.tests import enable_test_caching

    if dbt.parser.manifest.write_manifest is _write_manifest_once:
        return
    global _write_manifest, _write_any_line
    _write_any_line = dbt_common.events.logger._Logger.write_line
    _write_manifest, dbt.parser.manifest.write_manifest = dbt.parser.manifest.write_manifest, _write_manifest_once
    find_callers_sooner()
    for module in (dbt.artifacts.schemas.base, dbt.artifacts.schemas.run.v5.run):
        module.write_json = _write_json
    dbt_common.events.logger._Logger.write_line = _write_line
    # Dbt reads all macros whenever one model has changed; this keeps what each text was read as.
    enable_test_caching()


def find_callers_sooner() -> None:
    """The part of it that needs no import of dbt itself: it is for every process of the tests."""
    behavior_flags.BehaviorFlagRendered._default_source = staticmethod(_module_of_the_caller)


def _module_of_the_caller() -> str:
    """Who called a behavior flag; dbt looks through all modules of the process for that, once per frame of the stack.

    It is nothing in a process of dbt's own, and minutes in one that runs pytest and has half of the installed packages imported.
    """
    frame = sys._getframe(1)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name != behavior_flags.__name__:
            return str(name)
        frame = frame.f_back
    return "Unknown"


_write_manifest: Any = None
_write_any_line: Any = None


def _write_manifest_once(manifest: Any, target_path: str, which: str | None = None) -> None:
    """Write what parsing found, unless the command writes it anyway when it ends."""
    from dbt.flags import get_flags

    if get_flags().WHICH not in WRITES_AT_ITS_END:
        _write_manifest(manifest, target_path, which)


def _write_line(logger: Any, event: Any) -> None:
    """Make a line of what the log takes; dbt makes one of everything, and then drops what is below the log's level."""
    from dbt_common.events.base_types import EventLevel
    from dbt_common.events.logger import _is_print_event, _log_level_map

    if _is_print_event(event) or _log_level_map[EventLevel(event.info.level)] >= _log_level_map[logger.level]:
        _write_any_line(logger, event)


def _write_json(path: str, data: dict[str, Any]) -> bool:
    """The same text by the encoder in C, which Python does not use for writing to a file bit by bit."""
    from dbt_common.utils.encoding import JSONEncoder

    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(json.dumps(data, cls=JSONEncoder), encoding="utf-8")
    return True


def prepare_classes() -> None:
    """Have dbt's classes make their readers and writers now, which each process does for itself at the first use of one."""
    from dbt_common.dataclass_schema import dbtClassMixin

    classes = {dbtClassMixin}
    while more := {each for known in classes for each in known.__subclasses__()} - classes:
        classes |= more
    for each in classes:
        # There is nothing to read or write; this is set after the methods were created.
        with contextlib.suppress(Exception):
            each.from_dict({})
        with contextlib.suppress(Exception):
            each.to_dict(each.__new__(each))
        if each.__module__ in CHECKED:
            with contextlib.suppress(Exception):
                each.json_schema()
