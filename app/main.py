"""The frame of the app: which pages there are. ``make app`` starts it; a page stays on its own address, filters included."""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st

# `streamlit run app/main.py` from anywhere finds the package.
if str(Path(__file__).resolve().parents[1]) not in sys.path:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

PAGES = {
    "Shop": [
        st.Page("pages/shop.py", title="Shop", icon=":material/storefront:", default=True),
        st.Page("pages/cohorts.py", title="Who came back", icon=":material/groups:"),
        st.Page("pages/pictures.py", title="Pictures", icon=":material/photo_library:"),
        st.Page("pages/similar.py", title="Similar things", icon=":material/hub:"),
    ],
    "Other feeds": [
        st.Page("pages/yoga.py", title="Yoga", icon=":material/self_improvement:"),
        st.Page("pages/marketplace.py", title="Marketplace", icon=":material/local_shipping:"),
        st.Page("pages/grocery.py", title="Grocery", icon=":material/shopping_basket:"),
    ],
    "Operations": [st.Page("pages/health.py", title="Pipeline health", icon=":material/foundation:")],
}

st.set_page_config(page_title="Lakeweave", page_icon=":material/water:", layout="wide")
st.navigation(PAGES).run()
