#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A new agent, from nothing to a first session, with the window alone on the agent's side and by keys as far as words go.

    dbus-run-session -- enrol_test.py BIN [--shots DIR]
"""
import os
import stat
import time

from play import all_named, expect, join, read, tell


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def fill_in(s):
    s.find("text", "Your full name")
    s.keys("Tab")  # the rows are reached in order
    s.keys("shift+Tab")
    s.type("Grace Hopper")
    s.wait(lambda: s.text("text", "short name") == "grace", "a short name that was made of the name")
    s.keys("Tab", "Tab", "Return")  # the address is not one yet
    s.find(None, "The address of the relay looks like")
    s.keys("ctrl+a")
    s.type(s.staff)
    s.shot("1-who")
    all_named(s)  # from here on assistive technology is told of each change
    s.keys("Return")


def paste(s, text):
    s.find("text", "Answer of the authority").write(text)
    s.click("push button", "^Use What Is Pasted$")


def bring_the_answer(s, identity):
    request = s.text("text", "Request for a certificate")
    expect(request == read(f"{identity}/grace.csr"), "the request that is shown is the one in the file")
    with open(f"{s.dir}/grace.csr", "w") as f:
        f.write(request)
    s.run("handhold-certs", "issue", "--dir", "org", "agent", "--id", "grace", "--csr", "grace.csr")
    paste(s, "no certificate at all")
    s.find(None, "holds no certificate of yours")
    paste(s, read(f"{s.dir}/org/ca/ca.crt"))
    s.find(None, "your own certificate is still missing")
    paste(s, read(f"{s.dir}/org/staff/ada.crt"))
    s.find(None, "is not for the key that was made here")
    expect(not os.path.exists(f"{identity}/grace.crt"), "nothing of a wrong answer is kept")
    s.shot("2-answer")
    paste(s, read(f"{s.dir}/org/staff/grace.answer"))


def story(s):
    identity = f"{s.dir}/data/handhold/identity"
    s.env["GLIBC_TUNABLES"] = "glibc.malloc.perturb=90:glibc.malloc.tcache_count=0"  # behind each text lies 0xa5: reading past its end is seen
    s.house(clip_seconds=2)
    s.display()
    began = time.monotonic()
    s.open(enrolled=False)
    fill_in(s)
    s.find("text", "Request for a certificate")
    all_named(s)
    expect(mode(f"{identity}/grace.key") == 0o600, "the key is its owner's alone")
    expect(mode(identity) == 0o700, "and so is its folder")
    s.viewer.terminate()
    s.viewer.wait(10)
    s.open(enrolled=False)  # days later
    bring_the_answer(s, identity)
    s.find(None, "^Ready$")
    s.shot("3-ready")
    s.click("push button", "^Invite a Customer$")
    c = join(s)
    expect(c.said[-1]["peer"] == "Grace Hopper", "the customer reads the name")
    print(f"from nothing to the first session in {time.monotonic() - began:.0f} s of a machine's time")
    s.shot("4-session")
    s.keys("ctrl+e")
    c.expect("ended", reason="completed")
    s.viewer.terminate()
    s.viewer.wait(10)
    s.open(enrolled=False)  # it remembers
    s.find(None, "^Ready$")


tell(story, "enrolled in the window, with the key made here, and remembered")
