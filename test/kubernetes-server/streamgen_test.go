package main

import (
	"bytes"
	"encoding/hex"
	"hash/crc32"
	"testing"
)

func TestKeyedStreamVector(t *testing.T) {
	stream := newKeyedStream(0x0123456789abcdef)
	first := make([]byte, 24)
	_, _ = stream.Read(first)
	t.Log(hex.EncodeToString(first))
	whole := make([]byte, 200_000)
	_, _ = newKeyedStream(0x0123456789abcdef).Read(whole)
	t.Log(hex.EncodeToString(whole[65536:65552]))
	t.Logf("%08x", crc32.ChecksumIEEE(whole))
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

func BenchmarkKeyedStream(b *testing.B) {
	stream, buffer := newKeyedStream(1), make([]byte, 64*1024)
	b.SetBytes(int64(len(buffer)))
	for b.Loop() {
		_, _ = stream.Read(buffer)
	}
}
