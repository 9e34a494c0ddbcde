// Package histogram counts values in steps of about 1%, at the same small cost for any number of them.
package histogram

import "math"

const (
	// 64 steps for each doubling: neighbours differ by 1.1%.
	steps = 64
	// From 2^-20, far below a microsecond in milliseconds, to 2^44.
	lowest  = -20
	highest = 44
)

// Spread is how values were spread; quantiles are exact to 1%.
type Spread struct {
	Count int64   `json:"count" js:"count"`
	P50   float64 `json:"p50" js:"p50"`
	P95   float64 `json:"p95" js:"p95"`
	P99   float64 `json:"p99" js:"p99"`
	Max   float64 `json:"max" js:"max"`
}

// Histogram is how values were spread; the zero value has none. Values that are not above zero are all one.
type Histogram struct {
	count   int64
	max     float64
	none    int64
	buckets [(highest - lowest) * steps]int64
}

// Add counts a value.
func (h *Histogram) Add(value float64) {
	if h.count == 0 || value > h.max {
		h.max = value
	}
	h.count++
	if value <= 0 || math.IsNaN(value) {
		h.none++
		return
	}
	at := int((math.Log2(value) - lowest) * steps)
	h.buckets[min(max(at, 0), len(h.buckets)-1)]++
}

// Count is how many values there were.
func (h *Histogram) Count() int64 { return h.count }

// Merge counts all values of another one.
func (h *Histogram) Merge(other *Histogram) {
	if other.count > 0 && (h.count == 0 || other.max > h.max) {
		h.max = other.max
	}
	h.count += other.count
	h.none += other.none
	for at, count := range other.buckets {
		h.buckets[at] += count
	}
}

// Spread tells how the values were spread.
func (h *Histogram) Spread() Spread {
	return Spread{Count: h.count, P50: h.quantile(0.5), P95: h.quantile(0.95), P99: h.quantile(0.99), Max: h.max}
}

// quantile is the upper edge of a bucket, so that none is told smaller than it was; none exceeds the largest value.
func (h *Histogram) quantile(share float64) float64 {
	rank := int64(math.Ceil(float64(h.count) * share))
	seen := h.none
	if seen >= rank {
		return math.Min(0, h.max)
	}
	for at, count := range h.buckets {
		seen += count
		if seen >= rank {
			return math.Min(math.Exp2(float64(at+1)/steps+lowest), h.max)
		}
	}
	return h.max
}
