"""`python -m lakeweave.spark <dbt arguments>`: dbt, with a session that has the project's functions."""

from __future__ import annotations

import sys


def main(arguments: list[str]) -> int:
    """Run dbt with ``arguments``; its exit code."""
    from lakeweave.errors import Unusable
    from lakeweave.spark.checks import check_packages

    try:
        check_packages()
    except Unusable as error:
        print(f"lakeweave: {error}", file=sys.stderr)
        return 2
    from dbt.cli.main import dbtRunner

    from lakeweave.spark.adapter import install
    from lakeweave.spark.session import close

    install()
    try:
        result = dbtRunner().invoke(arguments)
    finally:
        close()
    if result.exception is not None:
        print(result.exception, file=sys.stderr)
        return 2
    return 0 if result.success else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
