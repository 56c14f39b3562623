#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A recording from the customer's yes to the officer's player: record_test.py BIN"""
import hashlib
import subprocess
import sys
import time

from stage import Failed, Stage

WORDS = b"THE-SECRET-OF-THE-CHAT"


def expect(true, what):
    if not true:
        raise Failed(what)


def grant(agent, client, capability):
    agent.tell(do="request", capability=capability)
    client.expect("consent", capability=capability, state="requested")
    client.tell(do="grant", capability=capability)
    agent.expect("consent", capability=capability, state="granted")


def record(s):
    agent = s.start("handhold-agent", "--headless", "--json", "--relay", s.staff, "--identity", f"{s.dir}/org/staff/ada", "--ca",
                    f"{s.dir}/org/ca/ca.crt", "--record", f"{s.dir}/a.hhr")
    invite = agent.expect("invite")
    client = s.customer(invite["link"])
    agent.expect("joined")
    grant(agent, client, "camera")
    agent.expect("first-picture")
    agent.tell(do="record", on=True)
    expect(agent.expect("error")["code"] == "CONSENT", "nothing is recorded without a consent")
    grant(agent, client, "recording")
    expect(agent.expect("recording")["on"], "it records")
    began = time.monotonic()
    client.tell(do="chat", text=WORDS.decode())
    agent.expect("chat")
    agent.tell(do="draw", shape="arrow", points=[[0.1, 0.1], [0.5, 0.5]])
    for _ in range(4):
        agent.expect("video")  # one a second
    asked = time.monotonic()
    client.tell(do="withdraw", capability="recording")
    stopped = agent.expect("recording", on=False)
    took_ms = (time.monotonic() - asked) * 1000
    print(f"stopped {took_ms:.0f} ms after the customer took it back; {stopped['bytes']} bytes")
    expect(took_ms < 200, "a consent that is taken back stops the recording within 200 ms")
    seconds = asked - began
    agent.tell(do="end")
    agent.expect("ended")
    client.expect("ended")
    return invite["session"], seconds


def audit(s, *words, code=0):
    done = subprocess.run([f"{s.bin}/handhold-audit", *words], cwd=s.dir, capture_output=True, text=True, env=s.env)
    expect(done.returncode == code, f"handhold-audit {words}: {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def probe(path):
    """(seconds, packets of the picture), as libavformat sees the file."""
    out = subprocess.run(["ffprobe", "-v", "error", "-count_packets", "-select_streams", "v", "-show_entries",
                          "format=duration:stream=nb_read_packets,codec_name", "-of", "default=nw=1", path], capture_output=True, text=True)
    expect(out.returncode == 0, f"ffprobe opens it: {out.stderr}")
    fields = dict(line.split("=") for line in out.stdout.split())
    return float(fields["duration"]), int(fields["nb_read_packets"])


def main():
    s = Stage(sys.argv[1])
    try:
        s.house(clip_seconds=2)
        s.run("handhold-certs", "issue", "--dir", "org", "officer", "--id", "otto", "--name", "Otto Officer")
        session, seconds = record(s)
        with open(f"{s.dir}/a.hhr", "rb") as f:
            sealed = f.read()
        expect(WORDS not in sealed and b"webm" not in sealed, "nothing is clear on the disk")
        officer = ["--relay", s.staff, "--identity", f"{s.dir}/org/staff/otto", "--ca", f"{s.dir}/org/ca/ca.crt"]
        key = ["--key", f"{s.dir}/org/officer/evidence.key"]
        print(audit(s, "open", "a.hhr", "-o", "a.webm", *officer, *key), end="")
        with open(f"{s.dir}/a.webm", "rb") as f:
            expect(WORDS in f.read(), "what was said is in it")
        minutes = audit(s, "show", session, *officer, *key)
        expect(hashlib.sha256(sealed).hexdigest() in minutes.replace("\n", "").replace(" ", ""), f"its hash is in the log:\n{minutes}")
        with open(f"{s.dir}/cut.hhr", "wb") as f:
            f.write(sealed[:len(sealed) // 2])
        audit(s, "open", "cut.hhr", "-o", "cut.webm", *officer, *key, code=1)
        if subprocess.run(["which", "ffprobe"], capture_output=True).returncode == 0:
            duration, packets = probe(f"{s.dir}/a.webm")
            print(f"ffprobe: {duration:.2f} s, {packets} pictures; recorded for {seconds:.2f} s")
            expect(abs(duration - seconds) < 1.5, "it is as long as it was recorded")
            expect(packets > 10, "with its pictures")
    except Failed as failure:
        print(f"FAILED: {failure}", file=sys.stderr)
        return 1
    finally:
        s.close()
    print("recorded, stopped with the consent, opened by the officer, in the log")
    return 0


sys.exit(main())
