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


def expect_lines(told):
    device, value = json.loads(told[0]), json.loads(told[1])
    assert device == {"device": "hub", "kind": "hub", "maker": "Acme", "model": "H2"}, device
    assert value["property"] == "temperature" and 41 < value["value"] < 43, value


def round_of(path):
    """The lines of one round, read to its end: a writer that has told all and not yet left would be met again by the next reader.
    A round may be cut by its second, even before its first line."""
    for _ in range(30):
        with open(path) as lines:
            told = lines.readlines()
        if len(told) > 1:
            return told
    raise AssertionError("thirty rounds without two lines")


def in_c(folder):
    path = f"{folder}/hub.sock"
    with open(f"{folder}/hub.c", "w") as f:
        f.write(example("c").replace("/run/hub.sock", path))
    subprocess.run([CC, "-std=c11", "-Wall", "-Wextra", "-Werror", "-o", f"{folder}/hub", f"{folder}/hub.c"], check=True)
    with subprocess.Popen([f"{folder}/hub"]) as hub:
        try:
            for _ in range(2):  # the companion comes, goes, and comes again
                with socket.socket(socket.AF_UNIX) as listener:
                    listener.bind(path)
                    listener.listen(1)
                    listener.settimeout(30)
                    with listener.accept()[0] as line, line.makefile() as lines:
                        expect_lines([lines.readline(), lines.readline()])
                os.unlink(path)
            assert hub.poll() is None, "it outlives the companion"
        finally:
            hub.kill()


def in_shell(folder):
    path = f"{folder}/hub.fifo"
    with open(f"{folder}/temp", "w") as f:
        f.write("41512\n")
    text = example("sh").replace("/run/hub.fifo", path).replace("/sys/class/thermal/thermal_zone0/temp", f"{folder}/temp")
    os.mkfifo(path)
    with subprocess.Popen(["sh", "-c", text], start_new_session=True) as hub:
        try:
            for _ in range(2):
                expect_lines(round_of(path))
            assert hub.poll() is None, "it outlives the companion"
        finally:
            os.killpg(hub.pid, 9)


with tempfile.TemporaryDirectory() as folder:
    in_c(folder)
    in_shell(folder)
print("both examples of the README do as it says")
