package fleet_test

import (
	"fmt"
	"math/rand"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidings/tidings/loadtest/k6-tidings/fleet"
	"github.com/tidings/tidings/loadtest/k6-tidings/mark"
)

func TestStreamsGetEveryEventAndTellHowLongItTook(t *testing.T) {
	eachCarrier(t, func(t *testing.T, carrier string) {
		const streams, events = 30, 20
		h := startHub(t, carrier)
		options := h.options(carrier, streams)
		options.Tokens = []string{"one", "two"}
		options.Topics = 10
		options.StreamsPerConnection = 10
		f := begin(t, options)
		awaitLive(t, f)
		for number := range events {
			h.say(event(fmt.Sprint(number), uint32(number)))
		}
		awaitEvents(t, f, streams*events)
		counts := f.Counts()
		if counts.Lost != 0 || counts.Repeated != 0 || counts.Opened != streams || counts.Reconnects != 0 {
			t.Errorf("%+v", counts)
		}
		var latencies, connecting int
		f.DrainTimes(func(times fleet.Times) {
			latencies += len(times.Latency)
			connecting += len(times.Connecting)
			for _, ms := range times.Latency {
				if ms < 0 || ms > float64(patience.Milliseconds()) {
					t.Errorf("a latency of %v ms", ms)
				}
			}
		})
		if latencies != streams*events || connecting != streams {
			t.Errorf("%d latencies, %d times of connecting", latencies, connecting)
		}
		asked := map[string]int{}
		remotes := map[string]bool{}
		for _, came := range h.came() {
			asked[came.token+came.target]++
			remotes[came.remote] = true
		}
		if len(asked) != 10 || asked["Bearer two/v1/stream?topic=t.1"] != 3 {
			t.Errorf("topics and tokens are not taken in turn: %v", asked)
		}
		if want := map[bool]int{true: 3, false: 30}[options.HTTP2]; len(remotes) != want {
			t.Errorf("%d connections", len(remotes))
		}
	})
}

func TestWhatIsMissingAndWhatComesAgainIsCounted(t *testing.T) {
	h := startHub(t, "h1")
	f := begin(t, h.options("h1", 2))
	awaitLive(t, f)
	for _, number := range []uint32{0, 1, 4, 4, 2, 5, mark.ChannelSize, mark.ChannelSize + 2} {
		h.say(event("x", number))
	}
	h.say("event: hub.gap\ndata: {\"reason\":\"expired\"}\n\ndata: unmarked\n\n")
	awaitEvents(t, f, 2*9)
	counts := f.Counts()
	if counts.Lost != 2*3 || counts.Repeated != 2*2 || counts.Gaps != 2 {
		t.Errorf("%+v", counts)
	}
}

func TestStreamsThatAreCutComeBackBehindTheirLastEvent(t *testing.T) {
	eachCarrier(t, func(t *testing.T, carrier string) {
		const streams = 8
		first := startHub(t, carrier)
		options := first.options(carrier, streams)
		options.StreamsPerConnection = 4
		f := begin(t, options)
		awaitLive(t, f)
		first.say(event("e1", 0) + "id: e2\n\nid: e3\ndata: its end never c")
		awaitEvents(t, f, streams)
		if cut := f.Cut(0.5); cut != streams/2 {
			t.Errorf("%d were cut", cut)
		}
		await(t, f, "half to come back", func(c fleet.Counts) bool { return c.Returned == streams/2 })
		awaitLive(t, f)
		came := first.came()
		if len(came) != streams+streams/2 {
			t.Fatalf("%d visits", len(came))
		}
		for _, again := range came[streams:] {
			if again.lastEventID != "e2" {
				t.Errorf("one came back behind %q", again.lastEventID)
			}
		}
		if counts := f.Counts(); counts.Reconnects != streams/2 || counts.Live != streams {
			t.Errorf("%+v", counts)
		}
		returning := 0
		f.DrainTimes(func(times fleet.Times) { returning += len(times.Returning) })
		if returning != streams/2 {
			t.Errorf("%d times of returning", returning)
		}
	})
}

