package main

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// trackedConn tells when the server has closed the connection, also after it was hijacked. The interface is embedded and
// not *net.TCPConn, so that nothing can reach around it.
type trackedConn struct {
	net.Conn
	once   sync.Once
	closed chan struct{}
}

type trackedListener struct{ net.Listener }

func (l trackedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &trackedConn{Conn: conn, closed: make(chan struct{})}, nil
}

func (c *trackedConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// cut ends the TCP connection without a TLS or WebSocket goodbye; reset sends RST in place of FIN.
func (c *trackedConn) cut(reset bool) {
	if tcp, ok := c.Conn.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

type connKey struct{}

// withTrackedConn is an http.Server's ConnContext.
func withTrackedConn(ctx context.Context, conn net.Conn) context.Context {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	return context.WithValue(ctx, connKey{}, conn)
}

// session is one exec, attach or log request of a client.
type session struct {
	ID        string              `json:"id"`
	Kind      string              `json:"kind"`
	Namespace string              `json:"namespace"`
	Pod       string              `json:"pod"`
	Container string              `json:"container"`
	Protocol  string              `json:"protocol"` // as the client offered it; empty for SPDY and plain GET
	User      string              `json:"user"`
	Groups    []string            `json:"groups"`
	Extra     map[string][]string `json:"extra"`
	Started   time.Time           `json:"started"`
	Connected bool                `json:"connected"` // false: the client has gone, the process goes on
	conn      *trackedConn
}

type sessions struct {
	mu     sync.Mutex
	lastID int
	open   map[string]*session
	onGone func(sessionID string) // may be nil
}

func newSessions() *sessions {
	return &sessions{open: map[string]*session{}}
}

// begin registers the session until the returned function is called.
func (s *sessions) begin(req *http.Request, begun *session) (end func()) {
	begun.conn, _ = req.Context().Value(connKey{}).(*trackedConn)
	begun.Protocol, begun.Started = req.Header.Get("Sec-WebSocket-Protocol"), time.Now()
	s.mu.Lock()
	s.lastID++
	begun.ID = strconv.Itoa(s.lastID)
	s.open[begun.ID] = begun
	s.mu.Unlock()

	ended := make(chan struct{})
	if s.onGone != nil && begun.conn != nil {
		go func() {
			select {
			case <-begun.conn.closed:
			case <-ended: // a v5 session may end before its process does
			}
			s.onGone(begun.ID)
		}()
	}
	return func() {
		close(ended)
		s.mu.Lock()
		delete(s.open, begun.ID)
		s.mu.Unlock()
	}
}

func (s *sessions) list() []session {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]session, 0, len(s.open))
	for _, open := range s.open {
		copied := *open
		if copied.conn != nil {
			select {
			case <-copied.conn.closed:
			default:
				copied.Connected = true
			}
		}
		// The library never returns from a log upgrade it has refused; such a session is over all the same.
		if copied.Connected || copied.Kind != "log" {
			all = append(all, copied)
		}
	}
	return all
}

// kill cuts the client connections of the sessions that match, and returns how many.
func (s *sessions) kill(matches func(session) bool, reset bool) int {
	killed := 0
	for _, open := range s.list() {
		if open.Connected && matches(open) {
			open.conn.cut(reset)
			killed++
		}
	}
	return killed
}
