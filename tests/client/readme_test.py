#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The two examples of a product's firmware, as the README has them: readme_test.py README CC. Nobody need be there, and nobody need stay."""
import json
import os
import re
import socket
import subprocess
import sys
import tempfile

README, CC = sys.argv[1:3]


def example(language):
    return re.search(rf"```{language}\n(.*?)```", open(README).read().split("## Lines of a product")[1], re.S).group(1)


def expect_lines(file):
    device, value = json.loads(file.readline()), json.loads(file.readline())
    assert device == {"device": "hub", "kind": "hub", "maker": "Acme", "model": "H2"}, device
    assert value["property"] == "temperature" and 41 < value["value"] < 43, value


def in_c(folder):
    path = f"{folder}/hub.sock"
    with open(f"{folder}/hub.c", "w") as f:
        f.write(example("c").replace("/run/hub.sock", path))
    subprocess.run([CC, "-std=c11", "-Wall", "-Wextra", "-Werror", "-o", f"{folder}/hub", f"{folder}/hub.c"], check=True)
    with subprocess.Popen([f"{folder}/hub"]) as hub:
        for _ in range(2):  # the companion comes, goes, and comes again
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(path)
                listener.listen(1)
                listener.settimeout(30)
                with listener.accept()[0] as line:
                    expect_lines(line.makefile())
            os.unlink(path)
        assert hub.poll() is None, "it outlives the companion"
        hub.kill()


def in_shell(folder):
    path = f"{folder}/hub.fifo"
    with open(f"{folder}/temp", "w") as f:
        f.write("41512\n")
    text = example("sh").replace("/run/hub.fifo", path).replace("/sys/class/thermal/thermal_zone0/temp", f"{folder}/temp")
    os.mkfifo(path)
    with subprocess.Popen(["sh", "-c", text], start_new_session=True) as hub:
        for _ in range(2):
            with open(path) as lines:
                expect_lines(lines)
        assert hub.poll() is None, "it outlives the companion"
        os.killpg(hub.pid, 9)


with tempfile.TemporaryDirectory() as folder:
    in_c(folder)
    in_shell(folder)
print("both examples of the README do as it says")
