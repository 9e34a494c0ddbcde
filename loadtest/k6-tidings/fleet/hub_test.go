package fleet_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/tidings/tidings/loadtest/k6-tidings/fleet"
	"github.com/tidings/tidings/loadtest/k6-tidings/mark"
)

const liveBlock = "event: hub.live\ndata: {}\n\n"

// hub is a server that says to its streams what a test wants.
type hub struct {
	server *httptest.Server
	// greets is what a stream gets first.
	greets func(visitor) string
	// answers takes a request in place of a stream; nil, or false, lets it become one.
	answers func(http.ResponseWriter, *http.Request) bool

	mutex    sync.Mutex
	visitors []visitor
	streams  map[int]chan string
	next     int
	most     int
	// Closed by a test when a server may go on.
	begun chan struct{}
}

// visitor is one request of a stream.
type visitor struct {
	target, lastEventID, token string
	remote                     string
	at                         time.Time
}

// carriers are the ways to a hub.
var carriers = []string{"h1", "h1 over TLS", "h2c", "h2"}

func startHub(t *testing.T, carrier string, configure ...func(*httptest.Server)) *hub {
	t.Helper()
	h := &hub{begun: make(chan struct{}), streams: map[int]chan string{}, greets: func(visitor) string { return liveBlock }}
	h.server = httptest.NewUnstartedServer(h)
	for _, each := range configure {
		each(h.server)
	}
	switch carrier {
	case "h2c":
		protocols := new(http.Protocols)
		protocols.SetUnencryptedHTTP2(true)
		h.server.Config.Protocols = protocols
		h.server.Start()
	case "h1":
		h.server.Start()
	default:
		h.server.EnableHTTP2 = carrier == "h2"
		h.server.StartTLS()
	}
	t.Cleanup(func() {
		h.server.CloseClientConnections()
		h.server.Close()
	})
	return h
}

func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	came := visitor{r.URL.RequestURI(), r.Header.Get("Last-Event-ID"), r.Header.Get("Authorization"), r.RemoteAddr, time.Now()}
	h.mutex.Lock()
	h.visitors = append(h.visitors, came)
	h.mutex.Unlock()
	if h.answers != nil && h.answers(w, r) {
		return
	}
	said := make(chan string, 1024)
	h.mutex.Lock()
	id := h.next
	h.next++
	h.streams[id] = said
	h.most = max(h.most, len(h.streams))
	h.mutex.Unlock()
	defer func() {
		h.mutex.Lock()
		defer h.mutex.Unlock()
		delete(h.streams, id)
	}()
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	send := func(text string) {
		_, _ = io.WriteString(w, text)
		w.(http.Flusher).Flush()
	}
	send(h.greets(came))
	for {
		select {
		case text, isMore := <-said:
			if !isMore {
				return
			}
			send(text)
		case <-r.Context().Done():
			return
		}
	}
}

// say sends the same to every stream that is connected.
func (h *hub) say(text string) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	for _, said := range h.streams {
		said <- text
	}
}

// end closes all streams in good order, after saying a last thing.
func (h *hub) end(last string) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	for id, said := range h.streams {
		said <- last
		close(said)
		delete(h.streams, id)
	}
}

func (h *hub) came() []visitor {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return append([]visitor(nil), h.visitors...)
}

// event is a marked one, sent now.
func event(id string, number uint32) string {
	data := mark.Append([]byte("xxxx"), mark.Mark{SentUs: time.Now().UnixMicro(), Number: number})
	return fmt.Sprintf("id: %s\ndata: %s\n\n", id, data)
}

// options of streams to a hub, which come back at once.
func (h *hub) options(carrier string, streams int) fleet.Options {
	atOnce := time.Duration(0)
	roots := x509.NewCertPool()
	if h.server.Certificate() != nil {
		roots.AddCert(h.server.Certificate())
	}
	return fleet.Options{
		URLs: []string{h.server.URL + "/v1/stream?topic=t.{n}"}, Streams: streams, Live: "hub.live",
		HTTP2: carrier == "h2c" || carrier == "h2", ReconnectDelay: &atOnce,
		TLS: &tls.Config{RootCAs: roots},
	}
}

// begin starts streams; they are closed with the test.
func begin(t *testing.T, options fleet.Options) *fleet.Fleet {
	t.Helper()
	f, err := fleet.New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	f.Start()
	return f
}

const patience = 20 * time.Second

// await waits until the counts are as wanted.
func await(t *testing.T, f *fleet.Fleet, what string, holds func(fleet.Counts) bool) {
	t.Helper()
	outcome := make(chan fleet.Outcome, 1)
	f.Await(holds, patience, func(o fleet.Outcome) { outcome <- o })
	if <-outcome != fleet.Reached {
		t.Fatalf("waited for %s: %+v; %v; %v", what, f.Counts(), f.Refusal(), f.Fault())
	}
}

func awaitLive(t *testing.T, f *fleet.Fleet) {
	t.Helper()
	await(t, f, "all to be live", func(c fleet.Counts) bool { return c.Live == c.Streams })
}

func awaitEvents(t *testing.T, f *fleet.Fleet, events int64) {
	t.Helper()
	outcome := make(chan fleet.Outcome, 1)
	f.AwaitEvents(events, patience, func(o fleet.Outcome) { outcome <- o })
	if <-outcome != fleet.Reached {
		t.Fatalf("waited for %d events: %+v", events, f.Counts())
	}
}

// eachCarrier runs a test over every way to a hub.
func eachCarrier(t *testing.T, test func(t *testing.T, carrier string)) {
	for _, carrier := range carriers {
		t.Run(carrier, func(t *testing.T) { test(t, carrier) })
	}
}
