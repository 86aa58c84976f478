"""Seeing what happened: an iteration in words, curves over a run, and pictures of both. Nothing
here trains anything.

    print(inspect.algorithm(trainer))       a GAN's last iteration, line by line as in Algorithm 1
    curves = inspect.Curves(every=10)       a callback of fit: numbers and gradient norms over a run
    inspect.game(curves), inspect.gradient_norms(curves)        figures of them
    inspect.draw_graph(loss)                a figure of the tape: values down, gradients back up
    recorder = inspect.Recorder([1, 10, 100])   a callback of fit: whole iterations, every tensor
    recorder.recording.to_html("theatre.html")  a page that shows them, line by line
    inspect.load("run.npz")                     a recording that was saved

It needs Matplotlib, so it is not loaded by `import minigen` but by the first use of
minigen.inspect. Reading order: algorithm, curves, plots, tape, graph, layout, sketch; and recorder,
watching, phase, examine, views, recording, theatre/page.
"""

from .algorithm import algorithm
from .curves import Curves
from .graph import draw_graph
from .plots import COLOURS, game, gradient_norms
from .recorder import Recorder
from .recording import Recording, RecordingError, load
