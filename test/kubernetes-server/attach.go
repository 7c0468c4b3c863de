package main

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"

	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
)

// mainProcess is what attach talks to: one process for all who attach, started by the first of them. Its output goes to
// everyone, and one slow reader holds up all, as with containerd.
type mainProcess struct {
	mu        sync.Mutex
	running   *process
	listeners []*listener
}

type listener struct {
	stdout, stderr io.Writer
	gone           chan struct{}
	once           sync.Once
}

func (l *listener) leave() {
	l.once.Do(func() { close(l.gone) })
}

// attachment is one client of a container's main process.
type attachment struct {
	container *container
	kubelet   *kubelet
	owner     owner
	options   remotecommand.Options
}

// AttachContainer implements remotecommand.Attacher. It ends with the process, or with the client's stdin.
func (a attachment) AttachContainer(ctx context.Context, _, _, _ string, in io.Reader, out, errOut io.WriteCloser, _ bool, resize <-chan remotecommand.TerminalSize) error {
	mine := &listener{gone: make(chan struct{})}
	if a.options.Stdout {
		mine.stdout = out
	}
	if a.options.Stderr {
		mine.stderr = errOut
	}
	if len(a.container.command) == 0 {
		go drain(resize)
		return a.attachToLog(ctx, mine, in)
	}

	process, err := a.container.main.join(a.kubelet.processes, a.container, a.owner, mine)
	if err != nil {
		go drain(resize)
		return err
	}
	defer a.container.main.remove(mine)
	if process.TTY {
		go applySizes(process.terminal, resize)
	} else {
		go drain(resize)
	}
	if a.options.Stdin {
		go func() {
			defer mine.leave()
			if process.TTY {
				_, _ = io.Copy(process.terminal, in)
			} else {
				_, _ = io.Copy(process.stdin, in)
			}
		}()
	}
	select {
	case <-mine.gone:
	case <-process.done:
	}
	return nil
}

// attachToLog shows what a container without a process prints from now on.
func (a attachment) attachToLog(ctx context.Context, mine *listener, in io.Reader) error {
	if mine.stdout == nil {
		return errors.New("nothing to attach to")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if a.options.Stdin {
		go func() {
			_, _ = io.Copy(io.Discard, in)
			cancel()
		}()
	}
	none := int64(0)
	reader := logReader{source: a.container.log, run: a.container.current(), follow: true, tailLines: &none}
	return reader.copyTo(ctx, mine.stdout, func() {})
}

// join adds a listener, and starts the process if it does not run.
func (m *mainProcess) join(processes *processes, container *container, who owner, mine *listener) (*process, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.running == nil {
		who.Session = ""
		started, err := processes.start(who, container.command, streams{stdin: true, stdout: true, stderr: true, tty: container.tty})
		if err != nil {
			return nil, err
		}
		m.running = started
		go m.supervise(processes, container, started)
	}
	m.listeners = append(m.listeners, mine)
	return m.running, nil
}

func (m *mainProcess) remove(gone *listener) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.listeners = slices.DeleteFunc(m.listeners, func(one *listener) bool { return one == gone })
}

// supervise copies the output until the process has ended; the container then begins its next life.
func (m *mainProcess) supervise(processes *processes, container *container, started *process) {
	stdoutOf := func(l *listener) io.Writer { return l.stdout }
	stderrOf := func(l *listener) io.Writer { return l.stderr }
	life := container.current()
	var copies sync.WaitGroup
	if started.TTY {
		copies.Go(func() { m.broadcast(started.terminal, stdoutOf) })
	} else {
		copies.Go(func() { m.broadcast(started.stdout, stdoutOf) })
		copies.Go(func() { m.broadcast(started.stderr, stderrOf) })
	}
	copies.Wait()
	code := processes.wait(started)
	m.mu.Lock()
	m.running = nil
	m.mu.Unlock()
	if started.TTY {
		_ = started.terminal.Close()
	}
	if !life.ended() {
		container.restart(code)
	}
}

func (m *mainProcess) broadcast(from io.Reader, output func(*listener) io.Writer) {
	buffer := make([]byte, 32*1024)
	for {
		n, err := from.Read(buffer)
		m.mu.Lock()
		listeners := slices.Clone(m.listeners)
		m.mu.Unlock()
		for _, one := range listeners {
			if to := output(one); to != nil && n > 0 {
				if _, err := to.Write(buffer[:n]); err != nil {
					one.leave()
				}
			}
		}
		if err != nil {
			return
		}
	}
}
