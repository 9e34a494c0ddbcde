package fleet

import (
	"errors"
	"io"
	"net"
	"runtime"
	"sync/atomic"
	"syscall"
)

// What is read at once, by one stream after the other.
const sharedBytes = 64 * 1024

// poller reads the sockets of many streams with one goroutine: a read for each event and nothing else. With a goroutine
// for each stream Go tries every read twice, and that would be half of all that a test costs.
type poller struct {
	fleet *Fleet
	epoll int
	// Two ends of a pipe: a byte in it ends the poller.
	wake   [2]int
	buffer []byte
	// Of the read under way, and the function that does it, made once.
	n    int
	err  error
	read func(fd uintptr) bool
}

// pollers share the streams of a fleet by their numbers.
type pollers []*poller

func newPollers(f *Fleet) (pollers, error) {
	var all pollers
	for range max(1, runtime.GOMAXPROCS(0)/2) {
		p := &poller{fleet: f, buffer: make([]byte, sharedBytes)}
		var err error
		if p.epoll, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC); err != nil {
			return nil, err
		}
		if err = syscall.Pipe2(p.wake[:], syscall.O_CLOEXEC|syscall.O_NONBLOCK); err != nil {
			return nil, err
		}
		wake := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: -1}
		if err = syscall.EpollCtl(p.epoll, syscall.EPOLL_CTL_ADD, p.wake[0], &wake); err != nil {
			return nil, err
		}
		p.read = func(fd uintptr) bool {
			p.n, p.err = syscall.Read(int(fd), p.buffer)
			return true
		}
		all = append(all, p)
		go p.run()
	}
	return all, nil
}

func (p pollers) of(s *stream) *poller { return p[s.index%len(p)] }

// close ends all of them; no stream is on one any more.
func (p pollers) close() {
	for _, each := range p {
		_, _ = syscall.Write(each.wake[1], []byte{0})
	}
}

func (p *poller) run() {
	defer func() {
		_ = syscall.Close(p.epoll)
		_ = syscall.Close(p.wake[0])
		_ = syscall.Close(p.wake[1])
	}()
	ready := make([]syscall.EpollEvent, 256)
	for {
		n, err := syscall.EpollWait(p.epoll, ready, -1)
		if err != nil && !errors.Is(err, syscall.EINTR) {
			// Nothing but a closed descriptor makes it fail.
			return
		}
		for _, event := range ready[:max(n, 0)] {
			if event.Fd < 0 {
				return
			}
			link := p.fleet.streams[event.Fd].polled.Load()
			if link != nil && link.number == event.Pad {
				link.readOnce()
			}
		}
	}
}

// polled is a link that a poller reads.
type polled struct {
	stream *stream
	poller *poller
	conn   net.Conn
	raw    syscall.RawConn
	// Bytes that were read, for k6's data_received; nil when nobody counts.
	counter *int64
	take    func([]byte) (isOver bool, err error)
	// Which connection of its stream this is: epoll may tell of one that is gone.
	number int32

	visit
}

// receive has a poller feed the stream until its body is over, or the link is hung up.
func (p pollers) receive(s *stream, conn net.Conn, raw syscall.RawConn, counter *int64, take func([]byte) (bool, error)) error {
	s.visits++
	l := &polled{
		stream: s, poller: p.of(s), conn: conn, raw: raw, counter: counter, take: take,
		number: s.visits, visit: visit{over: make(chan struct{})},
	}
	if err := l.control(syscall.EPOLL_CTL_ADD, syscall.EPOLLIN|syscall.EPOLLRDHUP); err != nil {
		return err
	}
	s.attach(l)
	s.polled.Store(l)
	err := l.wait()
	s.polled.Store(nil)
	return err
}

func (l *polled) control(operation int, events uint32) error {
	event := syscall.EpollEvent{Events: events, Fd: int32(l.stream.index), Pad: l.number}
	var fault error
	err := l.raw.Control(func(fd uintptr) {
		fault = syscall.EpollCtl(l.poller.epoll, operation, int(fd), &event)
	})
	return errors.Join(err, fault)
}

// readOnce reads what is there. What is more than the buffer holds, and the end of the connection, epoll tells again.
func (l *polled) readOnce() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.isOver {
		return
	}
	p := l.poller
	if err := l.raw.Read(p.read); err != nil {
		l.end(err)
		return
	}
	switch {
	case errors.Is(p.err, syscall.EAGAIN) || errors.Is(p.err, syscall.EINTR):
	case p.err != nil:
		l.end(p.err)
	case p.n == 0:
		l.end(io.ErrUnexpectedEOF)
	default:
		if l.counter != nil {
			atomic.AddInt64(l.counter, int64(p.n))
		}
		if isOver, err := l.take(p.buffer[:p.n]); err != nil {
			l.end(err)
		} else if isOver {
			l.end(errEnded)
		}
	}
}

// end is called with the mutex held.
func (l *polled) end(err error) int {
	if !l.visit.end(err) {
		return 0
	}
	// The end of a connection is told again and again otherwise, until it is closed.
	_ = l.control(syscall.EPOLL_CTL_DEL, 0)
	return 1
}

func (l *polled) hangUp() int {
	l.mutex.Lock()
	ended := l.end(errCut)
	l.mutex.Unlock()
	l.conn.Close()
	return ended
}

func (l *polled) setReading(isReading bool) {
	events := uint32(0)
	if isReading {
		events = syscall.EPOLLIN | syscall.EPOLLRDHUP
	}
	// It fails where the link is over, which needs no reading.
	_ = l.control(syscall.EPOLL_CTL_MOD, events)
}
