#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A whole session by keyboard alone; then the viewer is killed in a second one and offers to invite again: keys_test.py BIN"""
import os
import signal

import play
from play import expect, tell


def join(s, *keys):
    for key in keys:
        s.keys(key)
    return play.join(s)


def ask(s, c, key, label, capability):
    s.keys(key)
    s.wait(lambda: focused_entry(s), "the form to take the focus")
    s.keys("Return")
    c.expect("consent", capability=capability, state="requested")
    c.tell(do="grant", capability=capability)
    s.find("push button", f"^{label}: .*Granted")


def focused_entry(s):
    entry = s._match("text", "^What for")
    return entry and entry.has("focused")


def guide(s, c):
    s.keys("F6", "n", "Return")
    mark = c.expect("mark", shape="number")
    expect(mark["text"] == "1" and abs(mark["points"][0][0] - 0.5) < 0.02, f"a number in the middle: {mark}")
    s.keys("a", "Return", *["shift+Right"] * 4, "Return")
    mark = c.expect("mark", shape="arrow")
    expect(abs(mark["points"][-1][0] - mark["points"][0][0] - 0.2) < 0.02, f"an arrow of a fifth of the picture: {mark}")
    s.keys("ctrl+z")
    c.expect("clear", id=mark["id"])
    s.keys("s")
    s.find("label", "Frozen")
    s.keys("s")
    s.gone("label", "Frozen")
    s.keys("p", "Left", "Left")
    s.keys("plus", "plus", "0")
    s.keys("Delete")
    c.expect("clear", id=0)


def photo_and_recording(s, c):
    ask(s, c, "alt+4", "Photo", "still")
    s.keys("F8")
    c.tell(do="send", still=c.expect("still", state="taken")["still"])
    s.find("push button", "^Photo 1")
    ask(s, c, "alt+5", "Recording", "recording")
    s.find("label", "● Recording")
    c.tell(do="withdraw", capability="recording")
    s.gone("label", "● Recording")


def windows(s):
    """What opens beside the session, with a name for each control too."""
    for key, word in (("ctrl+comma", "^Command, for example"), ("ctrl+question", "^Invite a customer$")):
        s.keys(key)
        s.find(None, word)
        play.all_named(s)
        s.keys("Escape")
        s.gone(None, word)


def story(s):
    s.house(clip_seconds=2)
    s.display()
    s.open()
    windows(s)
    c = join(s, "ctrl+n")
    ask(s, c, "alt+1", "Camera", "camera")
    s.find("label", "fps")
    guide(s, c)
    s.keys("ctrl+t")
    s.type("Hello")
    s.keys("Return")
    c.expect("chat", text="Hello")
    s.keys("ctrl+y")
    s.find(None, "check words are the same")
    ask(s, c, "alt+3", "Device information", "device-state")
    s.keys("ctrl+d")
    s.find(None, "^Running for: ")
    s.keys("ctrl+g")
    s.type("printer")
    s.find("list item", "Found by your words")
    s.keys("Tab", "Return")
    s.find("label", "^1. ")
    s.keys("Return")
    c.expect("guide")
    s.find("list item", ": Now$")
    s.keys("ctrl+shift+d")
    s.find("list item", ": Done by you")
    s.keys("ctrl+shift+b")
    s.gone("list item", ": Done by you")
    photo_and_recording(s, c)
    s.keys("ctrl+h")
    s.find(None, "On hold")
    s.keys("ctrl+h")
    s.find(None, "The customer is here")
    s.keys("ctrl+e")
    c.expect("ended", reason="completed")
    s.find(None, "The session is completed")
    s.keys("ctrl+Return")
    s.wait(lambda: os.path.exists(f"{s.dir}/data/handhold/wrap-up.jsonl"), "the wrap-up to be kept")

    c = join(s, "ctrl+n")
    s.wait(lambda: any(n.startswith("open-") for n in os.listdir(f"{s.dir}/state/handhold")), "the note for a crash")
    s.viewer.send_signal(signal.SIGKILL)
    s.viewer.wait()
    s.open()
    s.click("push button", "^Invite Again: 1 customer")
    s.find("text", "Link for the customer")


tell(story, "invited, asked, guided, wrote, held, ended, wrapped up, all by keys; and invited again after a crash")
