// Package fleet holds many event streams at once, as browsers would: each comes back when it is cut, behind the last
// event that it got. It counts what comes, and checks by number that nothing is missing.
package fleet

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
)

// Event is one that a listener is handed; the strings are its own.
type Event struct {
	Stream int
	Type   string
	ID     string
	Data   string
}

// Fleet is the streams of one test.
type Fleet struct {
	options  Options
	streams  []stream
	carrier  carrier
	counts   counters
	shards   [shardCount]shard
	spare    Times
	waits    waits
	slots    chan struct{}
	refusal  atomic.Pointer[Refusal]
	fault    atomic.Pointer[error]
	listener atomic.Pointer[func(Event)]
	// The stream with which the next cut begins, not yet modulo their number.
	cutNext atomic.Int64

	alive   context.Context
	cancel  context.CancelFunc
	started sync.Once
	ended   sync.Once
	running sync.WaitGroup
}

// carrier takes one stream to a server and feeds it until it ends, and says why it ended.
type carrier interface {
	visit(s *stream, r request) error
	// close is called when no stream is on a visit any more.
	close()
}

// New makes a fleet; nothing is dialled before Start.
func New(options Options) (*Fleet, error) {
	options, err := options.complete()
	if err != nil {
		return nil, err
	}
	f := &Fleet{
		options: options,
		streams: make([]stream, options.Streams),
		slots:   make(chan struct{}, options.UnderWay),
	}
	f.waits.awaited.Store(math.MaxInt64)
	f.alive, f.cancel = context.WithCancel(context.Background())
	if options.HTTP2 {
		f.carrier = newHTTP2(f)
	} else {
		pollers, err := newPollers(f)
		if err != nil {
			return nil, err
		}
		f.carrier = &http1{fleet: f, pollers: pollers}
	}
	for index := range f.streams {
		s := &f.streams[index]
		s.fleet, s.index = f, index
		if !options.Together {
			s.turn = index
		}
		s.shard = &f.shards[index%shardCount]
		s.parser.KeepDataOf = hubPrefix
		if options.LastEventID != "" {
			s.parser.SetLastEventID(options.LastEventID)
		}
	}
	return f, nil
}

// Start opens the streams, in their order; it does not wait for them. A second call does nothing.
func (f *Fleet) Start() {
	f.started.Do(func() {
		f.running.Go(func() {
			pace := newPace(f.options)
			for index := range f.streams {
				if !f.takeSlot() || !pace.wait(f.alive) {
					return
				}
				f.running.Go(f.streams[index].run)
			}
		})
	})
}

// Listen hands every event that comes from now on to a function, which is called from many goroutines.
func (f *Fleet) Listen(listener func(Event)) {
	f.listener.Store(&listener)
}

// Refusal is the first answer that made a stream give up; nil while there was none.
func (f *Fleet) Refusal() *Refusal { return f.refusal.Load() }

// Fault is the newest reason why a stream could not be opened; nil while there was none.
func (f *Fleet) Fault() error {
	if fault := f.fault.Load(); fault != nil {
		return *fault
	}
	return nil
}

// Pause makes that share of the streams stop reading, the first ones, and gives back how many that are.
func (f *Fleet) Pause(share float64) int {
	return f.eachOf(share, (*stream).pause)
}

// Resume makes all of them read again.
func (f *Fleet) Resume() {
	f.eachOf(1, (*stream).resume)
}

// Cut closes the connections of that share of the streams as a network would, and begins where it ended the last time; it
// gives back how many streams were on them. They come back.
func (f *Fleet) Cut(share float64) int {
	count := f.shareOf(share)
	from := int(f.cutNext.Add(int64(count))) - count
	cut := 0
	for place := range count {
		cut += f.streams[(from+place)%len(f.streams)].cut()
	}
	return cut
}

// End closes all streams for good and waits until they are gone. Who waits for something goes on waiting.
func (f *Fleet) End() {
	f.started.Do(func() {})
	f.cancel()
	f.Resume()
	f.Cut(1)
	f.running.Wait()
	f.ended.Do(f.carrier.close)
}

// Close is End, and ends all waits too.
func (f *Fleet) Close() {
	f.End()
	f.settleAll()
}

func (f *Fleet) shareOf(share float64) int {
	return int(math.Round(min(max(share, 0), 1) * float64(len(f.streams))))
}

func (f *Fleet) eachOf(share float64, do func(*stream)) int {
	for index := range f.shareOf(share) {
		do(&f.streams[index])
	}
	return f.shareOf(share)
}

// takeSlot waits until fewer streams are under way than may be; false when the fleet is closed.
func (f *Fleet) takeSlot() bool {
	select {
	case f.slots <- struct{}{}:
		return f.alive.Err() == nil
	case <-f.alive.Done():
		return false
	}
}
