package mark

// Sequence checks that a stream gets every event of its topics once. The zero value has seen nothing.
type Sequence struct {
	// One more than the newest number of each channel, so that zero says that there was none.
	next [Channels]uint32
}

// Verdict is what a number says about the events before it.
type Verdict struct {
	// Lost is how many numbers were jumped over.
	Lost int64
	// Repeated says that this one, or a later one, came before.
	Repeated bool
}

// Take checks the next number of a stream. The first of a channel is taken as it is: a stream may begin anywhere.
func (s *Sequence) Take(number uint32) Verdict {
	next := &s.next[number/ChannelSize%Channels]
	switch {
	case *next == 0 || number == *next:
		*next = number + 1
		return Verdict{}
	case number > *next:
		lost := int64(number - *next)
		*next = number + 1
		return Verdict{Lost: lost}
	default:
		return Verdict{Repeated: true}
	}
}
