package script

import (
	"syscall"

	"go.k6.io/k6/lib"
	"go.k6.io/k6/lib/netext"
)

// IP_BIND_ADDRESS_NO_PORT of ip(7).
const bindAddressNoPort = 24

// sharePorts lets the connections of --local-ips have the same port at different addresses: it is chosen when they are
// connected and not before. Without it the kernel looks for ever longer for one that nobody has.
func sharePorts(dialer lib.DialContexter) {
	own, isOwn := dialer.(*netext.Dialer)
	if !isOwn || own.LocalAddr == nil || own.Control != nil {
		return
	}
	own.Control = func(_, _ string, raw syscall.RawConn) error {
		// An older kernel does not know it, and does without.
		return raw.Control(func(fd uintptr) {
			_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, bindAddressNoPort, 1)
		})
	}
}
