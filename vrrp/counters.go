package vrrp

// Counters is what one instance has counted since it was started, a reload
// notwithstanding. The names are those of keepalived's JSON statistics.
type Counters struct {
	AdvertsReceived  uint64 `json:"advert_rcvd"` // that passed every check
	AdvertsSent      uint64 `json:"advert_sent"` // one for each time, however many peers it went to
	BecameMaster     uint64 `json:"become_master"`
	ReleasedMaster   uint64 `json:"release_master"`
	Length           uint64 `json:"packet_len_err"`
	AdvertInterval   uint64 `json:"advert_interval_err"` // never moves, as in keepalived: the other interval is logged
	TTL              uint64 `json:"ip_ttl_err"`
	InvalidType      uint64 `json:"invalid_type_rcvd"`
	AddressList      uint64 `json:"addr_list_err"`
	InvalidAuthType  uint64 `json:"invalid_authtype"`
	AuthTypeMismatch uint64 `json:"authtype_mismatch"`
	AuthFailure      uint64 `json:"auth_failure"`
	HMACMissing      uint64 `json:"auth_ext_missing"`
	HMACMalformed    uint64 `json:"auth_ext_malformed"`
	HMACUnknownKey   uint64 `json:"auth_ext_unknown_key"`
	HMACInvalid      uint64 `json:"auth_ext_invalid_hmac"`
	HMACStale        uint64 `json:"auth_ext_stale"`
	HMACReplay       uint64 `json:"auth_ext_replay"`
	PriorityZeroRcvd uint64 `json:"pri_zero_rcvd"`
	PriorityZeroSent uint64 `json:"pri_zero_sent"`
	PutBack          uint64 `json:"put_back"` // halbd's own: addresses, routes and rules that somebody else had removed
}

// ClearCounters starts to count again.
func (c *Core) ClearCounters() {
	for _, in := range c.instances {
		in.counters = Counters{}
	}
}
