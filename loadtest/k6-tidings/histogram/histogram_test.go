package histogram

import (
	"math"
	"math/rand"
	"slices"
	"testing"
)

func TestQuantilesAreExactToOnePercent(t *testing.T) {
	h := &Histogram{}
	var values []float64
	for range 10_000 {
		value := math.Exp(rand.NormFloat64() * 4)
		values = append(values, value)
		h.Add(value)
	}
	slices.Sort(values)
	trend := h.Spread()
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
	h := &Histogram{}
	for _, value := range []float64{-5, 0, 0, 8} {
		h.Add(value)
	}
	if got := h.Spread(); got.P50 != 0 || got.P99 != 8 || got.Max != 8 || got.Count != 4 {
		t.Errorf("%+v", got)
	}
	h = &Histogram{}
	if h.Add(-3); h.Spread() != (Spread{Count: 1, P50: -3, P95: -3, P99: -3, Max: -3}) {
		t.Error("the largest of what is below zero is not told")
	}
}

func TestMergedHistogramsAreOneOfAllValues(t *testing.T) {
	var one, other, all Histogram
	for place := range 1_000 {
		value := rand.Float64()*100 - 10
		all.Add(value)
		if place%3 == 0 {
			one.Add(value)
		} else {
			other.Add(value)
		}
	}
	one.Merge(&other)
	one.Merge(&Histogram{})
	if one.Spread() != all.Spread() || one.Count() != 1_000 {
		t.Errorf("%+v, not %+v", one.Spread(), all.Spread())
	}
}
