// Command gateway-plugin-exchange-online serves the Exchange Online backend to the
// gateway, which starts it.
package main

import (
	_ "time/tzdata" // zones must not depend on the machine

	"github.com/trainercal/trainercal/plugins/exchangeonline"
	"github.com/trainercal/trainercal/sdk/serve"
)

func main() { serve.Main(exchangeonline.New()) }
