package fleet

import (
	"context"
	"time"
)

// pace spreads the first opening over time, so that a server can be filled as slowly as life would.
type pace struct {
	interval time.Duration
	start    time.Time
	taken    int
}

func newPace(o Options) *pace {
	if o.ConnectionsPerSecond == 0 {
		return &pace{}
	}
	perSecond := o.ConnectionsPerSecond
	if o.HTTP2 {
		perSecond *= float64(o.StreamsPerConnection)
	}
	return &pace{interval: time.Duration(float64(time.Second) / perSecond), start: time.Now()}
}

// wait returns when it is the next stream's time; false when there is no more use.
func (p *pace) wait(ctx context.Context) bool {
	due := time.Until(p.start.Add(time.Duration(p.taken) * p.interval))
	p.taken++
	// A timer is not exact to less than this, and the next wait makes up for it.
	if p.interval == 0 || due < time.Millisecond {
		return ctx.Err() == nil
	}
	return sleep(ctx, due)
}

// sleep returns false when the context ended before the time was over.
func sleep(ctx context.Context, duration time.Duration) bool {
	if duration <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
