#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the viewer costs beside a bare player that shows the same pictures: viewer.py BIN BARE_PLAYER [SECONDS]

The viewer shows a session and records it; the player then plays that recording, in a widget of the same size, on the
same display. Both are charged by the kernel. One line of JSON, and exit code 1 when the ratio is over 1.15."""
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "viewer"))
from stage import Failed, Stage  # noqa: E402


def cpu_s(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def threads_s(pid):
    out = {}
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/stat") as f:
            name, rest = f.read().split("(", 1)[1].rsplit(")", 1)
        fields = rest.split()
        out[name] = out.get(name, 0) + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return out


def grant(s, c, label, capability):
    s.click("push button", f"^{label}: ")
    s.click("push button", "^Ask the Customer$")
    c.expect("consent", capability=capability, state="requested")
    c.tell(do="grant", capability=capability)
    c.expect("consent", capability=capability, state="granted")


def main():
    bin_dir, player = sys.argv[1:3]
    seconds = int(sys.argv[3]) if len(sys.argv) > 3 else 20
    s = Stage(bin_dir)
    try:
        s.house(clip_seconds=4)
        s.run("handhold-certs", "issue", "--dir", "org", "officer", "--id", "otto", "--name", "Otto Officer")
        s.display()
        s.open("--invite")
        link = s.wait(lambda: s.text("text", "Link for the customer"), "a link")
        c = s.customer(link)
        c.expect("joined")
        s.find(None, "The customer is here")
        grant(s, c, "Camera", "camera")
        s.find("label", "fps")
        _, _, width, height = s.where(s.find("image", "customer's camera"))
        time.sleep(5)  # the picture reaches its size
        grant(s, c, "Recording", "recording")
        each = threads_s(s.viewer.pid)
        before, began = cpu_s(s.viewer.pid), time.monotonic()
        time.sleep(seconds)
        spent, wall = cpu_s(s.viewer.pid) - before, time.monotonic() - began
        after = threads_s(s.viewer.pid)
        each = {name: round((after[name] - each.get(name, 0)) / wall, 3) for name in after if after[name] - each.get(name, 0) > 0.02 * wall}
        c.tell(do="withdraw", capability="recording")
        c.expect("consent", capability="recording", state="withdrawn")
        folder = f"{s.dir}/data/handhold/recordings"
        sealed = f"{folder}/{os.listdir(folder)[0]}"
        officer = ["--relay", s.staff, "--identity", f"{s.dir}/org/staff/otto", "--ca", f"{s.dir}/org/ca/ca.crt", "--key",
                   f"{s.dir}/org/officer/evidence.key"]
        s.run("handhold-audit", "open", sealed, "-o", "a.webm", *officer)
        s.viewer.terminate()
        s.viewer.wait()
        played = subprocess.run([player, f"{s.dir}/a.webm", str(width), str(height)], env=s.env, capture_output=True, text=True)
        bare = json.loads(played.stdout)
        ours, theirs = spent / wall, bare["cpu_s"] / bare["wall_s"]
        print(json.dumps({"viewer_cores": round(ours, 3), "bare_cores": round(theirs, 3), "ratio": round(ours / theirs, 3),
                          "threads": each,
                          "pictures": bare["shown"], "fps": round(bare["shown"] / bare["wall_s"], 1), "seconds": round(wall, 1),
                          "open_ms": round(s.open_s * 1000)}))
        return 0 if ours / theirs <= 1.15 else 1
    except Failed as failure:
        print(f"FAILED: {failure}", file=sys.stderr)
        return 2
    finally:
        s.close()


sys.exit(main())
