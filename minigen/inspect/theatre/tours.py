"""The guided tour: eight to ten stops, one sentence each, through one iteration and then to where
it goes. A stop is a run, an iteration, a cue, and perhaps a layer to open; numbers in the sentences
are read from the recording.
"""

import numpy


def tour_of(runs):
    """The stops, as JSON holds them; runs: (recording, sentence), the first first."""
    recording = runs[0][0]
    kind = recording.about["trainer"]
    if kind == "GANTrainer":
        return _gan(runs)
    return _vae(recording) if kind == "VAETrainer" else _autoencoder(recording)


def _stop(it, cue, words, run=0, layer=None):
    return {"run": run, "it": it, "cue": cue, "words": words, "layer": layer}


def _gan(runs):
    recording = runs[0][0]
    at, last = _midway(recording), recording.iterations[-1]
    one = recording[at].phases[0]
    d_real = _sigmoid(one.tensors["real_logits"]).mean()
    d_fake = _sigmoid(one.tensors["fake_logits"]).mean()
    layer = _first_layer(recording, "discriminator")
    m = len(one.tensors["x"])
    stops = [
        _stop(at, "D1", f"Iteration {at} begins: a batch of {m} real examples x. Everything on "
                        "this page was recorded while it ran."),
        _stop(at, "D3", "G turns noise into samples, but in phase 1 G is frozen: its weights are "
                        "constants, nothing is remembered, and its samples are data like x."),
        _stop(at, "D5", f"D says {d_real:.2f} on average to what is real and {d_fake:.2f} to what "
                        f"is generated; V sums that up as {float(one.tensors['value']):.3f}."),
        _stop(at, "D6", "Backward: a real example pulls D's logit up by (1 − D(x))/m, a generated "
                        "one pushes it down by D(G(z))/m; only D's weights get a gradient.",
              layer=layer),
        _stop(at, "D7", "D's weights move up that gradient: open any layer below, and follow one "
                        "number from weight and gradient to update.", layer=layer),
        _stop(at, "G3", "Phase 2, new noise: now D is frozen, but not cut off. Its weights are "
                        "constants, and the gradient will pass through it."),
        _stop(at, "G5", "What arrives at each sample is all that G ever learns about the data: "
                        "the direction in which its objective falls."),
        _stop(at, "G6", "G cannot move a sample by itself; it moves its weights, and all its "
                        "samples move together.", layer=_first_layer(recording, "generator")),
    ]
    stops += _vanishing(runs)
    v = recording.summary["values/V"]
    late = float(v[-max(len(v) // 10, 1):].mean())
    stops.append(_stop(last, "G5", f"Iteration {last}: V is {late:.2f} on average of late, where a "
                                   "D that cannot tell the two apart has −log 4 = −1.39. Step on "
                                   "from here, or choose another run above."))
    return stops


def _midway(recording):
    """The recorded iteration whose JSD is nearest to half of log 2; or the middle one."""
    seen = {it.step: float(it.phases[0].views["jsd"]) for it in recording
            if "jsd" in it.phases[0].views}
    if not seen:
        return recording.iterations[len(recording) // 2]
    return min(seen, key=lambda it: abs(seen[it] - numpy.log(2) / 2))


def _vanishing(runs):
    """Where D rejects the samples, the saturating loss tells G next to nothing."""
    found = [(i, recording) for i, (recording, _) in enumerate(runs)
             if recording.about["options"]["generator_loss"] == "saturating"]
    if not found:
        return []
    run, recording = found[0]

    def ratio(it):
        views = recording[it].phases[-1].views
        return (numpy.linalg.norm(views["sample_gradient_non_saturating"])
                / max(numpy.linalg.norm(views["sample_gradient_saturating"]), 1e-30))

    worst = max(recording.iterations, key=ratio)
    return [_stop(worst, "G5", "The saturating loss of the algorithm box: where D rejects a sample "
                  "the gradient vanishes. Here the other loss would tell the same samples "
                  f"{ratio(worst):.1f} times as much.", run=run)]


def _vae(recording):
    its = recording.iterations
    at, last = its[len(its) // 2], its[-1]
    views, t = recording[at].phases[0].views, recording[at].phases[0].tensors
    by_z, by_kl = (float(numpy.linalg.norm(views[f"mu_by_{way}"])) for way in ("z", "kl"))
    return [
        _stop(at, "V1", f"Step {at}: a batch of {len(t['x'])} examples; follow it through the "
                        "bound."),
        _stop(at, "V2", "The encoder gives each example not a code but a distribution of codes: a "
                        "mean and a spread."),
        _stop(at, "V3", "Noise comes from outside; to the gradient it is a constant."),
        _stop(at, "V4", "z = μ + σ ε: the randomness is an input, so z has a derivative by μ and "
                        "σ."),
        _stop(at, "V5", "The decoder draws x̂ from z alone."),
        _stop(at, "V6", f"The bound: {float(t['reconstruction']):.1f} nats of reconstruction, less "
                        f"{float(t['kl']):.1f} of KL."),
        _stop(at, "V7", f"Two gradients meet in μ: by way of z (norm {by_z:.3g}) and by way of the "
                        f"KL ({by_kl:.3g})."),
        _stop(at, "V8", "Every weight moves down the sum."),
        _stop(last, "V7", f"Step {last}: the two routes again, later in the run."),
    ]


def _autoencoder(recording):
    its = recording.iterations
    first, at, last = its[0], its[len(its) // 2], its[-1]
    return [
        _stop(first, "A1", "The patterns; each is its own target."),
        _stop(first, "A2", "At first all codes lie in the middle: the network cannot tell the "
                           "patterns apart."),
        _stop(first, "A3", "So the decoder gives the same answer to all."),
        _stop(first, "A5", "Backward: the error goes through the decoder to the codes, and on to "
                           "the encoder.", layer=_first_layer(recording, "decoder")),
        _stop(first, "A6", "Every weight moves a little.",
              layer=_first_layer(recording, "encoder")),
        _stop(at, "A2", f"Step {at}: the codes have begun to part."),
        _stop(at, "A5", "The gradient at each code says where it is to go."),
        _stop(last, "A2", f"Step {last}: where the codes ended."),
        _stop(last, "A3", "And what the decoder makes of them."),
    ]


def _first_layer(recording, network):
    return [network, next(path for path, _, parameters in recording.about["networks"][network]
                          if parameters)]


def _sigmoid(s):
    return numpy.exp(-numpy.logaddexp(0, -s.astype("float64")))
