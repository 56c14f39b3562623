// SPDX-License-Identifier: Apache-2.0

// verify FOLDER: reads a log as C2SP tlog-tiles and proves all of it with Go's own packages, then alters one thing
// after the other and expects to be refused each time. Nothing here knows how the relay makes what it serves.
//
// With -url the log is read from a relay; FOLDER has what a verifier brings along: log.vkey, checkpoint.older (which
// -save writes), and receipts: every file whose name ends in .txt.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A logReader answers for the files of one log; altered holds what the disk does not.
type logReader struct {
	folder  string
	altered map[string][]byte
	url     string
	client  *http.Client
}

func (l *logReader) read(path string) ([]byte, error) {
	if data, ok := l.altered[path]; ok {
		return data, nil
	}
	if l.url == "" || path == "checkpoint.older" || path == "log.vkey" {
		return os.ReadFile(filepath.Join(l.folder, path))
	}
	return l.fetch(path)
}

// fetch expects what C2SP asks of a server: bytes of a known kind, tiles that caches may keep, a checkpoint that not.
func (l *logReader) fetch(path string) ([]byte, error) {
	response, err := l.client.Get(l.url + "/log/" + path)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	kind, cache := "application/octet-stream", "public, max-age=31536000, immutable"
	if path == "checkpoint" {
		kind, cache = "text/plain; charset=utf-8", "no-cache"
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	switch {
	case err != nil:
		return nil, err
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s: %s", path, response.Status)
	case response.Header.Get("Content-Type") != kind || response.Header.Get("Cache-Control") != cache:
		return nil, fmt.Errorf("%s: Content-Type %q, Cache-Control %q", path, response.Header.Get("Content-Type"),
			response.Header.Get("Cache-Control"))
	}
	return data, nil
}

// loadPair takes the bytes as they are: Go's x509 does not read the roles, whose identifiers have 128 bits.
func loadPair(identity string) (*tls.Certificate, error) {
	certificates, err := os.ReadFile(identity + ".crt")
	if err != nil {
		return nil, err
	}
	key, err := os.ReadFile(identity + ".key")
	if err != nil {
		return nil, err
	}
	pair := &tls.Certificate{}
	for block, rest := pem.Decode(certificates); block != nil; block, rest = pem.Decode(rest) {
		pair.Certificate = append(pair.Certificate, block.Bytes)
	}
	block, _ := pem.Decode(key)
	if block == nil {
		return nil, errors.New("no key in " + identity + ".key")
	}
	pair.PrivateKey, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	return pair, err
}

// newClient trusts one root alone, and shows a certificate when there is one.
func newClient(root, identity string) (*http.Client, error) {
	roots, err := os.ReadFile(root)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{RootCAs: x509.NewCertPool()}
	if !config.RootCAs.AppendCertsFromPEM(roots) {
		return nil, errors.New("no root in " + root)
	}
	if identity != "" {
		pair, err := loadPair(identity)
		if err != nil {
			return nil, err
		}
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return pair, nil }
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config}, Timeout: 20 * time.Second}, nil
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

type alteration struct {
	path  string
	alter func([]byte) []byte
}

