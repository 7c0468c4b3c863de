package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"
)

// commands are the built-in programs: this binary under another name.
var commands map[string]func(args []string) int

func init() {
	commands = map[string]func(args []string) int{
		"poseidon-stream":     streamCommand,
		"poseidon-echo-check": echoCheckCommand,
		"poseidon-both":       bothCommand,
	}
}

// keyFlag is a flag with a stream's key.
type keyFlag struct{ key uint64 }

func (k *keyFlag) String() string { return fmt.Sprintf("%016x", k.key) }

func (k *keyFlag) Set(text string) (err error) {
	k.key, err = parseKey(text)
	return err
}

// rawTerminal switches the terminal, if there is one, to pass every byte as it is.
func rawTerminal() (restore func()) {
	descriptor := int(os.Stdout.Fd())
	before, err := term.MakeRaw(descriptor)
	if err != nil {
		return func() {}
	}
	return func() { _ = term.Restore(descriptor, before) }
}

// streamCommand writes the first bytes of a keyed stream to stdout.
func streamCommand(args []string) int {
	flags := flag.NewFlagSet("poseidon-stream", flag.ExitOnError)
	var key keyFlag
	flags.Var(&key, "key", "key of the stream, hexadecimal")
	total := flags.Int64("bytes", -1, "bytes to write; -1 never ends")
	chunk := flags.Int("chunk", 16*1024, "bytes a write")
	rate := flags.Int64("rate", 0, "bytes a second; 0 is as fast as possible")
	_ = flags.Parse(args)
	defer rawTerminal()()
	writer := newKeyedWriter(os.Stdout, key.key, *chunk, *rate)
	if err := writer.write(*total); err != nil {
		return 1
	}
	return 0
}

// echoCheckCommand reads stdin and compares it with a keyed stream.
func echoCheckCommand(args []string) int {
	flags := flag.NewFlagSet("poseidon-echo-check", flag.ExitOnError)
	var key keyFlag
	flags.Var(&key, "key", "key of the expected stream, hexadecimal")
	total := flags.Int64("bytes", 0, "bytes to expect")
	file := flags.String("report", "", "file to append JSON lines to")
	raw := flags.String("in-raw", "", "file to append every byte read to")
	slow := flags.Int64("slow", 0, "bytes a second to read; 0 is as fast as possible")
	linger := flags.Duration("linger", 200*time.Millisecond, "time to wait for bytes too many")
	_ = flags.Parse(args)
	defer rawTerminal()()
	check, err := newInputCheck(key.key, *file, *raw, nil)
	if err != nil {
		fmt.Fprint(os.Stderr, err, "\r\n")
		return 1
	}
	go check.read(os.Stdin, *total, *slow)
	ended := endSignals()
	select {
	case <-check.complete:
		select {
		case <-check.extra:
		case <-check.eof:
		case <-time.After(*linger):
		}
	case <-check.eof:
	case <-ended:
	}
	fmt.Printf("%s\r\n", check.finish())
	if check.right(*total) {
		return 0
	}
	return 1
}

// bothCommand writes one keyed stream while it checks another one.
func bothCommand(args []string) int {
	flags := flag.NewFlagSet("poseidon-both", flag.ExitOnError)
	var outKey, inKey keyFlag
	flags.Var(&outKey, "out-key", "key of the stream to write, hexadecimal")
	flags.Var(&inKey, "in-key", "key of the expected stream, hexadecimal")
	rate := flags.Int64("out-rate", 0, "bytes a second to write; 0 is as fast as possible")
	total := flags.Int64("out-bytes", -1, "bytes to write; -1 never ends")
	chunk := flags.Int("chunk", 1024, "bytes a write")
	file := flags.String("report", "", "file to append JSON lines to")
	raw := flags.String("in-raw", "", "file to append every byte read to")
	_ = flags.Parse(args)
	defer rawTerminal()()
	writer := newKeyedWriter(os.Stdout, outKey.key, *chunk, *rate)
	check, err := newInputCheck(inKey.key, *file, *raw, &writer.written)
	if err != nil {
		fmt.Fprint(os.Stderr, err, "\r\n")
		return 1
	}
	go check.read(os.Stdin, -1, 0)
	wrote := make(chan error, 1)
	go func() { wrote <- writer.write(*total) }()
	code := 0
	select {
	case <-endSignals():
	case err := <-wrote:
		if err != nil && err != io.EOF {
			code = 1
		}
	}
	check.finish()
	return code
}

func endSignals() <-chan os.Signal {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGHUP, syscall.SIGTERM, syscall.SIGINT)
	return ended
}
