package fleet

func (s *stream) pause() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.paused == nil {
		s.paused = make(chan struct{})
	}
}

func (s *stream) resume() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.paused != nil {
		close(s.paused)
		s.paused = nil
	}
}

// holdUp blocks a reader while its stream is paused. A stream that does not read holds no slot: it would never be free.
func (s *stream) holdUp() {
	s.mutex.Lock()
	paused := s.paused
	s.mutex.Unlock()
	if paused != nil {
		s.freeSlot()
		<-paused
	}
}
