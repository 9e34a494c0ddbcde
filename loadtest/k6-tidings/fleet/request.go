package fleet

import (
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// request is what one visit of a stream asks, and where.
type request struct {
	url    *url.URL
	header http.Header
}

// requestOf makes the request of a stream for the server whose turn it is.
func (f *Fleet) requestOf(s *stream) (request, error) {
	o := &f.options
	raw := o.URLs[s.turn%len(o.URLs)]
	parsed, err := url.Parse(strings.ReplaceAll(raw, "{n}", strconv.Itoa(s.index%o.Topics)))
	if err != nil {
		return request{}, err
	}
	header := http.Header{"Accept": {"text/event-stream"}, "Cache-Control": {"no-store"}}
	for name, values := range o.Header {
		header[http.CanonicalHeaderKey(name)] = values
	}
	if len(o.Tokens) > 0 {
		header["Authorization"] = []string{"Bearer " + o.Tokens[s.index%len(o.Tokens)]}
	}
	if id := s.parser.LastEventID(); id != "" {
		header["Last-Event-Id"] = []string{id}
	}
	return request{url: parsed, header: header}, nil
}

func (r request) isTLS() bool { return r.url.Scheme == "https" }

// address is host and port to dial.
func (r request) address() string {
	if r.url.Port() != "" {
		return r.url.Host
	}
	if r.isTLS() {
		return net.JoinHostPort(r.url.Hostname(), "443")
	}
	return net.JoinHostPort(r.url.Hostname(), "80")
}
