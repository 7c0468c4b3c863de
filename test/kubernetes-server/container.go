package main

import (
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// run is one life of a container, from its start to its exit.
type run struct {
	number   int
	id       string
	started  time.Time
	finished time.Time // zero while it runs
	exitCode int
	done     chan struct{} // closed when it has finished
	log      *runLog
}

func newRun(number int, started time.Time) *run {
	return &run{number: number, id: "containerd://" + randomHex(32), started: started, done: make(chan struct{}), log: newRunLog()}
}

func (r *run) finish(at time.Time, exitCode int) {
	r.finished, r.exitCode = at, exitCode
	close(r.done)
}

func (r *run) ended() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// container is one container of a pod, with its lives and what it would print.
type container struct {
	name       string
	kind       containerKind
	command    []string // main process, started when somebody attaches; none for a container that only has a log
	stdin, tty bool
	log        logSource

	mu   sync.Mutex
	runs []*run // oldest first; empty in a pod that waits
	main mainProcess
}

type containerKind int

const (
	regularContainer containerKind = iota
	initContainer
	ephemeralContainer
)

// current is the newest life; it may have ended.
func (c *container) current() *run {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.runs[len(c.runs)-1]
}

// previous is the newest life that has ended before the current one, or nil.
func (c *container) previous() *run {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.runs) < 2 {
		return nil
	}
	return c.runs[len(c.runs)-2]
}

// restart ends the current life and begins the next one. It returns the restart count.
func (c *container) restart(exitCode int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if last := c.runs[len(c.runs)-1]; !last.ended() {
		last.finish(now, exitCode)
	}
	c.runs = append(c.runs, newRun(len(c.runs)+1, now))
	return len(c.runs) - 1
}

func (c *container) stop(exitCode int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.runs) > 0 && !c.runs[len(c.runs)-1].ended() {
		c.runs[len(c.runs)-1].finish(time.Now(), exitCode)
	}
}

func (c *container) spec() corev1.Container {
	return corev1.Container{
		Name: c.name, Image: testImage, Command: c.command, Stdin: c.stdin, TTY: c.tty,
		ImagePullPolicy: corev1.PullIfNotPresent, TerminationMessagePath: corev1.TerminationMessagePathDefault,
		TerminationMessagePolicy: corev1.TerminationMessageReadFile,
	}
}

func (c *container) status() corev1.ContainerStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	status := corev1.ContainerStatus{Name: c.name, Image: testImage, ImageID: testImage + "@sha256:0"}
	for i, life := range c.runs {
		state := corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(life.started)}}
		if life.ended() {
			reason := "Completed"
			if life.exitCode != 0 {
				reason = "Error"
			}
			state = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
				ExitCode: int32(life.exitCode), Reason: reason, ContainerID: life.id,
				StartedAt: metav1.NewTime(life.started), FinishedAt: metav1.NewTime(life.finished),
			}}
		}
		status.LastTerminationState, status.State = status.State, state
		status.ContainerID, status.RestartCount = life.id, int32(i)
	}
	running := status.State.Running != nil
	status.Started, status.Ready = &running, running || c.kind == initContainer && len(c.runs) > 0
	return status
}
