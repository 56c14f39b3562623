#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# One session, with every program of it under valgrind: valgrind.sh BIN TEST. An error or a leak shows in a log of the
# house, and the test looks for it there.
set -eu
bin=$1
test=$2
wrapped=$(mktemp -d)
trap 'rm -rf "$wrapped"' EXIT
for program in "$bin"/handhold-*; do
    name=$(basename "$program")
    case $name in
    handhold-clip) printf '#!/bin/sh\nexec "%s" "$@"\n' "$program" ;; # it makes the clip and takes no part
    *) printf '#!/bin/sh\nexec valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,possible --errors-for-leak-kinds=definite,possible "%s" "$@"\n' "$program" ;;
    esac >"$wrapped/$name"
    chmod +x "$wrapped/$name"
done
HOUSE_BIN=$wrapped "$test" a_refusal_is_told_and_the_session_goes_on
