// Package sse reads event streams as the HTML standard says (WHATWG HTML, section 9.2, "Server-sent events").
package sse

import (
	"bytes"
	"time"

	"github.com/tidings/tidings/loadtest/k6-tidings/mark"
)

// Lines longer than this are not kept room for: thousands of streams would each hold on to their largest event.
const roomBytes = 4096

var byteOrderMark = []byte("\xEF\xBB\xBF")

// Event is one that was dispatched. Its bytes are overwritten by the next.
type Event struct {
	// Type is empty where the stream named none, which means "message".
	Type []byte
	// ID is the last event id of the stream, from this event or from one before it.
	ID []byte
	// Data is there when the parser keeps it, and for events whose type begins with KeepDataOf.
	Data []byte
	// Mark is what the last line of the data ends with, when IsMarked.
	Mark     mark.Mark
	IsMarked bool
}

// Listener is told of each event.
type Listener interface {
	Dispatch(event *Event)
}

// Parser reads one event stream from bytes that may be cut anywhere. It allocates nothing for each event.
// The zero value is at the start of a stream.
type Parser struct {
	// KeepsData hands every event over with its data; without it, marks are read where they stand.
	KeepsData bool
	// KeepDataOf begins the types of events that always come with their data; the type must stand before the data.
	KeepDataOf string

	line      []byte
	kind      []byte
	data      []byte
	id        []byte
	lastID    []byte
	retry     time.Duration
	isRetry   bool
	idChanged bool
	hasData   bool
	afterCR   bool
	begun     bool
	event     Event
}

// LastEventID is what a stream that comes back sends as Last-Event-ID; nothing to send when it is empty.
func (p *Parser) LastEventID() string { return string(p.lastID) }

// SetLastEventID begins the stream behind that event.
func (p *Parser) SetLastEventID(id string) { p.lastID = append(p.lastID[:0], id...) }

// Retry is the reconnection time that the stream asked for last; false when it never did.
func (p *Parser) Retry() (time.Duration, bool) { return p.retry, p.isRetry }

// Reset begins a new connection of the same stream: what was incomplete is forgotten, the last event id and the
// reconnection time stay. (An id whose block was not complete is forgotten too: its event did not come.)
func (p *Parser) Reset() {
	p.line = p.line[:0]
	p.clearBlock()
	p.idChanged, p.afterCR, p.begun = false, false, false
}

// Feed reads the next bytes of the stream and tells the listener of each event that ends in them.
func (p *Parser) Feed(chunk []byte, listener Listener) {
	for len(chunk) > 0 {
		if p.afterCR {
			p.afterCR = false
			if chunk[0] == '\n' {
				chunk = chunk[1:]
				continue
			}
		}
		end := lineEnd(chunk)
		if end < 0 {
			p.line = append(p.line, chunk...)
			return
		}
		line := chunk[:end]
		p.afterCR = chunk[end] == '\r'
		chunk = chunk[end+1:]
		if len(p.line) > 0 {
			p.line = append(p.line, line...)
			p.readLine(p.line, listener)
			p.line = emptied(p.line)
		} else {
			p.readLine(line, listener)
		}
	}
}

// lineEnd is where the first CR or LF stands; -1 when there is none.
func lineEnd(chunk []byte) int {
	end := bytes.IndexByte(chunk, '\n')
	if end < 0 {
		return bytes.IndexByte(chunk, '\r')
	}
	if cr := bytes.IndexByte(chunk[:end], '\r'); cr >= 0 {
		return cr
	}
	return end
}

func (p *Parser) readLine(line []byte, listener Listener) {
	if !p.begun {
		p.begun = true
		line = bytes.TrimPrefix(line, byteOrderMark)
	}
	if len(line) == 0 {
		p.dispatch(listener)
		return
	}
	field, value, _ := bytes.Cut(line, []byte{':'})
	if len(value) > 0 && value[0] == ' ' {
		value = value[1:]
	}
	// A comment has an empty name, and falls through like every name that the standard does not know.
	switch string(field) {
	case "data":
		p.takeData(value)
	case "event":
		p.kind = append(p.kind[:0], value...)
	case "id":
		p.takeID(value)
	case "retry":
		p.takeRetry(value)
	}
}

func (p *Parser) takeData(value []byte) {
	p.hasData = true
	p.event.Mark, p.event.IsMarked = mark.Read(value)
	if p.KeepsData || (p.KeepDataOf != "" && bytes.HasPrefix(p.kind, []byte(p.KeepDataOf))) {
		p.data = append(append(p.data, value...), '\n')
	}
}

func (p *Parser) takeID(value []byte) {
	if bytes.IndexByte(value, 0) >= 0 {
		return
	}
	p.id = append(p.id[:0], value...)
	p.idChanged = true
}

func (p *Parser) takeRetry(value []byte) {
	var ms int64
	for _, digit := range value {
		if digit < '0' || digit > '9' {
			return
		}
		// More than a day is as good as never, and must not overflow.
		ms = min(ms*10+int64(digit-'0'), 86_400_000)
	}
	if len(value) > 0 {
		p.retry, p.isRetry = time.Duration(ms)*time.Millisecond, true
	}
}

// dispatch ends a block. The last event id moves even when there is no data: a server keeps cursors young that way.
func (p *Parser) dispatch(listener Listener) {
	if p.idChanged {
		p.lastID = append(p.lastID[:0], p.id...)
		p.idChanged = false
	}
	if p.hasData {
		p.event.Type, p.event.ID = p.kind, p.lastID
		p.event.Data = bytes.TrimSuffix(p.data, []byte{'\n'})
		listener.Dispatch(&p.event)
	}
	p.clearBlock()
}

func (p *Parser) clearBlock() {
	p.kind = p.kind[:0]
	p.data = emptied(p.data)
	p.hasData = false
}

func emptied(buffer []byte) []byte {
	if cap(buffer) > roomBytes {
		return nil
	}
	return buffer[:0]
}
