package conf

// setter stores one statement, or begins the block that it opens.
type setter = func(b *builder, kw *Keyword, s Statement)

// blockSetters holds the setters of one block by keyword.
type blockSetters map[string]setter

// blockKind says how one block or list of the language is read: what its
// statements store, and what its ends do beside that. The setter of the
// keyword that opens a block makes the object; the setter of a list takes its
// items.
type blockKind struct {
	setters  []blockSetters                   // of the statements inside
	within   func(*builder) bool              // whether what they store into is open; nil: always
	begin    func(b *builder, open Statement) // of a list: before its items; nil: nothing
	end      func(*builder)                   // completes it; nil: nothing
	notEmpty bool                             // keepalived complains about a list without items
}

// blockKinds are the blocks that have more to them than their rows, by path.
func blockKinds() map[string]blockKind {
	kinds := map[string]blockKind{
		"root":                           {setters: []blockSetters{rootSetters()}},
		"global_defs":                    {setters: []blockSetters{globalSetters(), daemonSetters(), mailSetters(), firewallSetters(), alertSetters(), deliverySetters()}},
		"global_defs/notification_email": {notEmpty: true},
		"SSL":                            {setters: []blockSetters{sslSetters()}, within: func(b *builder) bool { return b.ssl != nil }},
		"track_group":                    {setters: []blockSetters{trackGroupSetters()}, within: func(b *builder) bool { return b.trackGroup != nil }},
		"track_group/group":              {begin: (*builder).openTrackMembers},
	}
	addLinkKinds(kinds)
	addTrackerKinds(kinds)
	addInstanceKinds(kinds)
	addServerKinds(kinds)
	return kinds
}

func addLinkKinds(kinds map[string]blockKind) {
	kinds["garp_group"] = blockKind{setters: []blockSetters{garpGroupSetters()}, end: (*builder).closeGARPGroup,
		within: func(b *builder) bool { return b.linkLists.garp != nil }}
	kinds["garp_group/interfaces"] = blockKind{end: (*builder).closeInterfaces, notEmpty: true}
}

func addTrackerKinds(kinds map[string]blockKind) {
	kinds["vrrp_script"] = blockKind{setters: []blockSetters{scriptSetters()}, end: (*builder).closeScript,
		within: func(b *builder) bool { return b.script != nil }}
	for _, name := range []string{"track_file", "vrrp_track_file"} {
		kinds[name] = blockKind{setters: []blockSetters{fileSetters()}, end: (*builder).closeFile,
			within: func(b *builder) bool { return b.file != nil }}
	}
	kinds["vrrp_track_process"] = blockKind{setters: []blockSetters{processSetters()}, end: (*builder).closeProcess,
		within: func(b *builder) bool { return b.process != nil }}
	kinds["bfd_instance"] = blockKind{setters: []blockSetters{bfdSetters()}, end: (*builder).closeBFD,
		within: func(b *builder) bool { return b.bfd != nil }}
}

func addInstanceKinds(kinds map[string]blockKind) {
	group := func(b *builder) bool { return b.group != nil }
	kinds["vrrp_sync_group"] = blockKind{setters: []blockSetters{groupSetters()}, within: group, end: func(b *builder) { b.group = nil }}
	kinds["vrrp_sync_group/group"] = blockKind{begin: (*builder).openMembers, notEmpty: true}
	instance := func(b *builder) bool { return b.inst != nil }
	kinds["vrrp_instance"] = blockKind{setters: []blockSetters{instanceSetters()}, within: instance, end: (*builder).closeInstance}
	kinds["vrrp_instance/authentication"] = blockKind{setters: []blockSetters{authSetters()}, within: instance}
	kinds["vrrp_instance/auth_hmac"] = blockKind{setters: []blockSetters{hmacSetters()},
		within: func(b *builder) bool { return b.inst != nil && b.inst.hmac != nil }}
	kinds["vrrp_instance/unicast_peer"] = blockKind{begin: func(b *builder, _ Statement) { b.inst.unicastUsed = true }} // even an empty list counts
}

func addServerKinds(kinds map[string]blockKind) {
	kinds["virtual_server_group"] = blockKind{begin: (*builder).openServerGroup, end: (*builder).closeServerGroup}
	kinds["virtual_server"] = blockKind{setters: []blockSetters{serverSetters()}, end: (*builder).closeServer,
		within: func(b *builder) bool { return b.vs != nil }}
	kinds["virtual_server/real_server"] = blockKind{setters: []blockSetters{realSetters()}, end: (*builder).closeReal,
		within: func(b *builder) bool { return b.rs != nil }}
	for _, kind := range checkKinds {
		path := "virtual_server/real_server/" + string(kind)
		within := func(b *builder) bool { return b.check != nil && b.check.Kind == kind }
		kinds[path] = blockKind{setters: kind.setters(), within: within, end: (*builder).closeCheck}
		switch kind {
		case HTTPGet, SSLGet:
			kinds[path+"/url"] = blockKind{setters: urlBlockSetters(kind), end: (*builder).closeURL,
				within: func(b *builder) bool { return b.url != nil && b.check != nil }}
		case SMTPCheck:
			kinds[path+"/host"] = blockKind{setters: []blockSetters{checkSetters(), connectSetters()}, within: within, end: (*builder).closeHost}
		}
	}
}
