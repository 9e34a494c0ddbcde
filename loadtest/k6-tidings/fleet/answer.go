package fleet

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
)

// Refusal is an answer after which an EventSource gives up for good, and so does a stream.
type Refusal struct {
	Stream int
	Status int
	// Why is the beginning of the body, or what was wrong with the answer.
	Why string
}

func (r *Refusal) Error() string {
	return fmt.Sprintf("stream %d was answered with %d: %s", r.Stream, r.Status, r.Why)
}

// errFinished is a 204: nothing will ever come.
var errFinished = errors.New("204: there is nothing more to come")

// errEnded is the end of a body: the server closed the stream.
var errEnded = errors.New("the server ended the stream")

// most of a refusing body that is read and told
const refusalBytes = 300

// isEventStream says whether a 200 of this content type is a stream.
func isEventStream(header http.Header) bool {
	kind, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	return err == nil && kind == "text/event-stream"
}

// faultOf is why an answer's body is not to be read as a stream; nil when it is.
func (s *stream) faultOf(status int, header http.Header, body func() string) error {
	switch {
	case status == http.StatusNoContent:
		return errFinished
	case status != http.StatusOK:
		return &Refusal{Stream: s.index, Status: status, Why: body()}
	case !isEventStream(header):
		why := fmt.Sprintf("its content type is %q", header.Get("Content-Type"))
		return &Refusal{Stream: s.index, Status: status, Why: why}
	default:
		return nil
	}
}
