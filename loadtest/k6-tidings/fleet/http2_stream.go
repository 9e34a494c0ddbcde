package fleet

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	nethttp2 "golang.org/x/net/http2"
)

// http2Stream is a link that shares its connection.
type http2Stream struct {
	conn   *http2Conn
	stream *stream
	id     uint32
	// Ends a stream whose answer does not come.
	timer *time.Timer

	visit
	hasHead bool
	// A refusal, whose body is still read.
	refusal *Refusal
	// What came while the stream did not read, and how it ended meanwhile.
	isHeld  bool
	held    []byte
	heldEnd bool
	// Bytes that were fed and not yet given back to the stream's window.
	unreturned uint32
}

func newHTTP2Stream(c *http2Conn, s *stream, id uint32) *http2Stream {
	h := &http2Stream{conn: c, stream: s, id: id, visit: visit{over: make(chan struct{})}}
	h.timer = time.AfterFunc(headTimeout, func() { h.abandon(http.ErrHandlerTimeout) })
	return h
}

// finish ends the stream where the server has ended it; false when it was over.
func (h *http2Stream) finish(err error) bool {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.timer.Stop()
	return h.end(err)
}

// abandon ends it from this side. The mutex must not be held.
func (h *http2Stream) abandon(err error) {
	if h.finish(err) {
		_ = h.conn.write(func() error { return h.conn.framer.WriteRSTStream(h.id, nethttp2.ErrCodeCancel) })
	}
}

func (h *http2Stream) readHead(frame *nethttp2.MetaHeadersFrame) {
	fault := h.takeHead(frame)
	switch {
	case fault != nil && frame.StreamEnded():
		h.finish(fault)
	case fault != nil:
		h.abandon(fault)
	case frame.StreamEnded():
		h.readData(nil, 0, true)
	}
}

// takeHead reads the head of the answer, and says why there is nothing to read behind it. Trailers tell nothing.
func (h *http2Stream) takeHead(frame *nethttp2.MetaHeadersFrame) error {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	status, err := strconv.Atoi(frame.PseudoValue("status"))
	if h.hasHead || h.isOver || (err == nil && status < http.StatusOK) {
		return nil
	}
	h.hasHead = true
	h.timer.Stop()
	header := http.Header{}
	for _, field := range frame.RegularFields() {
		header.Add(field.Name, field.Value)
	}
	fault := h.stream.faultOf(status, header, func() string { return "" })
	if refusal, isRefusal := fault.(*Refusal); isRefusal && refusal.Why == "" && !frame.StreamEnded() {
		h.refusal = refusal
		return nil
	}
	if fault == nil {
		h.stream.begin()
	}
	return fault
}

// readData takes the bytes of one frame, which count for the window with their padding.
func (h *http2Stream) readData(data []byte, length uint32, isEnd bool) {
	if refusal := h.takeData(data, length, isEnd); refusal != nil {
		if isEnd {
			h.finish(refusal)
		} else {
			h.abandon(refusal)
		}
		return
	}
	h.returnWindow()
}

// takeData gives back a refusal once enough of its body has come.
func (h *http2Stream) takeData(data []byte, length uint32, isEnd bool) error {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	switch {
	case h.isOver:
	case h.refusal != nil:
		h.refusal.Why += string(data)
		if isEnd || len(h.refusal.Why) >= refusalBytes {
			h.refusal.Why = strings.TrimSpace(h.refusal.Why[:min(len(h.refusal.Why), refusalBytes)])
			return h.refusal
		}
	case h.isHeld:
		h.held = append(h.held, data...)
		h.unreturned += length
		h.heldEnd = h.heldEnd || isEnd
	default:
		h.unreturned += length
		if len(data) > 0 {
			h.stream.feed(data)
		}
		if isEnd {
			h.end(errEnded)
		}
	}
	return nil
}

// returnWindow lets the server send as much again, once that is worth a frame.
func (h *http2Stream) returnWindow() {
	h.mutex.Lock()
	bytes := h.unreturned
	isWorth := bytes >= streamWindowBytes/2 && !h.isHeld && !h.isOver
	if isWorth {
		h.unreturned = 0
	}
	h.mutex.Unlock()
	if isWorth {
		_ = h.conn.write(func() error { return h.conn.framer.WriteWindowUpdate(h.id, bytes) })
	}
}

func (h *http2Stream) hangUp() int { return h.conn.fail(errCut) }

func (h *http2Stream) setReading(isReading bool) {
	h.mutex.Lock()
	h.isHeld = !isReading
	if isReading && !h.isOver {
		if len(h.held) > 0 {
			h.stream.feed(h.held)
		}
		h.held = nil
		if h.heldEnd {
			h.end(errEnded)
		}
	}
	h.mutex.Unlock()
	h.returnWindow()
}
