#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Pictures of the window in every dress, for people to look at: looks.py BIN DIR [DRESS...]

Dresses: light dark contrast german rtl large small. A locale that this machine does not have is made in a folder.
"""
import os
import subprocess
import sys
import time

from play import tone
from stage import Failed, Stage

DRESSES = {
    "light": ({}, "1200x760"),
    "dark": ({"ADW_DEBUG_COLOR_SCHEME": "prefer-dark"}, "1200x760"),
    "contrast": ({"ADW_DEBUG_HIGH_CONTRAST": "1"}, "1200x760"),
    "german": ({"LANG": "de_DE.UTF-8"}, "1200x760"),
    "rtl": ({"LANG": "he_IL.UTF-8"}, "1200x760"),
    "large": ({"TEXT": "200"}, "1300x900"),
    "small": ({}, "900x600"),
}


def locale(stage, name):
    folder = f"{stage.dir}/locale"
    os.makedirs(folder, exist_ok=True)
    subprocess.run(["localedef", "-i", name.split(".")[0], "-f", "UTF-8", f"{folder}/{name}"], check=False, stderr=subprocess.DEVNULL)
    stage.env.update(LOCPATH=folder, LANG=name, LC_ALL=name)
    words = f"{stage.bin}/../share/locale/{name[:2]}/LC_MESSAGES"
    if not os.path.exists(f"{words}/handhold.mo"):  # GLib leaves GTK's own words, and its direction, to programs that are translated
        os.makedirs(words, exist_ok=True)
        subprocess.run(["msgfmt", "-o", f"{words}/handhold.mo", "-"], check=True, text=True,
                       input='msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n')
        stage.borrowed = f"{words}/handhold.mo"


def dress(stage, env):
    if "LANG" in env:
        locale(stage, env["LANG"])
    if "TEXT" in env:  # as a screen of twice the density would have it
        with open(f"{stage.dir}/.Xdefaults", "w") as f:
            f.write(f"Xft.dpi: {96 * int(env['TEXT']) // 100}\n")
    stage.env.update({k: v for k, v in env.items() if k not in ("LANG", "TEXT")})


def grant(s, c, key, capability):
    """In any language: what is granted has a tick."""
    before = len(s.all("push button", ": ✓"))
    s.keys(key)
    settle(s, 1)
    s.shot(f"2-ask-{capability}")
    s.keys("Return")
    c.expect("consent", capability=capability, state="requested")
    c.tell(do="grant", capability=capability)
    s.wait(lambda: len(s.all("push button", ": ✓")) > before, f"{capability} to be granted")


def panes(s, c):
    """Everything beside and below the picture."""
    grant(s, c, "alt+3", "device-state")
    grant(s, c, "alt+2", "microphone")
    c.tell(do="chat", text="Is it the lamp on the left?")
    s.find("list item", "lamp on the left")
    s.keys("ctrl+t")
    s.type("Yes, please hold it a little closer so that I can read the label.")
    s.keys("Return")
    grant(s, c, "alt+4", "still")
    for _ in range(2):
        s.keys("F8")
        c.tell(do="send", still=c.expect("still", state="taken")["still"])
        settle(s, 3)
    s.shot("3-live")
    s.keys("ctrl+d")
    s.find(None, "^This device")
    s.shot("4-devices")
    s.keys("ctrl+g")
    settle(s, 1)
    s.shot("4-guides")
    s.keys("Tab", "Return")
    settle(s, 1)
    s.keys("Return")
    settle(s, 1)
    s.shot("4-guide")


def play(s):
    """By keys alone where words differ from language to language."""
    s.house(clip_seconds=2)
    tone(f"{s.dir}/voice.wav", 440)
    s.display()
    s.open("--invite", "--reference", "T-1041", "--microphone", f"{s.dir}/voice.wav", "--audio", f"{s.dir}/loud.wav")
    link = s.wait(lambda: next((t for t in texts(s) if t.startswith("https://")), None), "a link")
    s.shot("1-invite")
    c = s.customer(link, "--microphone", f"{s.dir}/voice.wav", "--speaker", f"{s.dir}/heard.wav")
    c.expect("joined")
    s.wait(lambda: s._match("image", None) and len([1 for n, _ in s.walk() if n.role == "page tab"]) > 0, "the live page")
    grant(s, c, "alt+1", "camera")
    s.find("label", "fps")
    panes(s, c)
    s.keys("F6", "n")
    settle(s, 0.5)
    s.keys("Return")
    c.expect("mark", shape="number")
    c.tell(do="pause")
    settle(s, 4)
    s.shot("5-paused")
    s.keys("ctrl+question")
    settle(s, 1.5)
    s.shot("6-shortcuts")
    s.keys("Escape")
    s.keys("ctrl+comma")
    settle(s, 1.5)
    s.shot("6-preferences")
    s.keys("Escape")
    settle(s, 1)
    s.keys("ctrl+e")
    c.expect("ended")
    settle(s, 1)
    s.shot("7-ended")


def settle(s, seconds):
    """These are pictures, not checks: what moves comes to rest."""
    time.sleep(seconds)


def texts(s):
    return [node.text() for node, _ in s.walk() if node.role == "text"]


def main():
    bin_dir, shots, *names = sys.argv[1:]
    for name in names or DRESSES:
        env, size = DRESSES[name]
        s = Stage(bin_dir, size=size, shots=f"{shots}/{name}")
        try:
            dress(s, env)
            play(s)
            print(f"{name}: {shots}/{name}", flush=True)
        except Failed as failure:
            s.shot("failed")
            print(f"{name}: FAILED: {str(failure)[:400]}", flush=True)
        finally:
            s.close()
            if getattr(s, "borrowed", None):
                os.unlink(s.borrowed)


main()
