#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# verify.sh DUMP FOLDER: writes a log with DUMP, has Go's packages verify it, and refuse every altered copy.
set -eu
dump=$1 folder=$2
here=$(cd "$(dirname "$0")" && pwd)
"$here/build.sh" "$folder"
rm -rf "$folder/log"
"$dump" "$folder/log"
"$folder/verify" "$folder/log"
