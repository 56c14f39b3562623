// SPDX-License-Identifier: Apache-2.0

// verify FOLDER: reads a log as C2SP tlog-tiles and proves all of it with Go's own packages, then alters one thing
// after the other and expects to be refused each time. Nothing here knows how the relay makes what it serves.
package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A logReader answers for the files of one log; altered holds what the disk does not.
type logReader struct {
	folder  string
	altered map[string][]byte
}

func (l *logReader) read(path string) ([]byte, error) {
	if data, ok := l.altered[path]; ok {
		return data, nil
	}
	return os.ReadFile(filepath.Join(l.folder, path))
}

func (l *logReader) Height() int { return 8 }

func (l *logReader) SaveTiles([]tlog.Tile, [][]byte) {}

// C2SP has no height in the path, and calls the leaves entries.
func (l *logReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := l.read(strings.Replace(tile.Path(), "tile/8/", "tile/", 1))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func parseTree(text, origin string) (tlog.Tree, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[0] != origin || lines[3] != "" {
		return tlog.Tree{}, errors.New("not a checkpoint of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	hash, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: hash}, err
}

func openTree(data []byte, vkey string) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tlog.Tree{}, err
	}
	n, err := note.Open(data, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	for _, sig := range n.Sigs { // Open takes any padding bits, and then a note has several spellings
		if _, err := base64.StdEncoding.Strict().DecodeString(sig.Base64); err != nil {
			return tlog.Tree{}, err
		}
	}
	return parseTree(n.Text, verifier.Name())
}

func (l *logReader) tree(path, vkey string) (tlog.Tree, error) {
	data, err := l.read(path)
	if err != nil {
		return tlog.Tree{}, err
	}
	return openTree(data, vkey)
}

// leaves reads every entry bundle.
func (l *logReader) leaves(size int64) ([][]byte, error) {
	var all [][]byte
	for first := int64(0); first < size; first += 256 {
		width := smaller(256, size-first)
		tile := tlog.Tile{H: 8, L: -1, N: first / 256, W: int(width)}
		data, err := l.read(strings.Replace(tile.Path(), "tile/8/data/", "tile/entries/", 1))
		if err != nil {
			return nil, err
		}
		for ; width > 0; width-- {
			if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
				return nil, errors.New("an entry bundle is cut")
			}
			end := 2 + int(binary.BigEndian.Uint16(data))
			all = append(all, data[2:end])
			data = data[end:]
		}
		if len(data) != 0 {
			return nil, errors.New("an entry bundle has more than it should")
		}
	}
	return all, nil
}

// A verified log: what every check below found true.
func (l *logReader) verify(vkey string) error {
	tree, err := l.tree("checkpoint", vkey)
	if err != nil {
		return err
	}
	older, err := l.tree("checkpoint.older", vkey)
	if err != nil {
		return err
	}
	leaves, err := l.leaves(tree.N)
	if err != nil {
		return err
	}
	hashes := tlog.TileHashReader(tree, l)
	for first := int64(0); first < tree.N; first += 1000 { // each against its place in the tree that was signed
		var places []int64
		for i := first; i < smaller(tree.N, first+1000); i++ {
			places = append(places, tlog.StoredHashIndex(0, i))
		}
		stored, err := hashes.ReadHashes(places)
		if err != nil {
			return err
		}
		for i, hash := range stored {
			if hash != tlog.RecordHash(leaves[first+int64(i)]) {
				return fmt.Errorf("leaf %d is not the one of the tree", first+int64(i))
			}
		}
	}
	for i := int64(0); i < tree.N; i += 97 {
		proof, err := tlog.ProveRecord(tree.N, i, hashes)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, i, tlog.RecordHash(leaves[i])); err != nil {
			return err
		}
	}
	proof, err := tlog.ProveTree(tree.N, older.N, hashes)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, tree.N, tree.Hash, older.N, older.Hash)
}

