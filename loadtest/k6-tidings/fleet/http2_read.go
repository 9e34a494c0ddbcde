package fleet

import (
	"errors"
	"fmt"
	"time"

	nethttp2 "golang.org/x/net/http2"
)

// readAll reads frames until the connection ends. Streams are opened once the server has said how many it takes, which
// it says first.
func (c *http2Conn) readAll() error {
	for {
		frame, err := c.framer.ReadFrame()
		if err == nil {
			err = c.readFrame(frame)
		}
		var broken nethttp2.StreamError
		if errors.As(err, &broken) {
			c.endStream(broken.StreamID, broken)
			continue
		}
		if err != nil {
			return err
		}
	}
}

func (c *http2Conn) readFrame(frame nethttp2.Frame) error {
	id := frame.Header().StreamID
	switch frame := frame.(type) {
	case *nethttp2.DataFrame:
		return c.readData(frame)
	case *nethttp2.MetaHeadersFrame:
		if s := c.stream(id); s != nil {
			s.readHead(frame)
		}
	case *nethttp2.RSTStreamFrame:
		c.endStream(id, fmt.Errorf("the server reset the stream: %v", frame.ErrCode))
	case *nethttp2.SettingsFrame:
		return c.readSettings(frame)
	case *nethttp2.PingFrame:
		if !frame.IsAck() {
			return c.write(func() error { return c.framer.WritePing(true, frame.Data) })
		}
	case *nethttp2.GoAwayFrame:
		c.readGoAway(frame)
	}
	return nil
}

func (c *http2Conn) stream(id uint32) *http2Stream {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.streams[id]
}

// endStream ends what the server has ended.
func (c *http2Conn) endStream(id uint32, err error) {
	if s := c.stream(id); s != nil {
		s.finish(err)
	}
}

func (c *http2Conn) readData(frame *nethttp2.DataFrame) error {
	// The connection's window is given back whoever reads or does not: one stream must not hold up the others.
	c.unreturned += frame.Length
	if c.unreturned >= connWindowBytes/2 {
		bytes := c.unreturned
		c.unreturned = 0
		if err := c.write(func() error { return c.framer.WriteWindowUpdate(0, bytes) }); err != nil {
			return err
		}
	}
	if s := c.stream(frame.StreamID); s != nil {
		s.readData(frame.Data(), frame.Length, frame.StreamEnded())
	}
	return nil
}

func (c *http2Conn) readSettings(frame *nethttp2.SettingsFrame) error {
	if frame.IsAck() {
		return nil
	}
	if most, isSaid := frame.Value(nethttp2.SettingMaxConcurrentStreams); isSaid {
		c.mutex.Lock()
		c.most = min(c.most, int(min(most, 1<<30)))
		c.mutex.Unlock()
		c.limit(c.most)
	}
	if err := c.write(func() error {
		if bytes, isSaid := frame.Value(nethttp2.SettingHeaderTableSize); isSaid {
			c.encoder.SetMaxDynamicTableSizeLimit(bytes)
		}
		return c.framer.WriteSettingsAck()
	}); err != nil {
		return err
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.closeReady()
	return c.conn.SetReadDeadline(time.Time{})
}

// readGoAway ends the streams that the server did not take, and lets the others run out.
func (c *http2Conn) readGoAway(frame *nethttp2.GoAwayFrame) {
	c.retire()
	c.mutex.Lock()
	c.isLeaving = true
	var untaken []*http2Stream
	for id, s := range c.streams {
		if id > frame.LastStreamID {
			untaken = append(untaken, s)
		}
	}
	c.mutex.Unlock()
	for _, s := range untaken {
		s.finish(fmt.Errorf("the server goes away: %v", frame.ErrCode))
	}
}
