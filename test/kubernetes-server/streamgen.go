package main

import (
	"encoding/binary"
	"fmt"
	"strconv"
)

const (
	// keyedBlockBytes is the part of the stream that one seed produces: a checker can start at any block.
	keyedBlockBytes = 64 * 1024
	golden          = 0x9E3779B97F4A7C15
)

// keyedStream is a byte stream that everyone who has the key can compute. Block b (64 KiB) is xorshift64 (13, 7, 17)
// started at splitmix64(key + (b+1)*golden); every step gives 8 bytes, little-endian, after the shift.
type keyedStream struct {
	key    uint64
	offset uint64
	state  uint64
	word   [8]byte
}

// parseKey takes 1 to 16 hexadecimal digits.
func parseKey(text string) (uint64, error) {
	key, err := strconv.ParseUint(text, 16, 64)
	if err != nil {
		return 0, fmt.Errorf("key %q: 1 to 16 hexadecimal digits expected", text)
	}
	return key, nil
}

func newKeyedStream(key uint64) *keyedStream {
	return &keyedStream{key: key}
}

func splitmix64(z uint64) uint64 {
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9
	z = (z ^ (z >> 27)) * 0x94D049BB133111EB
	return z ^ (z >> 31)
}

func (s *keyedStream) step() uint64 {
	if s.offset%keyedBlockBytes == 0 {
		s.state = splitmix64(s.key + (s.offset/keyedBlockBytes+1)*golden)
		if s.state == 0 {
			s.state = golden
		}
	}
	s.state ^= s.state << 13
	s.state ^= s.state >> 7
	s.state ^= s.state << 17
	return s.state
}

// Read fills the whole of p and never fails.
func (s *keyedStream) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		phase := int(s.offset % 8)
		if phase == 0 && len(p)-n >= 8 {
			binary.LittleEndian.PutUint64(p[n:], s.step())
			n += 8
			s.offset += 8
			continue
		}
		if phase == 0 {
			binary.LittleEndian.PutUint64(s.word[:], s.step())
		}
		copied := copy(p[n:], s.word[phase:])
		n += copied
		s.offset += uint64(copied)
	}
	return n, nil
}
