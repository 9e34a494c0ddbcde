package fleet

import (
	"errors"
	"sync"
)

// http2 takes many streams on one connection.
type http2 struct {
	fleet *Fleet

	mutex sync.Mutex
	// Connections that take streams. Neighbours share one, also when they come back: cutting the first tenth of the
	// streams cuts a tenth of the connections.
	conns map[neighbours][]*http2Conn
}

// neighbours are streams of one origin that are meant for one connection.
type neighbours struct {
	origin string
	group  int
}

// errFull is a connection whose server allows fewer streams than were meant for it.
var errFull = errors.New("the connection has no room")

func newHTTP2(f *Fleet) *http2 {
	return &http2{fleet: f, conns: map[neighbours][]*http2Conn{}}
}

func (h *http2) visit(s *stream, r request) error {
	for {
		c := h.take(s, r)
		<-c.ready
		opened, err := c.open(s, r)
		if err == nil {
			err = opened.wait()
		}
		h.leave(c)
		if opened != nil {
			c.remove(opened)
		}
		if !errors.Is(err, errFull) {
			return err
		}
	}
}

// close has nothing to do: a connection ends with its last stream.
func (h *http2) close() {}

// take gives a place on a connection, which may still be on its way; the caller leaves it.
func (h *http2) take(s *stream, r request) *http2Conn {
	key := neighbours{r.url.Scheme + "://" + r.address(), s.index / h.fleet.options.StreamsPerConnection}
	h.mutex.Lock()
	defer h.mutex.Unlock()
	for _, c := range h.conns[key] {
		if c.taken < c.places {
			c.taken++
			return c
		}
	}
	c := newHTTP2Conn(h.fleet, h.fleet.options.StreamsPerConnection)
	c.taken = 1
	c.retire = func() { h.remove(key, c) }
	c.limit = func(places int) { h.limit(c, places) }
	c.isIdle = func() bool { return h.isIdle(c) }
	h.conns[key] = append(h.conns[key], c)
	go c.run(r)
	return c
}

func (h *http2) leave(c *http2Conn) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	c.taken--
}

func (h *http2) limit(c *http2Conn, places int) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	c.places = min(c.places, places)
}

// isIdle says whether nobody means to be on the connection any more, and takes it away if so.
func (h *http2) isIdle(c *http2Conn) bool {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if c.taken > 0 {
		return false
	}
	c.places = 0
	return true
}

func (h *http2) remove(key neighbours, gone *http2Conn) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	var left []*http2Conn
	for _, c := range h.conns[key] {
		if c != gone {
			left = append(left, c)
		}
	}
	h.conns[key] = left
}
