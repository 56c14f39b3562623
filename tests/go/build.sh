#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# build.sh FOLDER: the Go programs of this folder as FOLDER/verify and FOLDER/witness. 77: Go is not on this machine.
set -eu
folder=$1
here=$(cd "$(dirname "$0")" && pwd)
gopath=/usr/share/gocode
command -v go >/dev/null || { echo "skipped: go is not here (apt install golang-go)"; exit 77; }
[ -d $gopath/src/golang.org/x/mod/sumdb/tlog ] ||
    { echo "skipped: Go's log packages are not here (apt install golang-golang-x-mod-dev)"; exit 77; }
mkdir -p "$folder/cache"
export GO111MODULE=off GOPATH=$gopath GOFLAGS= GOCACHE="$folder/cache" HOME="$folder"
go build -o "$folder/verify" "$here/verify.go"
go build -o "$folder/witness" "$here/witness.go"
