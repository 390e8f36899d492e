package conf

// statusHalbd marks the rows that keepalived does not know.
const statusHalbd = "halbd"

// tableHalbd holds the words that only halbd knows. keepalived calls them
// unknown and goes on.
var tableHalbd = []Keyword{
	{Block: "global_defs", Name: "control_socket", Args: "<path|none>", Default: "/run/halbd.sock, beside the pid file of -p", Status: statusHalbd, Doc: "Unix socket that `halbd status` and its kin talk to", Acts: true},
	{Block: "global_defs", Name: "control_listen", Args: "<ip:port> [insecure]", Default: "none", Status: statusHalbd, Doc: "TCP address for /metrics, /status, /events and /healthz; insecure: beyond this host without TLS or token", Acts: true},
	{Block: "global_defs", Name: "control_tls", Args: "<certificate> <key>", Default: "none", Status: statusHalbd, Doc: "PEM files of control_listen; read again when they change", Acts: true},
	{Block: "global_defs", Name: "control_token_file", Args: "<path>", Default: "none", Status: statusHalbd, Doc: "File whose first line is the bearer token of control_listen", Acts: true},
	{Block: "global_defs", Name: "strict_config", Args: "[<bool>]", Default: "false", Status: statusHalbd, Doc: "Refuse to start or reload with anything that is not honoured, like option --strict", Acts: true},
	{Block: "global_defs", Name: "notify_coalesce", Args: "[<bool>]", Default: "false", Status: statusHalbd, Doc: "Leave out waiting notify scripts of an object when a newer state of it is told", Acts: true},
	{Block: "global_defs", Name: "notify_timeout", Args: "<decimal, 6 places>", Unit: "s", Min: "0.1", Max: "86400", Default: "none", Status: statusHalbd, Doc: "End a notify script, and all that came from it, after this time: TERM, and KILL two seconds later", Acts: true},
	{Block: "global_defs", Name: "notify_webhook", Args: "<url>", Default: "none", Repeatable: true, Status: statusHalbd, Doc: "POST every event as JSON to this http or https address, in order and with retries", Acts: true},
	{Block: "global_defs", Name: "smtp_tls", Args: "<starttls|tls>", Default: "none", Status: statusHalbd, Doc: "Send mail through TLS and check the server's certificate: STARTTLS, or TLS from the first byte", Acts: true},
	{Block: "global_defs", Name: "smtp_auth", Args: "<user> <password>", Default: "none", Status: statusHalbd, Doc: "Log in to the mail server; needs smtp_tls", Acts: true},
}
