package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"sort"
	"strings"
	"time"
)

// logSource computes what a container has printed: a set of lines at its start, or numbered ones at a steady rate. No
// line is kept; line n of a run is always the same.
type logSource struct {
	fixed []string
	rate  float64       // lines a second; 0 for fixed lines
	stamp time.Duration // how fine the times are: lines within it have the same one
}

func fixedLog(lines ...string) logSource      { return logSource{fixed: lines} }
func numberedLog(linesPerS float64) logSource { return logSource{rate: linesPerS} }

// stampOf is the time in front of line n.
func (s logSource) stampOf(life *run, n int) time.Time {
	return s.timeOf(life, n).Truncate(max(s.stamp, time.Nanosecond))
}

// timeOf is the moment at which line n was written.
func (s logSource) timeOf(life *run, n int) time.Time {
	if s.rate == 0 {
		return life.started.Add(time.Duration(n) * time.Microsecond)
	}
	return life.started.Add(time.Duration(float64(n) / s.rate * float64(time.Second)))
}

// count is the number of lines written until then.
func (s logSource) count(life *run, then time.Time) int {
	if life.ended() && then.After(life.finished) {
		then = life.finished
	}
	if s.rate == 0 {
		return len(s.fixed)
	}
	n := max(0, int(math.Floor(then.Sub(life.started).Seconds()*s.rate))+1) // line 0 comes with the start
	for n > 0 && s.timeOf(life, n-1).After(then) {
		n--
	}
	return n
}

// text is line n with its newline. Numbered lines begin "line N run R "; every 5th has characters of 2, 3 and 4 bytes,
// every 7th has colours, every 25th is longer than 2048 bytes.
func (s logSource) text(life *run, n int) string {
	if s.rate == 0 {
		return s.fixed[n]
	}
	start := fmt.Sprintf("line %d run %d ", n, life.number)
	switch {
	case n%25 == 24:
		return start + "long " + strings.Repeat("世", 700+n%500) + " end\n"
	case n%7 == 6:
		return start + "\x1b[32mgreen\x1b[0m and plain\n"
	case n%5 == 4:
		return start + "é ü € 世界 😀 🌊\n"
	default:
		return start + "the quick brown fox jumps over the lazy dog\n"
	}
}

// logReader is one log request, as the kubelet serves it.
type logReader struct {
	source     logSource
	run        *run
	follow     bool
	timestamps bool
	since      time.Time // zero for all
	tailLines  *int64
	limitBytes *int64
}

// copyTo writes the lines that were asked for, following until the container's life or the context ends.
func (r logReader) copyTo(ctx context.Context, w io.Writer, flush func()) error {
	now := time.Now()
	total := r.source.count(r.run, now)
	file := r.run.log.file()
	next := 0
	if !file.began.IsZero() {
		next = min(total, r.source.count(r.run, file.began))
	}
	if r.tailLines != nil {
		next = max(next, total-int(min(*r.tailLines, int64(total))))
	}
	if !r.since.IsZero() {
		next += sort.Search(max(0, total-next), func(i int) bool { return !r.source.stampOf(r.run, next+i).Before(r.since) })
	}
	left := int64(math.MaxInt64)
	if r.limitBytes != nil {
		left = *r.limitBytes
	}
	for {
		for next < total {
			batch := r.batch(&next, total)
			batch = batch[:min(int64(len(batch)), left)]
			if _, err := io.WriteString(w, batch); err != nil {
				return err
			}
			flush()
			if left -= int64(len(batch)); left <= 0 {
				return nil
			}
		}
		if !r.follow || r.run.ended() && next >= r.source.count(r.run, time.Now()) {
			return nil
		}
		if r.waitForLine(ctx, file, next) {
			return ctx.Err()
		}
		total = r.source.count(r.run, time.Now())
	}
}

// batch joins lines up to about 32 KiB.
func (r logReader) batch(next *int, total int) string {
	var text strings.Builder
	for *next < total && text.Len() < 32*1024 {
		if r.timestamps {
			text.WriteString(r.source.stampOf(r.run, *next).UTC().Format("2006-01-02T15:04:05.000000000Z07:00 "))
		}
		text.WriteString(r.source.text(r.run, *next))
		*next++
	}
	return text.String()
}

// waitForLine tells whether the stream is over.
func (r logReader) waitForLine(ctx context.Context, file *logFile, n int) (over bool) {
	wait := time.Hour
	if r.source.rate > 0 && !file.stalled.Load() {
		wait = max(time.Until(r.source.timeOf(r.run, n)), time.Millisecond)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.run.done:
	case <-file.cut:
		return true
	case <-ctx.Done():
		return true
	}
	return false
}
