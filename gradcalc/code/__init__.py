"""Array code as text: arrays with labelled axes (pieces), nodes and terms written with them (emit).

The module it becomes is put together in render/code.py.
"""
