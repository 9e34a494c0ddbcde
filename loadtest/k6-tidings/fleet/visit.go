package fleet

import "sync"

// visit is one stay of a stream on a connection that something else than the stream's own goroutine reads.
type visit struct {
	over chan struct{}

	// Held while bytes are fed: whoever ends the visit knows that nothing is fed any more.
	mutex  sync.Mutex
	isOver bool
	err    error
}

// end lets the stream go; the mutex is held. It says whether this was the end.
func (v *visit) end(err error) bool {
	if v.isOver {
		return false
	}
	v.isOver, v.err = true, err
	close(v.over)
	return true
}

// wait returns when the visit is over, with the reason.
func (v *visit) wait() error {
	<-v.over
	return v.err
}
