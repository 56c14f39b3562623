#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The window and the phone page in one session, with a hub beside the phone, and a home whose names are not found:
page_test.py BIN [--shots DIR]

The device tree, the chain with its broken link, the guide that stands first, its steps on both screens, and the last of
them ticking itself on both when names are found again.
"""
import os
import shutil
import socket
import sys
import threading

from play import Home, all_named, ask_for, expect, link_of, tell
from stage import Failed, Lines, Stage

BROWSER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../browser")
NPM_S = 300  # the first who opens the page fetches what drives a browser


class Names:
    """A server of names (RFC 1035): each is this machine's; broken, it fails (SERVFAIL)."""

    def __init__(self):
        self.broken = True
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            ask, sender = self.socket.recvfrom(512)
            is_a = ask[-3] == 1
            head = ask[:2] + (b"\x81\x82" if self.broken else b"\x81\x80") + ask[4:6]
            found = not self.broken and is_a
            answer = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x00\x00\x04\x7f\x00\x00\x01" if found else b""
            self.socket.sendto(head + (b"\x00\x01" if found else b"\x00\x00") + ask[8:] + answer, sender)


class Person:
    """With the page in front of them: tests/browser/person.mjs."""

    def __init__(self, s):
        self.lines = Lines(["node", f"{BROWSER}/person.mjs"], s.env, s.log)
        self.stage = s
        s.children.append(self.lines)
        first = self.lines.expect_any("ready", "missing", seconds=NPM_S)
        if first["event"] == "missing":
            print(first["message"], flush=True)
            s.close()
            sys.exit(77)

    def does(self, what, **more):
        self.lines.tell(do=what, **more)
        done = self.lines.expect_any("did", "failed")
        if done["event"] == "failed":
            raise Failed(f"the person at the page: {done}")

    def click(self, at):
        self.does("click", at=at)

    def see(self, at, text=""):
        self.does("see", at=at, text=text)

    def shot(self, name):
        if self.stage.shots:
            self.does("shot", file=f"{os.path.abspath(self.stage.shots)}/{name}.png")


def start_hub(s, home, names):
    with open(f"{s.dir}/checks.ini", "w") as f:
        f.write(f"[checks]\nroot = /nonexistent\ngateway = 127.0.0.1\ndns_servers = 127.0.0.1:{names.port}\ndns_name = help.example.org\n")
    return s.start("handhold-client", "--beside", "--json", "--relay", s.public, "--ca", f"{s.dir}/org/ca/ca.crt", "--checks", f"{s.dir}/checks.ini",
                   "--state", f"json:{home.path}")


def come(s, person, hub):
    person.does("go", link=link_of(s))
    person.click("#join")
    s.find(None, "The customer is here")
    person.see(".top .good")
    person.click("#beside-add")
    person.does("write", at="#beside-code", text=hub.expect("beside", state="waiting")["code"])
    person.click("#beside-link")
    person.see("#beside-unlink")
    hub.expect("beside", state="linked")


def blocked(s, person):
    """The customer says yes, and their browser no: the agent reads which of them it was, and asks again."""
    person.does("block")
    ask_for(s, "Camera")
    person.click("#allow")
    person.click("#understood")
    s.find("push button", "^Camera: Blocked by the phone$")
    s.find(None, "^The camera is blocked by the phone$")
    s.find("push button", "^Ask for a Photo$")
    s.shot("page-0-blocked")
    s.click("push button", "^Ask for the Camera$")
    s.click("push button", "^Ask the Customer$")
    person.click("#not-now")
    s.find("push button", "^Camera: Not now$")


def show_the_home(s, person, hub, home):
    ask_for(s, "Device information")
    person.click("#allow")
    hub.expect("capture", on=True)
    home.say(device="box", kind="router", maker="Acme", model="R1", name="Router in the hall")
    home.say(device="box", property="connectivity", value=True)
    home.say(device="lamp", kind="light", name="Kitchen lamp", parent="box")
    s.keys("ctrl+d")
    s.find(None, "Router in the hall")
    person.see(".beside details", "Router in the hall")
    person.see(".beside details", "Kitchen lamp")


def find_the_broken_link(s):
    s.click("push button", "^Check (All|the Whole Chain)$")
    s.find(None, "^Router: works$")
    s.find(None, "^Internet: does not work$")
    s.shot("page-1-chain")
    all_named(s)


def follow(s, person, home, names):
    s.keys("ctrl+g")
    guide = s.find("list item", "The router works, the internet does not.*It is so at this customer's now")
    listed = [row.name for row in guide.parent.children]
    expect(listed[0] == guide.name, f"the guide of the fault stands first, not {listed}")
    s.shot("page-2-proposed")
    s.keys("Tab", "Return")
    s.click("push button", "^Send to the Customer$")
    person.see(".guide h2", "internet does not")
    person.see(".guide-step h3", "Look at the lights")
    s.find("list item", "Look at the lights of the router: Now")
    s.shot("page-3-window")
    person.shot("page-3-page")
    person.click("#guide-done")
    s.find("list item", "Look at the lights.*: Done by the customer")
    person.see(".guide-step h3", "Press every cable")
    s.click("push button", "^Done$")
    s.find("list item", "Press every cable.*: Done by you")
    person.see(".guide-step h3", "Unplug modem")
    home.say(device="box", property="connectivity", value=False)  # nobody taps from here on
    s.find("list item", "Unplug modem and router: Done, as the device says")
    person.see(".guide-step h3", "First the modem")
    home.say(device="box", property="connectivity", value=True)
    s.find("list item", "First the modem.*: Done, as the device says")
    person.see(".guide-step h3", "Wait for the internet")
    names.broken = False
    s.find(None, "The fault is gone. It was: ")
    person.see(".guide-step", "These steps have solved it")
    s.shot("page-4-window")
    person.shot("page-4-page")


def story(s):
    names = Names()
    s.house(clip_seconds=2)
    person = Person(s)
    home = Home(f"{s.dir}/product")
    s.display()
    s.open("--invite")
    hub = start_hub(s, home, names)
    come(s, person, hub)
    blocked(s, person)
    show_the_home(s, person, hub, home)
    find_the_broken_link(s)
    follow(s, person, home, names)
    s.keys("ctrl+d")
    s.find(None, "^Internet: works$")
    s.keys("ctrl+e")
    person.click("#skip")  # no stars
    hub.expect("beside", state="ended")


if not shutil.which("node"):
    print("there is no node here (Debian packages nodejs npm)")
    sys.exit(77)
tell(story, "a home on both screens, its broken link, the guide for it, and steps that tick themselves on both")
