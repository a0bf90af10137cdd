"""The frame of the app: which pages there are. ``make app`` starts it; a page stays on its own address, filters included.

The pages are in ``views``: from a folder ``pages`` Streamlit makes a menu of file names for the first visitor.
"""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st

# `streamlit run app/main.py` from anywhere finds the package.
if str(Path(__file__).resolve().parents[1]) not in sys.path:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

PAGES = {
    "Shop": [
        st.Page("views/shop.py", title="Shop", icon=":material/storefront:", default=True),
        st.Page("views/cohorts.py", title="Who came back", icon=":material/groups:"),
        st.Page("views/pictures.py", title="Pictures", icon=":material/photo_library:"),
        st.Page("views/similar.py", title="Similar things", icon=":material/hub:"),
    ],
    "Other feeds": [
        st.Page("views/yoga.py", title="Yoga", icon=":material/self_improvement:"),
        st.Page("views/marketplace.py", title="Marketplace", icon=":material/local_shipping:"),
        st.Page("views/grocery.py", title="Grocery", icon=":material/shopping_basket:"),
    ],
    "Operations": [st.Page("views/health.py", title="Pipeline health", icon=":material/foundation:")],
}

st.set_page_config(page_title="Lakeweave", page_icon=":material/water:", layout="wide")
# On a phone the menu is folded away, and Streamlit shows an arrow without a word.
st.html(
    '<style>[data-testid="stExpandSidebarButton"]::after { content: "Menu"; font-size: 1rem; padding: 0 .3rem; }</style>'
)
st.navigation(PAGES).run()
