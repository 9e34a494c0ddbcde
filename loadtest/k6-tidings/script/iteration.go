package script

import (
	"context"
	"sync"

	"go.k6.io/k6/js/modules"
)

// atIterationEnd calls finish, once, when the iteration of the VU ends, is interrupted, or when the function that it
// gives back is called. The VU waits for it before it goes on, unless it was interrupted.
func atIterationEnd(vu modules.VU, finish func()) (finishNow func()) {
	unsubscribe := func() {}
	var once sync.Once
	end := func() {
		once.Do(func() {
			finish()
			unsubscribe()
		})
	}
	follow := func(func()) {}
	if local := vu.Events().Local; local != nil {
		id, events := subscribeTo("IterEnd", local.Subscribe)
		unsubscribe = func() { local.Unsubscribe(id) }
		follow = func(finish func()) {
			for event := range events {
				finish()
				event.Done()
			}
		}
	}
	// The context is the VU's, and outlives the iteration.
	forget := context.AfterFunc(vu.Context(), end)
	finishNow = func() {
		forget()
		end()
	}
	go follow(finishNow)
	return finishNow
}

// subscribeTo finds the type of an event by its name: k6 hands the types out, but keeps their names to itself.
func subscribeTo[T interface {
	~uint8
	String() string
}, C any](name string, subscribe func(...T) (uint64, C)) (uint64, C) {
	for value := range 255 {
		if T(value).String() == name {
			return subscribe(T(value))
		}
	}
	panic("k6 has no event " + name)
}
