#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A certificate that ends in a shift: renewed in the window, by itself, while a session goes on. renew_test.py BIN CLOCK

CLOCK is tests/system/clock.c: the calendar of all programs is ahead by what a file says, and can leap while they run.
"""
import os

from play import expect, join, link_of, read, tell

DAY_S = 86400
LAST_HOUR_S = 30 * DAY_S - 3600  # of the thirty days that the first one lives


def calendar(s, ahead_s):
    with open(f"{s.dir}/calendar.new", "w") as f:
        f.write(str(ahead_s))
    os.rename(f"{s.dir}/calendar.new", f"{s.dir}/calendar")  # nobody reads half of it
    s.env.update(LD_PRELOAD=s.more[0], HOUSE_CLOCK_FILE=f"{s.dir}/calendar")


def relay_again(s):
    s.relay.process.kill()
    s.relay.process.wait()
    s.relay = s.start("handhold-relay", "--dir", "srv", "--listen", s.public.split("//")[1], "--staff-listen", s.staff.split("//")[1],
                      "--json")
    s.relay.expect("ready")


def talk(s, c, text):
    c.tell(do="chat", text=f"{text}?")
    s.find("list item", f"{text}.$")
    s.keys("ctrl+t")
    s.type(f"{text}!")
    s.keys("Return")
    c.expect("chat", text=f"{text}!")


def renewed(s):
    """The authority signs what is due; the window asked before anybody told it to."""
    certificate, key = f"{s.dir}/org/staff/ada.crt", f"{s.dir}/org/staff/ada.key"
    old, secret = read(certificate), read(key)

    def look():
        s.run("handhold-certs", "renew", "--dir", "org", "--relay", s.staff)
        return read(s.mine) not in ("", old)
    s.wait(look, "a new certificate in the agent's file")
    s.find(None, "^Your certificate was renewed, until ")
    s.shot("renewed")
    expect(read(f"{s.desk}/ada.key") == secret, "the key is the old one")


def goes_on(s, first):
    """The certificate of the session that runs has ended; it comes back with it, and a new session begins with the new one."""
    calendar(s, 30 * DAY_S + 3600)
    talk(s, first, "Still there")
    relay_again(s)
    first.expect("connection", state="resumed")
    talk(s, first, "And now")
    s.keys("ctrl+n")
    second = join(s, link=link_of(s))
    talk(s, second, "Hello")


def refused(s):
    """Revoked: nothing is renewed, and the agent reads so while there is time."""
    s.viewer.terminate()
    s.viewer.wait(10)
    calendar(s, 55 * DAY_S)
    relay_again(s)
    s.open()
    s.run("handhold-certs", "revoke", "--dir", "org", "--id", "ada")
    before = read(s.mine)

    def look():
        s.run("handhold-certs", "renew", "--dir", "org", "--relay", s.staff)
        return s._match(None, "^Your certificate was not renewed, and ends on .*revoked")
    s.wait(look, "the window to say that it was not renewed")
    s.shot("not-renewed")
    expect(read(s.mine) == before, "the file is as it was")


def story(s):
    s.house(clip_seconds=2)
    s.desk = f"{s.dir}/desk"  # the agent's machine is not the authority's
    os.mkdir(s.desk, 0o700)
    s.mine = f"{s.desk}/ada.crt"
    for name in ("ada.crt", "ada.key"):
        with open(f"{s.desk}/{name}", "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as f:
            f.write(read(f"{s.dir}/org/staff/{name}"))
    calendar(s, LAST_HOUR_S)
    relay_again(s)
    s.display()
    s.identity = f"{s.desk}/ada"
    s.open("--invite")
    first = join(s)
    renewed(s)
    goes_on(s, first)
    refused(s)


tell(story, "renewed while a session went on, came back after the old one had ended, and was not renewed when revoked")
