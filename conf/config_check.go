package conf

import (
	"net/netip"
	"time"
)

// CheckKind is the configuration's name of a checker.
type CheckKind string

const (
	TCPCheck  CheckKind = "TCP_CHECK"
	HTTPGet   CheckKind = "HTTP_GET"
	SSLGet    CheckKind = "SSL_GET"
	UDPCheck  CheckKind = "UDP_CHECK"
	PingCheck CheckKind = "PING_CHECK"
	DNSCheck  CheckKind = "DNS_CHECK"
	SMTPCheck CheckKind = "SMTP_CHECK"
	MiscCheck CheckKind = "MISC_CHECK"
	FileCheck CheckKind = "FILE_CHECK"
	BFDCheck  CheckKind = "BFD_CHECK"
)

// Checker is one health check of one real server. Exactly the part that Kind
// names is set: HTTP for HTTP_GET and SSL_GET, Misc for MISC_CHECK and so on;
// TCP_CHECK and PING_CHECK have none. FILE_CHECK and BFD_CHECK have neither an
// address nor times: they follow a tracker.
type Checker struct {
	Kind           CheckKind      `json:"kind"`
	Connect        netip.AddrPort `json:"connect,omitzero"` // connect_ip:connect_port, default the real server
	Bind           netip.AddrPort `json:"bind,omitzero"`    // bindto:bind_port; a zero address with a port is 0.0.0.0 / ::
	BindInterface  string         `json:"bind_if,omitempty"`
	Mark           uint32         `json:"fwmark,omitempty"`
	ConnectTimeout time.Duration  `json:"connect_timeout,omitempty"`
	DelayLoop      time.Duration  `json:"delay_loop"`
	Warmup         time.Duration  `json:"warmup"` // first check at 1 s + random(0..Warmup)
	Retry          int            `json:"retry"`
	RetryDelay     time.Duration  `json:"delay_before_retry"`
	Alpha          bool           `json:"alpha,omitempty"`
	LogAllFailures bool           `json:"log_all_failures,omitempty"`
	Disabled       bool           `json:"disabled,omitempty"` // the program of a MISC_CHECK with alpha cannot be run: the server stays out
	HTTP           *HTTPCheck     `json:"http,omitempty"`
	Misc           *MiscOptions   `json:"misc,omitempty"`
	UDP            *UDPOptions    `json:"udp,omitempty"`
	DNS            *DNSOptions    `json:"dns,omitempty"`
	SMTP           *SMTPOptions   `json:"smtp,omitempty"`
	File           *FileOptions   `json:"file,omitempty"`
	BFD            *BFDOptions    `json:"bfd,omitempty"`
}

// HTTPCheck holds what HTTP_GET and SSL_GET add.
type HTTPCheck struct {
	Version      string `json:"http_protocol"` // "1.0", "1.0C" or "1.1"
	SNI          string `json:"sni,omitempty"` // sni_name
	EnableSNI    bool   `json:"enable_sni,omitempty"`
	FastRecovery bool   `json:"fast_recovery,omitempty"`
	TLSCompliant bool   `json:"tls_compliant,omitempty"` // SSL_GET: close_notify at the end
	VirtualHost  string `json:"virtualhost,omitempty"`   // resolved: checker > real server > virtual server
	URLs         []URL  `json:"urls"`
}

// URL is one url block. VirtualHost is resolved against the checker's.
type URL struct {
	Path         string        `json:"path"`
	VirtualHost  string        `json:"virtualhost,omitempty"`
	Digest       string        `json:"digest,omitempty"` // 32 lower-case hex digits
	Status       []StatusRange `json:"status"`           // default 200-299
	Regex        *Regex        `json:"regex,omitempty"`
	TLSCompliant bool          `json:"tls_compliant,omitempty"` // resolved: the url's or the checker's
}

// StatusRange is an inclusive range of HTTP status codes.
type StatusRange struct {
	From, To int
}

// Regex is what the body of an answer must match (regex and regex_*). The
// pattern is PCRE2 and has not been compiled.
type Regex struct {
	Pattern    string   `json:"regex"`
	NoMatch    bool     `json:"regex_no_match,omitempty"` // a match is a failure
	Options    []string `json:"regex_options,omitempty"`  // PCRE2 compile flags: caseless, dotall, ...
	MinOffset  uint64   `json:"regex_min_offset,omitempty"`
	MaxOffset  uint64   `json:"regex_max_offset"` // bytes; 2^64-1: no limit
	StackStart uint64   `json:"regex_stack_start,omitempty"`
	StackMax   uint64   `json:"regex_stack_max,omitempty"` // bytes; 0: regex_stack is not set
}

// MiscOptions holds what MISC_CHECK adds.
type MiscOptions struct {
	Command Command       `json:"command"`
	Timeout time.Duration `json:"timeout"`
	Dynamic bool          `json:"dynamic,omitempty"`
}

// UDPOptions holds what UDP_CHECK adds.
type UDPOptions struct {
	Payload      []byte `json:"payload,omitempty"` // none: the default of 32 bytes
	RequireReply bool   `json:"require_reply,omitempty"`
	Reply        []byte `json:"reply,omitempty"`      // what a reply must begin with
	ReplyMask    []byte `json:"reply_mask,omitempty"` // the bits of Reply that count
	MinReply     int    `json:"min_reply_length,omitempty"`
	MaxReply     int    `json:"max_reply_length"` // bytes, default 255
}

// DNSOptions holds what DNS_CHECK adds.
type DNSOptions struct {
	Type string `json:"type"` // upper case, default SOA
	Name string `json:"name"` // default "."
}

// SMTPOptions holds what SMTP_CHECK adds.
type SMTPOptions struct {
	HELO string `json:"helo_name"` // default smtpchecker.keepalived.org
}

// FileOptions holds what FILE_CHECK adds. Weight and Reverse are those of the
// checker, else those of its track_file.
type FileOptions struct {
	TrackFile string `json:"track_file"`
	Weight    int    `json:"weight"`
	Reverse   bool   `json:"reverse,omitempty"`
}

// BFDOptions holds what BFD_CHECK adds.
type BFDOptions struct {
	Name string `json:"name"` // of the bfd_instance
}

// TLSClient is the SSL block: what SSL_GET shows to servers that ask for a certificate.
type TLSClient struct {
	Password    string `json:"password,omitempty"`    // of the private key
	CA          string `json:"ca,omitempty"`          // path of the CA certificates
	Certificate string `json:"certificate,omitempty"` // path
	Key         string `json:"key,omitempty"`         // path of the private key
}
