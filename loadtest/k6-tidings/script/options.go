package script

import (
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/grafana/sobek"

	"go.k6.io/k6/js/modules"
	"go.k6.io/k6/lib/netext"
	"go.k6.io/k6/metrics"

	"github.com/tidings/tidings/loadtest/k6-tidings/fleet"
)

// streamsOptions are as a script writes them; k6's field names make them camelCase.
type streamsOptions struct {
	URL                  any               `js:"url"`
	Streams              int               `js:"streams"`
	Topics               int               `js:"topics"`
	Spread               *bool             `js:"spread"`
	HTTP                 string            `js:"http"`
	StreamsPerConnection int               `js:"streamsPerConnection"`
	ConnectionsPerSecond float64           `js:"connectionsPerSecond"`
	UnderWay             int               `js:"underWay"`
	Headers              map[string]string `js:"headers"`
	Tokens               []string          `js:"tokens"`
	LastEventID          string            `js:"lastEventId"`
	Live                 *string           `js:"live"`
	ReconnectDelayMs     *float64          `js:"reconnectDelayMs"`
	KeepAwayMs           float64           `js:"keepAwayMs"`
	Tags                 map[string]string `js:"tags"`
}

func readStreamsOptions(runtime *sobek.Runtime, argument sobek.Value) (streamsOptions, error) {
	var o streamsOptions
	if err := runtime.ExportTo(argument, &o); err != nil {
		return o, fmt.Errorf("options: %w", err)
	}
	return o, nil
}

func (o streamsOptions) urls() ([]string, error) {
	switch url := o.URL.(type) {
	case string:
		return []string{url}, nil
	case []any:
		urls := make([]string, 0, len(url))
		for _, each := range url {
			urls = append(urls, fmt.Sprint(each))
		}
		return urls, nil
	default:
		return nil, fmt.Errorf("url is neither a string nor an array of them")
	}
}

// toFleet adds what k6 was told on its command line: how to dial, which certificates to trust, who it says it is.
func (o streamsOptions) toFleet(vu modules.VU) (fleet.Options, error) {
	state := vu.State()
	sharePorts(state.Dialer)
	urls, err := o.urls()
	if err != nil {
		return fleet.Options{}, err
	}
	if o.HTTP != "" && o.HTTP != "h1" && o.HTTP != "h2" {
		return fleet.Options{}, fmt.Errorf("http is %q: h1 or h2", o.HTTP)
	}
	header := http.Header{}
	if agent := state.Options.UserAgent; agent.Valid {
		header.Set("User-Agent", agent.String)
	}
	for name, value := range o.Headers {
		header.Set(name, value)
	}
	options := fleet.Options{
		URLs: urls, Streams: o.Streams, Together: o.Spread != nil && !*o.Spread, Topics: o.Topics, HTTP2: o.HTTP == "h2",
		StreamsPerConnection: o.StreamsPerConnection, ConnectionsPerSecond: o.ConnectionsPerSecond,
		UnderWay: o.UnderWay, Header: header, Tokens: o.Tokens, LastEventID: o.LastEventID, Live: "hub.live",
		KeepAway: toDuration(o.KeepAwayMs), Dial: state.Dialer.DialContext, TLS: state.TLSConfig,
		Bare: bare,
	}
	if o.Live != nil {
		options.Live = *o.Live
	}
	if o.ReconnectDelayMs != nil {
		delay := toDuration(*o.ReconnectDelayMs)
		options.ReconnectDelay = &delay
	}
	return options, nil
}

// bare takes k6's counting off a connection: what is read past it is added to the same counter.
func bare(conn net.Conn) (net.Conn, *int64) {
	if counting, isCounting := conn.(*netext.Conn); isCounting {
		return counting.Conn, counting.BytesRead
	}
	return conn, nil
}

// tagsOf are those of the VU, and those of the script.
func (o streamsOptions) tagsOf(vu modules.VU) metrics.TagsAndMeta {
	tags := vu.State().Tags.GetCurrentValues()
	tags.Tags = tags.Tags.WithTagsFromMap(o.Tags)
	return tags
}

func toDuration(ms float64) time.Duration {
	return time.Duration(ms * float64(time.Millisecond))
}