// checkReceipt verifies a c2sp.org/tlog-proof@v1 file: signature, path, leaf, and that the leaf commits to the note.
func checkReceipt(file []byte, vkey string) (string, error) {
	head, checkpoint, ok := strings.Cut(string(file), "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return "", errors.New("not a proof")
	}
	extra, err := base64.StdEncoding.Strict().DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if !strings.HasPrefix(lines[1], "extra ") || err != nil || len(extra) < 80 {
		return "", errors.New("the extra line")
	}
	number := strings.TrimPrefix(lines[2], "index ")
	index, err := strconv.ParseInt(number, 10, 64)
	if "index "+number != lines[2] || err != nil || strconv.FormatInt(index, 10) != number {
		return "", errors.New("the index line")
	}
	var proof tlog.RecordProof
	for _, line := range lines[3:] {
		hash, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(hash) != tlog.HashSize {
			return "", errors.New("a hash")
		}
		var sum tlog.Hash
		copy(sum[:], hash)
		proof = append(proof, sum)
	}
	tree, err := openTree([]byte(checkpoint), vkey)
	if err != nil {
		return "", err
	}
	leaf, salt, text := extra[:48], extra[48:80], extra[80:]
	mac := hmac.New(sha256.New, salt)
	mac.Write([]byte("handhold/1 leaf\x00"))
	mac.Write(text)
	if !hmac.Equal(mac.Sum(nil), leaf[16:]) {
		return "", errors.New("the leaf does not commit to the note")
	}
	return string(text), tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(leaf))
}

func smaller(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}

func clone(data []byte) []byte {
	return append([]byte(nil), data...)
}

func flip(data []byte, at int) []byte {
	data = clone(data)
	data[at] ^= 1
	return data
}

// alterations of what is served, each of which must be noticed.
func alterations(size int) []struct {
	path  string
	alter func([]byte) []byte
} {
	partial := fmt.Sprintf(".p/%d", size%256)
	type alteration = struct {
		path  string
		alter func([]byte) []byte
	}
	flipAt := func(at int) func([]byte) []byte { return func(b []byte) []byte { return flip(b, at) } }
	swap := func(b []byte) []byte { return append(clone(b[50:100]), append(clone(b[:50]), b[100:]...)...) }
	cut := func(b []byte) []byte { return b[:len(b)-50] }
	return []alteration{
		{"checkpoint", flipAt(40)},
		{"checkpoint", func(b []byte) []byte { return bytes.Replace(b, []byte("66000"), []byte("65999"), 1) }},
		{"checkpoint", func(b []byte) []byte { return b[:bytes.Index(b, []byte("\n\n"))+2] }},
		{"checkpoint.older", flipAt(45)},
		{"tile/0/000", flipAt(0)},
		{"tile/0/256", flipAt(8191)},
		{"tile/0/257" + partial, flipAt(100)},
		{"tile/1/000", flipAt(5000)},
		{"tile/1/001.p/1", flipAt(3)},
		{"tile/2/000.p/1", flipAt(3)},
		{"tile/entries/000", flipAt(20)},
		{"tile/entries/100", swap},
		{"tile/entries/257" + partial, cut},
		{"tile/entries/003", func(b []byte) []byte { return append(clone(b), b[:50]...) }},
	}
}

func must(err error, what string) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
		os.Exit(1)
	}
}

func main() {
	log := &logReader{folder: os.Args[1]}
	vkey, err := log.read("log.vkey")
	must(err, "the key")
	tree, err := log.tree("checkpoint", string(vkey))
	must(err, "the checkpoint")
	must(log.verify(string(vkey)), "the log")
	receipt, err := log.read("receipt.tlog-proof")
	must(err, "the receipt")
	text, err := checkReceipt(receipt, string(vkey))
	must(err, "the receipt")
	fmt.Printf("%d entries and the receipt of %q verify\n", tree.N, strings.TrimSpace(text))
	for i, a := range alterations(int(tree.N)) {
		data, err := log.read(a.path)
		must(err, a.path)
		altered := &logReader{log.folder, map[string][]byte{a.path: a.alter(data)}}
		if altered.verify(string(vkey)) == nil {
			must(errors.New("accepted although altered"), fmt.Sprintf("%s (%d)", a.path, i))
		}
	}
	passed := 0
	for at := range receipt {
		if _, err := checkReceipt(flip(receipt, at), string(vkey)); err == nil {
			must(errors.New("accepted although altered"), fmt.Sprintf("receipt, byte %d", at))
		}
		passed++
	}
	fmt.Printf("refused: %d altered logs, %d altered receipts\n", len(alterations(int(tree.N))), passed)
}
