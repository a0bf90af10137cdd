"""A kill repays at most one batch per thread, and the next run ends where an unbroken run ends.

A sample of the moments runs with the other tests; `LAKEWEAVE_INFERENCE_KILLS=50` runs as many as are asked for. dbt runs in
forked children of a process that has imported and parsed already (this file as a script), which can be killed at any moment.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb

from tests.python import dbt_speedups
from tests.python.duckdb.inference_project import ROOT, InferenceProject, asking, openai
from tests.python.fakes import model_server

KILLS = int(os.environ.get("LAKEWEAVE_INFERENCE_KILLS", "2"))
BATCH = 16
QUESTIONS_PER_KILL = 40


def test_a_kill_repays_at_most_one_batch(tmp_path: Path) -> None:
    """Each run is killed a little further on, at moments that a seed draws: in a call, at a commit, between batches."""
    draw = random.Random(20261121)
    questions = QUESTIONS_PER_KILL * (KILLS + 1)
    with model_server.running(latency=0.01) as server:
        project = InferenceProject(tmp_path, openai(server.base_url, concurrency=4))
        body = f"select range as id, 'q' || (range % {questions}) as prompt from range({2 * questions})"
        project.write("asked", asking(body, batch_size=BATCH))
        runs = _Runs(project)
        ledger = "select count(*), count(distinct fingerprint), coalesce(max(attempt), 0) from ledger.model_responses"
        try:
            assert runs.end(runs.start("run", "-s", "gemini")) == 0
            kept, struck, repaid = 0, 0, []
            for number in range(KILLS):
                server.reset()
                child = runs.start("run", "-s", "asked")
                wanted = draw.randint(1, QUESTIONS_PER_KILL)
                end = time.monotonic() + 120
                while server.stats()["requests"] < wanted and time.monotonic() < end:
                    time.sleep(0.001)
                time.sleep(draw.uniform(0, 0.03))
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
                struck += runs.end(child) == -signal.SIGKILL
                time.sleep(0.05)  # what was sent before the kill may still arrive
                asked = server.stats()["asked"]
                assert max(asked.values()) == 1

                rows, distinct, _ = _one(project, ledger)
                assert rows == distinct, f"kill {number}: a question has two answers"
                lost = len(asked) - (rows - kept)
                assert 0 <= lost <= BATCH, f"kill {number}: {lost} paid answers are lost, of a batch of {BATCH}"
                repaid.append(lost)
                kept = rows

            server.reset()
            assert runs.end(runs.start("run", "-s", "asked")) == 0
            assert server.stats()["requests"] == questions - kept, "what was committed is not asked again"
            assert _one(project, ledger) == (questions, questions, 1)
            wrong = "count(*) filter (response_state <> 'ok' or response <> 'echo: ' || prompt)"
            assert _one(project, f"select count(*), {wrong} from asked") == (2 * questions, 0)
            server.reset()
            assert runs.end(runs.start("run", "-s", "asked")) == 0
            assert server.stats()["requests"] == 0
        finally:
            runs.close()
    print(f"inference: {struck} of {KILLS} runs struck, {sum(repaid)} answers repaid, at most {max(repaid)} of {BATCH}")
    assert struck >= KILLS - max(1, KILLS // 5), "most kills must hit a run that is under way"
    assert max(repaid) > 0, "no kill hit a batch: the moments prove nothing"


def _one(project: InferenceProject, sql: str) -> tuple:
    with duckdb.connect(str(project.warehouse)) as connection:
        return connection.execute(sql).fetchone()


class _Runs:
    """The process that forks the runs."""

    def __init__(self, project: InferenceProject) -> None:
        self._project = project
        project.arguments("parse")
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(project.root)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _read(self, word: str) -> int:
        assert self._process.stdout
        for line in self._process.stdout:
            if line.startswith(word):
                return int(line.split()[1])
        raise AssertionError("the process that forks ended")

    def start(self, *arguments: str) -> int:
        """Start dbt; gives its process id."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(self._project.arguments(*arguments)) + "\n")
        self._process.stdin.flush()
        return self._read("started")

    def end(self, child: int) -> int:
        """Wait for its end; gives the exit code, negative for a signal."""
        return self._read("ended")

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(timeout=60)


def _serve(root: Path) -> None:
    from dbt.cli.main import dbtRunner

    dbt_speedups.install()
    place = ["--project-dir", str(root), "--profiles-dir", str(root)]
    parsed = dbtRunner().invoke(["--quiet", "parse", *place])
    assert parsed.success, parsed.exception
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = 3
            with contextlib.suppress(BaseException):
                os.dup2(os.open(root / "child.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
                result = dbtRunner(manifest=parsed.result).invoke([*json.loads(line), "--no-use-colors"])
                code = 0 if result.success else 1
            os._exit(code)
        print("started", child, flush=True)
        _, status = os.waitpid(child, 0)
        print("ended", os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
