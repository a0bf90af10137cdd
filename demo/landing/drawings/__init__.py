"""Drawings: product pictures, people in yoga poses, and other things. All that the demo's pictures show is drawn here.

Every drawing depends on its seed and nothing else. ``product`` draws a look (label, colour, pattern, background), ``pose``
a person in a pose, ``other`` something that is neither. The same drawings train the two small networks.
"""

from .canvas import BACKGROUNDS, COLORS, PATTERNS
from .figures import POSES, pose
from .garments import LABEL_OF_CATEGORY, LABELS, Look, product
from .others import HELD_OUT, OTHERS, other

__all__ = [
    "BACKGROUNDS",
    "COLORS",
    "HELD_OUT",
    "LABELS",
    "LABEL_OF_CATEGORY",
    "OTHERS",
    "PATTERNS",
    "POSES",
    "Look",
    "other",
    "pose",
    "product",
]
