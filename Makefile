# halbd: make build | demo | test | record | bench | docs | deps | clean.
# Needs root on Debian or Ubuntu, and Go (see go.mod); `deps` installs the rest from the distribution.
export GOTOOLCHAIN = local
PACKAGES = keepalived frr ipvsadm iproute2 tcpdump groff-base user-mode-linux kmod procps gcc libc6-dev nftables iptables prometheus

.PHONY: build deps demo test vet unit namespaces kernel record bench docs clean

build:
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/halbd ./cmd/halbd

# Fast when everything is there. keepalived, frr and ipvsadm are the peers that tests compare with;
# their services are never started.
deps:
	@missing=; for p in $(PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
	  printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	  status=$$?; rm -f /usr/sbin/policy-rc.d; exit $$status; fi

demo: deps build
	CGO_ENABLED=0 go build -trimpath -o bin/demo ./internal/demo/cmd
	bin/demo bin/halbd keepalived.conf.example

test: deps vet unit namespaces kernel build

vet:
	test -z "$$(gofmt -l .)"
	go vet ./...
	go tool staticcheck ./...

unit:
	go test -race $$(go list ./... | grep -v -e /internal/e2e -e /internal/ipvskernel)

# The tests wait for protocol timers most of the time: more of them than cores run side by side.
# They build the daemon themselves, which the test cache knows nothing of.
namespaces:
	go test -count=1 -race -parallel 8 ./internal/e2e

kernel:
	go test -count=1 -timeout 20m ./internal/ipvskernel

# What keepalived says of every row of the keyword table, for conf's tests, and
# the IPVS tables of internal/ipvskernel's scenarios.
# REFERENCE=DIR has the ranges of a newer keepalived.
record: deps
	go run ./internal/record $(REFERENCE)
	go test -count=1 -timeout 30m ./internal/ipvskernel -run Tables -record

# halbd and the installed keepalived in one run, as ratios. ONLY='a part of a name' runs some.
bench: deps build
	CGO_ENABLED=0 go build -trimpath -o bin/bench ./internal/bench
	bin/bench bin/halbd /usr/sbin/keepalived

# The documents that come from the keyword table and from the rules of the diagnostics.
docs: build
	bin/halbd explain --markdown > docs/diagnostics.md
	bin/halbd keywords --man > docs/halbd.conf.5
	bin/halbd keywords --summary > bin/summary.md
	sed -i -e '/^| /d' -e '/^<!-- make docs -->$$/r bin/summary.md' README.md

clean:
	rm -rf bin
