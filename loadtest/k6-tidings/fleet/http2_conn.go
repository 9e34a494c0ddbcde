package fleet

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"time"

	nethttp2 "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

const (
	// What the protocol begins with; one stream that does not read holds back so much and no more.
	streamWindowBytes = 65_535
	// Of all streams of a connection; given back as it comes, so that no stream holds up another.
	connWindowBytes = 1 << 20
	mostFrameBytes  = 16_384
	writeTimeout    = 10 * time.Second
)

// http2Conn is one connection with many streams. One goroutine reads it and feeds them all.
type http2Conn struct {
	fleet *Fleet
	// Closed when streams can be opened, or never will.
	ready chan struct{}
	// Of the pool: how many streams mean to be on it, and how many may; and how it is told.
	taken, places int
	retire        func()
	limit         func(places int)
	isIdle        func() bool

	mutex  sync.Mutex
	conn   net.Conn
	err    error
	nextID uint32
	most   int
	// Said by the server: it takes no more streams.
	isLeaving bool
	streams   map[uint32]*http2Stream

	writing sync.Mutex
	framer  *nethttp2.Framer
	encoder *hpack.Encoder
	block   bytes.Buffer
	// Bytes that were read and not yet given back to the connection's window.
	unreturned uint32
}

func newHTTP2Conn(f *Fleet, places int) *http2Conn {
	return &http2Conn{
		fleet: f, ready: make(chan struct{}), places: places, most: places, nextID: 1, streams: map[uint32]*http2Stream{},
	}
}

// run dials and reads until the connection ends.
func (c *http2Conn) run(r request) {
	conn, err := c.fleet.connect(r, nethttp2.NextProtoTLS)
	if err == nil {
		// A server that says nothing would hold up the end of the fleet: nobody is on its connection yet.
		defer context.AfterFunc(c.fleet.alive, func() { conn.Close() })()
		_ = conn.SetReadDeadline(time.Now().Add(headTimeout))
		err = c.greet(conn)
	}
	if err == nil {
		err = c.readAll()
	}
	c.fail(err)
}

func (c *http2Conn) greet(conn net.Conn) error {
	c.mutex.Lock()
	c.conn = conn
	c.framer = nethttp2.NewFramer(conn, bufio.NewReaderSize(conn, 2*mostFrameBytes))
	c.framer.SetReuseFrames()
	c.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	c.encoder = hpack.NewEncoder(&c.block)
	c.mutex.Unlock()
	if c.fleet.alive.Err() != nil {
		return errCut
	}
	return c.write(func() error {
		if _, err := conn.Write([]byte(nethttp2.ClientPreface)); err != nil {
			return err
		}
		return errors.Join(
			c.framer.WriteSettings(
				nethttp2.Setting{ID: nethttp2.SettingEnablePush, Val: 0},
				nethttp2.Setting{ID: nethttp2.SettingInitialWindowSize, Val: streamWindowBytes},
			),
			c.framer.WriteWindowUpdate(0, connWindowBytes-streamWindowBytes),
		)
	})
}

// write has one frame written after the other. A server that takes none for long is as good as gone.
func (c *http2Conn) write(frames func() error) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	_ = c.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	return frames()
}

// fail ends the connection and all streams on it, and says how many there were.
func (c *http2Conn) fail(err error) int {
	c.mutex.Lock()
	isFirst := c.err == nil
	if isFirst {
		c.err = err
		c.closeReady()
	}
	conn, streams := c.conn, c.streams
	c.streams = map[uint32]*http2Stream{}
	c.mutex.Unlock()
	if isFirst {
		c.retire()
		if conn != nil {
			conn.Close()
		}
	}
	ended := 0
	for _, s := range streams {
		if s.finish(err) {
			ended++
		}
	}
	return ended
}

// closeReady is called with the mutex held.
func (c *http2Conn) closeReady() {
	select {
	case <-c.ready:
	default:
		close(c.ready)
	}
}

// open asks for a stream. errFull says that another connection is needed.
func (c *http2Conn) open(s *stream, r request) (*http2Stream, error) {
	if err := c.fault(); err != nil {
		return nil, err
	}
	var opened *http2Stream
	// Numbers must be sent in their order: they are given out where frames are written.
	err := c.write(func() error {
		var err error
		if opened, err = c.add(s); err != nil {
			return err
		}
		// Before anything can come: a pause or a cut must not miss it.
		s.attach(opened)
		return c.writeHead(opened.id, r)
	})
	if err != nil && opened != nil {
		c.fail(err)
	}
	return opened, err
}

func (c *http2Conn) fault() error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.err
}

func (c *http2Conn) add(s *stream) (*http2Stream, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.err != nil {
		return nil, c.err
	}
	if len(c.streams) >= c.most || c.isLeaving {
		return nil, errFull
	}
	opened := newHTTP2Stream(c, s, c.nextID)
	c.streams[c.nextID] = opened
	c.nextID += 2
	return opened, nil
}

// remove forgets a stream that is over. A connection with none left is closed.
func (c *http2Conn) remove(s *http2Stream) {
	c.mutex.Lock()
	delete(c.streams, s.id)
	isEmpty := len(c.streams) == 0
	c.mutex.Unlock()
	if isEmpty && c.isIdle() {
		c.fail(errCut)
	}
}

// writeHead writes the request; what is longer than a frame goes on in the next.
func (c *http2Conn) writeHead(id uint32, r request) error {
	c.block.Reset()
	field := func(name, value string) { _ = c.encoder.WriteField(hpack.HeaderField{Name: name, Value: value}) }
	field(":method", "GET")
	field(":scheme", r.url.Scheme)
	field(":authority", r.url.Host)
	field(":path", r.url.RequestURI())
	for name, values := range r.header {
		for _, value := range values {
			field(strings.ToLower(name), value)
		}
	}
	block := c.block.Bytes()
	first := block[:min(len(block), mostFrameBytes)]
	block = block[len(first):]
	head := nethttp2.HeadersFrameParam{
		StreamID: id, BlockFragment: first, EndStream: true, EndHeaders: len(block) == 0,
	}
	if err := c.framer.WriteHeaders(head); err != nil {
		return err
	}
	for len(block) > 0 {
		next := block[:min(len(block), mostFrameBytes)]
		block = block[len(next):]
		if err := c.framer.WriteContinuation(id, len(block) == 0, next); err != nil {
			return err
		}
	}
	return nil
}
