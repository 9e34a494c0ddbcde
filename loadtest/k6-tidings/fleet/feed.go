package fleet

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/tidings/tidings/loadtest/k6-tidings/sse"
)

const hubPrefix = "hub."

// feed reads the next bytes of the body, which came just now.
func (s *stream) feed(chunk []byte) {
	s.now = time.Now()
	s.events = 0
	s.parser.Feed(chunk, s)
	s.fleet.counts.bytes.Add(int64(len(chunk)))
	if s.events > 0 {
		s.fleet.arrived(s.events)
	}
}

// Dispatch takes an event from the parser.
func (s *stream) Dispatch(event *sse.Event) {
	live := s.fleet.options.Live
	switch {
	case live != "" && string(event.Type) == live:
		s.becomeLive()
	case bytes.HasPrefix(event.Type, []byte(hubPrefix)):
		s.takeNotice(event)
	default:
		s.count(event)
	}
}

func (s *stream) count(event *sse.Event) {
	f := s.fleet
	s.events++
	if event.IsMarked {
		verdict := s.newest.Take(event.Mark.Number)
		if verdict.Lost > 0 {
			f.counts.lost.Add(verdict.Lost)
		} else if verdict.Repeated {
			f.counts.repeated.Add(1)
		}
		s.shard.latency(event.Mark.Latency(s.now))
	}
	if listener := f.listener.Load(); listener != nil && s.parser.KeepsData {
		kind := "message"
		if len(event.Type) > 0 {
			kind = string(event.Type)
		}
		(*listener)(Event{Stream: s.index, Type: kind, ID: string(event.ID), Data: string(event.Data)})
	}
}

// takeNotice reads what the hub says of the stream itself.
func (s *stream) takeNotice(event *sse.Event) {
	switch string(event.Type) {
	case "hub.gap":
		s.fleet.counts.gaps.Add(1)
	case "hub.bye":
		var bye struct {
			Reason string `json:"reason"`
		}
		if json.Unmarshal(event.Data, &bye) != nil || bye.Reason == "" {
			bye.Reason = "unreadable"
		}
		s.fleet.counts.bye(bye.Reason)
	}
}
