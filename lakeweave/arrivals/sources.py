"""Which source an object belongs to, by the folders that the sources' YAML declares."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lakeweave.arrivals.events import Arrival


@dataclass(frozen=True)
class Sources:
    """Folders of the landing zone (``gcp/inbox/users``) with the source tables that read them (``thelook.users``)."""

    folders: dict[str, str]
    buckets: tuple[str, ...] = ()
    """Buckets that events may name; those of a folder that is watched need none."""

    @classmethod
    def of_project(cls, project: Path, target: str | None = None, buckets: tuple[str, ...] = ()) -> Sources:
        """The sources that dbt lists.

        Raises:
            RuntimeError: dbt cannot list them; the message holds its words.
        """
        command = [
            sys.executable,
            "-m",
            "dbt.cli.main",
            "--quiet",
            "ls",
            "--resource-type",
            "source",
            "--output",
            "json",
        ]
        command += ["--output-keys", "source_name", "name", "config"]
        if target:
            command += ["--target", target]
        done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(
                f"dbt cannot list the sources of {project}:\n{done.stdout.strip()}\n{done.stderr.strip()}"
            )
        folders = {}
        for line in done.stdout.splitlines():
            if line.startswith("{"):
                source = json.loads(line)
                folder = ((source.get("config") or {}).get("meta") or {}).get("folder")
                if folder:
                    folders[folder.strip("/")] = f"{source['source_name']}.{source['name']}"
        return cls(folders, buckets)

    def of(self, arrival: Arrival) -> str | None:
        """The source table of an object, or None for an unknown bucket, an undeclared folder or a directory placeholder."""
        if self.buckets and arrival.bucket not in self.buckets:
            return None
        name = PurePosixPath(arrival.name)
        if arrival.name.endswith("/") or ".." in name.parts or name.name.startswith((".", "_")):
            return None
        for place in (f"{arrival.store}/{name}", f"{arrival.store}/{arrival.bucket}/{name}"):
            for folder, source in self.folders.items():
                if place.startswith(folder + "/"):
                    return source
        return None
