package fleet

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// Outcome is how a wait ended.
type Outcome int

// How a wait can end.
const (
	Reached Outcome = iota
	TimedOut
	Closed
)

type wait struct {
	// Of the number of events alone, or nil.
	events int64
	// Of everything else, or nil.
	holds  func(Counts) bool
	settle func(Outcome)
	timer  *time.Timer
}

// waits are settled by whoever makes their condition true: nothing looks again and again.
type waits struct {
	// The smallest number of events that somebody waits for: an event costs one comparison.
	awaited atomic.Int64

	mutex   sync.Mutex
	waiting map[*wait]struct{}
	closed  bool
}

// AwaitEvents calls settle once, when so many events have come in all.
func (f *Fleet) AwaitEvents(events int64, timeout time.Duration, settle func(Outcome)) {
	f.await(&wait{events: events, settle: settle}, timeout)
}

// Await calls settle once, when the counts are as wanted: those of streams, for those of events, bytes and numbers are
// not looked at for it.
func (f *Fleet) Await(holds func(Counts) bool, timeout time.Duration, settle func(Outcome)) {
	f.await(&wait{holds: holds, settle: settle}, timeout)
}

func (f *Fleet) await(w *wait, timeout time.Duration) {
	f.waits.mutex.Lock()
	if f.waits.closed {
		f.waits.mutex.Unlock()
		w.settle(Closed)
		return
	}
	if f.waits.waiting == nil {
		f.waits.waiting = map[*wait]struct{}{}
	}
	f.waits.waiting[w] = struct{}{}
	w.timer = time.AfterFunc(timeout, func() { f.settle(w, TimedOut) })
	f.lower()
	f.waits.mutex.Unlock()
	// What happened before it was noted down told nobody.
	f.review()
}

// lower sets what events are compared with; the mutex is held.
func (f *Fleet) lower() {
	least := int64(math.MaxInt64)
	for w := range f.waits.waiting {
		if w.holds == nil {
			least = min(least, w.events)
		}
	}
	f.waits.awaited.Store(least)
}

// review settles the waits whose condition holds.
func (f *Fleet) review() {
	f.waits.mutex.Lock()
	var reached []*wait
	if len(f.waits.waiting) > 0 {
		counts := f.Counts()
		for w := range f.waits.waiting {
			if w.holds == nil && counts.Events >= w.events || w.holds != nil && w.holds(counts) {
				reached = append(reached, w)
			}
		}
	}
	f.waits.mutex.Unlock()
	for _, w := range reached {
		f.settle(w, Reached)
	}
}

func (f *Fleet) settle(w *wait, outcome Outcome) {
	f.waits.mutex.Lock()
	_, isWaiting := f.waits.waiting[w]
	delete(f.waits.waiting, w)
	f.lower()
	f.waits.mutex.Unlock()
	if isWaiting {
		w.timer.Stop()
		w.settle(outcome)
	}
}

func (f *Fleet) settleAll() {
	f.waits.mutex.Lock()
	f.waits.closed = true
	left := make([]*wait, 0, len(f.waits.waiting))
	for w := range f.waits.waiting {
		left = append(left, w)
	}
	f.waits.mutex.Unlock()
	for _, w := range left {
		f.settle(w, Closed)
	}
}

// arrived counts events, and wakes who waits for that many.
func (f *Fleet) arrived(events int64) {
	if f.counts.events.Add(events) >= f.waits.awaited.Load() {
		f.review()
	}
}
