package fleet

import (
	"bytes"
	"errors"
	"math"
	"net/http"
	"slices"
)

type bodyState int

const (
	inSize bodyState = iota
	inSizeEnd
	inExtension
	inData
	inDataEnd
	inTrailer
	isDone
)

var errChunk = errors.New("the chunks of the body are broken")

// body takes the bytes of an HTTP/1.1 body out of their chunks, in place, however they were cut.
type body struct {
	state   bodyState
	chunked bool
	// What is left of the chunk, or of the whole body.
	left int64
	// Size digits so far, and bytes of the line of the trailer.
	digits, trailer int
}

func newBody(answer *http.Response) *body {
	switch {
	case slices.Contains(answer.TransferEncoding, "chunked"):
		return &body{chunked: true}
	case answer.ContentLength >= 0:
		return &body{state: inData, left: answer.ContentLength}
	default:
		return &body{state: inData, left: math.MaxInt64}
	}
}

// feed hands on what is content in these bytes, and says whether the body is over.
func (b *body) feed(raw []byte, take func([]byte)) (isOver bool, err error) {
	for len(raw) > 0 && b.state != isDone {
		if b.state == inData {
			n := min(int64(len(raw)), b.left)
			if n > 0 {
				take(raw[:n])
			}
			raw = raw[n:]
			b.left -= n
			b.endData()
			continue
		}
		if b.state == inExtension {
			end := bytes.IndexByte(raw, '\n')
			if end < 0 {
				return false, nil
			}
			raw = raw[end:]
			b.state = inSizeEnd
		}
		if err := b.step(raw[0]); err != nil {
			return true, err
		}
		raw = raw[1:]
	}
	if b.state == inData {
		b.endData()
	}
	return b.state == isDone, nil
}

func (b *body) endData() {
	switch {
	case b.left > 0:
	case b.chunked:
		b.state = inDataEnd
	default:
		b.state = isDone
	}
}

// step reads one byte of what is between chunks.
func (b *body) step(at byte) error {
	switch b.state {
	case inSize:
		return b.stepSize(at)
	case inSizeEnd:
		if at != '\n' {
			return errChunk
		}
		b.digits = 0
		b.state = inData
		if b.left == 0 {
			b.state = inTrailer
		}
	case inDataEnd:
		if at == '\n' {
			b.state = inSize
		} else if at != '\r' {
			return errChunk
		}
	case inTrailer:
		switch {
		case at == '\n' && b.trailer == 0:
			b.state = isDone
		case at == '\n':
			b.trailer = 0
		case at != '\r':
			b.trailer++
		}
	}
	return nil
}

func (b *body) stepSize(at byte) error {
	digit := int64(-1)
	switch {
	case at >= '0' && at <= '9':
		digit = int64(at - '0')
	case at|0x20 >= 'a' && at|0x20 <= 'f':
		digit = int64(at|0x20-'a') + 10
	}
	switch {
	case digit >= 0 && b.digits < 15:
		b.left = b.left<<4 | digit
		b.digits++
	case digit >= 0 || b.digits == 0:
		return errChunk
	case at == '\r':
		b.state = inSizeEnd
	case at == '\n':
		return b.endSize()
	default:
		b.state = inExtension
	}
	return nil
}

func (b *body) endSize() error {
	b.state = inSizeEnd
	return b.step('\n')
}
