package main

import (
	"os"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
)

// openTerminal returns both ends of a new terminal. pty.Open leaves the master in blocking mode, where Close does not wake
// a reader and each one holds a thread; this master uses Go's poller.
func openTerminal() (master, tty *os.File, err error) {
	blocking, tty, err := pty.Open()
	if err != nil {
		return nil, nil, err
	}
	defer blocking.Close()
	descriptor, err := unix.FcntlInt(blocking.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err == nil {
		err = unix.SetNonblock(descriptor, true)
	}
	if err != nil {
		_ = tty.Close()
		return nil, nil, err
	}
	return os.NewFile(uintptr(descriptor), blocking.Name()), tty, nil
}

// applySizes skips sizes of zero, as containerd does, and goes on taking them when the terminal is closed.
func applySizes(master *os.File, sizes <-chan remotecommand.TerminalSize) {
	raw, err := master.SyscallConn()
	if err != nil {
		drain(sizes)
		return
	}
	for size := range sizes {
		if size.Width == 0 || size.Height == 0 {
			continue
		}
		_ = raw.Control(func(descriptor uintptr) {
			_ = unix.IoctlSetWinsize(int(descriptor), unix.TIOCSWINSZ, &unix.Winsize{Col: size.Width, Row: size.Height})
		})
	}
}
