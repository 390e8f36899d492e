// SSL_GET asks whether a server answers, whatever its age: SHA-1 signatures,
// short and long RSA keys, negative serial numbers.
//go:debug tlssha1=1
//go:debug rsa1024min=0
//go:debug tlsmaxrsasize=16384
//go:debug x509negativeserial=1

// Command halbd is a VRRP router and IPVS health checker that takes
// keepalived's configuration, options and signals. This package is its command
// line and its exit statuses, nothing else.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"halbd/supervise"
)

// version is set by the build (-ldflags -X main.version=...).
var version = "0.1.0-dev"

func main() {
	os.Exit(run(os.Args))
}

// run takes the command line with the name of the program in front, which may
// be genhash's or ipvsadm's.
func run(argv []string) int {
	if words, yes := actsAsGenhash(argv); yes {
		return genhash(words, os.Stdout, os.Stderr)
	}
	args := argv[1:]
	if filepath.Base(argv[0]) == "ipvsadm" {
		return runCommand(append([]string{"ipvs"}, args...))
	}
	if status, child := supervise.RunChild(args); child {
		return status
	}
	if len(args) > 0 && isCommand(args[0]) {
		return runCommand(args)
	}
	var r request
	r.Version = version
	rest, err := parseOptions(r.options(), args)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if len(rest) > 0 {
		fmt.Println("Unexpected argument(s): " + strings.Join(rest, " "))
	}
	return r.perform()
}

func (r *request) perform() int {
	switch r.action {
	case printHelp:
		r.usage(os.Stderr)
		return 0
	case printVersion:
		fmt.Fprintln(os.Stderr, "halbd "+version)
		return 0
	case printSignal:
		n, ok := signals[r.signum]
		if !ok {
			fmt.Fprintln(os.Stderr, "Unknown sigfunc "+r.signum)
			return 1
		}
		fmt.Println(n)
		return 0
	case testConfig:
		return r.testConfig()
	}
	r.Complaints = append(r.Complaints, r.notes...)
	return supervise.Run(r.Options)
}
