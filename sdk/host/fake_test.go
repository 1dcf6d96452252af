package host_test

import (
	"context"

	"github.com/trainercal/trainercal/sdk"
)

type fake struct{}

func (*fake) Describe() sdk.Description {
	return sdk.Description{Service: "fake", Version: "1.2.3", Summary: "For tests."}
}

func (*fake) Open(ctx context.Context, req sdk.OpenRequest) (sdk.Account, error) {
	return nil, sdk.ErrCredentials
}
