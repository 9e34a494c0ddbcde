// Package mark makes and reads the mark at the end of an event's data, which says when the event was sent and as which
// of its topic.
package mark

import "time"

const (
	timeDigits   = 16
	numberDigits = 8
	sentinel     = '~'

	// Bytes is how long a mark is: 16 digits of microseconds, 8 digits of number, a tilde.
	Bytes = timeDigits + numberDigits + 1
	// ChannelSize is how many events one channel numbers; the digit before them names the channel.
	ChannelSize = 10_000_000
	// Channels is how many channels there are.
	Channels = 10
)

// Mark is when an event was sent, and as which of its topic.
type Mark struct {
	// SentUs is in microseconds of Unix time, so that sender and reader may be two machines with synchronised clocks.
	SentUs int64
	// Number is the channel times ChannelSize, plus a count that grows by one for each event of a topic.
	Number uint32
}

// Latency is how long ago the event was sent.
func (m Mark) Latency(now time.Time) time.Duration {
	return time.Duration(now.UnixMicro()-m.SentUs) * time.Microsecond
}

// Append puts the mark behind data.
func Append(data []byte, m Mark) []byte {
	data = appendDigits(data, uint64(m.SentUs), timeDigits)
	data = appendDigits(data, uint64(m.Number), numberDigits)
	return append(data, sentinel)
}

// Read finds the mark that data ends with; false when there is none.
func Read(data []byte) (Mark, bool) {
	if len(data) < Bytes || data[len(data)-1] != sentinel {
		return Mark{}, false
	}
	digits := data[len(data)-Bytes:]
	sent, isTime := readDigits(digits[:timeDigits])
	number, isNumber := readDigits(digits[timeDigits : timeDigits+numberDigits])
	return Mark{SentUs: int64(sent), Number: uint32(number)}, isTime && isNumber
}

func appendDigits(to []byte, value uint64, count int) []byte {
	var digits [timeDigits]byte
	for at := count - 1; at >= 0; at-- {
		digits[at] = byte('0' + value%10)
		value /= 10
	}
	return append(to, digits[:count]...)
}

func readDigits(digits []byte) (uint64, bool) {
	var value uint64
	for _, digit := range digits {
		if digit < '0' || digit > '9' {
			return 0, false
		}
		value = value*10 + uint64(digit-'0')
	}
	return value, true
}
