package firewall

import (
	"bytes"
	"encoding/binary"
	"testing"

	"golang.org/x/sys/unix"
)

// notice is a message of nf_tables as the kernel sends it.
func notice(port uint32, kind, family uint8, attrs ...[]byte) []byte {
	body := append([]byte{family, 0, 0, 0}, bytes.Join(attrs, nil)...)
	b := binary.NativeEndian.AppendUint32(nil, uint32(unix.NLMSG_HDRLEN+len(body)))
	b = binary.NativeEndian.AppendUint16(b, unix.NFNL_SUBSYS_NFTABLES<<8|uint16(kind))
	b = binary.NativeEndian.AppendUint16(b, 0)
	b = binary.NativeEndian.AppendUint32(b, 1)
	b = binary.NativeEndian.AppendUint32(b, port)
	return append(b, body...)
}

func attr(kind uint16, value string) []byte {
	b := binary.NativeEndian.AppendUint16(nil, uint16(unix.SizeofNlAttr+len(value)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = append(b, value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

const ours, others = 77, 99

func theft(messages ...[]byte) (list []string) {
	var c commit
	for _, m := range messages {
		c.read(m, ours, "keepalived", func(t Theft) { list = append(list, t.String()) })
	}
	return list
}

func TestTheftsOfOneTransaction(t *testing.T) {
	table := attr(tableAttr, "keepalived\x00")
	end := notice(others, unix.NFT_MSG_NEWGEN, 0, attr(unix.NFTA_GEN_PROC_PID, "\x00\x00\x00\x05"), attr(unix.NFTA_GEN_PROC_NAME, "nft\x00"))
	rule := func(chain string) []byte {
		return notice(others, unix.NFT_MSG_DELRULE, unix.NFPROTO_IPV4, table, attr(unix.NFTA_RULE_CHAIN, chain+"\x00"))
	}
	for name, c := range map[string]struct {
		messages [][]byte
		want     string
	}{
		"nothing":            {[][]byte{end}, ""},
		"our own":            {[][]byte{notice(ours, unix.NFT_MSG_DELTABLE, unix.NFPROTO_IPV4, table), end}, ""},
		"another table":      {[][]byte{notice(others, unix.NFT_MSG_DELTABLE, unix.NFPROTO_IPV4, attr(tableAttr, "keepalived2\x00")), end}, ""},
		"its name in inet":   {[][]byte{notice(others, unix.NFT_MSG_DELTABLE, unix.NFPROTO_INET, table), end}, ""},
		"a rule":             {[][]byte{rule("in"), end}, "deleted rules of chain in of table ip keepalived by nft (process 5)"},
		"rules of one chain": {[][]byte{rule("in"), rule("in"), end}, "deleted rules of chain in of table ip keepalived by nft (process 5)"},
		"in one datagram":    {[][]byte{bytes.Join([][]byte{rule("in"), rule("out"), end}, nil)}, "deleted rules of chain in of table ip keepalived, deleted rules of chain out of table ip keepalived by nft (process 5)"},
		"the greatest": {[][]byte{rule("in"), notice(others, unix.NFT_MSG_DELTABLE, unix.NFPROTO_IPV4, table),
			notice(others, unix.NFT_MSG_DELSET, unix.NFPROTO_IPV4, table, attr(unix.NFTA_SET_NAME, "vips\x00")), end}, "deleted table ip keepalived by nft (process 5)"},
		"too many to name": {[][]byte{rule("a"), rule("b"), rule("c"), rule("d"), rule("e"), end},
			"deleted rules of chain a of table ip keepalived, deleted rules of chain b of table ip keepalived, deleted rules of chain c of table ip keepalived, deleted rules of chain d of table ip keepalived and more by nft (process 5)"},
		"an older kernel names nobody": {[][]byte{rule("in"), notice(others, unix.NFT_MSG_NEWGEN, 0)}, "deleted rules of chain in of table ip keepalived"},
	} {
		got := theft(c.messages...)
		if c.want == "" && len(got) > 0 || c.want != "" && (len(got) != 1 || got[0] != c.want) {
			t.Errorf("%s:\n got %q\nwant %q", name, got, c.want)
		}
	}
}

// Whatever arrives, reading ends and reads nothing beyond it.
func FuzzNotice(f *testing.F) {
	f.Add(notice(others, unix.NFT_MSG_DELTABLE, unix.NFPROTO_IPV4, attr(tableAttr, "keepalived\x00")))
	f.Add(notice(others, unix.NFT_MSG_NEWGEN, 0, attr(unix.NFTA_GEN_PROC_NAME, "nft\x00")))
	f.Fuzz(func(t *testing.T, b []byte) {
		theft(b, b)
		theft(b[:len(b)/2])
	})
}
