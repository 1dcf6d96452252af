// Command gateway-plugin-exchange-onprem serves the Exchange Server backend to the
// gateway, which starts it.
package main

import (
	_ "time/tzdata" // zones must not depend on the machine

	"github.com/trainercal/trainercal/plugins/exchangeonprem"
	"github.com/trainercal/trainercal/sdk/serve"
)

func main() { serve.Main(exchangeonprem.New()) }