// alterations of what is served, each of which must be noticed.
func alterations(size int) []alteration {
	partial := fmt.Sprintf(".p/%d", size%256)
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

// A log that is read over the network: as small as it is, each kind of file altered.
func remoteAlterations(size int64) []alteration {
	partial := ""
	if size%256 != 0 {
		partial = fmt.Sprintf(".p/%d", size%256)
	}
	last := fmt.Sprintf("%03d%s", (size-1)/256, partial)
	number := []byte(fmt.Sprintf("\n%d\n", size))
	return []alteration{
		{"checkpoint", func(b []byte) []byte { return flip(b, bytes.Index(b, number)+3) }},
		{"checkpoint", func(b []byte) []byte { return bytes.Replace(b, number, []byte(fmt.Sprintf("\n%d\n", size-1)), 1) }},
		{"checkpoint", func(b []byte) []byte { return b[:bytes.Index(b, []byte("\n\n"))+2] }},
		{"checkpoint.older", func(b []byte) []byte { return flip(b, bytes.Index(b, []byte("\n\n"))-5) }},
		{"tile/0/" + last, func(b []byte) []byte { return flip(b, 0) }},
		{"tile/0/" + last, func(b []byte) []byte { return flip(b, len(b)-1) }},
		{"tile/entries/" + last, func(b []byte) []byte { return flip(b, 30) }},
		{"tile/entries/" + last, func(b []byte) []byte { return append(clone(b[50:100]), append(clone(b[:50]), b[100:]...)...) }},
		{"tile/entries/" + last, func(b []byte) []byte { return b[:len(b)-50] }},
		{"tile/entries/" + last, func(b []byte) []byte { return append(clone(b), b[:50]...) }},
	}
}

// A file of proofs has one tlog-proof behind each "--- entry" line.
func proofsOf(file []byte) [][]byte {
	var all [][]byte
	for _, part := range strings.Split("\n"+string(file), "\n--- ")[1:] {
		head, proof, _ := strings.Cut(part, "\n")
		if strings.HasPrefix(head, "entry ") {
			all = append(all, []byte(strings.TrimSuffix(proof, "\n")+"\n"))
		}
	}
	return all
}

func (l *logReader) refuses(all []alteration, vkey string) {
	for i, a := range all {
		data, err := l.read(a.path)
		must(err, a.path)
		altered := *l
		altered.altered = map[string][]byte{a.path: a.alter(data)}
		if altered.verify(vkey) == nil {
			must(errors.New("accepted although altered"), fmt.Sprintf("%s (%d)", a.path, i))
		}
	}
	fmt.Printf("refused: %d altered logs\n", len(all))
}

func refusesReceipt(receipt []byte, vkey, what string) {
	text, err := checkReceipt(receipt, vkey)
	must(err, what)
	first, _, _ := strings.Cut(text, "\n")
	fmt.Printf("%s, %q: verifies\n", what, first)
	for at := range receipt {
		if _, err := checkReceipt(flip(receipt, at), vkey); err == nil {
			must(errors.New("accepted although altered"), fmt.Sprintf("%s, byte %d", what, at))
		}
	}
}

// checkCosignature: C2SP tlog-cosignature, which Go's note package does not know.
func checkCosignature(checkpoint []byte, vkey string) error {
	parts := strings.Split(vkey, "+")
	key, err := base64.StdEncoding.DecodeString(strings.Join(parts[2:], "+"))
	if err != nil || len(key) != 33 || key[0] != 4 {
		return errors.New("not the key of a witness")
	}
	text, lines, _ := strings.Cut(string(checkpoint), "\n\n")
	for _, line := range strings.Split(lines, "\n") {
		if !strings.HasPrefix(line, "— "+parts[0]+" ") {
			continue
		}
		sig, err := base64.StdEncoding.Strict().DecodeString(line[len("— "+parts[0]+" "):])
		if err != nil || len(sig) != 4+8+ed25519.SignatureSize {
			return errors.New("not a cosignature")
		}
		signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s\n", binary.BigEndian.Uint64(sig[4:]), text)
		if !ed25519.Verify(key[1:], []byte(signed), sig[12:]) {
			return errors.New("it does not verify")
		}
		return nil
	}
	return errors.New("there is none")
}

// It may be on its way from the witness to the relay.
func (l *logReader) awaitCosignature(vkey string) error {
	for try := 0; ; try++ {
		data, err := l.read("checkpoint")
		if err == nil {
			err = checkCosignature(data, vkey)
		}
		if err == nil || try == 100 {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// Paths that have no content, or more than one spelling.
func (l *logReader) hasNot(size int64) {
	for _, path := range []string{"", "checkpoint/", "tile/0/0", "tile/0/000.p/0", "tile/0/x000/000", "tile/9/000",
		"tile/0/999", fmt.Sprintf("tile/0/000.p/%d", size%256+1), "tile/entries/999", "tile/entries/../entries/000"} {
		if _, err := l.fetch(path); err == nil || !strings.Contains(err.Error(), "404") {
			must(fmt.Errorf("served, or not as 404: %v", err), path)
		}
	}
}

func verifyRemote(log *logReader, save bool) {
	vkey, err := log.read("log.vkey")
	must(err, "the key")
	key := strings.TrimSpace(string(vkey))
	tree, err := log.tree("checkpoint", key)
	must(err, "the checkpoint")
	if save {
		data, err := log.read("checkpoint")
		must(err, "the checkpoint")
		must(os.WriteFile(filepath.Join(log.folder, "checkpoint.older"), data, 0o600), "the checkpoint")
		return
	}
	must(log.verify(key), "the log")
	fmt.Printf("%d entries verify\n", tree.N)
	log.refuses(remoteAlterations(tree.N), key)
	log.hasNot(tree.N)
	files, err := filepath.Glob(filepath.Join(log.folder, "*.txt"))
	must(err, log.folder)
	for _, name := range files {
		file, err := os.ReadFile(name)
		must(err, name)
		proofs := proofsOf(file)
		if len(proofs) == 0 {
			must(errors.New("no proof in it"), name)
		}
		for i, proof := range proofs {
			refusesReceipt(proof, key, fmt.Sprintf("%s, proof %d", filepath.Base(name), i))
		}
	}
}

func main() {
	url := flag.String("url", "", "of the relay's end: https://HOST:PORT")
	root := flag.String("ca", "", "the root of its certificate")
	identity := flag.String("identity", "", "IDENTITY.crt and .key, for the staff end")
	witness := flag.String("witness", "", "the verifier key of a witness that must have cosigned the checkpoint")
	save := flag.Bool("save", false, "keep its checkpoint as FOLDER/checkpoint.older, and nothing else")
	flag.Parse()
	log := &logReader{folder: flag.Arg(0), url: *url}
	if *url != "" {
		var err error
		log.client, err = newClient(*root, *identity)
		must(err, "TLS")
		if *witness != "" {
			must(log.awaitCosignature(*witness), "the cosignature")
		}
		verifyRemote(log, *save)
		return
	}
	vkey, err := log.read("log.vkey")
	must(err, "the key")
	tree, err := log.tree("checkpoint", string(vkey))
	must(err, "the checkpoint")
	must(log.verify(string(vkey)), "the log")
	fmt.Printf("%d entries verify\n", tree.N)
	log.refuses(alterations(int(tree.N)), string(vkey))
	receipt, err := log.read("receipt.tlog-proof")
	must(err, "the receipt")
	refusesReceipt(receipt, string(vkey), "the receipt")
}