func TestAStreamTakesTheNextURLWhenItComesBack(t *testing.T) {
	first, second := startHub(t, "h1"), startHub(t, "h1")
	options := first.options("h1", 4)
	options.URLs = append(options.URLs, second.server.URL+"/v1/stream")
	f := begin(t, options)
	awaitLive(t, f)
	if len(first.came()) != 2 || len(second.came()) != 2 {
		t.Error("they are not taken in turn")
	}
	// Its clients see it vanish right behind an event: both may be read at once.
	first.say(event("e1", 0))
	awaitEvents(t, f, 2)
	first.server.CloseClientConnections()
	await(t, f, "two to come back", func(c fleet.Counts) bool { return c.Returned == 2 })
	if came := second.came(); len(came) != 4 || came[3].lastEventID != "e1" {
		t.Errorf("%+v", came)
	}
}

func TestAnEndThatComesWithTheLastEventIsSeen(t *testing.T) {
	h := startHub(t, "h1")
	h.answers = func(w http.ResponseWriter, _ *http.Request) bool {
		conn, writer, _ := w.(http.Hijacker).Hijack()
		defer conn.Close()
		// No chunks: nothing but the end of the connection tells the end.
		_, _ = writer.WriteString("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + liveBlock + event("x", 0))
		_ = writer.Flush()
		return true
	}
	f := begin(t, h.options("h1", 10))
	await(t, f, "all to come back again and again", func(c fleet.Counts) bool { return c.Returned >= 200 })
}

func TestTheServerSaysWhenToComeBack(t *testing.T) {
	const retry = 40 * time.Millisecond
	h := startHub(t, "h1")
	options := h.options("h1", 3)
	options.ReconnectDelay = nil
	f := begin(t, options)
	awaitLive(t, f)
	ended := time.Now()
	h.end("retry: 40\nevent: hub.bye\ndata: {\"reason\":\"draining\",\"retry\":40}\n\n")
	await(t, f, "all to come back", func(c fleet.Counts) bool { return c.Returned == 3 })
	for _, again := range h.came()[3:] {
		if away := again.at.Sub(ended); away < retry || away > defaultDelay {
			t.Errorf("one was away for %v", away)
		}
	}
	if byes := f.Counts().Byes; byes["draining"] != 3 {
		t.Errorf("%v", byes)
	}
}

// What a browser waits that was never told, which a test can not.
const defaultDelay = 3 * time.Second

func TestStreamsStayAwayAsLongAsTheyAreToldTo(t *testing.T) {
	const away = 50 * time.Millisecond
	h := startHub(t, "h1")
	options := h.options("h1", 3)
	options.KeepAway = away
	f := begin(t, options)
	awaitLive(t, f)
	cut := time.Now()
	f.Cut(1)
	await(t, f, "all to come back", func(c fleet.Counts) bool { return c.Returned == 3 })
	for _, again := range h.came()[3:] {
		if again.at.Sub(cut) < away {
			t.Errorf("one was away for %v", again.at.Sub(cut))
		}
	}
}

func TestARefusalIsForGood(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer func(http.ResponseWriter)
		why    string
		status int
	}{
		{"a status", func(w http.ResponseWriter) { http.Error(w, strings.Repeat("no such topic ", 100), 403) }, "no such topic", 403},
		{"no body", func(w http.ResponseWriter) { w.WriteHeader(500) }, "", 500},
		{"a redirection", func(w http.ResponseWriter) { w.Header().Set("Location", "/"); w.WriteHeader(307) }, "", 307},
		{"not a stream", func(w http.ResponseWriter) { w.Header().Set("Content-Type", "text/html") }, "text/html", 200},
	} {
		for _, carrier := range []string{"h1", "h2c"} {
			t.Run(test.name+" "+carrier, func(t *testing.T) {
				h := startHub(t, carrier)
				h.answers = func(w http.ResponseWriter, _ *http.Request) bool { test.answer(w); return true }
				f := begin(t, h.options(carrier, 3))
				await(t, f, "all to give up", func(c fleet.Counts) bool { return c.Ended == 3 })
				if counts := f.Counts(); counts.Refused != 3 || counts.Live != 0 {
					t.Errorf("%+v", counts)
				}
				refusal := f.Refusal()
				if refusal.Status != test.status || !strings.Contains(refusal.Why, test.why) || len(refusal.Why) > 300 {
					t.Error(refusal)
				}
				if len(h.came()) != 3 {
					t.Errorf("%d visits", len(h.came()))
				}
			})
		}
	}
}

