package lines

import (
	"encoding/json"
	"math"
	"math/rand"
	"slices"
	"testing"
	"time"

	"go.k6.io/k6/metrics"
)

func TestQuantilesAreExactToOnePercent(t *testing.T) {
	h := &histogram{}
	var values []float64
	for range 10_000 {
		value := math.Exp(rand.NormFloat64() * 4)
		values = append(values, value)
		h.add(value)
	}
	slices.Sort(values)
	trend := h.take()
	for share, got := range map[float64]float64{0.5: trend.P50, 0.95: trend.P95, 0.99: trend.P99} {
		want := values[int(math.Ceil(share*float64(len(values))))-1]
		if got < want || got > want*1.011 {
			t.Errorf("the quantile %v is %v, not %v", share, got, want)
		}
	}
	if trend.Max != values[len(values)-1] || trend.Count != 10_000 {
		t.Errorf("%+v", trend)
	}
}

func TestZerosAndNegativeValuesAreCounted(t *testing.T) {
	h := &histogram{}
	for _, value := range []float64{-5, 0, 0, 8} {
		h.add(value)
	}
	if got := h.take(); got.P50 != 0 || got.P99 != 8 || got.Max != 8 || got.Count != 4 {
		t.Errorf("%+v", got)
	}
	if h.add(-3); h.take() != (Trend{Count: 1, P50: -3, P95: -3, P99: -3, Max: -3}) {
		t.Error("the largest of what is below zero is not told")
	}
}

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
