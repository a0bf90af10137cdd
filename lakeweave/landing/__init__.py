"""Landing generator: a web shop's dirty files, a product database's change files, and the truth about both.

``python -m lakeweave.landing --help`` tells the options; from Python::

    from lakeweave.landing import LandingConfig, generate

    generate(LandingConfig(scale=0.01, batches=3, seed=42, out=Path("landing")))
"""

from .config import FEEDS, LandingConfig, LandingError
from .zone import Summary, generate

__all__ = ["FEEDS", "LandingConfig", "LandingError", "Summary", "generate"]
