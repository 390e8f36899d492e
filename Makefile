# halbd: make build | test | deps | clean. Needs Go (see go.mod) and, for `deps`, root on Debian or Ubuntu.
export GOTOOLCHAIN = local
PACKAGES = keepalived ipvsadm iproute2 tcpdump user-mode-linux kmod procps

.PHONY: build deps test vet unit clean

build:
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/halbd ./cmd/halbd

# Fast when everything is there. keepalived and ipvsadm are the peers that tests compare with;
# their services are never started.
deps:
	@missing=; for p in $(PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
	  printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	  status=$$?; rm -f /usr/sbin/policy-rc.d; exit $$status; fi

test: vet unit build

vet:
	test -z "$$(gofmt -l .)"
	go vet ./...
	go tool staticcheck ./...

unit:
	go test -race ./...

clean:
	rm -rf bin
