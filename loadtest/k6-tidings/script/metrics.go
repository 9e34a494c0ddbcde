package script

import (
	"sync/atomic"
	"time"

	"go.k6.io/k6/metrics"

	"github.com/tidings/tidings/loadtest/k6-tidings/fleet"
)

// sseMetrics are what the streams tell k6.
type sseMetrics struct {
	latency, connecting, returning       *metrics.Metric
	events, gaps, duplicates, reconnects *metrics.Metric
	refused, bytes, live                 *metrics.Metric
}

func registerMetrics(registry *metrics.Registry) (*sseMetrics, error) {
	m := &sseMetrics{}
	for _, wanted := range []struct {
		to       **metrics.Metric
		name     string
		kind     metrics.MetricType
		contains metrics.ValueType
	}{
		{&m.latency, "sse_event_latency", metrics.Trend, metrics.Time},
		{&m.connecting, "sse_connecting", metrics.Trend, metrics.Time},
		{&m.returning, "sse_returning", metrics.Trend, metrics.Time},
		{&m.events, "sse_events", metrics.Counter, metrics.Default},
		{&m.gaps, "sse_gaps", metrics.Counter, metrics.Default},
		{&m.duplicates, "sse_duplicates", metrics.Counter, metrics.Default},
		{&m.reconnects, "sse_reconnects", metrics.Counter, metrics.Default},
		{&m.refused, "sse_refused", metrics.Counter, metrics.Default},
		{&m.bytes, "sse_bytes", metrics.Counter, metrics.Data},
		{&m.live, "sse_live", metrics.Gauge, metrics.Default},
	} {
		metric, err := registry.NewMetric(wanted.name, wanted.kind, wanted.contains)
		if err != nil {
			return nil, err
		}
		*wanted.to = metric
	}
	return m, nil
}

// meter turns what a fleet has counted since the last time into samples.
type meter struct {
	metrics *sseMetrics
	tags    metrics.TagsAndMeta
	lost    *metrics.TagSet
	told    *metrics.TagSet
	// Streams of all fleets that are live now.
	live   *atomic.Int64
	before fleet.Counts
	begun  bool
}

func newMeter(m *sseMetrics, live *atomic.Int64, tags metrics.TagsAndMeta) *meter {
	made := &meter{metrics: m, live: live}
	made.use(tags)
	return made
}

func (m *meter) use(tags metrics.TagsAndMeta) {
	m.tags, m.lost, m.told = tags, tags.Tags.With("kind", "lost"), tags.Tags.With("kind", "told")
}

func (m *meter) tag(name, value string) {
	tags := m.tags
	tags.Tags = tags.Tags.With(name, value)
	m.use(tags)
}

// take gives back all samples as one container: k6 is sent to once, however many there are.
func (m *meter) take(f *fleet.Fleet, now time.Time) metrics.Samples {
	var samples metrics.Samples
	add := func(metric *metrics.Metric, tags *metrics.TagSet, value float64) {
		series := metrics.TimeSeries{Metric: metric, Tags: tags}
		samples = append(samples, metrics.Sample{TimeSeries: series, Time: now, Value: value, Metadata: m.tags.Metadata})
	}
	addAll := func(metric *metrics.Metric, values []float64) {
		for _, value := range values {
			add(metric, m.tags.Tags, value)
		}
	}
	counts := f.Counts()
	f.DrainTimes(func(times fleet.Times) {
		addAll(m.metrics.latency, thin(times.Latency))
		addAll(m.metrics.connecting, times.Connecting)
		addAll(m.metrics.returning, times.Returning)
	})
	addGrowth := func(metric *metrics.Metric, tags *metrics.TagSet, before, after int64) {
		// The first time even a zero is told, so that a threshold on it has something to hold for.
		if after > before || !m.begun {
			add(metric, tags, float64(after-before))
		}
	}
	tags := m.tags.Tags
	addGrowth(m.metrics.events, tags, m.before.Events, counts.Events)
	addGrowth(m.metrics.bytes, tags, m.before.Bytes, counts.Bytes)
	addGrowth(m.metrics.gaps, m.lost, m.before.Lost, counts.Lost)
	addGrowth(m.metrics.gaps, m.told, m.before.Gaps, counts.Gaps)
	addGrowth(m.metrics.duplicates, tags, m.before.Repeated, counts.Repeated)
	addGrowth(m.metrics.reconnects, tags, m.before.Reconnects, counts.Reconnects)
	addGrowth(m.metrics.refused, tags, m.before.Refused, counts.Refused)
	if counts.Live != m.before.Live || !m.begun {
		add(m.metrics.live, tags, float64(m.live.Add(counts.Live-m.before.Live)))
	}
	m.before, m.begun = counts, true
	return samples
}
