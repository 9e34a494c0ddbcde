package fleet

import (
	"maps"
	"sync"
	"sync/atomic"
)

// Counts is what the streams of a fleet have seen since the start.
type Counts struct {
	Streams int64 `js:"streams"`
	// Live is how many are live now, Opened how many ever were.
	Live   int64 `js:"live"`
	Opened int64 `js:"opened"`
	// Events are without those of the hub; Bytes are those of all bodies.
	Events int64 `js:"events"`
	Bytes  int64 `js:"bytes"`
	// Lost and Repeated are by number.
	Lost     int64 `js:"lost"`
	Repeated int64 `js:"repeated"`
	// Gaps are those that the server told.
	Gaps int64 `js:"gaps"`
	// Reconnects are streams that were cut and dialled again, Returned those of them that became live again.
	Reconnects int64 `js:"reconnects"`
	Returned   int64 `js:"returned"`
	// Refused gave up after an answer; Ended are these and the ones that were told that nothing will come.
	Refused int64 `js:"refused"`
	Ended   int64 `js:"ended"`
	// Byes are the hub's reasons for its closes.
	Byes map[string]int64 `js:"byes"`
}

type counters struct {
	live, opened, events, bytes, lost, repeated, gaps atomic.Int64
	reconnects, returned, refused, ended              atomic.Int64

	mutex sync.Mutex
	byes  map[string]int64
}

func (c *counters) bye(reason string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.byes == nil {
		c.byes = map[string]int64{}
	}
	c.byes[reason]++
}

// Counts reads all counters. Each is exact; they are not read at one instant.
func (f *Fleet) Counts() Counts {
	c := &f.counts
	c.mutex.Lock()
	byes := maps.Clone(c.byes)
	c.mutex.Unlock()
	if byes == nil {
		byes = map[string]int64{}
	}
	return Counts{
		Streams: int64(len(f.streams)), Live: c.live.Load(), Opened: c.opened.Load(),
		Events: c.events.Load(), Bytes: c.bytes.Load(), Lost: c.lost.Load(), Repeated: c.repeated.Load(),
		Gaps: c.gaps.Load(), Reconnects: c.reconnects.Load(), Returned: c.returned.Load(),
		Refused: c.refused.Load(), Ended: c.ended.Load(), Byes: byes,
	}
}