func TestAStreamThatIsToldThatNothingWillComeDoesNotComeBack(t *testing.T) {
	for _, carrier := range []string{"h1", "h2c"} {
		h := startHub(t, carrier)
		h.answers = func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(204); return true }
		f := begin(t, h.options(carrier, 3))
		await(t, f, "all to end", func(c fleet.Counts) bool { return c.Ended == 3 })
		if counts := f.Counts(); counts.Refused != 0 || len(h.came()) != 3 {
			t.Errorf("%+v, %d visits", counts, len(h.came()))
		}
	}
}

func TestAServerThatIsAwayIsTriedAgain(t *testing.T) {
	h := startHub(t, "h1")
	options := h.options("h1", 2)
	options.URLs = append([]string{"http://127.0.0.1:1/"}, options.URLs...)
	f := begin(t, options)
	awaitLive(t, f)
	if f.Fault() == nil {
		t.Error("that one is away is not told")
	}
	if counts := f.Counts(); counts.Reconnects != 0 {
		t.Errorf("who was never live did not come back: %+v", counts)
	}
}

func TestAPausedStreamHoldsTheServerUp(t *testing.T) {
	eachCarrier(t, func(t *testing.T, carrier string) {
		// What the kernel takes in on its own, and what an HTTP/2 window does.
		most := map[bool]int{false: 64 << 20, true: 256 << 10}[strings.HasPrefix(carrier, "h2")]
		h := startHub(t, carrier)
		blocked := make(chan int, 1)
		var once sync.Once
		h.answers = func(w http.ResponseWriter, r *http.Request) bool {
			isFirst := false
			once.Do(func() { isFirst = true })
			if !isFirst {
				return false
			}
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = w.Write([]byte(liveBlock))
			w.(http.Flusher).Flush()
			<-h.begun
			block := []byte("data: " + strings.Repeat("x", 16_000) + "\n\n")
			sent := 0
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(400 * time.Millisecond))
			for sent < 64<<20 {
				n, err := w.Write(block)
				sent += n
				if err != nil {
					break
				}
			}
			blocked <- sent
			return true
		}
		f := begin(t, h.options(carrier, 1))
		awaitLive(t, f)
		if paused := f.Pause(1); paused != 1 {
			t.Errorf("%d are paused", paused)
		}
		close(h.begun)
		if sent := <-blocked; sent >= most {
			t.Error("the server was never held up")
		}
		if counts := f.Counts(); counts.Events > 1 {
			t.Errorf("%+v", counts)
		}
		f.Resume()
		await(t, f, "it to come back", func(c fleet.Counts) bool { return c.Returned == 1 })
		h.say(event("x", 0))
		awaitEvents(t, f, f.Counts().Events+1)
	})
}

func TestWhatWasHeldUpComesWhenAStreamReadsAgain(t *testing.T) {
	eachCarrier(t, func(t *testing.T, carrier string) {
		h := startHub(t, carrier)
		f := begin(t, h.options(carrier, 4))
		awaitLive(t, f)
		f.Pause(0.5)
		for number := range 50 {
			h.say(event("x", uint32(number)))
		}
		awaitEvents(t, f, 2*50)
		f.Resume()
		awaitEvents(t, f, 4*50)
		if counts := f.Counts(); counts.Lost != 0 || counts.Repeated != 0 {
			t.Errorf("%+v", counts)
		}
		// One that is paused can be cut, and comes back to read nothing until it may.
		f.Pause(1)
		f.Cut(1)
		await(t, f, "all to be away", func(c fleet.Counts) bool { return c.Reconnects == 4 })
		f.Resume()
		await(t, f, "all to come back", func(c fleet.Counts) bool { return c.Returned == 4 })
	})
}

