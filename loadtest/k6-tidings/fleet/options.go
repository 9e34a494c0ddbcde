package fleet

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Options says which streams a fleet opens, and how.
type Options struct {
	// URLs are taken in turn; a stream that must come back takes the next one. {n} stands for the number of the
	// stream, modulo Topics.
	URLs    []string
	Streams int
	// Together has all streams begin at the first URL.
	Together bool
	// Topics defaults to Streams.
	Topics int
	// HTTP2 is h2c for http URLs, and h2 by ALPN for https URLs.
	HTTP2 bool
	// StreamsPerConnection is for HTTP/2; the default is 100.
	StreamsPerConnection int
	// ConnectionsPerSecond paces the first opening; 0 opens them as fast as they are taken.
	ConnectionsPerSecond float64
	// UnderWay is how many streams may be on their way to live at once, first time and later; the default is 200.
	UnderWay int
	Header   http.Header
	// Tokens are sent as bearers, taken in turn.
	Tokens      []string
	LastEventID string
	// Live is the type of the event with which a stream counts as live; with an empty one the head of a 200 does.
	Live string
	// ReconnectDelay stands in for the reconnection time of the server.
	ReconnectDelay *time.Duration
	// KeepAway is how long a stream stays away at least after it was cut.
	KeepAway time.Duration

	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	TLS  *tls.Config
	// Bare takes a wrapper that counts off a connection, and gives back its counter of bytes read.
	Bare func(net.Conn) (net.Conn, *int64)
}

const (
	defaultStreamsPerConnection = 100
	defaultUnderWay             = 200
	// What browsers wait where a server never said how long.
	defaultReconnectDelay = 3 * time.Second
)

// complete checks the options and fills in the defaults.
func (o Options) complete() (Options, error) {
	if len(o.URLs) == 0 {
		return o, errors.New("a fleet needs a url")
	}
	for _, raw := range o.URLs {
		parsed, err := url.Parse(strings.ReplaceAll(raw, "{n}", "0"))
		if err != nil {
			return o, fmt.Errorf("url %q: %w", raw, err)
		}
		if (parsed.Scheme != "http" && parsed.Scheme != "https") || parsed.Host == "" {
			return o, fmt.Errorf("url %q: it is neither http:// nor https://", raw)
		}
	}
	if o.Streams < 1 {
		return o, fmt.Errorf("streams is %d: a fleet has at least one", o.Streams)
	}
	if o.Topics < 0 || o.StreamsPerConnection < 0 || o.UnderWay < 0 || o.ConnectionsPerSecond < 0 {
		return o, errors.New("topics, streamsPerConnection, underWay and connectionsPerSecond can not be below 0")
	}
	if o.Topics == 0 {
		o.Topics = o.Streams
	}
	if o.StreamsPerConnection == 0 {
		o.StreamsPerConnection = defaultStreamsPerConnection
	}
	if o.UnderWay == 0 {
		o.UnderWay = defaultUnderWay
	}
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	return o, nil
}
