"""Who called dbt's behavior flags, found cheaply.

For each of its flags dbt looks through all modules of the process once per frame of the stack, to find out which module made
the flag: nothing in a process of dbt's own, minutes in one that runs pytest, has half of the installed packages imported and
runs dbt some hundred times. A frame knows the name of its module by itself.
"""

from __future__ import annotations

import sys

from dbt_common import behavior_flags


def _module_of_the_caller() -> str:
    frame = sys._getframe(1)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name != behavior_flags.__name__:
            return str(name)
        frame = frame.f_back
    return "Unknown"


def install() -> None:
    """Have dbt of this process find them so."""
    behavior_flags.BehaviorFlagRendered._default_source = staticmethod(_module_of_the_caller)
