// Package mysql has Salt's mysql functions and the mysql_* states, as its
// extension saltext.mysql 1.1.0 has them.
//
// They speak to the server through the command line client that is on the
// host. Its connection comes from an option file and its statements from the
// standard input, both of which are pipes: passwords stand on no command line,
// in no environment and on no disk.
package mysql

import (
	"slices"

	"pinch/internal/py"
	"pinch/internal/secret"
	"pinch/modules"
)

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return slices.Concat(databaseStates(), userStates(), grantStates(), queryStates(), databaseFuncs(), userFuncs(), grantFuncs(), serverFuncs(), maintenanceFuncs())
}

// connArgs are the arguments of the connection, which nearly every function
// has. As in Salt, others are taken and ignored.
type connArgs struct {
	Host         py.Value       `arg:"connection_host" doc:"The server's host, instead of the option mysql.host."`
	Port         py.Value       `arg:"connection_port" doc:"The server's port, instead of mysql.port."`
	User         py.Value       `arg:"connection_user" doc:"The account that connects, instead of mysql.user."`
	Pass         *secret.String `arg:"connection_pass" doc:"Its password, instead of mysql.pass."`
	DB           py.Value       `arg:"connection_db" doc:"The database to begin in, instead of mysql.db."`
	Conv         py.Value       `arg:"connection_conv" doc:"Refused: converters are Python's."`
	UnixSocket   py.Value       `arg:"connection_unix_socket" doc:"The server's socket, instead of mysql.unix_socket."`
	DefaultFile  py.Value       `arg:"connection_default_file" doc:"An option file with the connection, instead of all options but mysql.charset."`
	DefaultGroup py.Value       `arg:"connection_default_group" doc:"The group of that file; client without it."`
	SSL          *py.Dict       `arg:"connection_ssl" doc:"The files ca, capath, cert and key, and cipher, of an encrypted connection."`
	Charset      py.Value       `arg:"connection_charset" doc:"The connection's character set, instead of mysql.charset."`
	More         *py.Dict       `arg:"**"`
}

// program finds the client, "" when there is none.
func program(c *modules.Call) string {
	for _, name := range []string{"mysql", "mariadb"} {
		if found := c.LookPath(name); found != "" {
			return found
		}
	}
	return ""
}

func execVirtual(c *modules.Call) (bool, string) {
	if program(c) == "" {
		return false, "No mysql client installed."
	}
	return true, ""
}

func stateVirtual(c *modules.Call) (bool, string) {
	if program(c) == "" {
		return false, "mysql module could not be loaded"
	}
	return true, ""
}
