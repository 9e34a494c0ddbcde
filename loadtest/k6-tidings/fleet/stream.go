package fleet

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tidings/tidings/loadtest/k6-tidings/mark"
	"github.com/tidings/tidings/loadtest/k6-tidings/sse"
)

// stream is one EventSource. Its own goroutine dials and waits; whoever reads its connection feeds it.
type stream struct {
	fleet  *Fleet
	shard  *shard
	index  int
	parser sse.Parser
	newest mark.Sequence
	// Whose turn it is of the URLs.
	turn int
	// When the dialling of the first time, or the last cut, was.
	since time.Time
	// When the bytes that are being read came.
	now time.Time
	// Events in the bytes that are being read.
	events int64

	isLive, wasLive, isAway bool
	// Whether it is one of those that are under way.
	hasSlot atomic.Bool
	// The connection that a poller reads, and how many there were of them.
	polled atomic.Pointer[polled]
	visits int32

	mutex    sync.Mutex
	link     link
	isPaused bool
}

// run opens the stream and brings it back until it gives up. The caller has taken a slot for it.
func (s *stream) run() {
	f := s.fleet
	s.hasSlot.Store(true)
	s.since = time.Now()
	for {
		err := s.visit()
		s.freeSlot()
		s.leave()
		if f.alive.Err() != nil || s.givesUp(err) {
			return
		}
		f.fault.Store(&err)
		s.turn++
		if !sleep(f.alive, s.delay()) || !f.takeSlot() {
			return
		}
		s.hasSlot.Store(true)
		if s.wasLive && !s.isAway {
			s.isAway = true
			f.counts.reconnects.Add(1)
			f.review()
		}
	}
}

func (s *stream) visit() error {
	r, err := s.fleet.requestOf(s)
	if err != nil {
		return err
	}
	s.parser.Reset()
	s.parser.KeepsData = s.fleet.listener.Load() != nil
	return s.fleet.carrier.visit(s, r)
}

// givesUp says whether an EventSource would never come back after this.
func (s *stream) givesUp(err error) bool {
	f := s.fleet
	var refusal *Refusal
	isRefused := errors.As(err, &refusal)
	if !isRefused && !errors.Is(err, errFinished) {
		return false
	}
	if isRefused {
		f.refusal.CompareAndSwap(nil, refusal)
		f.counts.refused.Add(1)
	}
	f.counts.ended.Add(1)
	f.review()
	return true
}

// delay is how long the stream waits before it comes back.
func (s *stream) delay() time.Duration {
	delay := defaultReconnectDelay
	if own := s.fleet.options.ReconnectDelay; own != nil {
		delay = *own
	} else if retry, isTold := s.parser.Retry(); isTold {
		delay = retry
	}
	if s.wasLive {
		delay = max(delay, s.fleet.options.KeepAway)
	}
	return delay
}

// begin is called with the head of a 200.
func (s *stream) begin() {
	if s.fleet.options.Live == "" {
		s.now = time.Now()
		s.becomeLive()
	}
}

func (s *stream) becomeLive() {
	if s.isLive {
		return
	}
	f := s.fleet
	s.isLive = true
	f.counts.live.Add(1)
	switch {
	case !s.wasLive:
		s.wasLive = true
		f.counts.opened.Add(1)
		s.shard.connecting(s.now.Sub(s.since))
	case s.isAway:
		s.isAway = false
		f.counts.returned.Add(1)
		s.shard.returning(s.now.Sub(s.since))
	}
	s.freeSlot()
	f.review()
}

// leave notes that the connection of the stream is gone.
func (s *stream) leave() {
	s.attach(nil)
	if s.isLive {
		s.isLive = false
		s.since = time.Now()
		s.fleet.counts.live.Add(-1)
		s.fleet.review()
	}
}

func (s *stream) freeSlot() {
	if s.hasSlot.CompareAndSwap(true, false) {
		<-s.fleet.slots
	}
}
