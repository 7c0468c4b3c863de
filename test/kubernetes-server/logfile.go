package main

import (
	"sync"
	"sync/atomic"
	"time"
)

// logFile is what readers of a run have open: the file that is written now. A rotation puts another one in its place.
type logFile struct {
	began   time.Time     // lines from before are in older files, which nobody can read
	stalled atomic.Bool   // readers that have it open wait for ever, as kubelets do that miss a rotation
	cut     chan struct{} // closed when the kubelet that serves it has died
}

type runLog struct {
	mu  sync.Mutex
	now *logFile
}

func newRunLog() *runLog {
	return &runLog{now: &logFile{cut: make(chan struct{})}}
}

func (l *runLog) file() *logFile {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

// rotate begins a new file; readers of the old one go on with it, or miss that.
func (l *runLog) rotate(stalls bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now.stalled.Store(stalls)
	l.now = &logFile{began: time.Now(), cut: make(chan struct{})}
}

// cutReaders ends every stream as if the log were over.
func (l *runLog) cutReaders() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.now.cut)
	l.now = &logFile{began: l.now.began, cut: make(chan struct{})}
}
