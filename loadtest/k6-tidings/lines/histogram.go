package lines

import "math"

const (
	// 64 steps for each doubling: neighbours differ by 1.1%.
	steps = 64
	// From 2^-20, far below a microsecond in milliseconds, to 2^44.
	lowest  = -20
	highest = 44
)

// histogram counts values in steps of about 1%, at the same small cost for any number of them. Values that are not
// above zero are all one.
type histogram struct {
	count   int64
	max     float64
	none    int64
	buckets [(highest - lowest) * steps]int64
}

func (h *histogram) add(value float64) {
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

// take gives back how the values were spread, and forgets them.
func (h *histogram) take() Trend {
	trend := Trend{Count: h.count, P50: h.quantile(0.5), P95: h.quantile(0.95), P99: h.quantile(0.99), Max: h.max}
	*h = histogram{}
	return trend
}

// quantile is the upper edge of a bucket, so that none is told smaller than it was; none exceeds the largest value.
func (h *histogram) quantile(share float64) float64 {
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
