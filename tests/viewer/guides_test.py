#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Voice and guides in the window, and a customer who comes back: guides_test.py BIN [--shots DIR]"""
import os
import struct

from play import Home, all_named, expect, grant, join, tell, tone

LAMP = {"device": "lamp", "kind": "light", "name": "Kitchen lamp"}


def pitch(path):
    """Of the last second of a WAV that is being written, whatever its header says yet."""
    with open(path, "rb") as f:
        raw = f.read()[44:][-96000:]
    pcm = struct.unpack(f"<{len(raw) // 2}h", raw[:len(raw) // 2 * 2])
    return sum(1 for a, b in zip(pcm, pcm[1:]) if a < 0 <= b) * 48000 / max(1, len(pcm))


def come(s, home):
    return join(s, "--state", f"json:{home.path}", "--microphone", f"{s.dir}/customer.wav", "--speaker", f"{s.dir}/heard.wav")


def level(s, name):
    return s.find(None, name).value()


def talk(s, c):
    s.gone("push button", "^Mute your microphone$")
    expect(not os.path.exists(f"{s.dir}/loud.wav"), "no loudspeaker is open before the consent")
    grant(s, c, "Voice", "microphone")
    s.find(None, "^The customer hears you$")
    s.wait(lambda: level(s, "Level of the customer's voice") > 0.5, "the customer's level to rise")
    s.wait(lambda: level(s, "Level of your voice") > 0.5, "the agent's level to rise")
    s.wait(lambda: abs(pitch(f"{s.dir}/loud.wav") - 440) < 20, "the customer's tone in the loudspeaker")
    s.wait(lambda: abs(pitch(f"{s.dir}/heard.wav") - 880) < 20, "the agent's tone at the customer's")
    s.shot("voice")
    s.keys("ctrl+m")
    s.find(None, "^You are muted$")
    s.wait(lambda: pitch(f"{s.dir}/heard.wav") < 400, "silence at the customer's")
    expect(level(s, "Level of your voice") == 0, "a meter that rests")
    s.keys("ctrl+m")
    s.find(None, "^The customer hears you$")
    s.wait(lambda: abs(pitch(f"{s.dir}/heard.wav") - 880) < 20, "the agent's tone again")
    s.click("push button", "^Microphone and loudspeaker$")
    s.find(None, "^Microphone$")
    s.shot("voice-devices")
    all_named(s)
    s.keys("Escape")
    c.tell(do="withdraw", capability="microphone")
    s.gone("push button", "^Mute your microphone$")


def propose(s, c, home):
    s.click(None, "^Guides$")
    s.find("label", "What fits this customer's home")
    grant(s, c, "Device information", "device-state")
    home.say(**LAMP)
    home.say(device="lamp", property="availability", value=False)
    s.find("list item", "A lamp has left the mesh.*It is so at this customer's now")
    s.find("label", "^For Kitchen lamp$")
    s.shot("proposed")


def search(s):
    s.keys("ctrl+g")
    s.type("printer")
    s.find("list item", "printer.*Found by your words|Printer.*Found by your words")
    s.gone("list item", "A lamp has left the mesh")
    s.keys("ctrl+a", "BackSpace")
    s.find("list item", "A lamp has left the mesh")


def follow(s, c, home):
    row = s.find("list item", "A lamp has left the mesh")
    s.keys("Tab")
    s.wait(lambda: row.now("focused"), "the proposal to take the focus")
    s.keys("Return")
    s.find("label", "1. Turn the wall switch on")
    s.find("label", "^For you: ")
    s.shot("preview")
    s.click("push button", "^Send to the Customer$")
    c.expect("guide", guide="lamp-off-mesh")
    s.find("list item", "Turn the wall switch on: Now")
    s.shot("step-1")
    all_named(s)
    s.click("push button", "^Done$")
    s.find("list item", "Turn the wall switch on: Done by you")
    s.find("list item", "Off for ten seconds.*: Now")
    s.click("push button", "^Back$")
    s.find("list item", "Turn the wall switch on: Now")
    s.keys("ctrl+shift+s")
    s.find("list item", "Turn the wall switch on: Skipped")
    s.keys("ctrl+shift+x")
    s.find("list item", "Off for ten seconds.*: Did not work")
    c.tell(do="guide", act="done")
    s.find("list item", "Bring another.*: Done by the customer")
    home.say(device="lamp", property="availability", value=True)
    s.find(None, "The fault is gone. It was: ")
    s.shot("solved")


def remember(s, c):
    grant(s, c, "Remember this visit", "history")
    c.tell(do="rate", stars=5, solved=True)
    s.keys("ctrl+e")
    c.expect("ended", reason="completed")
    s.find(None, "5 of 5 stars, solved")
    s.shot("rated")
    s.keys("ctrl+Return")
    s.find(None, "^Ready$")


def return_(s, home):
    """The same customer again: what was tried is there before a word is said."""
    s.keys("ctrl+shift+n")
    s.find("text", "^Customer number$")
    s.keys("Tab")
    s.type("K-77")
    s.keys("Return")
    c = come(s, home)
    s.find("push button", "^1 earlier visit, on ")
    s.find("label", "A lamp has left the mesh: Solved it")
    s.find("label", "^5 of 5 stars$")
    grant(s, c, "Device information", "device-state")
    home.say(**LAMP)
    home.say(device="lamp", property="availability", value=False)
    s.find("list item", "A lamp has left the mesh.*Helped in 1 of 1 case Helped this customer before")
    s.shot("returned")
    s.keys("ctrl+e")
    c.expect("ended")


def story(s):
    s.house(clip_seconds=2)
    s.policy("allow history 0 90 agent")
    tone(f"{s.dir}/customer.wav", 440)
    tone(f"{s.dir}/agent.wav", 880)
    home = Home(f"{s.dir}/product")
    again = Home(f"{s.dir}/product2")
    s.display()
    s.open("--microphone", f"{s.dir}/agent.wav", "--audio", f"{s.dir}/loud.wav", "--cases", f"{s.dir}/cases", "--customer", "K-77")
    c = come(s, home)
    talk(s, c)
    propose(s, c, home)
    search(s)
    follow(s, c, home)
    remember(s, c)
    return_(s, again)


tell(story, "heard both ways, muted, a guide proposed, searched, followed, solved, rated, and known again")
