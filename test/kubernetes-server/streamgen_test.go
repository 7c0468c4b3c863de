package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"testing"
)

// The vector of README.md: key 0123456789abcdef.
func TestKeyedStreamVector(t *testing.T) {
	whole := make([]byte, 200_000)
	_, _ = newKeyedStream(0x0123456789abcdef).Read(whole)
	for _, want := range []struct{ what, got, want string }{
		{"bytes 0 to 23", hex.EncodeToString(whole[:24]), "88b26f18f0c3c020edcf388ab996374232e586a474bbe37c"},
		{"bytes 65536 to 65551", hex.EncodeToString(whole[65536:65552]), "f2d74abf3a559056ddfec5bf29e82385"},
		{"CRC-32 of 200000 bytes", fmt.Sprintf("%08x", crc32.ChecksumIEEE(whole)), "cb280bd3"},
	} {
		if want.got != want.want {
			t.Errorf("%s: %s, want %s", want.what, want.got, want.want)
		}
	}
}

func TestKeyedStreamIsTheSameInAnyPieces(t *testing.T) {
	whole := make([]byte, 200_000)
	_, _ = newKeyedStream(7).Read(whole)
	stream := newKeyedStream(7)
	var pieces []byte
	for size := 1; len(pieces) < len(whole); size = size*3%4099 + 1 {
		piece := make([]byte, min(size, len(whole)-len(pieces)))
		_, _ = stream.Read(piece)
		pieces = append(pieces, piece...)
	}
	if !bytes.Equal(whole, pieces) {
		t.Fatal("reading in pieces changes the stream")
	}
}

func TestInputCheckFindsTheFirstWrongByte(t *testing.T) {
	stream, input := newKeyedStream(9), make([]byte, 1000)
	_, _ = stream.Read(input)
	input[777] ^= 1
	check, err := newInputCheck(9, "", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	check.read(bytes.NewReader(input), 1000, 0)
	check.finish()
	if check.state.Mismatch != 777 || check.state.Read != 1000 || check.right(1000) {
		t.Fatalf("%+v", check.state)
	}
}
