package script

import (
	"math"
	"slices"
	"testing"
)

func TestFewLatenciesAreAllTold(t *testing.T) {
	values := []float64{3, 1, 2}
	if got := thin(slices.Clone(values)); !slices.Equal(got, values) {
		t.Errorf("%v", got)
	}
}

func TestManyLatenciesKeepTheirQuantilesAndTheLargest(t *testing.T) {
	// Bursts of ten, each event a millisecond later than the one before: a fixed stride would see one of the ten.
	var values []float64
	for range 2_000 {
		for place := range 10 {
			values = append(values, float64(place))
		}
	}
	values[777] = 1_000
	means := 0.0
	const rounds = 50
	for range rounds {
		got := thin(slices.Clone(values))
		if len(got) != mostLatencies+1 || slices.Max(got) != 1_000 {
			t.Fatalf("%d values, the largest %v", len(got), slices.Max(got))
		}
		for _, value := range got[:mostLatencies] {
			means += min(value, 9) / mostLatencies / rounds
		}
	}
	// The mean of all is 4.5; that of 6,400 draws is off by 0.04 once in a while, and by 0.3 never.
	if math.Abs(means-4.5) > 0.3 {
		t.Errorf("the mean is %v", means)
	}
}
