package fleet

import (
	"errors"
	"io"
	"net"
	"runtime"
	"sync/atomic"
	"syscall"
)

const readable = syscall.EPOLLIN | syscall.EPOLLRDHUP

// What is read at once, by one stream after the other.
const sharedBytes = 64 * 1024

// poller reads the sockets of many streams with one goroutine: a read for each event and nothing else. With a goroutine
// for each stream Go tries every read twice, and that would be half of all that a test costs.
//
// The sockets are taken from Go: it would wait for them too, and wake up for every event to find that there is nothing to
// do.
type poller struct {
	fleet *Fleet
	epoll int
	// Two ends of a pipe: a byte in it ends the poller.
	wake   [2]int
	buffer []byte
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
	// Closed when the visit is over, with the mutex held: its number may then be another's.
	fd int
	// Bytes that were read, for k6's data_received; nil when nobody counts.
	counter *int64
	take    func([]byte) (isOver bool, err error)
	// Which connection of its stream this is: epoll may tell of one that is gone.
	number int32

	visit
	isAdded, isHeld bool
}

// receive takes the socket of a connection, which it closes, and has a poller feed the stream until its body is over or the
// link is hung up.
func (p pollers) receive(s *stream, conn net.Conn, raw syscall.RawConn, counter *int64, take func([]byte) (bool, error)) error {
	fd, err := duplicate(raw)
	if err != nil {
		return err
	}
	s.visits++
	l := &polled{
		stream: s, poller: p.of(s), fd: fd, counter: counter, take: take,
		number: s.visits, visit: visit{over: make(chan struct{})},
	}
	// From here on a cut is one of the duplicate.
	s.attach(l)
	conn.Close()
	s.polled.Store(l)
	l.begin()
	err = l.wait()
	s.polled.Store(nil)
	return err
}

func duplicate(raw syscall.RawConn) (int, error) {
	var duplicated uintptr
	var fault syscall.Errno
	err := raw.Control(func(fd uintptr) {
		duplicated, _, fault = syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_DUPFD_CLOEXEC, 0)
	})
	if err != nil {
		return 0, err
	}
	if fault != 0 {
		return 0, fault
	}
	return int(duplicated), nil
}

func (l *polled) begin() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.isOver {
		return
	}
	l.isAdded = true
	if err := l.control(syscall.EPOLL_CTL_ADD); err != nil {
		l.end(err)
	}
}

// control is called with the mutex held, while the visit is not over.
func (l *polled) control(operation int) error {
	event := syscall.EpollEvent{Events: readable, Fd: int32(l.stream.index), Pad: l.number}
	if l.isHeld {
		event.Events = 0
	}
	return syscall.EpollCtl(l.poller.epoll, operation, l.fd, &event)
}

// readOnce reads what is there. What is more than the buffer holds, and the end of the connection, epoll tells again.
func (l *polled) readOnce() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.isOver {
		return
	}
	n, err := syscall.Read(l.fd, l.poller.buffer)
	switch {
	case errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR):
	case err != nil:
		l.end(err)
	case n == 0:
		l.end(io.ErrUnexpectedEOF)
	default:
		if l.counter != nil {
			atomic.AddInt64(l.counter, int64(n))
		}
		if isOver, err := l.take(l.poller.buffer[:n]); err != nil {
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
	// Epoll forgets it with that.
	_ = syscall.Close(l.fd)
	return 1
}

func (l *polled) hangUp() int {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.end(errCut)
}

func (l *polled) setReading(isReading bool) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.isHeld = !isReading
	if l.isAdded && !l.isOver {
		_ = l.control(syscall.EPOLL_CTL_MOD)
	}
}
