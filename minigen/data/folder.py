"""The pictures in a folder of your own, as a data set: square, of one size, in [−1, 1].

Pillow opens them, and Matplotlib installs it. It is imported inside the function because most runs
of minigen read no picture.
"""

from pathlib import Path

import numpy as np

from .. import errors

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")             # as Pillow names them
SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")


def from_folder(path, size=32):
    """Every picture in the folder `path`, as float32 (n, 3, size, size) in [−1, 1].

    They come in the order of their names. Each is turned upright (by its orientation tag), cut to
    the largest square in its middle and scaled to size × size. Grey pictures become RGB,
    transparent ones are laid on white, and of an animation the first frame is taken. What counts
    as a picture is decided by a file's contents, not by its name; other files, folders, and names
    that begin with a dot are passed over.

    FileNotFoundError where there are no pictures. ValueError for size < 1, and for a file that
    cannot be read although its contents or its name (photo.jpg) say that it is a picture.
    """
    errors.integer("from_folder", 1, size=size)
    images = []
    for pixels in _pictures(path):
        image = 2 * _scale(_middle_square(pixels), size) - 1
        images.append(np.clip(image, -1, 1))            # rounding can exceed [−1, 1] by an ulp
    if not images:
        raise _no_pictures(path)
    return np.stack(images)


def _pictures(path):
    """Yield the pixels of every picture in the folder, by name."""
    for file in sorted(Path(path).glob("*")):
        if file.is_file() and not file.name.startswith("."):
            pixels = _read(file)
            if pixels is not None:
                yield pixels


def _read(file):
    """The pixels of a picture, upright: float32 (h, w, 3), 0..1; None where `file` is not one."""
    from PIL import Image, ImageOps, UnidentifiedImageError
    try:
        with Image.open(file, formats=FORMATS) as picture:
            return _on_white(ImageOps.exif_transpose(picture))
    except UnidentifiedImageError as error:
        if file.suffix.lower() in SUFFIXES:
            raise _unreadable(file, error) from error
        return None
    except Exception as error:                  # what a damaged file raises depends on its format
        raise _unreadable(file, error) from error


def _on_white(picture):
    """A picture of Pillow's as float32 (h, w, 3), 0..1, what is transparent laid on white."""
    if picture.mode.startswith("I"):            # 16 bits of grey, of which convert() keeps only 8
        return np.repeat(np.asarray(picture, "float32")[..., None] / 65535, 3, axis=2)
    pixels = np.asarray(picture.convert("RGBA"), "float32") / 255
    colour, alpha = pixels[..., :3], pixels[..., 3:]
    return alpha * colour + (1 - alpha)


def _middle_square(pixels):
    """The largest square in the middle of a picture (h, w, 3), as (3, side, side)."""
    side = min(pixels.shape[:2])
    top, left = ((length - side) // 2 for length in pixels.shape[:2])
    return pixels[top:top + side, left:left + side].transpose(2, 0, 1)


def _scale(picture, size):
    """Resample (3, side, side) to (3, size, size): linear interpolation, and an average where it
    shrinks, so that no pixel is lost."""
    side = picture.shape[-1]
    step = side / size                                  # of the new pixels, in old ones
    new, old = (np.arange(size)[:, None] + 0.5) * step, np.arange(side) + 0.5       # centres
    weights = np.maximum(0, 1 - abs(new - old) / max(step, 1)).astype("float32")
    weights /= weights.sum(axis=1, keepdims=True)
    return weights @ picture @ weights.T


# ------------------------------------------------------------------------------------------ errors

def _no_pictures(path):
    return FileNotFoundError(f"from_folder: found no pictures in {str(path)!r}; expected a folder "
                             f"of files of one of the formats {', '.join(FORMATS)}")


def _unreadable(file, error):
    return ValueError(f"from_folder: cannot read {str(file)!r} ({error}); repair or remove it")
