package fleet

import "errors"

type http2 struct{}

func newHTTP2(*Fleet) *http2 { return &http2{} }

func (*http2) visit(*stream, request) error { return errors.New("not yet") }
