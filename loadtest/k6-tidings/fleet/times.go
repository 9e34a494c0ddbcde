package fleet

import (
	"sync"
	"time"

	"github.com/tidings/tidings/loadtest/k6-tidings/histogram"
)

// Times are in milliseconds, and in no order.
type Times struct {
	// Latency is from an event's mark to its arrival.
	Latency []float64
	// Connecting is from the dialling to live, the first time.
	Connecting []float64
	// Returning is from the cut to live again.
	Returning []float64
}

// Streams that share a shard wait for each other; more shards than processors hardly ever do.
const shardCount = 16

type shard struct {
	mutex sync.Mutex
	times Times
	// Latencies since the last time that they were asked for.
	latencies histogram.Histogram
	// What lies between shards, so that two processors do not write to one cache line.
	_ [64]byte
}

func (s *shard) latency(elapsed time.Duration) {
	s.mutex.Lock()
	ms := milliseconds(elapsed)
	s.times.Latency = append(s.times.Latency, ms)
	s.latencies.Add(ms)
	s.mutex.Unlock()
}

func (s *shard) connecting(elapsed time.Duration) {
	s.mutex.Lock()
	s.times.Connecting = append(s.times.Connecting, milliseconds(elapsed))
	s.mutex.Unlock()
}

func (s *shard) returning(elapsed time.Duration) {
	s.mutex.Lock()
	s.times.Returning = append(s.times.Returning, milliseconds(elapsed))
	s.mutex.Unlock()
}

// DrainTimes hands over the times since the last call to a function that must not keep them.
func (f *Fleet) DrainTimes(take func(Times)) {
	for index := range f.shards {
		shard := &f.shards[index]
		shard.mutex.Lock()
		full := shard.times
		shard.times = f.spare
		shard.mutex.Unlock()
		take(full)
		f.spare = Times{full.Latency[:0], full.Connecting[:0], full.Returning[:0]}
	}
}

// Latencies tells how the latencies were spread since the last call.
func (f *Fleet) Latencies() histogram.Spread {
	var all histogram.Histogram
	for index := range f.shards {
		shard := &f.shards[index]
		shard.mutex.Lock()
		all.Merge(&shard.latencies)
		shard.latencies = histogram.Histogram{}
		shard.mutex.Unlock()
	}
	return all.Spread()
}

func milliseconds(elapsed time.Duration) float64 {
	return float64(elapsed) / float64(time.Millisecond)
}
