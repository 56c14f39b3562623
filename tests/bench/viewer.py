#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the window costs beside a bare player that shows the same pictures: bench_viewer [SECONDS]

The window shows a session and records it; the player (bare_player.c) then plays that recording, in a widget of the same
size, on the same display. Both are charged by the kernel. The mouse goes over the picture meanwhile, as an agent's
does. Exit code 1 when a figure is over its bound."""
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "viewer"))
from play import grant, join, link_of, read, see_the_camera  # noqa: E402
from stage import Failed, Stage  # noqa: E402

FRAME_MS = 1000 / 60  # of GTK's frame clock


def cpu_s(pid):
    fields = read(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def threads_s(pid):
    out = {}
    for task in os.listdir(f"/proc/{pid}/task"):
        name, rest = read(f"/proc/{pid}/task/{task}/stat").split("(", 1)[1].rsplit(")", 1)
        fields = rest.split()
        out[name] = out.get(name, 0) + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return out


class Measured:
    """What one process spent between two looks."""

    def __init__(self, s):
        self.s, self.pid = s, s.viewer.pid
        self.cpu, self.threads, self.began, self.stats = cpu_s(self.pid), threads_s(self.pid), time.monotonic(), self.told()

    def told(self):
        return json.loads(read(f"{self.s.dir}/stats.json") or "{}")

    def end(self):
        wall, after, now = time.monotonic() - self.began, threads_s(self.pid), self.told()
        return {"seconds": wall, "cores": (cpu_s(self.pid) - self.cpu) / wall,
                "threads": {name: round((after[name] - self.threads.get(name, 0)) / wall, 3) for name in after
                            if after[name] - self.threads.get(name, 0) > 0.02 * wall},
                **{name: now[name] - self.stats.get(name, 0) for name in ("decoded", "late", "painted")}}


def guide(s, place, seconds):
    """The mouse as a hand moves it, with an arrow now and then: twenty places a second."""
    x, y, w, h = place
    end, n = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        n += 1
        at = (round(x + (0.2 + 0.6 * (n * 7 % 40) / 40) * w), round(y + (0.2 + 0.6 * (n * 3 % 25) / 25) * h))
        s.mouse("mousemove", *at)
        time.sleep(0.05)


def session(s, seconds):
    """A session in the window: its costs with the picture alone, its answers while the agent guides, and the recording."""
    s.house(clip_seconds=4, fps=30)
    s.run("handhold-certs", "issue", "--dir", "org", "officer", "--id", "otto", "--name", "Otto Officer")
    s.display()
    s.links = set()
    began = time.monotonic()
    s.open("--invite", "--stats", f"{s.dir}/stats.json")
    c = join(s, link=link_of(s))
    see_the_camera(s, c)
    _, _, width, height = s.where(s.find("image", "customer's camera"))
    place = s.picture()
    time.sleep(4)  # the picture reaches its size
    grant(s, c, "Recording", "recording")
    measured = Measured(s)
    time.sleep(seconds)
    out = measured.end()
    c.tell(do="withdraw", capability="recording")
    c.expect("consent", capability="recording", state="withdrawn")
    guide(s, place, 5)
    time.sleep(1.2)  # the file is written once a second
    told = measured.told()
    out["open_ms"] = told["first_painted_us"] / 1000 - began * 1000
    out.update({name: told[name] for name in ("longest", "longest_ms", "blocked", "sent", "sent_p50_ms", "sent_p99_ms", "sent_max_ms")})
    folder = f"{s.dir}/data/handhold/recordings"
    s.run("handhold-audit", "open", f"{folder}/{os.listdir(folder)[0]}", "-o", "a.webm", "--relay", s.staff, "--identity",
          f"{s.dir}/org/staff/otto", "--ca", f"{s.dir}/org/ca/ca.crt", "--key", f"{s.dir}/org/officer/evidence.key")
    s.viewer.terminate()
    s.viewer.wait()
    c.stop()
    return out, width, height


def rows(ours, bare):
    theirs = bare["cpu_s"] / bare["wall_s"]
    lost, bare_lost = 1 - ours["painted"] / ours["decoded"], 1 - bare["painted"] / bare["shown"]
    return [
        ("CPU, cores", ours["cores"], theirs, f"ratio {ours['cores'] / theirs:.2f}", ours["cores"] / theirs <= 1.15),
        ("pictures a second", ours["decoded"] / ours["seconds"], bare["shown"] / bare["wall_s"], "", True),
        ("decoded and not painted, %", 100 * lost, 100 * bare_lost, "", lost <= bare_lost + 0.01),
        ("window painted after, ms", ours["open_ms"], "", "bound 1000", ours["open_ms"] < 1000),
        ("mouse to line, ms, median", ours["sent_p50_ms"], "", f"{ours['sent']} places", True),
        ("mouse to line, ms, 99 %", ours["sent_p99_ms"], "", f"bound {FRAME_MS:.1f}", ours["sent_p99_ms"] <= FRAME_MS),
        ("longest in our code, ms", ours["longest_ms"], "", f"bound 16; in {ours['longest']}", ours["longest_ms"] <= 16),
    ]


def main():
    bin_dir, seconds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 20
    s = Stage(bin_dir)
    try:
        ours, width, height = session(s, seconds)
        played = subprocess.run([f"{bin_dir}/bare_player", f"{s.dir}/a.webm", str(width), str(height)], env=s.env, capture_output=True,
                                text=True)
        bare = json.loads(played.stdout)
    except Failed as failure:
        print(f"FAILED: {failure}", file=sys.stderr)
        return 2
    finally:
        s.close()
    table = rows(ours, bare)
    print(f"{'the window beside a bare player, 720p30':42}{'window':>10}{'bare':>10}")
    for name, window, player, more, fine in table:
        print(f"{name:42}{window:10.2f}{player if player == '' else f'{player:.2f}':>10}  {more}{'' if fine else '  OVER'}")
    print(json.dumps({"threads": ours["threads"], "painted": ours["painted"], "decoded": ours["decoded"], "bare": bare}))
    return 0 if all(fine for *_, fine in table) else 1


sys.exit(main())
