#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The demo where there is a display: it opens the window, somebody looks at the picture, closes it, and it goes on: demo_test.py BIN"""
import os
import subprocess

from play import expect, tell


class Child:
    """The window is the demo's child: found by its parent."""

    def __init__(self, demo):
        self.demo = demo
        self.pid = None

    def look(self):
        with open(f"/proc/{self.demo.pid}/task/{self.demo.pid}/children") as f:
            for pid in f.read().split():
                with open(f"/proc/{pid}/cmdline") as c:
                    words = c.read().split("\0")
                if words[0].endswith("handhold-agent") and "--headless" not in words:
                    self.pid = int(pid)
                    return True
        return False

    def poll(self):
        return self.demo.poll()

    def terminate(self):
        self.demo.terminate()

    def wait(self, seconds=None):
        return self.demo.wait(seconds)


def story(s):
    s.display()
    demo = subprocess.Popen([f"{s.bin}/handhold-demo", "--bin", s.bin, "--out", f"{s.dir}/demo", "--seconds", "1"], env=s.env,
                            stdout=subprocess.PIPE, stderr=s.log, text=True)
    s.viewer = Child(demo)
    s.wait(s.viewer.look, "the demo to open the window", 90)
    s.attach()
    s.find(None, "The customer is here")
    s.keys("alt+1")
    s.find("text", "^What for")
    s.keys("Return")
    s.find("label", "fps")
    s.shot("demo")
    s.keys("ctrl+q")
    s.click("push button", "^Close$", beside="1 customer waits or is connected")
    said, _ = demo.communicate(timeout=60)
    expect(demo.returncode == 0, f"the demo goes on to its end: {said[-2000:]}")
    expect("The same in the agent's window" in said and "you are the agent now" in said, f"and told of the window: {said}")
    expect(os.listdir(f"{s.dir}/config") == [] if os.path.exists(f"{s.dir}/config") else True, "nothing of it is remembered")


tell(story, "opened by the demo, looked at, closed, and the demo went on")
