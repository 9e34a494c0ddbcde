package script

import "math/rand/v2"

// Of each sixteenth of the streams, every 200 ms: 10,240 a second in all. k6 takes a microsecond or two for each sample, and
// keeps and sorts them all; at high rates it would be busier with times than with streams.
const mostLatencies = 128

// thin gives back so many values that their quantiles are those of all, and the largest of all. One value is drawn from each
// run of neighbours: events of a burst stand side by side, and taking every tenth would always take the same of each burst.
// It works in place.
func thin(values []float64) []float64 {
	if len(values) <= mostLatencies {
		return values
	}
	largest := values[0]
	for _, value := range values {
		largest = max(largest, value)
	}
	for place := range mostLatencies {
		from, to := place*len(values)/mostLatencies, (place+1)*len(values)/mostLatencies
		values[place] = values[from+rand.IntN(to-from)]
	}
	values[mostLatencies] = largest
	return values[:mostLatencies+1]
}
