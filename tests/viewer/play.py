# SPDX-License-Identifier: Apache-2.0
"""What every story in the window begins with: an invitation, a customer who joins, questions and answers."""
import argparse
import json
import math
import os
import struct
import sys
import threading
import wave

from stage import Failed, Stage


def expect(true, what):
    if not true:
        raise Failed(what)


def read(path):
    """A file's text; "": it is not there."""
    try:
        with open(path) as f:
            return f.read()
    except OSError:
        return ""


def tone(path, hz):
    """A second of a tone: whose voice it is can be heard by its pitch."""
    with wave.open(path, "wb") as f:
        f.setnchannels(1)
        f.setsampwidth(2)
        f.setframerate(48000)
        f.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(2 * math.pi * hz * i / 48000))) for i in range(48000)))


class Home:
    """A product's firmware: lines into a FIFO, as the companion reads them."""

    def __init__(self, path):
        os.mkfifo(path)
        self.path, self.file = path, None
        self.thread = threading.Thread(target=self._open, daemon=True)
        self.thread.start()

    def _open(self):
        self.file = open(self.path, "w")

    def say(self, **line):
        self.thread.join(30)
        expect(self.file, "the companion reads the product's lines")
        print(json.dumps(line), file=self.file, flush=True)


def link_of(s):
    """The link that is shown, another one than those that were seen before."""
    def look():
        node = s._match("text", "^Link for the customer$")
        text = node.text() if node else ""
        if not text.startswith("https://") or text in s.links:
            return None
        s.links.add(text)
        return text
    return s.wait(look, "a new link")


def join(s, *options, link=None):
    """A customer comes by the link that is shown, or by `link`."""
    c = s.customer(link or link_of(s), *options)
    c.expect("joined")
    s.find(None, "The customer is here")
    return c


def ask_for(s, label):
    s.click("push button", f"^{label}: ")
    s.click("push button", "^Ask the Customer$")
    s.gone("push button", "^Ask the Customer$")  # while the form is up, keys are its own


def ask(s, c, label, capability):
    """By the capability's button and its form; what the customer reads is returned."""
    ask_for(s, label)
    return c.expect("consent", capability=capability, state="requested")


def grant(s, c, label, capability):
    ask(s, c, label, capability)
    c.tell(do="grant", capability=capability)
    if capability == "device-state":
        c.expect("capture", capability=capability, on=True)  # what a firmware says before is thrown away
    s.find("push button", f"^{label}: .*Granted")


def see_the_camera(s, c):
    grant(s, c, "Camera", "camera")
    s.find("label", "fps")


def all_named(s):
    unnamed = s.wait(lambda: [s.unnamed()], "a tree that holds still")[0]
    expect(not unnamed, f"controls without a name: {unnamed}")


def tell(story, said):
    """Runs `story` with a stage; `said` is printed when all of it was so. BIN [--shots DIR]"""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("bin")
    arguments.add_argument("more", nargs="*")
    arguments.add_argument("--shots")
    options = arguments.parse_intermixed_args()
    s = Stage(os.path.abspath(options.bin), shots=options.shots)
    s.more, s.links = options.more, set()
    try:
        story(s)
        expect(not s.complaints(), f"the libraries have nothing to complain of: {s.complaints()}")
    except Failed as failure:
        s.shot("failed")
        print(f"FAILED: {failure}", file=sys.stderr)
        sys.exit(1)
    finally:
        s.close()
    print(said)
