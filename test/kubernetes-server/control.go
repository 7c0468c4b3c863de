package main

import (
	"encoding/json"
	"net"
	"net/http"
	"runtime"
	"syscall"
)

// withControl adds /test/ for loopback clients: what is open, and ways to break it.
func withControl(a *api, next http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", next)
	mux.HandleFunc("GET /test/stats", a.serveStats)
	mux.HandleFunc("POST /test/kill-sessions", a.killSessions)
	mux.HandleFunc("POST /test/kill-processes", a.killProcesses)
	mux.HandleFunc("POST /test/restart-container", a.restartContainer)
	mux.HandleFunc("POST /test/rotate-log", a.rotateLog)
	mux.HandleFunc("POST /test/cut-logs", a.cutLogs)
	mux.HandleFunc("POST /test/delete-pod", a.deletePod)
	mux.HandleFunc("POST /test/reset", a.reset)
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		host, _, _ := net.SplitHostPort(req.RemoteAddr)
		if len(req.URL.Path) >= 6 && req.URL.Path[:6] == "/test/" && !net.ParseIP(host).IsLoopback() {
			http.NotFound(w, req)
			return
		}
		mux.ServeHTTP(w, req)
	})
}

func (a *api) serveStats(w http.ResponseWriter, _ *http.Request) {
	sessions, processes := a.sessions.list(), a.processes.list()
	connected := 0
	for _, open := range sessions {
		if open.Connected {
			connected++
		}
	}
	writeJSON(w, map[string]any{
		"openSessions": connected, "sessions": sessions,
		"aliveProcesses": len(processes), "processes": processes,
		"goroutines": runtime.NumGoroutine(),
	})
}

// killSessions cuts client connections: ?pod=, ?kind=exec|attach|log and ?id= narrow it, ?reset=true sends RST.
func (a *api) killSessions(w http.ResponseWriter, req *http.Request) {
	query := req.URL.Query()
	killed := a.sessions.kill(func(open session) bool {
		return fits(query.Get("pod"), open.Pod) && fits(query.Get("kind"), open.Kind) && fits(query.Get("id"), open.ID)
	}, query.Get("reset") == "true")
	writeJSON(w, map[string]any{"killed": killed})
}

// killProcesses sends SIGKILL: ?pod= and ?container= narrow it.
func (a *api) killProcesses(w http.ResponseWriter, req *http.Request) {
	query := req.URL.Query()
	killed := a.processes.signal(func(one *process) bool {
		return fits(query.Get("pod"), one.Pod) && fits(query.Get("container"), one.Container)
	}, syscall.SIGKILL)
	writeJSON(w, map[string]any{"killed": killed})
}

// named is the container of ?pod=; ?namespace= is default unless set, ?container= the first one. It has answered if there is none.
func (a *api) named(w http.ResponseWriter, req *http.Request) (who owner, found *container) {
	query := req.URL.Query()
	who = owner{Namespace: query.Get("namespace"), Pod: query.Get("pod")}
	if who.Namespace == "" {
		who.Namespace = "default"
	}
	_, name, err := a.cluster.chooseContainer(who.Namespace, who.Pod, query.Get("container"))
	if err != nil {
		writeError(err, w, req)
		return who, nil
	}
	who.Container = name
	return who, a.cluster.container(who.Namespace, who.Pod, name)
}

// restartContainer ends its run and begins the next; with stay=true it does not begin one.
func (a *api) restartContainer(w http.ResponseWriter, req *http.Request) {
	who, container := a.named(w, req)
	if container == nil {
		return
	}
	restarts := 0
	if req.URL.Query().Get("stay") == "true" {
		container.stop(137)
	} else {
		restarts = container.restart(137)
	}
	a.processes.killContainer(who.Namespace, who.Pod, who.Container)
	writeJSON(w, map[string]any{"restartCount": restarts})
}

// rotateLog begins a new log file; with stall=true those who follow miss it.
func (a *api) rotateLog(w http.ResponseWriter, req *http.Request) {
	if _, container := a.named(w, req); container != nil {
		container.current().log.rotate(req.URL.Query().Get("stall") == "true")
		writeJSON(w, map[string]any{})
	}
}

// cutLogs ends the log streams of a container cleanly although it runs, as a kubelet that dies does.
func (a *api) cutLogs(w http.ResponseWriter, req *http.Request) {
	if _, container := a.named(w, req); container != nil {
		container.current().log.cutReaders()
		writeJSON(w, map[string]any{})
	}
}

// deletePod takes a pod away at once; with frozen=true its processes and streams stay as they are.
func (a *api) deletePod(w http.ResponseWriter, req *http.Request) {
	who, container := a.named(w, req)
	if container == nil {
		return
	}
	gone := a.cluster.find(who.Namespace, who.Pod)
	if req.URL.Query().Get("frozen") == "true" {
		a.cluster.forget(gone)
	} else {
		a.cluster.remove(gone)
		a.processes.killContainer(who.Namespace, who.Pod, "")
	}
	writeJSON(w, map[string]any{})
}

// reset ends all sessions and processes and brings the pods back to their beginning.
func (a *api) reset(w http.ResponseWriter, _ *http.Request) {
	everything := func(session) bool { return true }
	killed := a.processes.signal(func(*process) bool { return true }, syscall.SIGKILL)
	cut := a.sessions.kill(everything, false)
	a.cluster.reset()
	writeJSON(w, map[string]any{"killedProcesses": killed, "killedSessions": cut})
}

func fits(wanted, actual string) bool {
	return wanted == "" || wanted == actual
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}
