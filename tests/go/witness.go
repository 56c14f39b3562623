// SPDX-License-Identifier: Apache-2.0

// witness [-fail N] VKEY: a witness of one log (C2SP tlog-witness, tlog-cosignature) for tests, on a port of 127.0.0.1.
// It says one line of JSON when it listens and one for each checkpoint that it cosigned; the first N requests fail, and
// all from a line "fail" on its input until a line "work".
// Nothing here knows how the relay works: notes and consistency are Go's own packages'.
package main

import (
	"bufio"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const name = "witness.example/test"

type witness struct {
	lock     sync.Mutex
	log      note.Verifier
	key      ed25519.PrivateKey
	id       []byte
	size     int64
	hash     tlog.Hash
	failures int
	down     bool
}

// A key of type 4 and its id: C2SP tlog-cosignature.
func (w *witness) vkey() string {
	public := append([]byte{4}, w.key.Public().(ed25519.PublicKey)...)
	sum := sha256.Sum256(append([]byte(name+"\n"), public...))
	w.id = sum[:4]
	return fmt.Sprintf("%s+%x+%s", name, w.id, base64.StdEncoding.EncodeToString(public))
}

func (w *witness) cosign(text string, at time.Time) string {
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", at.Unix(), text)
	line := append([]byte{}, w.id...)
	line = binary.BigEndian.AppendUint64(line, uint64(at.Unix()))
	line = append(line, ed25519.Sign(w.key, []byte(signed))...)
	return fmt.Sprintf("— %s %s\n", name, base64.StdEncoding.EncodeToString(line))
}

func readRequest(body string) (old int64, proof tlog.TreeProof, checkpoint string, err error) {
	head, checkpoint, ok := strings.Cut(body, "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || !strings.HasPrefix(lines[0], "old ") {
		return 0, nil, "", errors.New("not a request")
	}
	if old, err = strconv.ParseInt(lines[0][4:], 10, 64); err != nil {
		return 0, nil, "", err
	}
	for _, line := range lines[1:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return 0, nil, "", err
		}
		proof = append(proof, hash)
	}
	return old, proof, checkpoint, nil
}

func readTree(n *note.Note, origin string) (tree tlog.Tree, err error) {
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 || lines[0] != origin {
		return tree, errors.New("not a checkpoint")
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, err
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return tree, err
}

func (w *witness) add(body string) (int, string) {
	w.lock.Lock()
	defer w.lock.Unlock()
	if w.down {
		return http.StatusServiceUnavailable, "not now\n"
	}
	if w.failures > 0 {
		w.failures--
		return http.StatusServiceUnavailable, "not now\n"
	}
	old, proof, checkpoint, err := readRequest(body)
	if err != nil {
		return http.StatusBadRequest, err.Error()
	}
	n, err := note.Open([]byte(checkpoint), note.VerifierList(w.log))
	if err != nil {
		return http.StatusForbidden, err.Error()
	}
	tree, err := readTree(n, w.log.Name())
	switch {
	case err != nil || old > tree.N:
		return http.StatusBadRequest, "not a checkpoint\n"
	case old != w.size:
		return http.StatusConflict, fmt.Sprintf("%d\n", w.size)
	case old == tree.N && old > 0 && tree.Hash != w.hash:
		return http.StatusConflict, fmt.Sprintf("%d\n", w.size)
	case old > 0 && old < tree.N && tlog.CheckTree(proof, tree.N, tree.Hash, old, w.hash) != nil:
		return http.StatusUnprocessableEntity, "the proof does not hold\n"
	}
	w.size, w.hash = tree.N, tree.Hash
	fmt.Printf("{\"event\":\"cosigned\",\"size\":%d}\n", tree.N)
	return http.StatusOK, w.cosign(n.Text, time.Now())
}

func (w *witness) ServeHTTP(out http.ResponseWriter, in *http.Request) {
	body, err := io.ReadAll(io.LimitReader(in.Body, 1<<16))
	if err != nil || in.Method != http.MethodPost || in.URL.Path != "/w/add-checkpoint" {
		out.WriteHeader(http.StatusNotFound)
		return
	}
	status, text := w.add(string(body))
	out.WriteHeader(status)
	io.WriteString(out, text)
}

func (w *witness) listen(lines io.Reader) {
	for in := bufio.NewScanner(lines); in.Scan(); {
		w.lock.Lock()
		w.down = in.Text() == "fail"
		w.lock.Unlock()
		fmt.Printf("{\"event\":\"told\",\"word\":\"%s\"}\n", in.Text())
	}
}

func main() {
	failures := flag.Int("fail", 0, "requests that fail first")
	size := flag.Int64("size", 0, "of the tree that it says to have already")
	flag.Parse()
	log, err := note.NewVerifier(strings.TrimSpace(flag.Arg(0)))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	w := &witness{log: log, key: ed25519.NewKeyFromSeed(make([]byte, 32)), failures: *failures, size: *size}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("{\"event\":\"ready\",\"url\":\"http://%s/w\",\"vkey\":\"%s\"}\n", listener.Addr(), w.vkey())
	go w.listen(os.Stdin)
	http.Serve(listener, w)
}
