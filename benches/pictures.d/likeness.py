"""How far copies are from what libvips makes of a photograph before it is packed, by PSNR (dB) and SSIM.

    likeness.py PHOTO STATE VIPS

STATE is the newsletter's, whose `public/img` has our copies; VIPS has those of `vipsthumbnail`. Which of our copies is
that of the photograph is found by trying: the others are of other noise, and further away. Ends with 1 if one of ours is
more than 1 dB below that of libvips. SSIM is that of Wang et al. (2004), with a Gaussian of 1.5 pixels, on the luminance.
"""
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path

photo, state, vips_folder = map(Path, sys.argv[1:])
place = Path(tempfile.mkdtemp())
count = 0


def vips(*words):
    return subprocess.run(["vips", *map(str, words)], check=True, capture_output=True, text=True).stdout.strip()


def made(operation, *words):
    """The result of an operation whose output follows its inputs."""
    global count
    count += 1
    out = place / f"{count}.v"
    inputs = [word for word in words if isinstance(word, Path)]
    rest = [word for word in words if not isinstance(word, Path)]
    vips(operation, *inputs, out, *rest)
    return out


def mean(image):
    return float(vips("avg", image))


def psnr(one, other):
    apart = made("subtract", one, other)
    error = mean(made("multiply", apart, apart))
    return 10 * math.log10(255 * 255 / max(error, 1e-9))


def ssim(one, other):
    x, y = (made("cast", made("colourspace", image, "b-w"), "float") for image in (one, other))
    blur = lambda image: made("gaussblur", image, "1.5")
    times = lambda a, b: made("multiply", a, b)
    mx, my = blur(x), blur(y)
    mxx, myy, mxy = times(mx, mx), times(my, my), times(mx, my)
    vx, vy, vxy = (made("subtract", blur(times(a, b)), m) for a, b, m in ((x, x, mxx), (y, y, myy), (x, y, mxy)))
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    above = times(made("linear", mxy, "2", str(c1)), made("linear", vxy, "2", str(c2)))
    below = times(made("linear", made("add", mxx, myy), "1", str(c1)), made("linear", made("add", vx, vy), "1", str(c2)))
    return mean(made("divide", above, below))


failed = False
print(f"{'':10} {'PSNR':>9} {'SSIM':>8}")
for width in (1200, 240):
    # Lanczos, in one step and from all of the photograph.
    truth = made("cast", made("resize", made("copy", photo), str(width / 4000)), "uchar")
    theirs = vips_folder / f"{photo.stem}-{width}.jpg"
    copies = sorted((state / "public" / "img").glob(f"*-{width}.jpg"))
    best = max(copies, key=lambda copy: psnr(truth, copy))
    quality = {"courant": psnr(truth, best), "libvips": psnr(truth, theirs)}
    for name, path in (("courant", best), ("libvips", theirs)):
        print(f"{name:10} {quality[name]:6.2f} dB {ssim(truth, path):8.4f}   {width} pixels wide")
    failed |= quality["courant"] < quality["libvips"] - 1
for file in place.iterdir():
    os.unlink(file)
place.rmdir()
sys.exit(failed)
