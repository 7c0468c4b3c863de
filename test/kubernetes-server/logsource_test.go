package main

import (
	"context"
	"strings"
	"testing"
	"time"
)

func read(t *testing.T, reader logReader) string {
	t.Helper()
	var text strings.Builder
	if err := reader.copyTo(context.Background(), &text, func() {}); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func endedRun(lines int) *run {
	life := newRun(1, time.Now().Add(-time.Hour))
	life.finish(life.started.Add(time.Duration(lines)*100*time.Millisecond-time.Millisecond), 0)
	return life
}

func TestTailCountsLines(t *testing.T) {
	three := int64(3)
	got := read(t, logReader{source: numberedLog(10), run: endedRun(51), tailLines: &three})
	if !strings.HasPrefix(got, "line 48 run 1 ") || strings.Count(got, "\n") != 3 {
		t.Fatalf("%q", got)
	}
}

func TestLimitCutsAnywhere(t *testing.T) {
	five := int64(5)
	if got := read(t, logReader{source: numberedLog(10), run: endedRun(51), limitBytes: &five}); got != "line " {
		t.Fatalf("%q", got)
	}
}

func TestSinceStartsAtTheLineOfThatMoment(t *testing.T) {
	life := endedRun(51)
	got := read(t, logReader{source: numberedLog(10), run: life, since: life.started.Add(2 * time.Second), follow: true})
	if !strings.HasPrefix(got, "line 20 run 1 ") || strings.Count(got, "\n") != 31 {
		t.Fatalf("%q", got)
	}
}

func TestEvery25thLineIsLongerThanAFrame(t *testing.T) {
	life := endedRun(51)
	for n := range 100 {
		if long := len(numberedLog(10).text(life, n)) > 2048; long != (n%25 == 24) {
			t.Fatalf("line %d", n)
		}
	}
}
