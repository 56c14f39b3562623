#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A recording from the customer's yes to the officer's player: record_test.py BIN"""
import hashlib
import json
import os
import signal
import struct
import subprocess
import time

from play import expect, tell, tone

WORDS = b"THE-SECRET-OF-THE-CHAT"


def grant(agent, client, capability):
    agent.tell(do="request", capability=capability)
    client.expect("consent", capability=capability, state="requested")
    client.tell(do="grant", capability=capability)
    agent.expect("consent", capability=capability, state="granted")


def clear_on_disk(folder):
    """Files in which what was said, or a WebM's head, can be read."""
    found = []
    for where, _, names in os.walk(folder):
        for name in names:
            try:
                with open(os.path.join(where, name), "rb") as f:
                    bytes_ = f.read()
            except OSError:
                continue  # it was just there
            if WORDS in bytes_ or b"\x42\x82\x84webm" in bytes_:
                found.append(os.path.join(where, name))
    return found


def begin(s, name):
    agent = s.start("handhold-agent", "--headless", "--json", "--relay", s.staff, "--identity", f"{s.dir}/org/staff/ada", "--ca",
                    f"{s.dir}/org/ca/ca.crt", "--record", f"{s.dir}/{name}", "--microphone", f"{s.dir}/agent.wav")
    invite = agent.expect("invite")
    client = s.customer(invite["link"], "--microphone", f"{s.dir}/customer.wav", "--speaker", f"{s.dir}/heard.wav")
    agent.expect("joined")
    grant(agent, client, "camera")
    agent.expect("first-picture")
    return agent, client, invite["session"]


def record(s):
    agent, client, session = begin(s, "a.hhr")
    agent.tell(do="record", on=True)
    expect(agent.expect("error")["code"] == "CONSENT", "nothing is recorded without a consent")
    grant(agent, client, "microphone")
    agent.expect("audio")
    before = time.monotonic()
    grant(agent, client, "recording")
    expect(agent.expect("recording")["on"], "it records")
    began = time.monotonic()
    client.tell(do="chat", text=WORDS.decode())
    agent.expect("chat")
    agent.tell(do="draw", shape="arrow", points=[[0.1, 0.1], [0.5, 0.5]])
    for _ in range(4):
        agent.expect("video")  # one a second
        expect(not clear_on_disk(s.dir), f"nothing is clear on the disk while it records: {clear_on_disk(s.dir)}")
    word = time.monotonic()
    client.tell(do="chat", text="Is it on?")
    agent.expect("chat", text="Is it on?")
    asked = time.monotonic()
    client.tell(do="withdraw", capability="recording")
    stopped = agent.expect("recording", on=False)
    ended = time.monotonic()
    took_ms = (ended - asked) * 1000
    word_ms = (asked - word) * 1000  # so long a word takes on this machine, as loaded as it is now
    print(f"stopped {took_ms:.0f} ms after the customer took it back, a word takes {word_ms:.0f} ms; {stopped['bytes']} bytes")
    expect(took_ms < max(200, 5 * word_ms), "a consent that is taken back stops the recording within 200 ms")
    expect(not clear_on_disk(s.dir), "nor is it behind its end")
    agent.tell(do="end")
    agent.expect("ended")
    client.expect("ended")
    return session, (asked - began, ended - before)  # it was so long at least, and at most: between two looks


def crash(s):
    """The program is killed in the middle: what was recorded until then opens."""
    agent, client, session = begin(s, "crash.hhr")
    grant(agent, client, "recording")
    expect(agent.expect("recording")["on"], "it records")
    for _ in range(3):
        agent.expect("video")
    agent.process.send_signal(signal.SIGKILL)
    agent.process.wait()
    client.stop()


def audit(s, *words, code=0):
    done = subprocess.run([f"{s.bin}/handhold-audit", *words], cwd=s.dir, capture_output=True, text=True, env=s.env)
    expect(done.returncode == code, f"handhold-audit {words}: {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def probe(path):
    """(seconds, {title of a track: packets}), as libavformat sees the file; 0 s: it has no end, as after a crash."""
    out = subprocess.run(["ffprobe", "-v", "error", "-count_packets", "-show_entries", "format=duration:stream=nb_read_packets:stream_tags=title",
                          "-of", "json", path], capture_output=True, text=True)
    expect(out.returncode == 0, f"ffprobe opens it: {out.stderr}")
    found = json.loads(out.stdout)
    return float(found["format"].get("duration", 0)), {t["tags"]["title"]: int(t.get("nb_read_packets", 0)) for t in found["streams"]}


def pitch(path, track):
    """Hertz of a track of voice, by how often it crosses zero."""
    raw = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-map", f"0:a:{track}", "-ac", "1", "-ar", "48000", "-f", "s16le", "-"],
                         capture_output=True).stdout
    pcm = struct.unpack(f"<{len(raw) // 2}h", raw)[24000:72000]  # a second, behind the first words
    return sum(1 for a, b in zip(pcm, pcm[1:]) if a < 0 <= b) * 48000 / max(1, len(pcm))


def look(s, least, most):
    duration, tracks = probe(f"{s.dir}/a.webm")
    print(f"ffprobe: {duration:.3f} s, {tracks}; recorded for {least:.3f} to {most:.3f} s")
    expect(least - 0.05 < duration < most + 0.05, f"it is as long as it was recorded: {duration} s of {least} to {most} s")
    expect(tracks["customer's camera"] > 10, "with its pictures")
    for n, (title, hz) in enumerate((("customer's voice", 440), ("agent's voice", 880))):
        heard = pitch(f"{s.dir}/a.webm", n)
        expect(tracks[title] > 0.7 * least * 50, f"with the {title} throughout, but for what a busy machine did not take in: {tracks}")
        expect(abs(heard - hz) < 20, f"and it is the {title}: {heard:.0f} Hz")
    _, tracks = probe(f"{s.dir}/crash.webm")
    print(f"ffprobe, of the one that was killed: {tracks}")
    expect(tracks["customer's camera"] > 20, "a crash leaves what was recorded until then")


def story(s):
    s.house(clip_seconds=2, fps=30)
    s.run("handhold-certs", "issue", "--dir", "org", "officer", "--id", "otto", "--name", "Otto Officer")
    tone(f"{s.dir}/customer.wav", 440)
    tone(f"{s.dir}/agent.wav", 880)
    session, length = record(s)
    crash(s)
    with open(f"{s.dir}/a.hhr", "rb") as f:
        sealed = f.read()
    officer = ["--relay", s.staff, "--identity", f"{s.dir}/org/staff/otto", "--ca", f"{s.dir}/org/ca/ca.crt"]
    key = ["--key", f"{s.dir}/org/officer/evidence.key"]
    print(audit(s, "open", "a.hhr", "-o", "a.webm", *officer, *key), end="")
    expect(clear_on_disk(s.dir) == [f"{s.dir}/a.webm"], "what was said is in what the officer opened, and only there")
    minutes = audit(s, "show", session, *officer, *key)
    expect(hashlib.sha256(sealed).hexdigest() in minutes.replace("\n", "").replace(" ", ""), f"its hash is in the log:\n{minutes}")
    audit(s, "open", "crash.hhr", "-o", "crash.webm", *officer, *key, code=1)
    if subprocess.run(["which", "ffprobe", "ffmpeg"], capture_output=True).returncode == 0:
        look(s, *length)


tell(story, "recorded, stopped with the consent, opened by the officer, in the log")
