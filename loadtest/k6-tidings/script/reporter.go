package script

import (
	"context"
	"sync"
	"time"

	"go.k6.io/k6/metrics"

	"github.com/tidings/tidings/loadtest/k6-tidings/fleet"
)

const reportInterval = 200 * time.Millisecond

// reporter sends the samples of a fleet to k6, until it is stopped.
type reporter struct {
	// Of the VU.
	alive context.Context
	fleet *fleet.Fleet
	// What is counted belongs to the tags of its time.
	mutex   sync.Mutex
	meter   *meter
	samples chan<- metrics.SampleContainer
	cancel  context.CancelFunc
	stopped chan struct{}
}

func startReporter(alive context.Context, f *fleet.Fleet, m *meter, samples chan<- metrics.SampleContainer) *reporter {
	ctx, cancel := context.WithCancel(alive)
	r := &reporter{alive: alive, fleet: f, meter: m, samples: samples, cancel: cancel, stopped: make(chan struct{})}
	go r.run(ctx)
	return r
}

func (r *reporter) run(ctx context.Context) {
	defer close(r.stopped)
	ticker := time.NewTicker(reportInterval)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			r.mutex.Lock()
			if samples := r.meter.take(r.fleet, now); len(samples) > 0 {
				// What was taken must not be dropped because this reporter is being stopped: nobody could take it again.
				metrics.PushIfNotDone(r.alive, r.samples, samples)
			}
			r.mutex.Unlock()
		case <-ctx.Done():
			return
		}
	}
}

// tag sends what there is with the tags of before; what comes from now on carries this one too.
func (r *reporter) tag(ctx context.Context, name, value string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if samples := r.meter.take(r.fleet, time.Now()); len(samples) > 0 {
		metrics.PushIfNotDone(ctx, r.samples, samples)
	}
	r.meter.tag(name, value)
}

// stop sends what is left. Where the VU was interrupted the test may be over meanwhile, and k6 have closed the channel;
// then it is too late for them.
func (r *reporter) stop() {
	r.cancel()
	<-r.stopped
	defer func() { _ = recover() }()
	if samples := r.meter.take(r.fleet, time.Now()); len(samples) > 0 {
		r.samples <- samples
	}
}
