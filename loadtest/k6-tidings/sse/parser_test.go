package sse_test

import (
	"fmt"
	"math/rand"
	"reflect"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/tidings/tidings/loadtest/k6-tidings/mark"
	"github.com/tidings/tidings/loadtest/k6-tidings/sse"
)

// told keeps what a parser says.
type told struct {
	events []string
}

func (l *told) Dispatch(event *sse.Event) {
	l.events = append(l.events, fmt.Sprintf("%s|%s|%s", event.Type, event.ID, event.Data))
}

// read feeds a stream in these pieces.
func read(pieces ...string) (*sse.Parser, []string) {
	parser := &sse.Parser{KeepsData: true}
	listener := &told{}
	for _, piece := range pieces {
		parser.Feed([]byte(piece), listener)
	}
	return parser, listener.events
}

func TestEventsAreReadAsTheStandardSays(t *testing.T) {
	for _, test := range []struct {
		name   string
		stream string
		events []string
		lastID string
	}{
		{"an event", "data: hello\n\n", []string{"||hello"}, ""},
		{"with a type and an id", "event: status\nid: 7\ndata: x\n\n", []string{"status|7|x"}, "7"},
		{"the fields in any order", "data: x\nid: 7\nevent: status\n\n", []string{"status|7|x"}, "7"},
		{"lines of data", "data: a\ndata: b\ndata\n\n", []string{"||a\nb\n"}, ""},
		{"only one space goes", "data:  x\n\n", []string{"|| x"}, ""},
		{"no space need be there", "data:x\n\n", []string{"||x"}, ""},
		{"empty data is an event", "data\n\ndata:\n\n", []string{"||", "||"}, ""},
		{"no data is none", "event: status\n\ndata: x\n\n", []string{"||x"}, ""},
		{"a colon in the data", "data: a: b\n\n", []string{"||a: b"}, ""},
		{"CR ends lines", "data: a\rdata: b\r\rdata: c\r\r", []string{"||a\nb", "||c"}, ""},
		{"CRLF ends lines", "data: a\r\ndata: b\r\n\r\n", []string{"||a\nb"}, ""},
		{"all ends at once", "data: a\ndata: b\r\ndata: c\r\n\rdata: d\n\n", []string{"||a\nb\nc", "||d"}, ""},
		{"comments", ": hello\n:\ndata: x\n: more\n\n", []string{"||x"}, ""},
		{"unknown fields", "colour: red\nDATA: y\n data: z\ndata: x\n\n", []string{"||x"}, ""},
		{"a byte order mark", "\uFEFFdata: x\n\n", []string{"||x"}, ""},
		{"only at the start", "data: x\n\n\uFEFFdata: y\n\ndata: z\n\n", []string{"||x", "||z"}, ""},
		{"an id stays", "id: 1\ndata: a\n\ndata: b\n\n", []string{"|1|a", "|1|b"}, "1"},
		{"an id alone moves it", "id: 1\n\n", nil, "1"},
		{"only when its block ends", "id: 1\ndata: a\n\nid: 2\n", []string{"|1|a"}, "1"},
		{"an empty id clears it", "id: 1\ndata: a\n\nid\ndata: b\n\n", []string{"|1|a", "||b"}, ""},
		{"an id with a NUL is none", "id: 1\n\nid: 2\x00\ndata: a\n\n", []string{"|1|a"}, "1"},
		{"what does not end is none", "data: a\n\ndata: b\n", []string{"||a"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			parser, events := read(test.stream)
			if !reflect.DeepEqual(events, test.events) || parser.LastEventID() != test.lastID {
				t.Errorf("%q, last id %q", events, parser.LastEventID())
			}
			// Cut at every byte, and into single bytes, it says the same.
			for at := range test.stream {
				if _, cut := read(test.stream[:at], test.stream[at:]); !reflect.DeepEqual(cut, test.events) {
					t.Errorf("cut at %d: %q", at, cut)
				}
			}
			if _, single := read(strings.Split(test.stream, "")...); !reflect.DeepEqual(single, test.events) {
				t.Errorf("byte for byte: %q", single)
			}
		})
	}
}

