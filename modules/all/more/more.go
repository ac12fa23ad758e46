// Package more lists the functions that few trees use. On a host they are in a
// program of their own, which the shim asks for when one is called.
package more

import (
	"pinch/modules"
	"pinch/modules/apache"
	"pinch/modules/at"
	"pinch/modules/disk"
	"pinch/modules/dns"
	"pinch/modules/gem"
	"pinch/modules/hg"
	"pinch/modules/logrotate"
	"pinch/modules/mysql"
	"pinch/modules/npm"
	"pinch/modules/pecl"
	"pinch/modules/postgres"
	"pinch/modules/rabbitmq"
	"pinch/modules/supervisord"
	"pinch/modules/svn"
	"pinch/modules/sysrc"
)

// Funcs returns them, a list a package.
func Funcs() [][]*modules.Func {
	return append(linuxOnly(),
		apache.Funcs(),
		at.Funcs(),
		disk.Funcs(),
		dns.Funcs(),
		gem.Funcs(),
		hg.Funcs(),
		logrotate.Funcs(),
		mysql.Funcs(),
		npm.Funcs(),
		pecl.Funcs(),
		postgres.Funcs(),
		rabbitmq.Funcs(),
		supervisord.Funcs(),
		svn.Funcs(),
		sysrc.Funcs(),
	)
}
