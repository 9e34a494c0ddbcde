package lines

import (
	"time"

	"go.k6.io/k6/metrics"

	"github.com/tidings/tidings/loadtest/k6-tidings/histogram"
)

// Line is what one interval brought. Names that it brought nothing for are left out, but gauges keep their value.
type Line struct {
	// Time is the end of the interval, in seconds of Unix time.
	Time float64 `json:"time"`
	// Counters are the sums of the interval, Gauges the newest values.
	Counters map[string]float64          `json:"counters"`
	Gauges   map[string]float64          `json:"gauges"`
	Trends   map[string]histogram.Spread `json:"trends"`
	Rates    map[string]Rate             `json:"rates"`
}

// Rate is how many of the values of the interval were not zero.
type Rate struct {
	Trues int64 `json:"trues"`
	Total int64 `json:"total"`
}

// summary adds the samples of an interval up.
type summary struct {
	counters map[string]float64
	gauges   map[string]float64
	trends   map[string]*histogram.Histogram
	rates    map[string]Rate
}

func newSummary() *summary {
	return &summary{
		counters: map[string]float64{},
		gauges:   map[string]float64{},
		trends:   map[string]*histogram.Histogram{},
		rates:    map[string]Rate{},
	}
}

func (s *summary) add(sample metrics.Sample) {
	name := sample.Metric.Name
	switch sample.Metric.Type {
	case metrics.Counter:
		s.counters[name] += sample.Value
	case metrics.Gauge:
		s.gauges[name] = sample.Value
	case metrics.Trend:
		trend := s.trends[name]
		if trend == nil {
			trend = &histogram.Histogram{}
			s.trends[name] = trend
		}
		trend.Add(sample.Value)
	case metrics.Rate:
		rate := s.rates[name]
		rate.Total++
		if sample.Value != 0 {
			rate.Trues++
		}
		s.rates[name] = rate
	}
}

// take gives back the line of the interval that ends now, and begins the next.
func (s *summary) take(now time.Time) Line {
	line := Line{
		Time:     float64(now.UnixMilli()) / 1000,
		Counters: s.counters,
		Gauges:   s.gauges,
		Trends:   map[string]histogram.Spread{},
		Rates:    s.rates,
	}
	for name, trend := range s.trends {
		if trend.Count() > 0 {
			line.Trends[name] = trend.Spread()
			*trend = histogram.Histogram{}
		}
	}
	s.counters, s.rates = map[string]float64{}, map[string]Rate{}
	return line
}
