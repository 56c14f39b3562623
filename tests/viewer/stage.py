# SPDX-License-Identifier: Apache-2.0
"""An organisation, a relay, a companion and the viewer on a display of its own, seen as assistive technology sees it.

Nothing sleeps for luck: whoever waits, waits for something that shows in the accessibility tree or in a program's
JSON Lines, and each wait ends in a failure that says what was there instead.
"""
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from gi.repository import GLib

from tree import Tree, below

WAIT_S = 30  # generous: a loaded machine is no failure
LOOK_S = 0.05  # from look to look


FOCUSABLE_ROLES = {"push button", "text", "entry", "page tab", "check box", "combo box", "list", "toggle button"}


class Failed(Exception):
    pass


class Lines:
    """A program that speaks JSON Lines: what it said, and waiting for what it will say."""

    def __init__(self, argv, env, log):
        self.process = subprocess.Popen(argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        self.lines = queue.Queue()
        self.said = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            try:
                self.lines.put(json.loads(line))
            except ValueError:
                pass
        self.lines.put(None)

    def tell(self, **command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()

    def expect(self, event, **fields):
        """The next event of this name with these fields; what came before it is skipped."""
        return self.expect_any(event, **fields)

    def expect_any(self, *events, seconds=WAIT_S, **fields):
        end = time.monotonic() + seconds
        while True:
            try:
                line = self.lines.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                raise Failed(f"waited for {' or '.join(events)} {fields}; said last: {self.said[-5:]}") from None
            if line is None:
                raise Failed(f"ended before {' or '.join(events)} {fields}; said last: {self.said[-5:]}")
            self.said.append(line)
            if line.get("event") in events and all(line.get(k) == v for k, v in fields.items()):
                return line

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self.process.returncode


class Stage:
    def __init__(self, bin_dir, size="1200x760", dir=None, env=None, shots=None):
        self.bin = bin_dir
        self.dir = dir or tempfile.mkdtemp(prefix="handhold-viewer-")
        self.own_dir = dir is None
        self.shots = shots
        self.size = size
        self.children = []
        self.env = dict(os.environ, HOME=self.dir, XDG_CONFIG_HOME=f"{self.dir}/config", XDG_DATA_HOME=f"{self.dir}/data",
                        XDG_STATE_HOME=f"{self.dir}/state", XDG_CACHE_HOME=f"{self.dir}/cache", GSK_RENDERER="cairo", GTK_A11Y="atspi",
                        GDK_BACKEND="x11", LANG="C.UTF-8", LC_ALL="C.UTF-8", NO_AT_BRIDGE="0", GTK_THEME="",
                        ASAN_OPTIONS="detect_leaks=0", **(env or {}))
        if not self.env["GTK_THEME"]:
            del self.env["GTK_THEME"]
        self.log = open(f"{self.dir}/stage.log", "a")
        self.viewer = None
        self.identity = None  # the agent's, when it is not where the authority made it
        self.app = None

    # ---- the house

    def run(self, *argv):
        done = subprocess.run([f"{self.bin}/{argv[0]}", *argv[1:]], cwd=self.dir, env=self.env, capture_output=True, text=True)
        if done.returncode:
            raise Failed(f"{argv}: {done.stderr}{done.stdout}")

    def house(self, clip_seconds=6, fps=8):
        """Few pictures a second: the processor paints them, and between two of them the window answers who looks at it."""
        if not os.path.exists(f"{self.dir}/org"):
            self.run("handhold-certs", "init", "--dir", "org", "--org", "Example Help", "--domain", "localhost")
            self.run("handhold-certs", "issue", "--dir", "org", "relay", "--host", "localhost", "--host", "127.0.0.1")
            self.run("handhold-certs", "issue", "--dir", "org", "agent", "--id", "ada", "--name", "Ada Lovelace")
            self.run("handhold-certs", "export-relay", "--dir", "org", "-o", "relay.tar")
            os.mkdir(f"{self.dir}/srv", 0o700)
            subprocess.run(["tar", "-xpf", "relay.tar", "-C", "srv"], cwd=self.dir, check=True)
            self.run("handhold-clip", "--seconds", str(clip_seconds), "--fps", str(fps), "clip.y4m")
        self.relay = self.start("handhold-relay", "--dir", "srv", "--listen", "localhost:0", "--staff-listen", "localhost:0", "--json")
        ready = self.relay.expect("ready")
        self.public, self.staff = ready["public"], ready["staff"]

    def policy(self, *lines):
        """The officer's lines, each in the place of the one of the same capability, signed."""
        officer = ["--relay", self.staff, "--identity", "org/staff/officer", "--ca", "org/ca/ca.crt"]
        self.run("handhold-audit", "policy", "print", "-o", "policy.txt", *officer)
        with open(f"{self.dir}/policy.txt") as f:
            text = f.read()
        for line in lines:
            name = line.split()[1]
            text, changed = re.subn(rf"(?m)^(allow|deny) {name}\b.*$", line, text)
            if not changed:
                raise Failed(f"the policy has no line of {name}:\n{text}")
        with open(f"{self.dir}/policy.txt", "w") as f:
            f.write(text)
        self.run("handhold-audit", "policy", "sign", "policy.txt", *officer)

    def start(self, *argv):
        here = os.getcwd()
        os.chdir(self.dir)
        try:
            child = Lines([f"{self.bin}/{argv[0]}", *argv[1:]], self.env, self.log)
        finally:
            os.chdir(here)
        self.children.append(child)
        return child

    def customer(self, link, *more):
        return self.start("handhold-client", "--json", "--ca", f"{self.dir}/org/ca/ca.crt", "--camera", f"{self.dir}/clip.y4m",
                          "--state", "linux", *more, link)

    # ---- the display

    def display(self):
        read, write = os.pipe()
        self.x = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0", "1400x1000x24", "-nolisten", "tcp", "-noreset"],
                                  pass_fds=[write], stderr=self.log)
        os.close(write)
        number = ""
        while not number.endswith("\n"):
            number += os.read(read, 16).decode()
        os.close(read)
        number = number.strip()
        self.env["DISPLAY"] = os.environ["DISPLAY"] = f":{number}"

    def settings(self, **more):
        """What a viewer that is opened for the first time finds."""
        width, height = self.size.split("x")
        os.makedirs(f"{self.dir}/config/handhold", exist_ok=True)
        with open(f"{self.dir}/config/handhold/agent.ini", "w") as f:
            f.write(f"[agent]\nwidth={width}\nheight={height}\n" + "".join(f"{key}={value}\n" for key, value in more.items()))

    def open(self, *options, enrolled=True):
        if not os.path.exists(f"{self.dir}/config/handhold/agent.ini"):
            self.settings()
        began = time.monotonic()
        self.app = None
        who = ["--relay", self.staff, "--identity", self.identity or f"{self.dir}/org/staff/ada", "--ca", f"{self.dir}/org/ca/ca.crt"] if enrolled else []
        self.viewer = subprocess.Popen([f"{self.bin}/handhold-agent", *who, *options], env=self.env, stderr=self.log, cwd=self.dir)
        self.attach()
        self.find("frame")
        self.open_s = time.monotonic() - began

    def attach(self):
        """To the window of the program that is `viewer`."""
        tree = Tree()
        self.wait(lambda: tree.find(self.viewer.pid), "the viewer in the accessibility tree")
        self.app = tree

    # ---- seeing

    def wait(self, look, what, seconds=WAIT_S):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            began = time.monotonic()
            try:
                found = look()
                if found:
                    return found
            except GLib.Error:
                pass  # the tree changed while it was read
            if self.viewer and self.viewer.poll() is not None:
                raise Failed(f"the viewer ended with {self.viewer.returncode} while waiting for {what}")
            time.sleep(max(LOOK_S, time.monotonic() - began))  # the window has as long for itself as it was looked at
        self.shot("failed")
        raise Failed(f"waited for {what}; the tree shows:\n{self.tree()}\nand the programs said:\n{self.told()}")

    def complaints(self):
        """What the libraries say of how they were used. GTK 4.8 says some of itself when a window goes, which are not these."""
        self.log.flush()
        with open(self.log.name, errors="replace") as f:
            return [line.strip() for line in f if re.search("Adwaita-CRITICAL|error parsing markup|g_utf8_validate", line)]

    def told(self, lines=20):
        self.log.flush()
        with open(self.log.name, errors="replace") as f:
            return "".join(f.readlines()[-lines:])

    def walk(self):
        """What shows, with its depth."""
        for node, depth in below(self.app.read()) if self.app else ():
            if node.shows():
                yield node, depth

    def tree(self):
        try:
            return "\n".join("  " * depth + repr(node) for node, depth in self.walk())
        except GLib.Error as error:
            return error.message

    def _match(self, role, name, usable=False, beside=None):
        """A button that opens something is two of one name: the one that takes the focus is meant."""
        return self._look(False, role, name, usable, beside) or self._look(True, role, name, usable, beside)

    def _look(self, thorough, role, name, usable, beside):
        for window in self.app.read(thorough).children:
            if beside and not any(re.search(beside, node.name) and node.shows() for node, _ in below(window)):
                continue
            for node, _ in [(window, 0), *below(window)]:
                if role is not None and node.role != role or name is not None and not re.search(name, node.name):
                    continue
                if (not usable or node.can("Action") and node.has("focusable")) and node.shows():
                    return node
        return None

    def find(self, role=None, name=None, seconds=WAIT_S):
        """The first thing that shows, with this role and a name that matches."""
        return self.wait(lambda: self._match(role, name), f"{role} {name!r}", seconds)

    def seen(self, wanted, what):
        """What shows and is wanted, of one moment: a tree that changed while it was read is read again."""
        return self.wait(lambda: ([node for node, _ in self.walk() if wanted(node)],), what)[0]

    def all(self, role, name):
        return self.seen(lambda node: node.role == role and re.search(name, node.name), f"what shows of {role} {name!r}")

    def gone(self, role=None, name=None):
        self.wait(lambda: not self._match(role, name), f"no {role} {name!r}")

    def text(self, role=None, name=None):
        return self.find(role, name).text()

    def unnamed(self):
        """Whatever can be acted on has a name that says what it does: these have none."""
        return [repr(node) for node in self.seen(lambda node: node.role in FOCUSABLE_ROLES and node.has("focusable") and
                (not node.name.strip() or node.name.startswith(("Gtk", "Adw", "Viewer")) or "_" in node.name), "what has no name")]

    # ---- doing

    def click(self, role=None, name=None, beside=None):
        """`beside`: in the window that shows this too."""
        node = self.wait(lambda: self._match(role, name, True, beside), f"a usable {role} {name!r}")
        self.wait(lambda: node.now("sensitive"), f"{name!r} to be usable")
        node.act()
        return node

    def choose(self, role, name):
        """Clicks what stays pressed, and waits until it is: GTK shows a press for a while before it acts."""
        node = self.click(role, name)
        self.wait(lambda: node.now("pressed"), f"{name!r} to be chosen")
        return node

    def keys(self, *names):
        subprocess.run(["xdotool", "key", "--clearmodifiers", "--delay", "30", *names], env=self.env, check=True)

    def type(self, text):
        subprocess.run(["xdotool", "type", "--delay", "15", text], env=self.env, check=True)

    def mouse(self, *words):
        subprocess.run(["xdotool", *[str(w) for w in words]], env=self.env, check=True)

    def look_away(self):
        """Another program gets the keys and the mouse."""
        self.mouse("mousemove", 1399, 999)
        self.other = subprocess.Popen(["xmessage", "-geometry", "+1250+900", "Another program"], env=self.env, stderr=self.log)
        other = self.wait(lambda: self._search("Another program|xmessage"), "the other program")
        self.mouse("windowfocus", "--sync", other)
        self.wait(lambda: not self.find("frame").has("active"), "the window not to be in front")

    def look_back(self):
        self.other.terminate()
        self.other.wait()
        self.to_front()

    def to_front(self):
        """Where there is no window manager, nobody gives the focus back that a menu has taken."""
        self.mouse("windowfocus", "--sync", self._search("^Handhold$"))
        self.wait(lambda: self.find("frame").has("active"), "the window to be in front")

    def manage(self, window, *states):
        """What a window manager would tell the window of itself: "FULLSCREEN", "MAXIMIZED_VERT", …"""
        names = ", ".join(f"_NET_WM_STATE_{state}" for state in states)
        subprocess.run(["xprop", "-id", window, "-f", "_NET_WM_STATE", "32a", "-set", "_NET_WM_STATE", names], env=self.env, check=True)

    def _search(self, name):
        done = subprocess.run(["xdotool", "search", "--onlyvisible", "--name", name], env=self.env, capture_output=True, text=True)
        return done.stdout.split()[0] if done.stdout.split() else None

    def where(self, node):
        """Place on the screen. GTK 4 tells it without the border that a window has where there is no window manager;
        the window itself stands at the corner of the screen."""
        x, y, width, height = node.box()
        border = (int(self.size.split("x")[0]) - self.find("frame").box()[2]) // 2
        return x + border, y + border, width, height

    def picture(self, width=1280, height=720):
        """Where the customer's picture lies: letterboxed in its widget."""
        x, y, w, h = self.where(self.find("image", "customer's camera"))
        scale = min(w / width, h / height)
        return x + (w - width * scale) / 2, y + (h - height * scale) / 2, width * scale, height * scale

    def pixels(self, x, y, w, h, columns, rows):
        """The screen there as grey values, averaged to columns x rows."""
        subprocess.run(["import", "-window", "root", "-crop", f"{round(w)}x{round(h)}+{round(x)}+{round(y)}", "+repage", "-resize",
                        f"{columns}x{rows}!", "-depth", "8", f"gray:{self.dir}/pixels.raw"], env=self.env, check=True, stderr=self.log)
        with open(f"{self.dir}/pixels.raw", "rb") as f:
            return f.read()

    def shot(self, name):
        if not self.shots:
            return None
        os.makedirs(self.shots, exist_ok=True)
        path = f"{self.shots}/{name}.png"
        subprocess.run(["import", "-window", "root", "-crop", f"{self.size}+0+0", "+repage", path], env=self.env, check=False, stderr=self.log)
        return path

    # ---- going

    def close(self):
        if self.viewer and self.viewer.poll() is None:
            self.viewer.terminate()
            try:
                self.viewer.wait(10)
            except subprocess.TimeoutExpired:
                self.viewer.kill()
        for child in reversed(self.children):
            child.stop()
        if getattr(self, "x", None):
            self.x.terminate()
            self.x.wait()
        self.log.close()
        if self.own_dir:
            shutil.rmtree(self.dir, ignore_errors=True)
