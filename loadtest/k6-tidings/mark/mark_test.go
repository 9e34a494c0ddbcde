package mark_test

import (
	"bytes"
	"testing"
	"testing/quick"
	"time"

	"github.com/tidings/tidings/loadtest/k6-tidings/mark"
)

func TestAMarkIsReadAsItWasMade(t *testing.T) {
	same := func(sent uint32, number uint32, before []byte) bool {
		wanted := mark.Mark{SentUs: int64(sent) * 1_000_000, Number: number % 100_000_000}
		data := mark.Append(bytes.Clone(before), wanted)
		got, isMarked := mark.Read(data)
		return isMarked && got == wanted && len(data) == len(before)+mark.Bytes
	}
	if err := quick.Check(same, nil); err != nil {
		t.Error(err)
	}
}

func TestTheFormIsThatOfTheNodeGenerator(t *testing.T) {
	got := mark.Append([]byte("xx"), mark.Mark{SentUs: 1_795_883_593_800_123, Number: 3*mark.ChannelSize + 7})
	if want := "xx179588359380012330000007~"; string(got) != want {
		t.Errorf("%q is not %q", got, want)
	}
}

func TestWhatIsNoMarkIsNotRead(t *testing.T) {
	for _, data := range []string{"", "~", "179588359380012330000007", "17958835938001233000000a~", "1795883593x0012330000007~"} {
		if _, isMarked := mark.Read([]byte(data)); isMarked {
			t.Errorf("%q was read as a mark", data)
		}
	}
}

func TestLatencyIsWhatPassedSinceTheMark(t *testing.T) {
	now := time.UnixMicro(1_795_883_593_800_123)
	if got := (mark.Mark{SentUs: now.UnixMicro() - 1500}).Latency(now); got != 1500*time.Microsecond {
		t.Error(got)
	}
}

func TestASequenceTellsWhatIsMissingAndWhatCameAgain(t *testing.T) {
	const other = 2 * mark.ChannelSize
	for _, test := range []struct {
		name           string
		numbers        []uint32
		lost, repeated int64
	}{
		{"each after the other", []uint32{0, 1, 2}, 0, 0},
		{"a stream may begin anywhere", []uint32{41, 42}, 0, 0},
		{"two are jumped over", []uint32{0, 3, 4}, 2, 0},
		{"one comes again", []uint32{0, 1, 1, 2}, 0, 1},
		{"an old one comes again", []uint32{5, 6, 3, 7}, 0, 1},
		{"channels are counted apart", []uint32{0, other, 1, other + 1, other + 3}, 1, 0},
	} {
		var sequence mark.Sequence
		var lost, repeated int64
		for _, number := range test.numbers {
			verdict := sequence.Take(number)
			lost += verdict.Lost
			if verdict.Repeated {
				repeated++
			}
		}
		if lost != test.lost || repeated != test.repeated {
			t.Errorf("%s: %d lost and %d repeated", test.name, lost, repeated)
		}
	}
}
