package fleet

import (
	"net"
	"sync"
)

// reader is a link that the stream's own goroutine reads: for TLS, whose bytes the kernel does not tell apart.
type reader struct {
	conn net.Conn

	mutex sync.Mutex
	// Closed when there is reading again, or none any more; nil while nothing is held up.
	held chan struct{}
	cut  bool
}

func (r *reader) hangUp() int {
	r.mutex.Lock()
	r.cut = true
	r.mutex.Unlock()
	r.setReading(true)
	r.conn.Close()
	return 1
}

func (r *reader) setReading(isReading bool) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	switch {
	case isReading && r.held != nil:
		close(r.held)
		r.held = nil
	case !isReading && r.held == nil && !r.cut:
		r.held = make(chan struct{})
	}
}

func (r *reader) holdUp() {
	r.mutex.Lock()
	held := r.held
	r.mutex.Unlock()
	if held != nil {
		<-held
	}
}

// receive feeds what comes until the body is over. What was read before a pause waits for its end.
func (r *reader) receive(rest []byte, buffer []byte, take func([]byte) (isOver bool, err error)) error {
	for {
		r.holdUp()
		if isOver, err := take(rest); err != nil {
			return err
		} else if isOver {
			return errEnded
		}
		n, err := r.conn.Read(buffer)
		if err != nil && n == 0 {
			return err
		}
		rest = buffer[:n]
	}
}
