package lines

import (
	"encoding/json"
	"testing"
	"time"

	"go.k6.io/k6/metrics"
)

func TestALineHasWhatItsIntervalBrought(t *testing.T) {
	registry := metrics.NewRegistry()
	s := newSummary()
	add := func(name string, kind metrics.MetricType, values ...float64) {
		metric := registry.MustNewMetric(name, kind)
		for _, value := range values {
			s.add(metrics.Sample{TimeSeries: metrics.TimeSeries{Metric: metric, Tags: registry.RootTagSet()}, Value: value})
		}
	}
	add("events", metrics.Counter, 3, 4)
	add("live", metrics.Gauge, 3, 5)
	add("latency", metrics.Trend, 2, 2)
	add("checks", metrics.Rate, 1, 0, 1)
	now := time.UnixMilli(1_795_883_594_801)
	for _, want := range []string{
		`{"time":1795883594.801,"counters":{"events":7},"gauges":{"live":5},"trends":{"latency":{"count":2,"p50":2,"p95":2,"p99":2,"max":2}},"rates":{"checks":{"trues":2,"total":3}}}`,
		`{"time":1795883594.801,"counters":{},"gauges":{"live":5},"trends":{},"rates":{}}`,
	} {
		if line, err := json.Marshal(s.take(now)); err != nil || string(line) != want {
			t.Errorf("%s, %v", line, err)
		}
	}
}
