package main

import (
	"testing"

	"halbd/conf"
)

// halbd check has nothing to say about the example, on either director.
func TestNothingToSayAboutTheExample(t *testing.T) {
	for _, id := range []string{"lb1", "lb2"} {
		cfg, found := conf.Load("../../keepalived.conf.example", conf.Options{ConfigID: id})
		for _, d := range found {
			t.Errorf("%s: %v", id, d)
		}
		want := map[string]uint8{"lb1": 150, "lb2": 100}[id]
		if len(cfg.Instances) != 2 || cfg.Instances[0].Priority != want || len(cfg.SyncGroups) != 1 || len(cfg.VirtualServers) != 2 {
			t.Errorf("%s: %d instances, %d groups, %d virtual servers", id, len(cfg.Instances), len(cfg.SyncGroups), len(cfg.VirtualServers))
		}
	}
}
