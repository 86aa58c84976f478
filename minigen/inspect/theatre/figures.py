"""Which pictures of the data the page shows at a cue: points of a plane, images, or matrices, each
by the names of its arrays. A name here begins with the phase's number: "0/views/D_after".
"""


def figures_of(cue, kind, i, phase):
    """A list of dicts, each with its "kind": plane, images, matrix or cube."""
    if kind == "plane":
        return [_plane(cue.figures, i)] if cue.figures else []
    if kind == "images":
        return _images(cue.figures, i, phase)
    return [shown for name in cue.figures for shown in _parts(name, i, phase)]


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
        found["best"] = "0/views/D_optimal"
    if "arrows" in found:
        found["scale"] = f"{i}/derived/arrow_scale"
    return found


def _images(names, i, phase):
    """Rows of images: real ones, generated ones with D's verdict, gradients, and a small step."""
    found = []
    if "real" in names:
        found.append(_row("images", "real x", f"{i}/tensors/x", "D(x)", f"{i}/derived/d_real"
                          if "map_before" in names or "map_after" in names else None))
    if "fake" in names:
        judged = any(name.startswith("map") for name in names)
        found.append(_row("images", "G(z)", f"{i}/tensors/fake", "D(G(z))",
                          f"{i}/derived/d_fake" if judged else None))
    if "arrows" in names:
        found.append(_row("images", "−∂L/∂G(z): what each sample is told", f"{i}/derived/descent",
                          diverging=True))
        found.append(_row("images", "G(z) after a small step along it", f"{i}/derived/stepped"))
    if "moved" in names:
        found.append(_row("images", "G(z) after G's update", f"{i}/views/fake_after"))
    return found


def _parts(name, i, phase):
    """A figure of an autoencoder's cue: "z", "z_gradient", "x_hat", ..."""
    base = name.removesuffix("_gradient")
    tensor = {"x_hat": "decoded"}.get(base, base) if "decoded" in phase.tensors else base
    array = phase.tensors.get(tensor)
    title = {"x_hat": "x̂", "mu": "μ", "sigma": "σ", "noise": "ε", "mu_by_z": "∂L/∂μ by way of z",
             "mu_by_kl": "∂L/∂μ by way of the KL"}.get(name, name)
    if name in ("mu_by_z", "mu_by_kl"):
        return [_row("matrix", title, f"{i}/views/{name}", diverging=True)]
    if name == "sigma":
        return [_row("matrix", title, f"{i}/derived/sigma", diverging=True)]
    if name.endswith("_gradient"):
        title = f"∂L/∂{ {'x_hat': 'x̂', 'mu': 'μ'}.get(base, base) }"
        ref = f"{i}/tensor_gradients/{tensor}"
        there = tensor in phase.tensor_gradients
        return [_row("matrix", title, ref, diverging=True)] if there else []
    if array is None:
        return []
    if base == "x_hat" and "decoded" in phase.tensors:
        return [_row("images", "x̂ = σ(decoder(z))", f"{i}/derived/x_hat")]
    square = round(array[0].size ** 0.5) ** 2 == array[0].size and array[0].size >= 64
    shown = [_row("images" if square else "matrix", title, f"{i}/tensors/{tensor}")]
    if name == "z" and array.shape[1:] == (3,):
        shown.append({"kind": "cube", "title": "the codes in the cube",
                      "ref": f"{i}/derived/cube"})
    return shown


def _row(kind, title, ref, number=None, under=None, diverging=False):
    found = {"kind": kind, "title": title, "ref": ref, "diverging": diverging}
    return found | ({"under": under, "number": number} if under else {})
