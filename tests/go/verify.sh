#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# verify.sh DUMP FOLDER: writes a log with DUMP, has Go's packages verify it, and refuse every altered copy.
set -eu
dump=$1 folder=$2
here=$(cd "$(dirname "$0")" && pwd)
gopath=/usr/share/gocode
command -v go >/dev/null || { echo "skipped: go is not here (apt install golang-go)"; exit 77; }
[ -d $gopath/src/golang.org/x/mod/sumdb/tlog ] ||
    { echo "skipped: Go's log packages are not here (apt install golang-golang-x-mod-dev)"; exit 77; }
rm -rf "$folder/log"
mkdir -p "$folder/cache"
GO111MODULE=off GOPATH=$gopath GOFLAGS= GOCACHE=$folder/cache go build -o "$folder/verify" "$here/verify.go"
"$dump" "$folder/log"
"$folder/verify" "$folder/log"
