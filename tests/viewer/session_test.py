#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A whole session through the window, as assistive technology sees it, with a real relay and the companion.

    dbus-run-session -- session_test.py BIN [--shots DIR]
"""
import json
import os

from clip import Clip, best
from play import all_named, ask, expect, join, link_of, tell

COLUMNS, ROWS = 32, 18


def invite_and_join(s):
    s.find(None, "^Ready$")
    s.click("push button", "^Invite a Customer$")
    link = link_of(s)
    expect(link.startswith("https://localhost") and "/j#" in link, f"{link} is a link")
    s.find(None, "Waiting for the customer")
    code = s.find("label", "(zero|one|two|three|four|five|six|seven|eight|nine)")
    expect(code.name.count(",") == 3, f"the code is spelled in four groups: {code.name}")
    s.shot("invite")
    c = join(s, link=link)
    s.find(None, "^Connected$")
    return c


def see_the_camera(s, c):
    asked = ask(s, c, "Camera", "camera")
    expect(asked["purpose"] == "To see what you see", f"the purpose arrives: {asked}")
    s.find("push button", "Camera: Asked")
    s.shot("asked")
    c.tell(do="grant", capability="camera")
    s.find("push button", "Camera: .*Granted")
    s.find("label", "fps")


def compare_the_picture(s, clip):
    s.click("push button", "^Freeze the picture$")
    s.find("label", "Frozen")
    x, y, w, h = s.picture()
    shown = s.pixels(x, y, w, h, COLUMNS, ROWS)
    number, value = best(clip, shown, COLUMNS, ROWS)
    print(f"on the screen: picture {number} of the clip, {value:.1f} dB on a grid of {COLUMNS}x{ROWS}")
    expect(value > 28, f"the picture on the screen is one of the clip ({value:.1f} dB)")
    again = best(clip, s.pixels(x, y, w, h, COLUMNS, ROWS), COLUMNS, ROWS)
    expect(again[0] == number, "a frozen picture stands still")
    return x, y, w, h


def draw(s, c, place):
    x, y, w, h = place
    s.choose("push button", "^Arrow$")
    s.mouse("mousemove", round(x + 0.25 * w), round(y + 0.25 * h), "mousedown", 1)
    for i in range(1, 9):
        s.mouse("mousemove", round(x + (0.25 + 0.25 * i / 8) * w), round(y + (0.25 + 0.25 * i / 8) * h))
    s.mouse("mouseup", 1)
    s.shot("arrow")
    mark = c.expect("mark", shape="arrow")
    ends = mark["points"][0] + mark["points"][-1]
    for is_at, should_be in zip(ends, (0.25, 0.25, 0.5, 0.5)):
        expect(abs(is_at - should_be) < 0.01, f"the mark arrives where it was drawn: {mark}")
    expect(mark.get("ts_ms", 1) > 0, f"the mark carries its picture: {mark}")
    s.shot("drawn")
    s.click("push button", "^Undo$")
    c.expect("clear", id=mark["id"])
    s.click("push button", "^Redo$")
    c.expect("mark", shape="arrow")
    s.click("push button", "^Clear all marks$")
    c.expect("clear", id=0)
    s.click("push button", "^Freeze the picture$")
    s.gone("label", "Frozen")


def talk(s, c):
    c.tell(do="chat", text="Is it the lamp on the left?")
    s.find("list item", "Is it the lamp on the left")
    s.keys("ctrl+t")
    s.type("Yes, exactly.")
    s.keys("Return")
    c.expect("chat", text="Yes, exactly.")
    s.find("list item", "You, .*Yes, exactly")
    s.click("push button", "^Different$")  # a slip of the mouse: an alarm, and the way out of it both ways
    s.find("push button", "^End the Session$")
    s.shot("alarm")
    s.click("push button", "^Compare Again$")
    s.click("push button", "^Same$")
    s.find(None, "check words are the same")
    s.gone("push button", "^End the Session$")


def pause_and_refuse(s, c):
    c.tell(do="pause")
    s.find(None, "Paused by the customer")
    s.find("label", "Not live")
    s.shot("paused")
    c.tell(do="resume")
    s.find(None, "The customer is here")
    s.gone("label", "Not live")
    for n in range(3):
        ask(s, c, "Recording", "recording")
        c.tell(do="refuse", capability="recording")
        s.find("push button", "Recording: (Not now|Refused)")
    s.click("push button", "Recording: Refused")
    s.find("label", "nothing more is asked in this session")
    s.shot("silenced")
    s.keys("Escape")


def device_state(s, c):
    ask(s, c, "Device information", "device-state")
    c.tell(do="grant", capability="device-state")
    s.keys("ctrl+d")
    s.find(None, "^This device")
    s.find(None, "^Running for: ")
    s.shot("devices")


def withdraw(s, c):
    c.tell(do="withdraw", capability="camera")
    s.find("push button", "Camera: Taken back")
    s.find("label", "The camera is off again")
    s.gone("label", "fps")


def end(s, c):
    s.keys("ctrl+e")
    c.expect("ended", reason="completed")
    s.find(None, "The session is completed")
    s.shot("ended")
    s.click("push button", "^Save and Close$")
    s.wait(lambda: os.path.exists(f"{s.dir}/data/handhold/wrap-up.jsonl"), "the wrap-up to be kept")
    s.find(None, "^Ready$")
    with open(f"{s.dir}/data/handhold/wrap-up.jsonl") as f:
        wrap = json.loads(f.readline())
    expect(wrap["outcome"] == "solved" and wrap["length_ms"] > 0, f"the wrap-up is kept: {wrap}")
    expect(os.stat(f"{s.dir}/data/handhold/wrap-up.jsonl").st_mode & 0o077 == 0, "and nobody else can read it")


def story(s):
    s.house(clip_seconds=3)
    s.display()
    s.open()
    print(f"window in the accessibility tree after {s.open_s * 1000:.0f} ms")
    c = invite_and_join(s)
    see_the_camera(s, c)
    all_named(s)
    place = compare_the_picture(s, Clip(f"{s.dir}/clip.y4m"))
    draw(s, c, place)
    talk(s, c)
    device_state(s, c)
    pause_and_refuse(s, c)
    withdraw(s, c)
    end(s, c)


tell(story, "invited, joined, asked, granted, seen, drawn, talked, refused, withdrawn, ended")
