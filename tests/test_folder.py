"""Pictures of a folder: what counts as one, and its pixels against those that Pillow saved."""

import numpy as np
import pytest
from PIL import Image

from minigen.data import faces, from_folder

pytestmark = pytest.mark.host_arrays


def noise(height, width, seed=0):
    """A grey picture that is like none of its mirror images."""
    return np.random.default_rng(seed).integers(0, 256, (height, width), "uint8")


def save(pixels, path, **options):
    Image.fromarray(pixels).save(path, **options)


# ------------------------------------------------------------------------------------- their pixels

def test_a_folder_gives_back_the_faces_that_were_saved_in_it(tmp_path):
    images, _ = faces(3, 32)
    pixels = np.uint8(np.round((images + 1) * 127.5)).transpose(0, 2, 3, 1)
    for i in (2, 0, 1):                                     # the order is that of the names
        save(pixels[i], tmp_path / f"{i}.png")
    found = from_folder(tmp_path, 32)
    assert found.shape == (3, 3, 32, 32) and found.dtype == np.float32
    assert abs(found - images).max() <= 1 / 255 + 1e-6


def test_every_kind_of_picture_becomes_rgb(tmp_path):
    grey = np.full((6, 8), 51, "uint8")
    colour = np.stack([grey, grey * 2, grey * 3], 2)
    fifth = np.concatenate([colour, np.full((6, 8, 1), 51, "uint8")], 2)        # a fifth opaque
    save(grey, tmp_path / "a_grey.png")
    save(colour, tmp_path / "b_colour.BMP")
    save(fifth, tmp_path / "c_transparent.png")
    save(grey, tmp_path / "d_grey.jpg", quality=100)
    save(grey.astype("uint16") * 257, tmp_path / "e_sixteen_bit.png")
    Image.fromarray(colour).quantize().save(tmp_path / "f_palette.gif")
    save(fifth, tmp_path / "g_transparent.tif")
    Image.fromarray(colour).convert("CMYK").save(tmp_path / "h_print.tif")
    save(np.stack([grey, grey], 2), tmp_path / "i_transparent_grey.png")
    grey, colour, on_white = (0.2, 0.2, 0.2), (0.2, 0.4, 0.6), (0.84, 0.88, 0.92)
    expected = [grey, colour, on_white, grey, grey, colour, on_white, colour, (0.84, 0.84, 0.84)]
    expected = np.broadcast_to(np.reshape(expected, (9, 3, 1, 1)), (9, 3, 4, 4))
    assert (from_folder(tmp_path, 4) + 1) / 2 == pytest.approx(expected, abs=0.006)


@pytest.mark.parametrize("height, width", [(10, 17), (17, 10)])
def test_the_middle_square_is_kept(tmp_path, height, width):
    pixels = noise(height, width)
    save(pixels, tmp_path / "wide.png")
    top, left = (height - 10) // 2, (width - 10) // 2
    middle = pixels[top:top + 10, left:left + 10] / 127.5 - 1
    assert from_folder(tmp_path, 10)[0] == pytest.approx(np.stack([middle] * 3), abs=1e-6)


@pytest.mark.parametrize("size", [5, 8, 20, 32, 47])
def test_scaling_is_pillows_bilinear(tmp_path, size):
    """From 20 pixels down and up, against Pillow's own resampling in floating point."""
    pixels = noise(20, 20, seed=1)
    save(pixels, tmp_path / "noise.png")
    scaled = Image.fromarray(pixels.astype("float32")).resize((size, size), Image.BILINEAR)
    expected = np.asarray(scaled) / 127.5 - 1
    assert from_folder(tmp_path, size)[0, 0] == pytest.approx(expected, abs=2e-6)


@pytest.mark.parametrize("grey", [0, 255])
def test_black_and_white_stay_within_minus_one_and_one_exactly(tmp_path, grey):
    """Of 40 sizes some left the interval by rounding, and a VAE refused the pictures."""
    save(np.full((50, 50), grey, "uint8"), tmp_path / "patch.png")
    for size in range(8, 48):
        images = from_folder(tmp_path, size)
        assert images.min() >= -1 and images.max() <= 1, size
        assert images == pytest.approx(grey / 127.5 - 1, abs=1e-6)


# By the number of the tag that a camera writes: how its pixels become the upright picture.
UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.T,
    6: lambda a: a.T[:, ::-1],              # a quarter turn clockwise: a telephone held upright
    7: lambda a: a.T[::-1, ::-1],
    8: lambda a: a.T[::-1],
}


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize("tag", UPRIGHT)
def test_a_photograph_is_turned_upright(tmp_path, tag, ending):
    pixels = np.kron(noise(3, 3), np.ones((16, 16), "uint8"))           # blocks survive a JPEG
    picture = Image.fromarray(pixels)
    exif = picture.getexif()
    exif[274] = tag                                         # the number of "Orientation"
    options = {"tif": {"tiffinfo": {274: tag}}}.get(ending, {"exif": exif, "quality": 100})
    picture.save(tmp_path / f"photo.{ending}", **options)
    expected = UPRIGHT[tag](pixels) / 127.5 - 1
    assert from_folder(tmp_path, 48)[0, 0] == pytest.approx(expected, abs=0.05)


# ------------------------------------------------------------------------------- what counts as one

@pytest.mark.parametrize("kind", ["BMP", "GIF", "JPEG", "MPO", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("name", ["photo.png", "photo.jpg", "photo.jfif", "photo", "photo.tar.gz"])
def test_what_counts_is_the_contents_not_the_name(tmp_path, kind, name):
    pixels = np.full((8, 8, 3), 102, "uint8")
    with open(tmp_path / name, "wb") as file:
        save(pixels, file, format=kind)
    assert from_folder(tmp_path, 8) == pytest.approx(np.full((1, 3, 8, 8), -0.2), abs=0.01)


def test_other_files_folders_and_hidden_names_are_passed_over(tmp_path):
    save(noise(8, 8), tmp_path / "photo.png")
    before = from_folder(tmp_path, 8)
    (tmp_path / "notes.txt").write_text("not a picture")
    (tmp_path / "nothing").write_bytes(b"")
    (tmp_path / "drawing.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (tmp_path / "more.png").mkdir()
    (tmp_path / "._photo.png").write_bytes(b"\0\5\x16\7 what macOS leaves beside a file")
    save(noise(8, 8, seed=1), tmp_path / ".thumbnail.png")
    assert np.array_equal(from_folder(tmp_path, 8), before)


def test_errors_name_the_path(tmp_path):
    (tmp_path / "notes.txt").write_text("not a picture")
    with pytest.raises(FileNotFoundError, match="from_folder: found no pictures in .* BMP, GIF"):
        from_folder(tmp_path)
    with pytest.raises(FileNotFoundError, match="found no pictures in .*nowhere"):
        from_folder(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="from_folder: got size = 0, expected an integer >= 1"):
        from_folder(tmp_path, 0)


@pytest.mark.parametrize("name", ["broken.png", "broken.JPG"])
def test_a_file_that_is_a_picture_by_name_alone_is_not_passed_over(tmp_path, name):
    (tmp_path / name).write_bytes(b"<html>not found</html>")
    with pytest.raises(ValueError, match=f"from_folder: cannot read .*{name}.* repair or remove"):
        from_folder(tmp_path)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("name", ["cut.png", "cut"])
def test_a_damaged_picture_is_not_passed_over(tmp_path, kind, name):
    with open(tmp_path / name, "wb") as file:
        save(noise(80, 80), file, format=kind)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:1000])
    with pytest.raises(ValueError, match=f"from_folder: cannot read .*{name}"):
        from_folder(tmp_path)
