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

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

WAIT_S = 30  # generous: a loaded machine is no failure


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

    def expect_any(self, *events, **fields):
        end = time.monotonic() + WAIT_S
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

    def open(self, *options, enrolled=True):
        width, height = self.size.split("x")
        os.makedirs(f"{self.dir}/config/handhold", exist_ok=True)
        settings = f"{self.dir}/config/handhold/agent.ini"
        if not os.path.exists(settings):
            with open(settings, "w") as f:
                f.write(f"[agent]\nwidth={width}\nheight={height}\n")
        began = time.monotonic()
        self.app = None
        who = ["--relay", self.staff, "--identity", self.identity or f"{self.dir}/org/staff/ada", "--ca", f"{self.dir}/org/ca/ca.crt"] if enrolled else []
        self.viewer = subprocess.Popen([f"{self.bin}/handhold-agent", *who, *options], env=self.env, stderr=self.log, cwd=self.dir)
        self.app = self.wait(self._find_app, "the viewer in the accessibility tree")
        self.find("frame")
        self.open_s = time.monotonic() - began

    def _find_app(self):
        desktop = Atspi.get_desktop(0)
        desktop.set_cache_mask(Atspi.Cache.NONE)  # not cleared: libatspi 2.46 goes round in what is left of an ended window
        for i in range(desktop.get_child_count()):
            app = desktop.get_child_at_index(i)
            if app and app.get_process_id() == self.viewer.pid:
                app.set_cache_mask(Atspi.Cache.NONE)  # what is so now, not what was
                return app
        return None

    # ---- seeing

    def wait(self, look, what, seconds=WAIT_S):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                found = look()
                if found:
                    return found
            except GLib.Error:
                pass  # the tree changed while it was read
            if self.viewer and self.viewer.poll() is not None:
                raise Failed(f"the viewer ended with {self.viewer.returncode} while waiting for {what}")
            context = GLib.MainContext.default()
            while context.iteration(False):
                pass
            time.sleep(0.03)  # between two looks, not instead of one
        self.shot("failed")
        raise Failed(f"waited for {what}; the tree shows:\n{self.tree()}\nand the programs said:\n{self.told()}")

    def told(self, lines=20):
        self.log.flush()
        with open(self.log.name, errors="replace") as f:
            return "".join(f.readlines()[-lines:])

    @staticmethod
    def _shows(node, states):
        """GTK 4.8 says `showing` of windows alone: what is visible and has a size counts."""
        if not states.contains(Atspi.StateType.VISIBLE):
            return False
        if not node.get_component_iface():
            return True
        box = Atspi.Component.get_extents(node, Atspi.CoordType.WINDOW)
        return box.width > 0 and box.height > 0

    def walk(self, node=None, depth=0, hidden=False):
        node = node or self.app
        if node is None:
            return
        try:
            states = node.get_state_set()
            if depth and not hidden and not self._shows(node, states):
                return
            yield node, depth
            for i in range(node.get_child_count()):
                child = node.get_child_at_index(i)
                if child:
                    yield from self.walk(child, depth + 1, hidden)
        except GLib.Error:
            return

    def tree(self):
        out = []
        for node, depth in self.walk():
            out.append("  " * depth + f"{node.get_role_name()}: {node.get_name()!r}")
        return "\n".join(out)

    def _window_of(self, name):
        for i in range(self.app.get_child_count()):
            window = self.app.get_child_at_index(i)
            if window and any(re.search(name, node.get_name() or "") for node, _ in self.walk(window)):
                return window
        return None

    def _match(self, role, name, usable=False, beside=None):
        """A button that opens something is two of one name: the one that takes the focus is meant."""
        window = self._window_of(beside) if beside else self.app
        for node, _ in self.walk(window) if window else ():
            if role is not None and node.get_role_name() != role or name is not None and not re.search(name, node.get_name() or ""):
                continue
            if not usable or node.get_action_iface() and node.get_state_set().contains(Atspi.StateType.FOCUSABLE):
                return node
        return None

    def find(self, role=None, name=None, seconds=WAIT_S):
        """The first thing that shows, with this role and a name that matches."""
        return self.wait(lambda: self._match(role, name), f"{role} {name!r}", seconds)

    def gone(self, role=None, name=None):
        self.wait(lambda: not self._match(role, name), f"no {role} {name!r}")

    def text(self, role=None, name=None):
        node = self.find(role, name)
        return Atspi.Text.get_text(node, 0, Atspi.Text.get_character_count(node))

    def unnamed(self):
        """Whatever can be acted on has a name that says what it does: these have none."""
        out = []
        for node, _ in self.walk():
            name, role = node.get_name() or "", node.get_role_name()
            if role in FOCUSABLE_ROLES and node.get_state_set().contains(Atspi.StateType.FOCUSABLE) and (
                    not name.strip() or name.startswith(("Gtk", "Adw", "Viewer")) or "_" in name):
                out.append(f"{role} {name!r}")
        return out

    # ---- doing

    def click(self, role=None, name=None, beside=None):
        """`beside`: in the window that shows this too."""
        node = self.wait(lambda: self._match(role, name, True, beside), f"a usable {role} {name!r}")
        self.wait(lambda: node.get_state_set().contains(Atspi.StateType.SENSITIVE), f"{name!r} to be usable")
        Atspi.Action.do_action(node, 0)
        return node

    def choose(self, role, name):
        """Clicks what stays pressed, and waits until it is: GTK shows a press for a while before it acts."""
        node = self.click(role, name)
        self.wait(lambda: node.get_state_set().contains(Atspi.StateType.PRESSED), f"{name!r} to be chosen")
        return node

    def keys(self, *names):
        subprocess.run(["xdotool", "key", "--clearmodifiers", "--delay", "30", *names], env=self.env, check=True)

    def type(self, text):
        subprocess.run(["xdotool", "type", "--delay", "15", text], env=self.env, check=True)

    def mouse(self, *words):
        subprocess.run(["xdotool", *[str(w) for w in words]], env=self.env, check=True)

    def where(self, node):
        """Place on the screen. GTK 4 tells it without the border that a window has where there is no window manager;
        the window itself stands at the corner of the screen."""
        box = Atspi.Component.get_extents(node, Atspi.CoordType.WINDOW)
        frame = Atspi.Component.get_extents(self.find("frame"), Atspi.CoordType.WINDOW)
        border = (int(self.size.split("x")[0]) - frame.width) // 2
        return box.x + border, box.y + border, box.width, box.height

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
