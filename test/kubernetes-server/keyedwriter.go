package main

import (
	"io"
	"sync/atomic"
	"time"
)

// keyedWriter writes a keyed stream at a steady rate.
type keyedWriter struct {
	to      io.Writer
	stream  *keyedStream
	chunk   int
	rate    int64
	written atomic.Int64
}

func newKeyedWriter(to io.Writer, key uint64, chunk int, rate int64) *keyedWriter {
	if chunk < 1 {
		chunk = 1
	}
	return &keyedWriter{to: to, stream: newKeyedStream(key), chunk: chunk, rate: rate}
}

// write returns when total bytes are out; a negative total never is.
func (w *keyedWriter) write(total int64) error {
	started, buffer := time.Now(), make([]byte, w.chunk)
	for done := int64(0); total < 0 || done < total; {
		size := int64(w.chunk)
		if total >= 0 {
			size = min(size, total-done)
		}
		_, _ = w.stream.Read(buffer[:size])
		if _, err := w.to.Write(buffer[:size]); err != nil {
			return err
		}
		done += size
		w.written.Store(done)
		if w.rate > 0 {
			time.Sleep(time.Until(started.Add(time.Duration(float64(done) / float64(w.rate) * float64(time.Second)))))
		}
	}
	return nil
}
