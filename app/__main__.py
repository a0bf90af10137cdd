"""Starts the app: ``python -m app``, with the options of ``streamlit run`` after it.

The app listens on this machine only and opens a browser where there is a screen. What every page needs is imported before the
server listens, so that the first visitor does not wait for it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import altair  # noqa: F401
import duckdb  # noqa: F401
import pandas  # noqa: F401
from streamlit.web import cli

import app.look

OPTIONS = (
    # Opens the browser; shows no prompt for an e-mail address. Streamlit opens none without a screen (Linux without DISPLAY).
    "--server.headless=false",
    "--server.showEmailPrompt=false",
    "--browser.gatherUsageStats=false",
    # Only this machine, unless a later option names another address: the app has no sign-in.
    "--server.address=localhost",
    # A person sees sentences, the log has the rest.
    "--client.showErrorDetails=none",
    "--client.toolbarMode=minimal",
    f"--theme.primaryColor={app.look.BLUE}",
    f"--theme.textColor={app.look.BLACK}",
    f"--theme.codeTextColor={app.look.BLACK}",
    f"--theme.headingFontSizes={app.look.HEADINGS}",
)

if __name__ == "__main__":
    sys.argv = ["streamlit", "run", str(Path(__file__).with_name("main.py")), *OPTIONS, *sys.argv[1:]]
    sys.exit(cli.main())
