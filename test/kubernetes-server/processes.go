package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// processes starts local processes, each in its own session, and kills what is left.
type processes struct {
	dir string

	mu     sync.Mutex
	alive  map[int]*process
	closed bool
}

// newProcesses puts the built-in commands into a bin folder that comes first in every PATH.
func newProcesses(dir string) (*processes, error) {
	bin := filepath.Join(dir, "bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	for name := range commands {
		link := filepath.Join(bin, name)
		_ = os.Remove(link)
		if err := os.Symlink(self, link); err != nil {
			return nil, err
		}
	}
	path := bin + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	if err := os.Setenv("PATH", path); err != nil { // exec.LookPath looks here
		return nil, err
	}
	return &processes{dir: dir, alive: map[int]*process{}}, nil
}

func (p *processes) start(who owner, argv []string, want streams) (*process, error) {
	if len(argv) == 0 {
		return nil, errors.New("no command")
	}
	file, err := exec.LookPath(argv[0])
	if err != nil {
		return nil, err
	}
	home := filepath.Join(p.dir, "containers", who.Namespace, who.Pod, who.Container)
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, err
	}
	command := &exec.Cmd{Path: file, Args: argv, Dir: home, SysProcAttr: &syscall.SysProcAttr{Setsid: true}}
	command.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "HOSTNAME=" + who.Pod, "TERM=xterm", "LANG=C.UTF-8",
		"NAMESPACE=" + who.Namespace, "POD=" + who.Pod, "CONTAINER=" + who.Container,
	}
	started := &process{owner: who, Command: argv, TTY: want.tty, command: command, done: make(chan struct{})}

	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errors.New("the server is ending")
	}
	if want.tty {
		err = started.startOnTerminal()
	} else {
		err = started.startOnPipes(want)
	}
	if err != nil {
		return nil, err
	}
	started.PID, started.Started = command.Process.Pid, time.Now()
	p.alive[started.PID] = started
	return started, nil
}

// wait returns the exit code, 128+n for a signal. Without a TTY it also closes the read ends of the pipes.
func (p *processes) wait(ended *process) int {
	_ = ended.command.Wait()
	p.mu.Lock()
	delete(p.alive, ended.PID)
	p.mu.Unlock()
	close(ended.done)
	status, _ := ended.command.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}

func (p *processes) list() []*process {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]*process, 0, len(p.alive))
	for _, one := range p.alive {
		all = append(all, one)
	}
	return all
}

// signal reaches every process in the sessions of the ones that match, and returns how many those are.
func (p *processes) signal(matches func(*process) bool, signal syscall.Signal) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	leaders := map[int]bool{}
	for pid, one := range p.alive {
		if matches(one) {
			leaders[pid] = true
		}
	}
	if len(leaders) == 0 {
		return 0
	}
	for _, pid := range membersOf(leaders) {
		_ = syscall.Kill(pid, signal)
	}
	return len(leaders)
}

// membersOf finds the processes whose session leader is one of the given ones.
func membersOf(leaders map[int]bool) []int {
	var members []int
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		// pid (name) state parent group session …; the name may hold blanks and parentheses
		var state string
		var pid, parent, group, session int
		_, rest, _ := strings.Cut(string(text[strings.LastIndexByte(string(text), ')'):]), " ")
		if _, err := fmt.Sscan(rest, &state, &parent, &group, &session); err != nil {
			continue
		}
		if _, err := fmt.Sscan(string(text), &pid); err == nil && leaders[session] {
			members = append(members, pid)
		}
	}
	return members
}

// hangUpSession tells the leader and its group; a terminal's other groups hear of it from the kernel.
func (p *processes) hangUpSession(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for pid, one := range p.alive {
		if one.Session == id {
			_ = syscall.Kill(-pid, syscall.SIGHUP)
		}
	}
}

// killContainer ends what runs in one container, or in the whole pod if the container is empty.
func (p *processes) killContainer(namespace, pod, container string) int {
	return p.signal(func(one *process) bool {
		return one.Namespace == namespace && one.Pod == pod && (container == "" || one.Container == container)
	}, syscall.SIGKILL)
}

// killAll ends everything and lets nothing start again.
func (p *processes) killAll() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.signal(func(*process) bool { return true }, syscall.SIGKILL)
}
