// Package script is the JavaScript module k6/x/tidings: Streams holds event streams, Events makes what is published.
package script

import (
	"errors"
	"sync/atomic"

	"github.com/grafana/sobek"

	"go.k6.io/k6/js/common"
	"go.k6.io/k6/js/modules"
)

// Module is what k6 registers; it makes an instance for each VU.
type Module struct {
	// Streams of all VUs that are live now.
	live atomic.Int64
}

// instance is the module in one VU.
type instance struct {
	vu      modules.VU
	metrics *sseMetrics
	live    *atomic.Int64
}

var _ modules.Module = &Module{}

// NewModuleInstance is called by k6 in the init context, where metrics may be registered.
func (m *Module) NewModuleInstance(vu modules.VU) modules.Instance {
	registered, err := registerMetrics(vu.InitEnv().Registry)
	if err != nil {
		common.Throw(vu.Runtime(), err)
	}
	return &instance{vu: vu, metrics: registered, live: &m.live}
}

// Exports names what a script can import.
func (i *instance) Exports() modules.Exports {
	return modules.Exports{Named: map[string]any{
		"Streams": i.construct(func(argument sobek.Value) (any, error) { return newStreams(i, argument) }),
		"Events":  i.construct(func(argument sobek.Value) (any, error) { return newEvents(i.vu.Runtime(), argument) }),
	}}
}

// construct makes a JavaScript constructor of a function; the methods of what it gives back are those of the object.
func (i *instance) construct(build func(argument sobek.Value) (any, error)) func(sobek.ConstructorCall) *sobek.Object {
	return func(call sobek.ConstructorCall) *sobek.Object {
		runtime := i.vu.Runtime()
		argument := call.Argument(0)
		if common.IsNullish(argument) {
			common.Throw(runtime, errors.New("options are missing"))
		}
		object, err := build(argument)
		if err != nil {
			common.Throw(runtime, err)
		}
		return runtime.ToValue(object).ToObject(runtime)
	}
}
