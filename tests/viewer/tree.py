# SPDX-License-Identifier: Apache-2.0
"""A window as assistive technology sees it: over the accessibility bus, with one call for all of its tree.

GTK answers org.a11y.atspi.Cache.GetItems with what is so at that moment, of all that somebody has asked for before.
That is sixty times quicker than to ask node by node, which a window that paints starves, and there is no client's cache
(libatspi's) that could be old or go round in what is left of an ended window.
https://gitlab.gnome.org/GNOME/at-spi2-core/-/tree/main/xml
"""
import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

ROOT, CACHE = "/org/a11y/atspi/accessible/root", "/org/a11y/atspi/cache"
ANSWER_MS = 10000

# atspi-constants.h: the roles that GTK 4.8 gives, and the states that a test asks for
ROLES = {2: "alert", 7: "check box", 11: "combo box", 16: "dialog", 20: "filler", 23: "frame", 27: "image", 29: "label", 31: "list",
         32: "list item", 33: "menu", 35: "menu item", 37: "page tab", 38: "page tab list", 39: "panel", 41: "popup menu", 42: "progress bar",
         43: "push button", 44: "radio button", 45: "radio menu item", 48: "scroll bar", 49: "scroll pane", 50: "separator", 51: "slider",
         52: "spin button", 54: "status bar", 61: "text", 62: "toggle button", 63: "tool bar", 64: "tool tip", 65: "tree", 66: "tree table",
         69: "window", 75: "application", 79: "entry", 98: "grouping", 102: "level bar"}
STATES = {"active": 1, "checked": 4, "focusable": 11, "focused": 12, "pressed": 20, "selected": 23, "sensitive": 24, "visible": 30}


class Node:
    def __init__(self, tree, item):
        (_, self.path), _, (_, self.parent_path), self.index, self.count, self.interfaces, self.name, role, _, states = item
        self.tree, self.parent, self.children = tree, None, []
        self.role = ROLES.get(role, f"role {role}")
        self.states = states[0] | states[1] << 32
        self.place = None

    def __repr__(self):
        return f"{self.role}: {self.name!r}"

    def can(self, interface):
        return f"org.a11y.atspi.{interface}" in self.interfaces

    def has(self, state):
        """As it was when the tree was read; now() reads it again."""
        return bool(self.states >> STATES[state] & 1)

    def now(self, state):
        low, high = self._call("Accessible", "GetState")
        return bool((low | high << 32) >> STATES[state] & 1)

    def box(self):
        """(x, y, width, height) in its window."""
        if self.place is None:
            self.place = self._call("Component", "GetExtents", GLib.Variant("(u)", (1,)))
        return self.place

    def shows(self):
        """GTK 4.8 says `showing` of windows alone: what is visible and has a size counts, as far as the window."""
        if not self.has("visible"):
            return False
        if self.can("Component") and not (self.box()[2] > 0 and self.box()[3] > 0):
            return False
        return self.parent is None or self.parent.path == ROOT or self.parent.shows()

    def text(self):
        return self._call("Text", "GetText", GLib.Variant("(ii)", (0, self._property("Text", "CharacterCount"))))

    def write(self, text):
        self._call("EditableText", "SetTextContents", GLib.Variant("(s)", (text,)))

    def act(self):
        self._call("Action", "DoAction", GLib.Variant("(i)", (0,)))

    def value(self):
        return self._property("Value", "CurrentValue")

    def _property(self, interface, name):
        words = GLib.Variant("(ss)", (f"org.a11y.atspi.{interface}", name))
        return self.tree.call(self.path, "org.freedesktop.DBus.Properties", "Get", words)[0]

    def _call(self, interface, method, words=None):
        return self.tree.call(self.path, f"org.a11y.atspi.{interface}", method, words)[0]


class Tree:
    """Of the program with this process id. None of its calls wait: what is not there yet is looked for again."""

    def __init__(self):
        session = Gio.bus_get_sync(Gio.BusType.SESSION)
        address = session.call_sync("org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus", "GetAddress", None, None, 0, ANSWER_MS, None)
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        self.bus = Gio.DBusConnection.new_for_address_sync(address.unpack()[0], flags, None, None)
        self.name = None

    def _ask_bus(self, method, words=None):
        return self.bus.call_sync("org.freedesktop.DBus", "/", "org.freedesktop.DBus", method, words, None, 0, ANSWER_MS, None).unpack()[0]

    def find(self, pid):
        """Whether the program is on the bus, with a window."""
        self.name = None
        for name in self._ask_bus("ListNames"):
            if name.startswith(":") and self._ask_bus("GetConnectionUnixProcessID", GLib.Variant("(s)", (name,))) == pid:
                self.name = name
                return bool(self.read().children)
        return False

    def call(self, path, interface, method, words=None):
        return self.bus.call_sync(self.name, path, interface, method, words, None, 0, ANSWER_MS, None).unpack()

    def read(self, thorough=True):
        """The root, with everything below it; not thorough: what came in the place of something else may be missing."""
        nodes = self._items()
        while self._ask_for_new(nodes, thorough):
            nodes = self._items()
        return nodes[ROOT]

    def _items(self):
        nodes = {item[0][1]: Node(self, item) for item in self.call(CACHE, "org.a11y.atspi.Cache", "GetItems")[0]}
        for node in nodes.values():
            node.parent = nodes.get(node.parent_path) if node.path != ROOT else None
            if node.parent and node.has("visible") and node.parent.count:
                node.parent.children.append(node)
        for node in nodes.values():
            node.children.sort(key=lambda child: child.index)
        return nodes

    def _ask_for_new(self, nodes, thorough):
        """GTK tells of a node when it was asked for once, and goes on to call it visible when it is hidden (4.8): who
        does not say as many children as are known is asked for them. Whether there were new ones."""
        new = False
        for node in nodes.values():
            if len(node.children) == node.count and node.path != ROOT and not (thorough and node.count):
                continue  # the root never says how many windows there are
            try:
                paths = [path for _, path in node._call("Accessible", "GetChildren")]
            except GLib.Error:
                continue  # it is gone
            new = new or any(path not in nodes for path in paths)
            node.children = [nodes[path] for path in paths if path in nodes]
        return new


def below(node, depth=0):
    """(node, depth) of all that is below it, in their order."""
    for child in node.children:
        yield child, depth
        yield from below(child, depth + 1)
