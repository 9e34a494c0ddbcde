package script

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/grafana/sobek"

	"github.com/tidings/tidings/loadtest/k6-tidings/mark"
)

// Events numbers the events of topics and makes bodies for POST /v1/events.
type Events struct {
	// Made is how many there were so far.
	Made int64 `js:"made"`

	// Each topic's event up to its payload, made once.
	begins  [][]byte
	numbers []uint32
	padding []byte
	turn    int
}

type eventsOptions struct {
	Topic        string `js:"topic"`
	Topics       int    `js:"topics"`
	PayloadBytes int    `js:"payloadBytes"`
	Channel      int    `js:"channel"`
}

func newEvents(runtime *sobek.Runtime, argument sobek.Value) (*Events, error) {
	var o eventsOptions
	if err := runtime.ExportTo(argument, &o); err != nil {
		return nil, fmt.Errorf("options: %w", err)
	}
	if o.Topic == "" || o.Topics < 0 || o.PayloadBytes < 0 {
		return nil, errors.New("Events need a topic; topics and payloadBytes can not be below 0")
	}
	if o.Channel < 0 || o.Channel >= mark.Channels {
		return nil, fmt.Errorf("channel is %d: from 0 to %d", o.Channel, mark.Channels-1)
	}
	topics := max(o.Topics, 1)
	e := &Events{begins: make([][]byte, topics), numbers: make([]uint32, topics)}
	for index := range topics {
		topic, err := json.Marshal(strings.ReplaceAll(o.Topic, "{n}", strconv.Itoa(index)))
		if err != nil {
			return nil, err
		}
		e.begins[index] = fmt.Appendf(nil, `{"topic":%s,"data":"`, topic)
		e.numbers[index] = uint32(o.Channel * mark.ChannelSize)
	}
	e.padding = []byte(strings.Repeat("x", max(0, o.PayloadBytes-mark.Bytes)))
	return e, nil
}

// Take makes the body of one request, sent now: one object, or an array for more than one. Topics are taken in turn.
func (e *Events) Take(count int) string {
	sentUs := time.Now().UnixMicro()
	var body []byte
	if count > 1 {
		body = append(body, '[')
	}
	for index := range count {
		if index > 0 {
			body = append(body, ',')
		}
		topic := e.turn % len(e.begins)
		e.turn++
		body = append(append(body, e.begins[topic]...), e.padding...)
		body = append(mark.Append(body, mark.Mark{SentUs: sentUs, Number: e.numbers[topic]}), '"', '}')
		e.numbers[topic]++
	}
	if count > 1 {
		body = append(body, ']')
	}
	e.Made += int64(count)
	return string(body)
}
