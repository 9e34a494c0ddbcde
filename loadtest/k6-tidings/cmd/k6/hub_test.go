package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// hub is the least that Tidings is to a client: streams of topics, and events that are published to them.
type hub struct {
	server *httptest.Server

	mutex   sync.Mutex
	streams map[chan string]string
	count   int
	// How often streams came, and behind which events.
	visits int
	behind []string
	agents map[string]bool
}

type published struct {
	Topic string `json:"topic"`
	Data  string `json:"data"`
}

func newHub() *hub {
	h := &hub{streams: map[chan string]string{}, agents: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/stream", h.stream)
	mux.HandleFunc("POST /v1/events", h.publish)
	h.server = httptest.NewUnstartedServer(mux)
	return h
}

func startHub(t *testing.T) *hub {
	h := newHub()
	h.server.Start()
	t.Cleanup(func() {
		h.server.CloseClientConnections()
		h.server.Close()
	})
	return h
}

func (h *hub) stream(w http.ResponseWriter, r *http.Request) {
	topic := r.URL.Query().Get("topic")
	if topic == "secret" {
		http.Error(w, "the token does not allow secret", http.StatusForbidden)
		return
	}
	said := make(chan string, 4096)
	h.mutex.Lock()
	h.streams[said] = topic
	h.visits++
	h.agents[r.UserAgent()] = true
	if id := r.Header.Get("Last-Event-ID"); id != "" {
		h.behind = append(h.behind, id)
	}
	h.mutex.Unlock()
	defer func() {
		h.mutex.Lock()
		defer h.mutex.Unlock()
		delete(h.streams, said)
	}()
	w.Header().Set("Content-Type", "text/event-stream")
	text := ": ok\nretry: 5\n\nevent: hub.live\ndata: {}\n\n"
	for {
		_, _ = io.WriteString(w, text)
		w.(http.Flusher).Flush()
		select {
		case text = <-said:
		case <-r.Context().Done():
			return
		}
	}
}

func (h *hub) publish(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var events []published
	if json.Unmarshal(body, &events) != nil {
		events = make([]published, 1)
		if err := json.Unmarshal(body, &events[0]); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	h.mutex.Lock()
	defer h.mutex.Unlock()
	for _, event := range events {
		h.count++
		for said, topic := range h.streams {
			if topic == event.Topic {
				said <- fmt.Sprintf("event: status\nid: e%d\ndata: %s\n\n", h.count, event.Data)
			}
		}
	}
	w.WriteHeader(http.StatusAccepted)
}
