package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
)

// kubelet stands for a node: the kubelet's URLs and the container runtime's streaming server in one. It listens on
// loopback under a secret path, because the API server's v5 translation and log streaming reach it over HTTP.
type kubelet struct {
	cluster     *cluster
	processes   *processes
	idleTimeout time.Duration
	logEndPause time.Duration
	base        *url.URL
	server      *http.Server
}

func newKubelet(cluster *cluster, processes *processes, idleTimeout, logEndPause time.Duration) (*kubelet, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	secret := "/" + randomHex(16)
	k := &kubelet{cluster: cluster, processes: processes, idleTimeout: idleTimeout, logEndPause: logEndPause,
		base: &url.URL{Scheme: "http", Host: listener.Addr().String(), Path: secret}}
	k.server = &http.Server{Handler: http.StripPrefix(secret, k), ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = k.server.Serve(listener) }()
	return k, nil
}

func (k *kubelet) close() {
	_ = k.server.Close()
}

// location is the kubelet's URL for one container; kind is exec, attach or containerLogs.
func (k *kubelet) location(kind, namespace, pod, container string, query url.Values) *url.URL {
	location := k.base.JoinPath(kind, namespace, pod, container)
	location.RawQuery = query.Encode()
	return location
}

// serve answers in this process what would otherwise go through the loopback listener.
func (k *kubelet) serve(location *url.URL) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		inner := req.Clone(req.Context())
		inner.URL.Path, inner.URL.RawPath, inner.URL.RawQuery = strings.TrimPrefix(location.Path, k.base.Path), "", location.RawQuery
		k.ServeHTTP(w, inner)
	})
}

func (k *kubelet) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	parts := strings.Split(strings.Trim(req.URL.Path, "/"), "/")
	if len(parts) != 4 {
		http.NotFound(w, req)
		return
	}
	namespace, pod, name := parts[1], parts[2], parts[3]
	container := k.cluster.container(namespace, pod, name)
	if container == nil {
		writePlain(w, http.StatusNotFound, fmt.Sprintf("pod %q not found", pod))
		return
	}
	if parts[0] == "containerLogs" {
		k.serveLog(w, req, pod, container)
		return
	}
	if running := container.current(); running.ended() {
		writePlain(w, http.StatusInternalServerError, "rpc error: code = Unknown desc = container is in CONTAINER_EXITED state")
		return
	}
	options, err := remotecommand.NewOptions(req)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	who := owner{Namespace: namespace, Pod: pod, Container: name, Session: req.URL.Query().Get("session")}
	switch parts[0] {
	case "exec":
		executor := execution{processes: k.processes, owner: who, options: *options}
		remotecommand.ServeExec(w, req, executor, pod, "", name, req.URL.Query()["command"], options,
			k.idleTimeout, remotecommand.DefaultStreamCreationTimeout, remotecommand.SupportedStreamingProtocols)
	case "attach":
		attacher := attachment{container: container, kubelet: k, owner: who, options: *options}
		remotecommand.ServeAttach(w, req, attacher, pod, "", name, options,
			k.idleTimeout, remotecommand.DefaultStreamCreationTimeout, remotecommand.SupportedStreamingProtocols)
	default:
		http.NotFound(w, req)
	}
}

// writePlain is the kubelet's way of refusing: text without a newline.
func writePlain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}
