// Command k6 is k6 with the extension of Tidings.
package main

import (
	"go.k6.io/k6/cmd"

	_ "github.com/tidings/tidings/loadtest/k6-tidings"
)

func main() {
	cmd.Execute()
}
