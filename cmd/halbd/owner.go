package main

import (
	"os"
	"syscall"
)

// account is whom a file belongs to.
type account struct{ uid, gid uint32 }

func owner(info os.FileInfo) account {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return account{st.Uid, st.Gid}
	}
	return account{}
}
