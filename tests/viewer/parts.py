#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""parts.py [WORDS]: what rooms without a translation say to people, clause by clause, one a line; or, with the file that
lists them for xgettext, those that are missing there (and the exit code 1)."""
import glob
import re
import sys

STRING = r'"(?:[^"\\]|\\.)*"'
TOLD = r"(?:session_error|session_alarm|session_alarm_fork|session_finish|session_end_untold|refusal)\b"
TLS = ["proto/host/connection.c", "proto/host/connection_blame.c", "proto/host/connection_tls.c"]


def strings(text):
    """What stands side by side is one string."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    for run in re.findall(rf"{STRING}(?:[\s\\]*{STRING})*", text):
        yield "".join(one[1:-1] for one in re.findall(STRING, run)).replace('\\"', '"')


def told():
    with open("proto/util/err.h") as file:
        yield from strings(file.read().split("X(OK")[1])
    for name in glob.glob("proto/session/*.c"):
        with open(name) as file:
            source = file.read()
        for found in re.finditer(rf"{TOLD}.*?\n?}}\n|{TOLD}.*?;", source, flags=re.S):
            yield from strings(found.group(0))
    for name in TLS:
        with open(name) as file:
            yield from strings(re.sub(r"#include.*", "", file.read()))


def bare(clause):
    """Without the value before it and what the system says behind it; None: no words for people."""
    clause = re.sub(r"^(%[su](:%u)?: )+", "", clause)
    clause = re.sub(r"(%s%s%s)?( \([^)]*%[^)]*\))?$", "", clause)
    return clause if " " in clause.strip() and "%" not in clause and not clause.startswith("(") else None


def clauses():
    found = {bare(clause) for text in told() for clause in text.split("; ")} - {None}
    return sorted(clause for clause in found if len(clause) > 6)


if len(sys.argv) < 2:
    print("\n".join(clauses()))
    sys.exit()
with open(sys.argv[1]) as file:
    known = set(strings(file.read()))
missing = [clause for clause in clauses() if clause not in known]
print("\n".join(f"{sys.argv[1]} lacks: {clause}" for clause in missing))
sys.exit(1 if missing else 0)
