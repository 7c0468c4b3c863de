package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/term"
)

// owner says on whose behalf a process runs.
type owner struct {
	Namespace string `json:"namespace"`
	Pod       string `json:"pod"`
	Container string `json:"container"`
	Session   string `json:"session,omitempty"` // empty for a container's main process
}

// process is a local process that stands in for one in a container. With a TTY only terminal is set; without one the
// pipes that were asked for.
type process struct {
	owner
	PID     int       `json:"pid"`
	Command []string  `json:"command"`
	TTY     bool      `json:"tty"`
	Started time.Time `json:"started"`

	command        *exec.Cmd
	terminal       *os.File
	stdin          io.WriteCloser
	stdout, stderr io.ReadCloser
	done           chan struct{}
}

// streams says which of the standard streams a process gets; the others are /dev/null.
type streams struct{ stdin, stdout, stderr, tty bool }

func (p *process) startOnTerminal() error {
	terminal, tty, err := openTerminal()
	if err != nil {
		return err
	}
	defer tty.Close()
	if _, builtin := commands[filepath.Base(p.Command[0])]; builtin {
		// Raw before the process exists: input that comes first must not be altered either.
		if _, err := term.MakeRaw(int(tty.Fd())); err != nil {
			_ = terminal.Close()
			return err
		}
	}
	p.terminal = terminal
	p.command.Stdin, p.command.Stdout, p.command.Stderr = tty, tty, tty
	p.command.SysProcAttr.Setctty = true // descriptor 0
	if err := p.command.Start(); err != nil {
		_ = terminal.Close()
		return err
	}
	return nil
}

func (p *process) startOnPipes(want streams) (err error) {
	if want.stdin {
		if p.stdin, err = p.command.StdinPipe(); err != nil {
			return err
		}
	}
	if want.stdout {
		if p.stdout, err = p.command.StdoutPipe(); err != nil {
			return err
		}
	}
	if want.stderr {
		if p.stderr, err = p.command.StderrPipe(); err != nil {
			return err
		}
	}
	return p.command.Start()
}
