"""The gradient theatre: a recording as one HTML file that shows and never computes. What is said
stands in stories.py and formulas.py, what is worked out in stage.py, pictures in charts.py, the
file in page.py, and how it looks and moves in theatre.html, theatre.css and theatre.js."""

from .page import write
