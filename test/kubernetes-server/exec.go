package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"
)

// execution runs one command as containerd does: it waits for the process to exit, whatever becomes of the client.
type execution struct {
	processes *processes
	owner     owner
	options   remotecommand.Options
}

// ExecInContainer implements remotecommand.Executor. A stream that was not asked for may be nil (SPDY) or not (WebSocket).
func (e execution) ExecInContainer(_ context.Context, _, _, _ string, argv []string, in io.Reader, out, errOut io.WriteCloser, tty bool, resize <-chan remotecommand.TerminalSize, _ time.Duration) error {
	started, err := e.processes.start(e.owner, argv, streams{stdin: e.options.Stdin, stdout: e.options.Stdout, stderr: e.options.Stderr, tty: tty})
	if err != nil {
		go drain(resize)
		return startError(err)
	}
	if tty {
		go applySizes(started.terminal, resize)
		defer started.terminal.Close()
	} else {
		go drain(resize)
	}

	code := 0
	if tty {
		code = e.runOnTerminal(started, in, out)
	} else {
		code = e.runOnPipes(started, in, out, errOut)
	}
	if code == 0 {
		return nil
	}
	return utilexec.CodeExitError{Err: fmt.Errorf("error executing command %v, exit code %d", argv, code), Code: code}
}

func (e execution) runOnTerminal(started *process, in io.Reader, out io.Writer) int {
	if e.options.Stdin {
		go func() { _, _ = io.Copy(started.terminal, in) }()
	}
	if !e.options.Stdout {
		out = io.Discard
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		// Ends with EIO when no process has the terminal open any more, or with the client's connection.
		_, _ = io.Copy(out, started.terminal)
	}()
	code := e.processes.wait(started)
	<-drained
	return code
}

func (e execution) runOnPipes(started *process, in io.Reader, out, errOut io.Writer) int {
	if e.options.Stdin {
		go func() {
			_, _ = io.Copy(started.stdin, in)
			_ = started.stdin.Close()
		}()
	}
	drained := make(chan struct{}, 2)
	count := 0
	for _, output := range []struct {
		to   io.Writer
		from io.ReadCloser
	}{{out, started.stdout}, {errOut, started.stderr}} {
		if output.from == nil {
			continue
		}
		count++
		go func() {
			_, _ = io.Copy(output.to, output.from)
			_ = output.from.Close() // the client has gone: the next write of the process fails
			drained <- struct{}{}
		}()
	}
	for range count {
		<-drained
	}
	return e.processes.wait(started)
}

// startError says it as containerd and runc do.
func startError(err error) error {
	return fmt.Errorf("failed to exec in container: failed to start exec %q: OCI runtime exec failed: exec failed: unable to start container process: %w: unknown", randomHex(32), err)
}

// drain is needed even without a TTY: a resize nobody takes blocks the client's whole connection.
func drain(sizes <-chan remotecommand.TerminalSize) {
	for range sizes {
	}
}
