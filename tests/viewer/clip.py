# SPDX-License-Identifier: Apache-2.0
"""The clip that the companion sends, and its pictures' numbers (tests/clip/marker.h), as they are seen on a screen."""
import math


class Clip:
    def __init__(self, path):
        self.file = open(path, "rb")
        head = self.file.readline().split()
        self.width = next(int(w[1:]) for w in head if w[:1] == b"W")
        self.height = next(int(w[1:]) for w in head if w[:1] == b"H")
        self.start = self.file.tell()
        self.frame_bytes = len(b"FRAME\n") + self.width * self.height * 3 // 2
        self.file.seek(0, 2)
        self.count = (self.file.tell() - self.start) // self.frame_bytes
        self.known = {}

    def luma(self, number, columns, rows):
        """Picture `number` as grey values, averaged to columns x rows."""
        key = (number % self.count, columns, rows)
        if key in self.known:
            return self.known[key]
        self.file.seek(self.start + number % self.count * self.frame_bytes + len(b"FRAME\n"))
        plane = self.file.read(self.width * self.height)
        bw, bh = self.width // columns, self.height // rows
        out = []
        for row in range(rows):
            for column in range(columns):
                total = 0
                for y in range(row * bh, row * bh + bh, 8):
                    at = y * self.width + column * bw
                    total += sum(plane[at:at + bw:4])
                out.append(total / (len(range(0, bh, 8)) * len(range(0, bw, 4))))
        self.known[key] = out
        return out


def psnr(a, b, places):
    mse = sum((a[i] - b[i]) ** 2 for i in places) / len(places)
    return 99 if mse == 0 else 10 * math.log10(255 * 255 / mse)


def best(clip, shown, columns, rows):
    """(number, PSNR) of the picture that is most like what is shown. Y of video reaches from 16 to 235. An eighth at each
    edge does not count: bars and labels of the window lie there."""
    places = [row * columns + column for row in range(rows // 8, rows - rows // 8) for column in range(columns // 8, columns - columns // 8)]
    found = (-1, 0)
    for number in range(clip.count):
        luma = [min(255, max(0, (v - 16) * 255 / 219)) for v in clip.luma(number, columns, rows)]
        value = psnr(luma, shown, places)
        if value > found[1]:
            found = (number, value)
    return found
