"""Which pictures of the data the page shows at a cue: points of a plane, images, or matrices, each
by the names of its arrays. A name here begins with the phase's number: "0/views/D_after".
"""


def figures_of(cue, kind, i, phase, likelihood=None):
    """A list of dicts, each with its "kind": plane, images, matrix or cube. likelihood: a VAE's."""
    if kind == "plane":
        return [_plane(cue.figures, i)] if cue.figures else []
    if kind == "images":
        return _images(cue.figures, i, phase)
    return [shown for name in cue.figures for shown in _parts(name, i, phase, likelihood)]


def _plane(names, i):
    """One plane; phase 2 (number i) shows D as the phase 1 before it left it."""
    found = {"kind": "plane"}
    for name, key, ref in (
            ("real", "real", f"{i}/tensors/x"), ("fake", "fake", f"{i}/tensors/fake"),
            ("map_before", "map", "0/views/D_before" if i == 0 else f"{i - 1}/views/D_after"),
            ("map_after", "map", f"{i}/views/D_after"),
            ("map_now", "map", f"{i - 1}/views/D_after"),
            ("mesh_before", "mesh", f"{i}/views/mesh_before"),
            ("mesh_after", "mesh", f"{i}/views/mesh_after"),
            ("arrows", "arrows", f"{i}/derived/arrow_ends"),
            ("moved", "moved", f"{i}/views/fake_after")):
        if name in names:
            found[key] = ref
    if "map" in found:
        found |= {"best": "0/views/D_optimal", "jsd": "0/views/jsd"}
    if "arrows" in found:
        found["scale"] = f"{i}/derived/arrow_scale"
    return found


def _images(names, i, phase):
    """Rows of images: real ones, generated ones with D's verdict, gradients, and a small step."""
    judged, fake, found = any("map" in name for name in names), phase.tensors["fake"], []
    if "real" in names:
        found.append(_examples("real x", f"{i}/tensors/x", phase.tensors["x"],
                               judged and ("D(x)", f"{i}/derived/d_real")))
    if "fake" in names:
        found.append(_examples("G(z)", f"{i}/tensors/fake", fake,
                               judged and ("D(G(z))", f"{i}/derived/d_fake")))
    if "arrows" in names:
        found += [_examples("−m ∂L/∂G(z): what each sample is told", f"{i}/derived/descent", fake,
                            diverging=True),
                  _examples("G(z) after a small step along it", f"{i}/derived/stepped", fake)]
    if "moved" in names:
        found.append(_examples("G(z) after G's update", f"{i}/views/fake_after", fake))
    return found


_TITLES = {"x_hat": "x̂", "mu": "μ", "sigma": "σ", "noise": "ε"}


def _parts(name, i, phase, likelihood):
    """The figures of an autoencoder's "z", "z_gradient", "x_hat", ... at a cue."""
    base = name.removesuffix("_gradient")
    title = _TITLES.get(base, base)
    tensor = "decoded" if base == "x_hat" and "decoded" in phase.tensors else base
    if name in ("mu_by_z", "mu_by_kl"):
        way = {"mu_by_z": "z", "mu_by_kl": "the KL"}[name]
        return [_matrix(f"∂L/∂μ by way of {way}", f"{i}/views/{name}")]
    if name == "sigma":
        return [_matrix(title, f"{i}/derived/sigma")]
    if name != base:
        there = tensor in phase.tensor_gradients
        return [_matrix(f"∂L/∂{title}", f"{i}/tensor_gradients/{tensor}")] if there else []
    if tensor not in phase.tensors:
        return []
    if tensor == "decoded" and likelihood == "bernoulli":
        return [_examples("x̂ = σ(decoder(z))", f"{i}/derived/x_hat", phase.tensors["decoded"])]
    shown = [_examples(title, f"{i}/tensors/{tensor}", phase.tensors[tensor])]
    if name == "z" and phase.tensors["z"].shape[1:] == (3,):
        shown.append({"kind": "cube", "title": "the codes in the cube",
                      "ref": f"{i}/derived/cube"})
    return shown


def _examples(title, ref, like, under=None, diverging=False):
    """Images, where the examples of `like` are images: (m, channels, height, width), with the
    channels one above the other, or (m, side²) of at least 8 × 8; a matrix otherwise."""
    side = round(like[0].size ** 0.5)
    if like.ndim == 4:
        sides = [like.shape[1] * like.shape[2], like.shape[3]]
    elif side >= 8 and side ** 2 == like[0].size:
        sides = [side, side]
    else:
        return _matrix(title, ref)
    found = {"kind": "images", "title": title, "ref": ref, "sides": sides, "diverging": diverging,
             "black": 0 if like.min() >= 0 or like.max() > 2 else -1}
    return found | ({"number": under[0], "under": under[1]} if under else {})


def _matrix(title, ref):
    return {"kind": "matrix", "title": title, "ref": ref}
