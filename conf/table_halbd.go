package conf

// statusHalbd marks the rows that keepalived does not know.
const statusHalbd = "halbd"

// tableHalbd holds the words that only halbd knows. keepalived calls them
// unknown and goes on.
var tableHalbd = []Keyword{
	{Block: "global_defs", Name: "control_socket", Args: "<path|none>", Default: "/run/halbd.sock, beside the pid file of -p", Status: statusHalbd, Doc: "Unix socket that `halbd status` and its kin talk to", Acts: true},
	{Block: "global_defs", Name: "strict_config", Args: "[<bool>]", Default: "false", Status: statusHalbd, Doc: "Refuse to start or reload with anything that is not honoured, like option --strict", Acts: true},
}
