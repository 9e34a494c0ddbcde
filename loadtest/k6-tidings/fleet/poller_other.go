//go:build !linux

package fleet

import (
	"errors"
	"net"
	"syscall"
)

// pollers are for Linux; elsewhere each stream's own goroutine reads.
type pollers []struct{}

func newPollers(*Fleet) (pollers, error) { return nil, nil }

func (pollers) close() {}

type polled struct{}

func (pollers) receive(*stream, net.Conn, syscall.RawConn, *int64, func([]byte) (bool, error)) error {
	return errors.ErrUnsupported
}
