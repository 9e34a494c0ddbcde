package script

import (
	"errors"
	"fmt"
	"time"

	"github.com/grafana/sobek"

	"go.k6.io/k6/js/common"
	"go.k6.io/k6/js/promises"

	"github.com/tidings/tidings/loadtest/k6-tidings/fleet"
	"github.com/tidings/tidings/loadtest/k6-tidings/histogram"
)

const (
	openTimeoutMs = 120_000
	waitTimeoutMs = 60_000
)

// Streams is the object that a script sees; its exported methods are the object's.
type Streams struct {
	instance *instance
	fleet    *fleet.Fleet
	finish   func()
	reporter *reporter
	listener *listener
}

func newStreams(i *instance, argument sobek.Value) (*Streams, error) {
	state := i.vu.State()
	if state == nil {
		return nil, errors.New("Streams belong into a VU's code, not into the init context")
	}
	written, err := readStreamsOptions(i.vu.Runtime(), argument)
	if err != nil {
		return nil, err
	}
	options, err := written.toFleet(i.vu)
	if err != nil {
		return nil, err
	}
	f, err := fleet.New(options)
	if err != nil {
		return nil, err
	}
	s := &Streams{instance: i, fleet: f}
	reporter := startReporter(i.vu.Context(), f, newMeter(i.metrics, i.live, written.tagsOf(i.vu)), state.Samples)
	s.reporter = reporter
	s.finish = atIterationEnd(i.vu, func() {
		f.End()
		reporter.stop()
		// The waits come last: they let an interrupted VU go on, and with it the whole test.
		f.Close()
		if s.listener != nil {
			s.listener.close()
		}
	})
	return s, nil
}

// Open dials, and resolves when every stream has been live.
func (s *Streams) Open(timeoutMs sobek.Value) *sobek.Promise {
	promise, resolve, reject := promises.New(s.instance.vu)
	s.fleet.Start()
	isOver := func(counts fleet.Counts) bool { return counts.Opened == counts.Streams || counts.Ended > 0 }
	s.fleet.Await(isOver, timeoutOf(timeoutMs, openTimeoutMs), func(outcome fleet.Outcome) {
		if err := s.openingFault(outcome); err != nil {
			reject(err)
		} else {
			resolve(sobek.Undefined())
		}
	})
	return promise
}

func (s *Streams) openingFault(outcome fleet.Outcome) error {
	counts := s.fleet.Counts()
	why := ""
	switch refusal := s.fleet.Refusal(); {
	case outcome == fleet.Reached && counts.Opened == counts.Streams:
		return nil
	case outcome == fleet.Closed:
		why = "they were closed"
	case refusal != nil:
		why = refusal.Error()
	case outcome == fleet.Reached:
		why = "a stream was told by 204 that nothing will come"
	default:
		why = "time is over"
		if fault := s.fleet.Fault(); fault != nil {
			why += "; " + fault.Error()
		}
	}
	return fmt.Errorf("%d of %d streams are live: %s", counts.Live, counts.Streams, why)
}

// Received resolves when so many events have come in all.
func (s *Streams) Received(events int64, timeoutMs sobek.Value) *sobek.Promise {
	promise, resolve, _ := promises.New(s.instance.vu)
	s.fleet.AwaitEvents(events, timeoutOf(timeoutMs, waitTimeoutMs), func(outcome fleet.Outcome) {
		resolve(outcome == fleet.Reached)
	})
	return promise
}

// Returned resolves when so many streams have come back.
func (s *Streams) Returned(reconnects int64, timeoutMs sobek.Value) *sobek.Promise {
	return s.await(timeoutMs, func(counts fleet.Counts) bool { return counts.Returned >= reconnects })
}

// Settled resolves when every stream that has not ended is live.
func (s *Streams) Settled(timeoutMs sobek.Value) *sobek.Promise {
	return s.await(timeoutMs, func(counts fleet.Counts) bool { return counts.Live+counts.Ended >= counts.Streams })
}

func (s *Streams) await(timeoutMs sobek.Value, holds func(fleet.Counts) bool) *sobek.Promise {
	promise, resolve, _ := promises.New(s.instance.vu)
	s.fleet.Await(holds, timeoutOf(timeoutMs, waitTimeoutMs), func(outcome fleet.Outcome) {
		resolve(outcome == fleet.Reached)
	})
	return promise
}

// Counts is all that was counted since the start.
func (s *Streams) Counts() fleet.Counts { return s.fleet.Counts() }

// Latency tells how the latencies were spread since the last call.
func (s *Streams) Latency() histogram.Spread { return s.fleet.Latencies() }

// Tag puts a tag on what is measured from now on.
func (s *Streams) Tag(name, value string) { s.reporter.tag(s.instance.vu.Context(), name, value) }

// Pause makes a share of the streams stop reading.
func (s *Streams) Pause(share float64) int { return s.fleet.Pause(share) }

// Resume makes all streams read again.
func (s *Streams) Resume() { s.fleet.Resume() }

// Cut closes the connections of a share of the streams.
func (s *Streams) Cut(share float64) int { return s.fleet.Cut(share) }

// Close ends all streams and sends the last samples.
func (s *Streams) Close() { s.finish() }

func timeoutOf(ms sobek.Value, otherwise float64) time.Duration {
	if common.IsNullish(ms) {
		return toDuration(otherwise)
	}
	return toDuration(ms.ToFloat())
}
