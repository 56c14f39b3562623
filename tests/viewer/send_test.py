#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How a link is sent, the customer's camera, and what the customer points at: send_test.py BIN [--shots DIR]"""
import os

from play import all_named, expect, join, link_of, read, see_the_camera, tell

COMMAND = """#!/bin/sh
cat > "$0.got"
test "$(sed -n 2p "$0.got")" != refused || { echo "that number is not allowed" >&2; exit 1; }
"""


def handlers(s):
    """The desktop's programs for mail and SMS: one that writes down what it was given."""
    os.makedirs(f"{s.dir}/data/applications")
    with open(f"{s.dir}/opener", "w") as f:
        f.write('#!/bin/sh\nprintf "%s\\n" "$1" >> "$0.got"\n')
    os.chmod(f"{s.dir}/opener", 0o700)
    with open(f"{s.dir}/data/applications/opener.desktop", "w") as f:
        f.write(f"[Desktop Entry]\nType=Application\nName=Opener\nExec={s.dir}/opener %u\n"
                "MimeType=x-scheme-handler/mailto;x-scheme-handler/sms;\n")
    with open(f"{s.dir}/data/applications/mimeapps.list", "w") as f:
        f.write("[Default Applications]\nx-scheme-handler/mailto=opener.desktop\nx-scheme-handler/sms=opener.desktop\n")


def send(s):
    """Mail and SMS by what the desktop opens for them; the organisation's command by its standard input."""
    link = link_of(s)
    token = link.split("#")[1]
    s.keys("ctrl+shift+c")
    s.find(None, "The link is copied")
    s.click("push button", "^Gateway$")
    s.shot("gateway")
    number = s.find("text", "^Number or address")
    number.write("+49 170 1234567")
    s.click("push button", "^Send$")
    got = s.wait(lambda: read(f"{s.dir}/gateway.got"), "the command to get the link")
    expect(got == f"{link}\n+49 170 1234567\n", f"link and number, a line each: {got!r}")
    s.find(None, "The link is on its way")
    s.click("push button", "^Gateway$")
    s.find("text", "^Number or address").write("refused")
    s.click("push button", "^Send$")
    s.find(None, "The command did not send the link: that number is not allowed")
    for name, scheme in (("^E-Mail$", "mailto:"), ("^SMS$", "sms:")):
        s.click("push button", name)
        s.wait(lambda: any(line.startswith(scheme) and token in line for line in read(f"{s.dir}/opener.got").splitlines()),
               f"{scheme} with the link; there is {read(f'{s.dir}/opener.got')!r}")
    s.shot("sent")
    return link


def photo_alone(s, c):
    """Where there is no moving picture a photo can be asked for, by button and by key."""
    c.tell(do="withdraw", capability="camera")
    s.click("push button", "^Ask for a Photo$")
    c.tell(do="discard", still=c.expect("still", state="taken")["still"])
    s.find(None, "looked at the photo and did not send it")
    s.shot("photo-alone")
    s.keys("F8")
    c.tell(do="discard", still=c.expect("still", state="taken")["still"])
    c.tell(do="withdraw", capability="still")
    s.gone("push button", "^Ask for a Photo$")


def camera(s, c):
    """Light and zoom with a first click that asks, a photo into the strip, and opened large."""
    s.click("push button", "^The customer's light$")
    c.expect("consent", capability="torch", state="requested")
    c.tell(do="grant", capability="torch")
    c.expect("camera-control", torch=True)  # by the click from before the yes
    s.wait(lambda: read(f"{s.dir}/torch").strip() == "1", "the light to shine")
    s.click("push button", "^The customer's camera closer$")
    c.expect("consent", capability="zoom", state="requested")
    c.tell(do="grant", capability="zoom")
    expect(c.expect("camera-control")["zoom"] > 1.4, "the lens goes closer")
    s.keys("F8")
    c.expect("consent", capability="still", state="requested")
    c.tell(do="grant", capability="still")
    all_named(s)  # of what the window says in passing, too
    c.tell(do="send", still=c.expect("still", state="taken")["still"])
    s.click("push button", "^Photo 1")
    s.find(None, "Photo 1|1280")
    s.find("frame", "^Photo$")
    s.shot("photo")
    s.keys("Escape")
    s.gone("frame", "^Photo$")


def point(s, c):
    """What the customer points at shows on the agent's picture: no assistive technology sees it, so pixels do."""
    s.click("push button", "^Freeze the picture$")
    s.find("label", "Frozen")
    x, y, w, h = s.picture()
    at = (x + 0.7 * w - 20, y + 0.3 * h - 20, 40, 40)
    before = s.pixels(*at, 10, 10)
    c.tell(do="point", x=0.7, y=0.3)
    s.wait(lambda: sum(abs(a - b) for a, b in zip(before, s.pixels(*at, 10, 10))) > 1000, "the customer's pointer on the picture")
    s.shot("their-pointer")
    s.wait(lambda: sum(abs(a - b) for a, b in zip(before, s.pixels(*at, 10, 10))) < 300, "the pointer to leave")
    s.click("push button", "^Freeze the picture$")
    s.gone("label", "Frozen")


def story(s):
    s.house(clip_seconds=2)
    s.display()
    with open(f"{s.dir}/gateway", "w") as f:
        f.write(COMMAND)
    os.chmod(f"{s.dir}/gateway", 0o700)
    s.settings(command=f"{s.dir}/gateway")
    open(f"{s.dir}/torch", "w").close()
    handlers(s)
    s.open("--invite")
    c = join(s, "--torch", f"{s.dir}/torch", link=send(s))
    see_the_camera(s, c)
    camera(s, c)
    point(s, c)
    photo_alone(s, c)


tell(story, "sent, joined, lit, zoomed, photographed, and pointed at")
