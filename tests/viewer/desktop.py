# SPDX-License-Identifier: Apache-2.0
"""The desktop's part in a test: it shows notifications, and somebody clicks on one."""
import queue
import threading

from gi.repository import Gio, GLib

NAME, PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"
INTERFACE = f"""<node><interface name='{NAME}'>
 <method name='Notify'><arg type='s' direction='in'/><arg type='u' direction='in'/><arg type='s' direction='in'/><arg type='s' direction='in'/>
  <arg type='s' direction='in'/><arg type='as' direction='in'/><arg type='a{{sv}}' direction='in'/><arg type='i' direction='in'/>
  <arg type='u' direction='out'/></method>
 <method name='CloseNotification'><arg type='u' direction='in'/></method>
 <signal name='ActionInvoked'><arg type='u'/><arg type='s'/></signal>
</interface></node>"""


class Notifications:
    """A notification service on the session bus of the test, in a thread of its own."""

    def __init__(self):
        self.shown, self.closed, self.ready, self.id = queue.Queue(), queue.Queue(), threading.Event(), 6
        threading.Thread(target=self._serve, daemon=True).start()
        self.ready.wait(30)

    def _serve(self):
        context = GLib.MainContext()
        context.push_thread_default()
        self.bus = Gio.bus_get_sync(Gio.BusType.SESSION)
        self.bus.register_object(PATH, Gio.DBusNodeInfo.new_for_xml(INTERFACE).interfaces[0], self._on_call, None, None)
        self.bus.call_sync("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "RequestName", GLib.Variant("(su)", (NAME, 4)), None, 0, -1, None)
        self.ready.set()
        GLib.MainLoop(context).run()

    def _on_call(self, _bus, _sender, _path, _interface, method, words, invocation):
        if method == "Notify":
            _, replaced, _, title, text, actions, _, _ = words.unpack()
            self.id = replaced or self.id + 1
            self.shown.put((title, text, actions))
            invocation.return_value(GLib.Variant("(u)", (self.id,)))
        else:
            self.closed.put(words.unpack()[0])
            invocation.return_value(None)

    def click(self):
        self.bus.emit_signal(None, PATH, NAME, "ActionInvoked", GLib.Variant("(us)", (self.id, "default")))
