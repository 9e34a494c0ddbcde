// Package tidings teaches k6 to hold event streams: it registers the JavaScript module k6/x/tidings and the output
// tidings. Whoever builds k6 imports it for that alone.
package tidings

import (
	"go.k6.io/k6/js/modules"
	"go.k6.io/k6/output"

	"github.com/tidings/tidings/loadtest/k6-tidings/lines"
	"github.com/tidings/tidings/loadtest/k6-tidings/script"
)

func init() {
	modules.Register("k6/x/tidings", new(script.Module))
	output.RegisterExtension("tidings", lines.New)
}
