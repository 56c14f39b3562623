#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Several customers at once, the wrong one, and how all of them are left: tabs_test.py BIN"""
import os
import signal
import subprocess

from desktop import Notifications
from play import expect, join, link_of, see_the_camera, tell
from stage import WAIT_S


def turned_away(s, link, why):
    """Who comes with a link that holds no more reads why, and what to do."""
    c = s.customer(link)
    said = c.expect("error")
    expect(why in said["message"], f"the customer reads why: {said}")
    c.stop()


def resend(s):
    s.keys("ctrl+n")
    old = link_of(s)
    s.keys("ctrl+shift+r")
    s.find(None, "A new link. The old one does not work any more.")
    link = link_of(s)
    turned_away(s, old, "no invitation is open")
    return link


def connected(c):
    """Whether a program has an open line: the relay has nobody yet to join it with, so it says nothing."""
    mine = {os.readlink(f"/proc/{c.process.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{c.process.pid}/fd")}
    with open(f"/proc/{c.process.pid}/net/tcp") as f:
        rows = [line.split() for line in f]
    return any(row[3] == "01" and f"socket:[{row[9]}]" in mine for row in rows[1:])


def away(s, link, desktop):
    """The agent's machine sleeps; the customer who comes meanwhile waits, and the agent is told when it wakes: by the
    desktop while the window is not in front, and by the window when it is again."""
    s.look_away()
    s.viewer.send_signal(signal.SIGSTOP)
    c = s.customer(link)
    s.wait(lambda: connected(c), "the customer's line to the relay")
    s.viewer.send_signal(signal.SIGCONT)
    c.expect("joined")
    title, text, actions = desktop.shown.get(timeout=WAIT_S)
    expect(text == "The customer is here" and actions[0] == "default", f"the desktop tells the agent: {title}: {text} {actions}")
    desktop.click()
    s.look_back()
    expect(desktop.closed.get(timeout=WAIT_S) == desktop.id, "the notification goes when the agent is back")
    s.wait(lambda: len(s.all("label", "^The customer is here$")) > 0, "a toast for who is back")
    s.find("status bar", "The customer is here")
    return c


def behind(s, first):
    """A word from who is on hold, while the agent talks to somebody else: a toast, with the way there."""
    s.to_front()
    first.tell(do="chat", text="Are you still there?")
    s.find("push button", "^Show")
    expect(s.all("label", "^The customer has written$"), "the toast says what there is to see")


def second(s, first):
    """One is live, the other on hold: nothing is captured there, and their page says for how long that is kept open."""
    s.keys("ctrl+n")
    c = join(s)
    first.expect("capture", capability="camera", on=False)
    held = first.expect("paused", paused=True, by="agent", reason="hold")
    expect(held["seconds"] >= 30, f"the customer reads for how long: {held}")
    s.find("label", "^Customer 2$")  # without a reference they are told apart
    see_the_camera(s, c)
    s.shot("two-tabs")
    return c


def back(s, first, other):
    """One click on the tab: the first is live again with no new question, the other on hold."""
    x, y, _, _ = s.where(s.find("filler", "^AdwTab$"))  # libadwaita 1.2 names no tab; the first is the left one
    s.mouse("mousemove", x + 40, y + 8, "click", 1)
    first.expect("capture", capability="camera", on=True)
    asked = [line for line in first.said if line.get("event") == "consent" and line["state"] == "requested"]
    expect(len(asked) == 1, f"nobody is asked again: {asked}")
    s.find("label", "fps")
    other.expect("capture", capability="camera", on=False)
    s.keys("ctrl+Page_Down")
    other.expect("capture", capability="camera", on=True)  # one key does the same


def wrong_person(s, other):
    s.keys("ctrl+F12")
    other.expect("ended", reason="wrong-person")
    s.find(None, "Ended: it was the wrong person")
    s.find("label", "^No contact$")  # nobody was helped
    s.shot("wrong-person")
    _, y, _, height = s.find("push button", "^Save and Close$").box()
    expect(y + height <= s.find("frame").box()[3], f"what is done with a wrap-up is in view: {y} + {height} px")
    s.keys("ctrl+Return")
    expect("wrong-person" in minutes(s), f"it is logged as such:\n{minutes(s)}")


def minutes(s):
    officer = ["--relay", s.staff, "--identity", f"{s.dir}/org/staff/officer", "--ca", f"{s.dir}/org/ca/ca.crt", "--key",
               f"{s.dir}/org/officer/evidence.key"]
    done = subprocess.run([f"{s.bin}/handhold-audit", "list", *officer], cwd=s.dir, env=s.env, capture_output=True, text=True)
    expect(done.returncode == 0, f"{done.stdout}{done.stderr}")
    return done.stdout


def leave(s, first):
    """One is live, one waits: the window asks, each of them reads that their agent has left."""
    s.keys("ctrl+n")
    waiting = link_of(s)
    s.keys("ctrl+q")
    s.find(None, "2 customers wait or are connected")
    s.shot("closing")
    s.keys("Escape")
    s.gone(None, "2 customers wait or are connected")
    first.tell(do="chat", text="Are you there?")
    s.keys("ctrl+q")
    s.click("push button", "^Close$", beside="2 customers wait or are connected")
    first.expect("ended", reason="agent-left")
    expect(s.viewer.wait(20) == 0, "the window is closed in order")
    turned_away(s, waiting, "no invitation is open")
    expect(not os.listdir(f"{s.dir}/state/handhold") or not any(n.startswith("open-") for n in os.listdir(f"{s.dir}/state/handhold")),
           "nobody is offered to be invited again: all of them were told")


def story(s):
    s.size = "900x600"  # the smallest that the window is made for
    s.house(clip_seconds=2)
    s.display()
    desktop = Notifications()
    s.open()
    first = away(s, resend(s), desktop)
    see_the_camera(s, first)
    other = second(s, first)
    behind(s, first)
    back(s, first, other)
    wrong_person(s, other)
    leave(s, first)


tell(story, "resent, waited for, held, taken back, sent away, asked before closing, and left with a word")