func TestReconnectionTimeIsDigitsOnly(t *testing.T) {
	for stream, want := range map[string]time.Duration{
		"retry: 1500\n":                 1500 * time.Millisecond,
		"retry: 0\n":                    0,
		"retry: 10\nretry: -5\n":        10 * time.Millisecond,
		"retry: 10\nretry: 1.5\n":       10 * time.Millisecond,
		"retry: 10\nretry\n":            10 * time.Millisecond,
		"retry: 99999999999999999999\n": 24 * time.Hour,
	} {
		parser, _ := read(stream)
		if got, isTold := parser.Retry(); !isTold || got != want {
			t.Errorf("%q: %v", stream, got)
		}
	}
	parser, _ := read("retry: soon\n")
	if _, isTold := parser.Retry(); isTold {
		t.Error("a word was taken for a time")
	}
}

func TestAStreamThatComesBackKeepsItsIDAndForgetsWhatWasIncomplete(t *testing.T) {
	parser, _ := read("retry: 7\nid: 1\ndata: a\n\nid: 2\ndata: b\nda")
	listener := &told{}
	parser.Reset()
	if parser.LastEventID() != "1" {
		t.Errorf("it would come back behind %q", parser.LastEventID())
	}
	parser.Feed([]byte("\uFEFFdata: c\n\n"), listener)
	if !reflect.DeepEqual(listener.events, []string{"|1|c"}) {
		t.Errorf("%q", listener.events)
	}
	if retry, _ := parser.Retry(); retry != 7*time.Millisecond {
		t.Error(retry)
	}
}

type marks struct{ marks []mark.Mark }

func (l *marks) Dispatch(event *sse.Event) {
	if event.IsMarked {
		l.marks = append(l.marks, event.Mark)
	}
}

// Any marked events, cut anywhere, are read with all their marks.
func TestMarksAreFoundHoweverTheStreamIsCut(t *testing.T) {
	check := func(numbers []uint32, seed int64) bool {
		var stream []byte
		var want []mark.Mark
		for _, number := range numbers {
			sent := mark.Mark{SentUs: int64(number) * 1000, Number: number % 100_000_000}
			want = append(want, sent)
			stream = append(stream, "id: 3f.9k1.q0z7\ndata: xxxx"...)
			stream = append(mark.Append(stream, sent), "\n\n"...)
		}
		parser, listener := &sse.Parser{}, &marks{}
		random := rand.New(rand.NewSource(seed))
		for len(stream) > 0 {
			n := 1 + random.Intn(min(len(stream), 90))
			// A buffer that is used again: what the parser keeps must be its own.
			piece := append([]byte(nil), stream[:n]...)
			parser.Feed(piece, listener)
			clear(piece)
			stream = stream[n:]
		}
		return reflect.DeepEqual(listener.marks, want)
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
}

func FuzzAStreamReadsTheSameHoweverItIsCut(f *testing.F) {
	f.Add("id: 1\r\nevent: a\rdata: b\n\n\uFEFF: c\n\r\n", uint(3))
	f.Fuzz(func(t *testing.T, stream string, at uint) {
		whole, want := read(stream)
		cut := int(at % uint(len(stream)+1))
		pieces, got := read(stream[:cut], stream[cut:])
		if !reflect.DeepEqual(got, want) || pieces.LastEventID() != whole.LastEventID() {
			t.Errorf("%q cut at %d: %q, whole: %q", stream, cut, got, want)
		}
	})
}

func TestAnEventAllocatesNothing(t *testing.T) {
	event := append(mark.Append([]byte("id: 3f.9k1.q0z7\nevent: status\ndata: xxxxxxxxxxxx"), mark.Mark{SentUs: 1}), "\n\n"...)
	parser, listener := &sse.Parser{}, &counter{}
	parser.Feed(event, listener)
	if allocations := testing.AllocsPerRun(100, func() { parser.Feed(event, listener) }); allocations != 0 {
		t.Errorf("%v for each event", allocations)
	}
}

type counter struct{ count int }

func (l *counter) Dispatch(*sse.Event) { l.count++ }

func BenchmarkEvent(b *testing.B) {
	event := append(mark.Append([]byte("id: 3f.9k1.q0z7\ndata: "+strings.Repeat("x", 75)), mark.Mark{SentUs: 1}), "\n\n"...)
	parser, listener := &sse.Parser{}, &counter{}
	for b.Loop() {
		parser.Feed(event, listener)
	}
}
