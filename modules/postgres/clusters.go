package postgres

import (
	"context"

	"pinch/internal/py"
	"pinch/modules"
)

type clusterPresentArgs struct {
	Version          py.Value `arg:"version,required" doc:"The major version of PostgreSQL."`
	Name             py.Value `arg:"name,required" doc:"The cluster."`
	Port             py.Value `arg:"port" doc:"The port it listens on."`
	Encoding         py.Value `arg:"encoding" doc:"Its character encoding."`
	Locale           py.Value `arg:"locale" doc:"Its locale."`
	Datadir          py.Value `arg:"datadir" doc:"Where its files are."`
	AllowGroupAccess py.Value `arg:"allow_group_access" doc:"Whether the group may read its files."`
	DataChecksums    py.Value `arg:"data_checksums" doc:"Whether its pages have checksums."`
	WalSegsize       py.Value `arg:"wal_segsize" doc:"The size of its log files."`
}

type clusterAbsentArgs struct {
	Version py.Value `arg:"version,required" doc:"The major version of PostgreSQL."`
	Name    py.Value `arg:"name,required" doc:"The cluster."`
}

// clusterVirtual refuses: Salt 3008 has these states, but the module of Debian
// that they call has left it, so that they are never available.
func clusterVirtual(*modules.Call) (bool, string) { return false, noModule }

func clusterStates() []*modules.Func {
	return []*modules.Func{
		modules.State[clusterPresentArgs]{Name: "postgres_cluster.present", Virtual: clusterVirtual,
			Doc: "Is never available, as in Salt 3008, which has no functions for clusters any more.\n\n```yaml\nmain:\n  postgres_cluster.present:\n    - version: '15'\n```",
			Check: func(context.Context, *modules.Call, *clusterPresentArgs) (modules.Plan, error) {
				return modules.Fail(noModule), nil
			}}.Func(),
		modules.State[clusterAbsentArgs]{Name: "postgres_cluster.absent", Virtual: clusterVirtual,
			Doc: "Is never available, as in Salt 3008, which has no functions for clusters any more.\n\n```yaml\nmain:\n  postgres_cluster.absent:\n    - version: '15'\n```",
			Check: func(context.Context, *modules.Call, *clusterAbsentArgs) (modules.Plan, error) {
				return modules.Fail(noModule), nil
			}}.Func(),
	}
}
