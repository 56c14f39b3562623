#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every text of the window, and every error that it may have to show, is in every translation, and none is left untranslated, doubtful, or broken in its %s.
set -eu
cd "$1"
command -v xgettext >/dev/null || { echo "xgettext is not here: skipped; install gettext"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
xgettext --from-code=UTF-8 --add-location=file -k_ -kN_ -kngettext:1,2 -o "$work/all.pot" $(grep -v '^#' agent/po/POTFILES)
for file in agent/viewer/*.c agent/viewer/*.ui; do
    grep -q '_("\|translatable="yes"' "$file" || continue
    grep -qx "$file" agent/po/POTFILES || { echo "$file: has texts and is not in agent/po/POTFILES; add it"; exit 1; }
done
python3 tests/viewer/parts.py agent/po/words.c # errors of rooms that know no translation
for po in agent/po/*.po; do
    msgfmt --check-format --check-domain -o /dev/null "$po"
    test -z "$(msgattrib --only-fuzzy "$po")" || { echo "$po: has doubtful texts"; exit 1; }
    msgcmp "$po" "$work/all.pot" || { echo "$po: add the texts above"; exit 1; }
    echo "$po: $(msgattrib --translated "$po" | grep -c '^msgid') texts, all there"
done
