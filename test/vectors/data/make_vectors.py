"""Images by Pillow and tables by pandas, as an independent reference for reading data in @chorus/training.

    python3 -m venv venv && venv/bin/pip install pillow pandas
    venv/bin/python make_vectors.py > vectors.json

Images: {"name", "file" (base64), "shape" [channels, height, width], "pixels" 0..255 row-major by channel, "tolerance"}:
what Pillow shows after turning by EXIF, on black. Tables: {"name", "text", "labels": as pandas read them, in order}.
"""

import base64
import io
import json
import sys

import pandas as pd
from PIL import Image, ImageOps

WIDTH, HEIGHT = 12, 8


def picture(mode):
    """Corners that differ, so that turning and mirroring show."""
    image = Image.new("RGB", (WIDTH, HEIGHT))
    for y in range(HEIGHT):
        for x in range(WIDTH):
            left, top = x < WIDTH // 2, y < HEIGHT // 2
            image.putpixel((x, y), (240 if left else 20, 200 if top else 40, 220 if left != top else 10))
    return image.convert(mode)


def shown(image, channels):
    image = ImageOps.exif_transpose(image)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, (0, 0, 0, 255)), image)
    if image.mode.startswith("I"):
        image = image.point(lambda value: value / 257).convert("L")
    image = image.convert("L" if channels == 1 else "RGB")
    planes = [list(band.getdata()) for band in image.split()]
    return [channels, image.height, image.width], [value for plane in planes for value in plane]


def entry(name, image, kind, channels, tolerance=1, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    shape, pixels = shown(Image.open(io.BytesIO(buffer.getvalue())), channels)
    return {
        "name": name,
        "file": base64.b64encode(buffer.getvalue()).decode(),
        "shape": shape,
        "pixels": pixels,
        "tolerance": tolerance,
    }


def turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return {"exif": exif}


def images():
    for orientation in range(1, 9):
        name = f"orientation-{orientation}.jpg"
        yield entry(name, picture("RGB"), "JPEG", 3, 6, quality=95, subsampling=0, **turned(orientation))
    yield entry("orientation.png", picture("RGB"), "PNG", 3, **turned(6))
    yield entry("grey.png", picture("L"), "PNG", 1)
    yield entry("grey.jpg", picture("L"), "JPEG", 1, 4, quality=95)
    yield entry("one-bit.png", picture("1"), "PNG", 1)
    yield entry("palette.png", picture("P"), "PNG", 3)
    yield entry("palette.gif", picture("P"), "GIF", 3)
    yield entry("sixteen-bit.png", picture("L").convert("I").point(lambda value: value * 257).convert("I;16"), "PNG", 1)
    transparent = picture("RGBA")
    transparent.putalpha(Image.linear_gradient("L").resize((WIDTH, HEIGHT)))
    yield entry("transparent.png", transparent, "PNG", 3, 2)
    yield entry("progressive.jpg", picture("RGB"), "JPEG", 3, 6, quality=95, subsampling=0, progressive=True)
    yield entry("lossless.webp", picture("RGB"), "WEBP", 3, lossless=True)
    yield entry("tiles.tiff", picture("RGB"), "TIFF", 3)
    yield entry("unread.bmp", picture("RGB"), "BMP", 3)


def tables():
    frame = pd.DataFrame({"a": [0.5, 1.5, 2.5, 3.5, 4.5], "kind": [0, 2, 10, 1, 11]})
    yield "whole", frame, {}, "kind"
    with_gap = frame.copy()
    with_gap.loc[5] = [5.5, None]
    yield "floats-by-a-missing-one", with_gap, {"index": False}, "kind"
    yield "index", frame, {"index": True}, "kind"
    yield "index-twice", pd.read_csv(io.StringIO(frame.to_csv())), {"index": True}, "kind"
    yield "tab", frame, {"index": False, "sep": "\t"}, "kind"
    yield "semicolon-and-comma", frame, {"index": False, "sep": ";", "decimal": ","}, "kind"
    yield "crlf", frame, {"index": False, "lineterminator": "\r\n"}, "kind"
    yield "quoted", frame.astype({"kind": str}), {"index": False, "quoting": 1}, "kind"
    names = pd.DataFrame({"a": [1, 2, 3], "kind": ["straße", "a, b", 'the "third"']})
    yield "names", names, {"index": False}, "kind"
    yield "booleans", pd.DataFrame({"a": [1, 2, 3], "kind": [True, False, True]}), {"index": False}, "kind"


def table(name, frame, options, column):
    text = frame.to_csv(**{"index": False, **options})
    labels = [None if pd.isna(value) else str(value) for value in frame[column]]
    return {"name": name, "text": text, "column": column, "values": frame["a"].tolist(), "labels": labels}


json.dump({"images": list(images()), "tables": [table(*each) for each in tables()]}, sys.stdout)
