// Command kubernetes-server is a small upstream for tests: Kubernetes' own exec, attach and log
// handlers in front of local processes. See README.md.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
)

type settings struct {
	listen, httpListen, tlsNames string
	stateDir, tokenFile          string
	protocols, logProtocols      string
	idleTimeout, logEndPause     time.Duration
	logRate                      float64
	logStamp                     time.Duration
	logHistory                   int
	killOrphans, exitWithStdin   bool
}

// readyLine is printed once, when both listeners accept connections.
type readyLine struct {
	URL           string `json:"url"`
	HTTPURL       string `json:"httpUrl"`
	CAFile        string `json:"caFile"`
	Token         string `json:"token"`
	TokenFile     string `json:"tokenFile"`
	ReadonlyToken string `json:"readonlyToken"`
	GetOnlyToken  string `json:"getOnlyToken"`
	StateDir      string `json:"stateDir"`
	PID           int    `json:"pid"`
}

func main() {
	if command, ok := commands[filepath.Base(os.Args[0])]; ok {
		os.Exit(command(os.Args[1:]))
	}
	log.SetFlags(0)
	klog.SetLogger(logr.Discard())
	if err := serve(parseSettings()); err != nil {
		log.Fatal(err)
	}
}

func parseSettings() settings {
	var s settings
	flag.StringVar(&s.listen, "listen", "127.0.0.1:0", "address of the TLS listener")
	flag.StringVar(&s.httpListen, "http-listen", "127.0.0.1:0", "address of the plain HTTP listener, which also has /test/")
	flag.StringVar(&s.tlsNames, "tls-names", "", "more names and addresses for the certificate, with commas")
	flag.StringVar(&s.stateDir, "state-dir", "", "folder for the CA, the tokens and the containers' folders (default: a temporary one, removed at the end)")
	flag.StringVar(&s.tokenFile, "token-file", "", "file with the full-rights bearer token, read at every request (default: generated in the state folder)")
	flag.StringVar(&s.protocols, "protocols", "", "exec and attach subprotocols to serve, with commas: v5,v4,v4.base64,base64,channel (default: all)")
	flag.StringVar(&s.logProtocols, "log-protocols", "", "log subprotocols to serve, with commas: binary,base64 (default: all)")
	flag.DurationVar(&s.idleTimeout, "idle-timeout", 4*time.Hour, "the container runtime's stream idle timeout")
	flag.DurationVar(&s.logEndPause, "log-end-pause", 50*time.Millisecond, "pause between the last byte of a log and its end; 0 may lose the last piece over WebSocket, as upstream does")
	flag.Float64Var(&s.logRate, "log-rate", 20, "lines a second of the pod logger")
	flag.DurationVar(&s.logStamp, "log-stamp", time.Nanosecond, "how fine the times of the pod logger are: lines within it have the same one")
	flag.IntVar(&s.logHistory, "log-history", 200, "lines the pod logger has already written when the server starts")
	flag.BoolVar(&s.killOrphans, "kill-orphans", false, "hang up a process whose client connection is gone; without it the process stays, as with containerd")
	flag.BoolVar(&s.exitWithStdin, "exit-with-stdin", false, "end when standard input closes")
	flag.Parse()
	if flag.NArg() > 0 || s.logRate <= 0 {
		flag.Usage()
		os.Exit(2)
	}
	return s
}

func serve(s settings) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if s.exitWithStdin {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			stop()
		}()
	}

	if s.stateDir == "" {
		dir, err := os.MkdirTemp("", "kubernetes-server-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		s.stateDir = dir
	}
	dir, err := filepath.Abs(s.stateDir)
	if err != nil {
		return err
	}
	s.stateDir = dir

	certificate, caFile, err := newCertificate(s.stateDir, splitList(s.tlsNames))
	if err != nil {
		return err
	}
	tokens, err := newTokens(s.stateDir, s.tokenFile, certificate.ClientCAs)
	if err != nil {
		return err
	}
	processes, err := newProcesses(s.stateDir)
	if err != nil {
		return err
	}
	defer processes.killAll()

	sessions := newSessions()
	if s.killOrphans {
		sessions.onGone = processes.hangUpSession
	}
	cluster := newCluster(logSource{rate: s.logRate, stamp: s.logStamp}, s.logHistory)
	node, err := newKubelet(cluster, processes, s.idleTimeout, s.logEndPause)
	if err != nil {
		return err
	}
	defer node.close()
	api := &api{cluster: cluster, kubelet: node, tokens: tokens, sessions: sessions, processes: processes,
		protocols: newProtocolFilter(execProtocolNames, s.protocols), logProtocols: newProtocolFilter(logProtocolNames, s.logProtocols)}

	secure, err := net.Listen("tcp", s.listen)
	if err != nil {
		return err
	}
	plain, err := net.Listen("tcp", s.httpListen)
	if err != nil {
		return err
	}
	secureServer := newHTTPServer(withRancherPaths(api))
	secureServer.TLSConfig = certificate
	plainServer := newHTTPServer(withControl(api, withRancherPaths(api)))
	failed := make(chan error, 2)
	go func() { failed <- secureServer.ServeTLS(trackedListener{secure}, "", "") }()
	go func() { failed <- plainServer.Serve(trackedListener{plain}) }()
	defer secureServer.Close()
	defer plainServer.Close()

	ready, err := json.Marshal(readyLine{
		URL: "https://" + secure.Addr().String(), HTTPURL: "http://" + plain.Addr().String(), CAFile: caFile,
		Token: tokens.admin(), TokenFile: tokens.adminFile, ReadonlyToken: tokens.readonly, GetOnlyToken: tokens.getOnly,
		StateDir: s.stateDir, PID: os.Getpid(),
	})
	if err != nil {
		return err
	}
	fmt.Println(string(ready))

	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}

// newHTTPServer has no write timeout: streams live for hours.
func newHTTPServer(handler http.Handler) *http.Server {
	return &http.Server{Handler: handler, ConnContext: withTrackedConn, ErrorLog: log.New(io.Discard, "", 0)}
}

func splitList(list string) []string {
	var items []string
	for item := range strings.SplitSeq(list, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}
