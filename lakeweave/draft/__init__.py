"""From a sentence to a tested model: ``python -m lakeweave.draft "…"``.

A sentence becomes a plan (:mod:`.grammar`). The plan becomes SQL, YAML and unit tests in the form of the project
(:mod:`.writing`). They are checked in a project and a database of their own (:mod:`.checks`), and the result is shown
(:mod:`.report`).
"""
