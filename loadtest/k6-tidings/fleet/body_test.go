package fleet

import (
	"bufio"
	"bytes"
	"math/rand"
	"net/http"
	"net/http/httputil"
	"strings"
	"testing"
	"testing/quick"
)

func TestABodyIsTakenOutOfItsChunksHoweverTheyAreCut(t *testing.T) {
	check := func(pieces [][]byte, seed int64) bool {
		var raw, want bytes.Buffer
		writer := httputil.NewChunkedWriter(&raw)
		for _, piece := range pieces {
			_, _ = writer.Write(piece)
			want.Write(piece)
		}
		_ = writer.Close()
		raw.WriteString("Trailer: x\r\n\r\n")
		random := rand.New(rand.NewSource(seed))
		b, got, isOver := &body{chunked: true}, []byte(nil), false
		for left := raw.Bytes(); len(left) > 0; {
			n := 1 + random.Intn(min(len(left), 40))
			over, err := b.feed(left[:n], func(chunk []byte) { got = append(got, chunk...) })
			if err != nil || isOver {
				return false
			}
			isOver, left = over, left[n:]
		}
		return isOver && bytes.Equal(got, want.Bytes())
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
}

func TestChunksWithExtensionsAreReadAndBrokenOnesAreNot(t *testing.T) {
	for raw, want := range map[string]string{
		"5;name=\"v\"\r\nhello\r\n0\r\n\r\n":                "hello",
		"00005 \r\nhello\r\nA\r\n0123456789\r\n0;x\r\n\r\n": "hello0123456789",
		"5\nhello\n0\n\n": "hello",
	} {
		b, got := &body{chunked: true}, ""
		isOver, err := b.feed([]byte(raw), func(chunk []byte) { got += string(chunk) })
		if err != nil || !isOver || got != want {
			t.Errorf("%q: %q, %v", raw, got, err)
		}
	}
	for _, raw := range []string{"\r\n", "x\r\n", "5\r\nhelloX", "5\rhello", "1234567890abcdef0\r\n"} {
		if _, err := (&body{chunked: true}).feed([]byte(raw), func([]byte) {}); err == nil {
			t.Errorf("%q was taken", raw)
		}
	}
}

func TestALengthOrTheEndOfTheConnectionEndsABody(t *testing.T) {
	for head, over := range map[string]bool{"Content-Length: 5\r\n": true, "": false} {
		answer, err := http.ReadResponse(bufio.NewReader(strings.NewReader("HTTP/1.1 200 OK\r\n"+head+"\r\n")), nil)
		if err != nil {
			t.Fatal(err)
		}
		b, got := newBody(answer), ""
		isOver, err := b.feed([]byte("hello"), func(chunk []byte) { got += string(chunk) })
		if isOver != over || err != nil || got != "hello" {
			t.Errorf("%q: %v, %q, %v", head, isOver, got, err)
		}
	}
}
