package fleet

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
)

const (
	// What one stream reads at once.
	readBytes = 4096
	// Longer heads are not sent by anything that means well.
	mostHeadBytes = 64 * 1024
	// An answer that takes longer will never come.
	headTimeout = time.Minute
)

// http1 takes each stream on a connection of its own.
type http1 struct {
	fleet   *Fleet
	pollers pollers
}

func (h *http1) close() { h.pollers.close() }

func (h *http1) visit(s *stream, r request) error {
	conn, err := h.fleet.connect(r, "http/1.1")
	if err != nil {
		return err
	}
	defer conn.Close()
	reader := &reader{conn: conn}
	s.attach(reader)
	// A write error is said better by the read after it.
	_, _ = conn.Write(r.http1Head())
	_ = conn.SetReadDeadline(time.Now().Add(headTimeout))
	buffer := make([]byte, readBytes)
	head, rest, err := readHead(conn, buffer)
	if err != nil {
		return err
	}
	answer, err := http.ReadResponse(bufio.NewReaderSize(bytes.NewReader(head), len(head)), nil)
	if err != nil {
		return fmt.Errorf("the answer is no HTTP: %w", err)
	}
	body := newBody(answer)
	fault := s.faultOf(answer.StatusCode, answer.Header, func() string { return readRefusal(conn, body, rest) })
	if fault != nil {
		return fault
	}
	_ = conn.SetReadDeadline(time.Time{})
	s.begin()
	feed := s.feed
	take := func(raw []byte) (bool, error) { return body.feed(raw, feed) }
	raw, counter := h.bare(conn)
	if raw == nil {
		return reader.receive(rest, buffer, take)
	}
	if isOver, err := take(rest); isOver || err != nil {
		return errors.Join(errEnded, err)
	}
	return h.pollers.receive(s, conn, raw, counter, take)
}

// bare gives back what a poller reads of a connection, and where its bytes are counted; nil when it can not.
func (h *http1) bare(conn net.Conn) (syscall.RawConn, *int64) {
	var counter *int64
	if bare := h.fleet.options.Bare; bare != nil {
		conn, counter = bare(conn)
	}
	plain, isPlain := conn.(*net.TCPConn)
	if !isPlain || h.pollers == nil {
		return nil, nil
	}
	raw, err := plain.SyscallConn()
	if err != nil {
		return nil, nil
	}
	return raw, counter
}

// connect dials, and makes the connection safe where the URL asks for it.
func (f *Fleet) connect(r request, protocol string) (net.Conn, error) {
	conn, err := f.options.Dial(f.alive, "tcp", r.address())
	if err != nil || !r.isTLS() {
		return conn, err
	}
	config := f.options.TLS.Clone()
	if config == nil {
		config = &tls.Config{}
	}
	config.NextProtos = []string{protocol}
	if config.ServerName == "" {
		config.ServerName = r.url.Hostname()
	}
	safe := tls.Client(conn, config)
	if err := safe.HandshakeContext(f.alive); err != nil {
		conn.Close()
		return nil, err
	}
	return safe, nil
}

func (r request) http1Head() []byte {
	var head bytes.Buffer
	fmt.Fprintf(&head, "GET %s HTTP/1.1\r\nHost: %s\r\n", r.url.RequestURI(), r.url.Host)
	_ = r.header.Write(&head)
	head.WriteString("\r\n")
	return head.Bytes()
}

// readHead reads until the head of the answer is whole; what came behind it is the rest.
func readHead(conn net.Conn, buffer []byte) (head, rest []byte, err error) {
	for len(head) < mostHeadBytes {
		n, err := conn.Read(buffer)
		head = append(head, buffer[:n]...)
		if end := bytes.Index(head, []byte("\r\n\r\n")); end >= 0 {
			return head[:end+4], head[end+4:], nil
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return nil, nil, errors.New("the head of the answer does not end")
}

// readRefusal reads the beginning of a body that says why; a server that takes its time over it is not waited for.
func readRefusal(conn net.Conn, body *body, rest []byte) string {
	_ = conn.SetReadDeadline(time.Now().Add(time.Second))
	var told []byte
	buffer := make([]byte, readBytes)
	for {
		isOver, err := body.feed(rest, func(chunk []byte) { told = append(told, chunk...) })
		if isOver || err != nil || len(told) >= refusalBytes {
			break
		}
		n, err := conn.Read(buffer)
		if err != nil && n == 0 {
			break
		}
		rest = buffer[:n]
	}
	return strings.TrimSpace(string(told[:min(len(told), refusalBytes)]))
}
