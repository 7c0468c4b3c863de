package main

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// reportEvery is how often a running check appends a line to its report.
const reportEvery = 100 * time.Millisecond

// inputReport is one line of a report file.
type inputReport struct {
	Read     int64  `json:"read"`              // bytes read so far
	Mismatch int64  `json:"mismatch"`          // offset of the first wrong byte, -1 for none
	CRC32    string `json:"crc32"`             // of all bytes read (IEEE, as zlib), 8 hexadecimal digits
	Written  *int64 `json:"written,omitempty"` // bytes written so far, poseidon-both only
	Done     bool   `json:"done"`
	TimeMs   int64  `json:"timeMs"` // Unix time
}

// inputCheck compares what comes in with a keyed stream and reports it.
type inputCheck struct {
	mu       sync.Mutex
	expected *keyedStream
	state    inputReport
	sum      uint32
	report   *os.File
	raw      *os.File
	written  *atomic.Int64

	complete, extra, eof chan struct{}
	stop                 chan struct{}
}

// newInputCheck writes the first report line at once: the program is then ready to read.
func newInputCheck(key uint64, reportFile, rawFile string, written *atomic.Int64) (*inputCheck, error) {
	c := &inputCheck{expected: newKeyedStream(key), state: inputReport{Mismatch: -1}, written: written,
		complete: make(chan struct{}), extra: make(chan struct{}), eof: make(chan struct{}), stop: make(chan struct{})}
	var err error
	if c.report, err = openAppend(reportFile); err != nil {
		return nil, err
	}
	if c.raw, err = openAppend(rawFile); err != nil {
		return nil, err
	}
	c.append(false)
	go func() {
		ticks := time.NewTicker(reportEvery)
		defer ticks.Stop()
		for {
			select {
			case <-ticks.C:
				c.append(false)
			case <-c.stop:
				return
			}
		}
	}()
	return c, nil
}

// openAppend returns nil for an empty name.
func openAppend(name string) (*os.File, error) {
	if name == "" {
		return nil, nil
	}
	return os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
}

// read closes complete after total bytes, extra when more come, eof at the end of the input.
func (c *inputCheck) read(from io.Reader, total, slow int64) {
	size := int64(32 * 1024)
	if slow > 0 {
		size = max(1, min(size, slow/50))
	}
	buffer, started, count := make([]byte, size), time.Now(), int64(0)
	for {
		n, err := from.Read(buffer)
		c.take(buffer[:n])
		if total >= 0 && count < total && count+int64(n) >= total {
			close(c.complete)
		}
		if total >= 0 && count <= total && count+int64(n) > total {
			close(c.extra)
		}
		count += int64(n)
		if err != nil {
			close(c.eof)
			return
		}
		if slow > 0 {
			time.Sleep(time.Until(started.Add(time.Duration(float64(count) / float64(slow) * float64(time.Second)))))
		}
	}
}

func (c *inputCheck) take(bytes []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.raw != nil && len(bytes) > 0 {
		_, _ = c.raw.Write(bytes)
	}
	c.sum = crc32.Update(c.sum, crc32.IEEETable, bytes)
	if c.state.Mismatch < 0 {
		expected := make([]byte, len(bytes))
		_, _ = c.expected.Read(expected)
		for i := range bytes {
			if bytes[i] != expected[i] {
				c.state.Mismatch = c.state.Read + int64(i)
				break
			}
		}
	}
	c.state.Read += int64(len(bytes))
}

func (c *inputCheck) append(done bool) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state.CRC32, c.state.Done, c.state.TimeMs = fmt.Sprintf("%08x", c.sum), done, time.Now().UnixMilli()
	if c.written != nil {
		written := c.written.Load()
		c.state.Written = &written
	}
	line, _ := json.Marshal(c.state)
	if c.report != nil {
		_, _ = c.report.Write(append(line, '\n'))
	}
	return line
}

// finish appends the last line and returns it.
func (c *inputCheck) finish() []byte {
	close(c.stop)
	return c.append(true)
}

func (c *inputCheck) right(total int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state.Read == total && c.state.Mismatch < 0
}
