#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs a test of the window on a D-Bus of its own, or says what is missing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
for program in Xvfb dbus-run-session xdotool import xmessage; do
    command -v "$program" >/dev/null || { echo "$program is not here: skipped; ./handhold test installs it"; exit 77; }
done
/usr/bin/python3 -c 'import gi; gi.require_version("Gio", "2.0")' 2>/dev/null && test -e /usr/share/dbus-1/services/org.a11y.Bus.service ||
    { echo "the accessibility bus, or D-Bus for Python, is not here: skipped; install at-spi2-core and python3-gi"; exit 77; }
script=$1
shift
# The accessibility bus listens at a fixed name in the runtime directory: shared, one test's window joins another's bus.
XDG_RUNTIME_DIR=$(mktemp -d)
export XDG_RUNTIME_DIR
trap 'rm -rf "$XDG_RUNTIME_DIR"' EXIT
dbus-run-session -- /usr/bin/python3 "$here/$script" "$@" 2>&1
