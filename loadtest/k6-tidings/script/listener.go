package script

import (
	"fmt"
	"sync"

	"github.com/grafana/sobek"

	"go.k6.io/k6/js/common"

	"github.com/tidings/tidings/loadtest/k6-tidings/fleet"
)

// listener brings events from the streams' goroutines to a function of the script. While there is one the iteration
// goes on, as it does with an open WebSocket, until the streams are closed.
type listener struct {
	instance *instance
	call     sobek.Callable

	mutex   sync.Mutex
	waiting []fleet.Event
	// Puts a task on the event loop of the VU, once; nil while a task is under way, which asks for the next.
	enqueue func(func() error)
	closed  bool
}

// On hands events to the script, from then on.
func (s *Streams) On(name string, function sobek.Value) {
	runtime := s.instance.vu.Runtime()
	call, isFunction := sobek.AssertFunction(function)
	switch {
	case name != "event":
		common.Throw(runtime, fmt.Errorf("there is no %q to listen to: event", name))
	case !isFunction:
		common.Throw(runtime, fmt.Errorf("what listens is not a function"))
	case s.listener != nil:
		common.Throw(runtime, fmt.Errorf("one function listens already"))
	}
	s.listener = &listener{instance: s.instance, call: call, enqueue: s.instance.vu.RegisterCallback()}
	s.fleet.Listen(s.listener.take)
}

func (l *listener) take(event fleet.Event) {
	l.mutex.Lock()
	l.waiting = append(l.waiting, event)
	enqueue := l.enqueue
	l.enqueue = nil
	l.mutex.Unlock()
	if enqueue != nil {
		enqueue(l.hand)
	}
}

// hand runs on the event loop.
func (l *listener) hand() error {
	l.mutex.Lock()
	events := l.waiting
	l.waiting = nil
	isLast := l.closed
	l.mutex.Unlock()
	for _, event := range events {
		if _, err := l.call(sobek.Undefined(), l.instance.toObject(event)); err != nil {
			return err
		}
	}
	if isLast {
		return nil
	}
	enqueue := l.instance.vu.RegisterCallback()
	l.mutex.Lock()
	if len(l.waiting) == 0 && !l.closed {
		l.enqueue, enqueue = enqueue, nil
	}
	l.mutex.Unlock()
	if enqueue != nil {
		enqueue(l.hand)
	}
	return nil
}

func (l *listener) close() {
	l.mutex.Lock()
	l.closed = true
	enqueue := l.enqueue
	l.enqueue = nil
	l.mutex.Unlock()
	if enqueue != nil {
		enqueue(l.hand)
	}
}

func (i *instance) toObject(event fleet.Event) sobek.Value {
	object := i.vu.Runtime().NewObject()
	for name, value := range map[string]any{
		"stream": event.Stream, "type": event.Type, "id": event.ID, "data": event.Data,
	} {
		_ = object.Set(name, value)
	}
	return object
}