func TestLargeEventsComeWhole(t *testing.T) {
	eachCarrier(t, func(t *testing.T, carrier string) {
		h := startHub(t, carrier)
		f, err := fleet.New(h.options(carrier, 3))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(f.Close)
		payload := make([]byte, 300_000)
		for at := range payload {
			payload[at] = byte('a' + rand.Intn(26))
		}
		got := make(chan fleet.Event, 100)
		f.Listen(func(event fleet.Event) { got <- event })
		f.Start()
		awaitLive(t, f)
		for range 5 {
			h.say("event: large\nid: 9\ndata: " + string(payload) + "\n\n")
		}
		awaitEvents(t, f, 15)
		for range 15 {
			if event := <-got; event.Data != string(payload) || event.Type != "large" || event.ID != "9" {
				t.Fatalf("stream %d got %d bytes of %q", event.Stream, len(event.Data), event.Type)
			}
		}
	})
}

func TestNoMoreStreamsAreUnderWayThanMayBe(t *testing.T) {
	const limit = 5
	h := startHub(t, "h1")
	var mutex sync.Mutex
	under, most := 0, 0
	h.greets = func(visitor) string {
		mutex.Lock()
		under++
		most = max(most, under)
		mutex.Unlock()
		// Others get here meanwhile, if they may.
		for range 100 {
			runtime.Gosched()
		}
		mutex.Lock()
		under--
		mutex.Unlock()
		return liveBlock
	}
	options := h.options("h1", 60)
	options.UnderWay = limit
	f := begin(t, options)
	awaitLive(t, f)
	f.Cut(1)
	await(t, f, "all to come back", func(c fleet.Counts) bool { return c.Returned == 60 })
	if most > limit || most < 2 {
		t.Errorf("%d at once", most)
	}
}

func TestConnectionsComeAtTheirPace(t *testing.T) {
	h := startHub(t, "h1")
	options := h.options("h1", 20)
	options.ConnectionsPerSecond = 200
	begun := time.Now()
	f := begin(t, options)
	awaitLive(t, f)
	if took := time.Since(begun); took < 90*time.Millisecond {
		t.Errorf("20 at 200 a second took %v", took)
	}
}

func TestTheHeadOfTheAnswerIsEnoughWhereNoEventSaysLive(t *testing.T) {
	for _, carrier := range []string{"h1", "h2c"} {
		h := startHub(t, carrier)
		h.greets = func(visitor) string { return ": ok\n\n" }
		options := h.options(carrier, 3)
		options.Live = ""
		awaitLive(t, begin(t, options))
	}
}

func TestAServerThatTakesFewStreamsOnAConnectionGetsMoreConnections(t *testing.T) {
	h := startHub(t, "h2c", func(server *httptest.Server) {
		server.Config.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: 7}
	})
	f := begin(t, h.options("h2c", 30))
	awaitLive(t, f)
	remotes := map[string]bool{}
	for _, came := range h.came() {
		remotes[came.remote] = true
	}
	// None was opened in vain.
	if len(remotes) < 5 || len(h.came()) != 30 || f.Fault() != nil {
		t.Errorf("%d connections, %d visits, %v", len(remotes), len(h.came()), f.Fault())
	}
}

func TestThousandsOfStreamsAreOneFleetAndNothingIsLeftOfThem(t *testing.T) {
	for _, carrier := range []string{"h1", "h2c"} {
		t.Run(carrier, func(t *testing.T) {
			const streams = 5_000
			h := startHub(t, carrier)
			before := runtime.NumGoroutine()
			f := begin(t, h.options(carrier, streams))
			awaitLive(t, f)
			for number := range 3 {
				h.say(event("x", uint32(number)))
				awaitEvents(t, f, int64(number+1)*streams)
			}
			f.Close()
			if counts := f.Counts(); counts.Live != 0 || counts.Lost != 0 || counts.Events != 3*streams {
				t.Errorf("%+v", counts)
			}
			h.server.CloseClientConnections()
			deadline := time.Now().Add(patience)
			for runtime.NumGoroutine() > before {
				if time.Now().After(deadline) {
					t.Fatalf("%d goroutines are left of %d", runtime.NumGoroutine(), before)
				}
				runtime.Gosched()
			}
		})
	}
}
