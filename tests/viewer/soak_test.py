#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A day at the desk, shortened: one session after another, each loses its relay and comes back; memory and descriptors
stay where they were: soak_test.py BIN [MINUTES]

Eight rounds by default; HANDHOLD_LONG=1 makes it an hour."""
import json
import os
import statistics
import time

from play import expect, grant, join, link_of, read, see_the_camera, tell

WARM = 3  # rounds in which caches fill: fonts, icons, buffers for pictures
ROUNDS = 8  # at least
IN_USE_A_ROUND = 0.1  # MB that malloc has given out: a form that is kept for good is 0.4
HELD_A_ROUND = 0.2
# What the process holds goes by the allocator's steps (a decoded picture is 3.7 MB, kept or given back as it likes): with
# fewer rounds the slope is a step or two.
ROUNDS_TO_JUDGE_HELD = 40


def minutes(s):
    if s.more:
        return float(s.more[0])
    return 60 if os.environ.get("HANDHOLD_LONG") else 0


def relay_again(s):
    s.relay.process.kill()
    s.relay.process.wait()
    s.children.remove(s.relay)
    s.relay = s.start("handhold-relay", "--dir", "srv", "--listen", s.public.split("//")[1], "--staff-listen", s.staff.split("//")[1],
                      "--json")
    s.relay.expect("ready")


def held(s):
    """(MB that it has in use, MB that are this process's own, open descriptors)"""
    figures = f"{s.dir}/stats.json"
    os.remove(figures)
    s.wait(lambda: read(figures), "the window's figures")
    own = sum(int(line.split()[1]) for line in read(f"/proc/{s.viewer.pid}/smaps_rollup").splitlines() if line.startswith("Private_"))
    return json.loads(read(figures))["in_use_bytes"] / 2**20, own / 1024, len(os.listdir(f"/proc/{s.viewer.pid}/fd"))


def round_(s, n):
    s.keys("ctrl+n")
    c = join(s, link=link_of(s))
    see_the_camera(s, c)
    grant(s, c, "Device information", "device-state")
    s.keys("F6")
    picture = s.find("image", "customer's camera")
    s.wait(lambda: picture.now("focused"), "the picture to take the focus")
    s.keys("n", "Return")
    c.expect("mark", shape="number")
    relay_again(s)
    c.expect("connection", state="resumed")
    s.find("label", "fps")
    c.tell(do="chat", text=f"round {n}")
    s.find("list item", f"round {n}")
    s.keys("ctrl+e")
    c.expect("ended", reason="completed")
    s.find(None, "The session is completed")
    s.keys("ctrl+Return")
    s.find(None, "^Ready$")
    c.stop()
    s.children.remove(c)


def slope(values):
    """So much more with each round: the median of the slopes between any two (Theil and Sen), which a few jumps do not move."""
    return statistics.median((b - a) / (j - i) for i, a in enumerate(values) for j, b in enumerate(values) if i < j)


def story(s):
    s.house(clip_seconds=2)
    s.display()
    s.open("--stats", f"{s.dir}/stats.json")
    rounds = []
    end = time.monotonic() + 60 * minutes(s)
    while time.monotonic() < end or len(rounds) < ROUNDS:
        round_(s, len(rounds))
        rounds.append(held(s))
    in_use, own, descriptors = zip(*rounds[WARM:])
    print(f"{len(rounds)} sessions: {in_use[0]:.2f} MB in use to {in_use[-1]:.2f} ({slope(in_use):+.3f} each), {own[0]:.1f} MB held to "
          f"{own[-1]:.1f} ({slope(own):+.3f} each), {descriptors[0]} to {descriptors[-1]} descriptors")
    print("in use:", *(f"{mb:.1f}" for mb, _, _ in rounds))
    print("held:", *(f"{mb:.0f}" for _, mb, _ in rounds))
    expect(slope(in_use) < IN_USE_A_ROUND, f"memory in use does not rise: {rounds}")
    expect(len(rounds) < ROUNDS_TO_JUDGE_HELD or slope(own) < HELD_A_ROUND, f"nor what the process holds: {rounds}")
    expect(descriptors[-1] <= descriptors[0], f"nor do descriptors: {descriptors}")


tell(story, "a day of sessions left memory and descriptors where they were")
