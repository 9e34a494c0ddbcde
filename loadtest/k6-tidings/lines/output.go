// Package lines is the output "tidings" of k6: one line of JSON a second with what was measured in it, for whoever
// shows a test while it runs.
package lines

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"go.k6.io/k6/output"
)

const interval = time.Second

// Output writes to a file, or to stderr.
type Output struct {
	output.SampleBuffer

	name    string
	open    func() (io.WriteCloser, error)
	file    io.WriteCloser
	flusher *output.PeriodicFlusher
	summary *summary
	fault   error
	tell    func(error)
}

var _ output.Output = &Output{}

// New is what k6 calls for --out tidings=FILE; "-" is stderr.
func New(params output.Params) (output.Output, error) {
	name := params.ConfigArgument
	if name == "" {
		return nil, fmt.Errorf("--out tidings needs a file: --out tidings=lines.ndjson, or tidings=- for stderr")
	}
	open := func() (io.WriteCloser, error) { return params.FS.Create(name) }
	if name == "-" {
		open = func() (io.WriteCloser, error) { return unclosed{params.StdErr}, nil }
	}
	tell := func(err error) { params.Logger.WithError(err).Error("the output tidings can not write") }
	return &Output{name: name, open: open, summary: newSummary(), tell: tell}, nil
}

// Description is what k6 shows before a test.
func (o *Output) Description() string { return fmt.Sprintf("tidings (%s)", o.name) }

// Start opens the file.
func (o *Output) Start() error {
	file, err := o.open()
	if err != nil {
		return err
	}
	flusher, err := output.NewPeriodicFlusher(interval, func() { o.flush(time.Now()) })
	if err != nil {
		return err
	}
	o.file, o.flusher = file, flusher
	return nil
}

// Stop writes the last line.
func (o *Output) Stop() error {
	o.flusher.Stop()
	if err := o.file.Close(); err != nil && o.fault == nil {
		return err
	}
	return o.fault
}

func (o *Output) flush(now time.Time) {
	for _, container := range o.GetBufferedSamples() {
		for _, sample := range container.GetSamples() {
			o.summary.add(sample)
		}
	}
	line, err := json.Marshal(o.summary.take(now))
	if err == nil {
		_, err = o.file.Write(append(line, '\n'))
	}
	// The first says it all: a full disk is not told every second.
	if err != nil && o.fault == nil {
		o.fault = err
		o.tell(err)
	}
}

type unclosed struct{ io.Writer }

func (unclosed) Close() error { return nil }
