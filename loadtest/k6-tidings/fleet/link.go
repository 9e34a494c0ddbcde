package fleet

import "errors"

// link is the connection that a stream is on, as far as others may meddle with it.
type link interface {
	// hangUp ends it, from any goroutine, and says how many streams were on it.
	hangUp() int
	// setReading stops reading, so that the server's writes pile up, or reads on.
	setReading(isReading bool)
}

// errCut is a connection that was ended from this side.
var errCut = errors.New("the connection was cut")

// attach says which connection the stream is on; nil when it is on none.
func (s *stream) attach(l link) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.link = l
	if l == nil {
		return
	}
	if s.fleet.alive.Err() != nil {
		l.hangUp()
	}
	if s.isPaused {
		l.setReading(false)
		s.freeSlot()
	}
}

// cut ends the connection, and says how many streams were on it.
func (s *stream) cut() int {
	s.mutex.Lock()
	l := s.link
	s.link = nil
	s.mutex.Unlock()
	if l == nil {
		return 0
	}
	return l.hangUp()
}

// pause keeps the stream from reading, on this connection and on later ones. It takes no slot while it is on its way:
// one that does not read would never free it.
func (s *stream) pause() {
	s.setReading(false)
	s.freeSlot()
}

func (s *stream) resume() { s.setReading(true) }

func (s *stream) setReading(isReading bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.isPaused == !isReading {
		return
	}
	s.isPaused = !isReading
	if s.link != nil {
		s.link.setReading(isReading)
	}
}
