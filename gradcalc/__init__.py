"""gradcalc: a computation declared once becomes every gradient, derived, checked and put on paper.

    Exercise --build--> Graph --derive--> Derivation --compose--> Report --render--> text
"""

__version__ = "0.1.0"
