package core

// The modules of package more, which the shim does not link: of states, and of
// execution functions.
var (
	MoreStates = []string{
		"acl",
		"at",
		"firewalld",
		"gem",
		"hg",
		"iptables",
		"logrotate",
		"mysql_database",
		"mysql_grants",
		"mysql_query",
		"mysql_user",
		"network",
		"nftables",
		"npm",
		"postgres_cluster",
		"postgres_database",
		"postgres_extension",
		"postgres_group",
		"postgres_language",
		"postgres_privileges",
		"postgres_schema",
		"postgres_tablespace",
		"postgres_user",
		"svn",
	}
	MoreExecs = []string{
		"acl",
		"at",
		"dig",
		"dnsutil",
		"firewalld",
		"gem",
		"hg",
		"ip",
		"iptables",
		"logrotate",
		"mysql",
		"nftables",
		"npm",
		"postgres",
		"svn",
	}
)
