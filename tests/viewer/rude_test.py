#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A rude day: texts that are too long or are markup, a command that is slow, a tab used again, full screen: rude_test.py BIN"""
import os
import signal

from play import Home, all_named, expect, grant, join, link_of, read, see_the_camera, tell

MARKUP = "<span size='300000'>BIG</span> & more"
LONG = "a" + "ä" * 1900  # more than one message holds, and each letter but the first of two bytes


def markup(s, c, home):
    """What a customer's device says is shown as it is, wherever it is shown."""
    grant(s, c, "Device information", "device-state")
    home.say(device="hub", kind="hub", maker="Acme", model="H2", name="Hall")
    home.say(device="hub", property="note", value=MARKUP)
    s.keys("ctrl+d")
    s.find("entry", "^Search names and values").write("note")
    s.find("list item", "^note: <span size")  # the row itself has a name: it is what the focus goes to
    s.keys("Tab", "Tab", "Down", "Down", "Return")
    s.find("label", "^Copied: <span size='300000'>BIG</span> & more$")


def long_text(s, c):
    """More than a message holds is several of them, whole letters each."""
    s.find("text", "^Message to the customer").write(LONG)
    s.keys("ctrl+t", "Return")
    first, second = c.expect("chat")["text"], c.expect("chat")["text"]
    expect(first + second == LONG, f"all of it arrives: {len(first)} and {len(second)} of {len(LONG)} letters")
    c.tell(do="chat", text="What was said to the first")
    s.find("list item", "What was said to the first")


def photo(s, c):
    """Small print at full size; a file that cannot be written is told."""
    grant(s, c, "Photo", "still")
    s.click("push button", "^Ask for a sharp photo$")
    c.tell(do="send", still=c.expect("still", state="taken")["still"])
    s.click("push button", "^Photo 1")
    s.choose("push button", "^Actual size$")
    s.shot("photo-actual")
    s.click("push button", "^Save$")
    s.find("text", "^Name").write("/proc/photo.jpg")
    s.click("push button", "Save", beside="^Name")
    s.find("label", "/proc/photo.jpg")
    s.click("push button", "^Close this message$", beside="^Error opening")
    s.gone("label", "/proc/photo.jpg")
    s.click("push button", "^Close$", beside="^Actual size$")
    s.gone("push button", "^Actual size$")
    s.to_front()


def full_screen(s):
    """Whoever takes the window to full screen and back, the header is back too."""
    window = s._search("^Handhold$")
    for states, look in ((["FULLSCREEN"], s.gone), ([], s.find)):
        s.manage(window, *states)
        look("push button", "^End$")


def wrap_up(s, c):
    """Too much is said so and can be shortened; inviting again leaves it where it is."""
    s.keys("ctrl+e")
    c.expect("ended")
    s.find("text", "^Note").write("ö" * 3000)
    s.keys("ctrl+Return")
    s.find("label", "“Note” is too long")
    s.find("text", "^Note").write("ö" * 1500)
    s.click("push button", "^Invite Again$")


def again(s):
    """The next customer has nothing of the last one's, and all of their own."""
    c = join(s)
    c.tell(do="chat", text="What the second says")
    s.find("list item", "What the second says")
    expect(not s.all("list item", "What was said to the first"), "the first one's words are not beside the second")
    s.keys("ctrl+e")
    c.expect("ended")
    expect(s.find("text", "^Note").text() == "", "the first one's wrap-up is not the second's")
    s.keys("ctrl+Return")
    s.wait(lambda: s.find("text", "^Note").text() == "ö" * 1500, "the first one's wrap-up, which waits")
    s.find("text", "^Note").write("ö" * 3000)
    s.keys("ctrl+w")  # without saving: what was written is kept, as much of it as fits
    kept = s.wait(lambda: [line for line in read(f"{s.dir}/data/handhold/wrap-up.jsonl").splitlines() if f'"{"ö" * 2000}"' in line], "it is kept")
    expect(len(kept) == 1, "once")
    s.find(None, "^Ready$")


def slow_command(s):
    """A tab that is closed while its command still runs is gone."""
    s.click("push button", "^Invite a Customer$")
    link_of(s)
    s.click("push button", "^Gateway$")
    s.find("text", "^Number or address").write("1")
    s.keys("Return")
    s.gone("text", "^Number or address")
    s.wait(lambda: os.path.exists(f"{s.dir}/slow.got"), "the command to run")
    s.keys("ctrl+w")
    s.find(None, "^Ready$")
    open(f"{s.dir}/slow.go", "w").close()
    s.wait(lambda: os.path.exists(f"{s.dir}/slow.done"), "the command to end")


def references(s):
    """What the log would not take invites nobody; what comes along when it is copied is left out."""
    s.keys("ctrl+shift+n")
    ticket = s.find("text", "^Ticket or matter")
    ticket.write("ü" * 101)
    s.find(None, "^Too long by 1 character:")
    s.wait(lambda: not s._match("push button", "^Invite$", beside="^Ticket").now("sensitive"), "nobody to be invited with it")
    ticket.write(" T-1042 \n")
    s.gone(None, "^Too long by")
    s.keys("Return")
    link_of(s)
    s.find("label", "^T-1042$")


def in_passing(s):
    """Of what is said while something is shown the newest waits; whoever closes one after the other at once, may."""
    s.keys("ctrl+shift+r")
    link_of(s)
    s.find("label", "^A new link")
    s.keys(*["ctrl+shift+c"] * 3)
    s.keys("Escape")
    s.find("label", "^The link is copied$")
    s.keys("Escape")
    s.gone("label", "^The link is copied$")


def line_down(s):
    """One's own line is down: what is written says that it has not left, and so does Wrong person, which is told when
    the line is back."""
    s.keys("ctrl+n")
    c = join(s)
    s.relay.process.send_signal(signal.SIGSTOP)
    s.find("text", "^Message to the customer").write("Are you still there?")
    s.keys("ctrl+t", "Return")
    s.find("label", "^Not sent yet$")
    s.keys("ctrl+F12")
    s.find(None, "^Your line is down")
    s.shot("line-down")
    s.relay.process.send_signal(signal.SIGCONT)
    s.wait(lambda: "reason=wrong-person" in read(f"{s.dir}/stage.log"), "the relay to be told")
    c.expect("ended")
    s.gone(None, "^Your line is down")
    s.find(None, "it was the wrong person")


def story(s):
    s.env["MALLOC_PERTURB_"] = "165"  # what was freed cannot be read
    s.house(clip_seconds=2)
    s.display()
    with open(f"{s.dir}/slow", "w") as f:
        f.write('#!/bin/sh\ncat > "$0.got"\nuntil test -e "$0.go"; do sleep 0.1; done\n: > "$0.done"\n')
    os.chmod(f"{s.dir}/slow", 0o700)
    s.settings(command=f"{s.dir}/slow")
    home = Home(f"{s.dir}/product")
    s.open("--invite")
    c = join(s, "--state", f"json:{home.path}")
    markup(s, c, home)
    long_text(s, c)
    see_the_camera(s, c)
    full_screen(s)
    photo(s, c)
    all_named(s)
    wrap_up(s, c)
    again(s)
    slow_command(s)
    references(s)
    in_passing(s)
    line_down(s)


tell(story, "shown as it is, sent whole, saved, wrapped up, invited again, and nothing of one beside another")
