package mysql

import (
	"context"
	"fmt"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

type dbPresentArgs struct {
	Name         string  `arg:"name,required" doc:"The database."`
	CharacterSet *string `arg:"character_set" doc:"Its character set."`
	Collate      *string `arg:"collate" doc:"Its collation."`
	connArgs
}

// namedArgs are those of a function that is about one thing.
type namedArgs struct {
	Name string `arg:"name,required" doc:"The database."`
	connArgs
}

func databaseStates() []*modules.Func {
	return []*modules.Func{
		modules.State[dbPresentArgs]{Name: "mysql_database.present", Virtual: stateVirtual, Check: checkDB,
			Doc: "Makes sure that a database exists, with its character set and collation.\n\n```yaml\nshop:\n  mysql_database.present:\n    - character_set: utf8mb4\n    - connection_unix_socket: /run/mysqld/mysqld.sock\n```"}.Func(),
		modules.State[namedArgs]{Name: "mysql_database.absent", Virtual: stateVirtual, Check: checkNoDB,
			Doc: "Drops a database.\n\n```yaml\nshop:\n  mysql_database.absent: []\n```"}.Func(),
	}
}

func change(key, value string) *py.Dict { return py.DictOf(key, py.Str(value)) }

// because adds the last error to a comment.
func because(c *modules.Call, comment string) string {
	if s, ok := takeError(c); ok {
		return fmt.Sprintf("%s (%s)", comment, s)
	}
	return comment
}

func checkDB(ctx context.Context, c *modules.Call, a *dbPresentArgs) (modules.Plan, error) {
	p, err := a.client(ctx, c)
	if err != nil {
		return modules.Plan{}, err
	}
	old, err := p.getDB(ctx, a.Name)
	if err != nil {
		return modules.Plan{}, err
	}
	if old != nil {
		return checkAlterDB(p, a, old), nil
	}
	if s, bad := takeError(c); bad {
		return modules.Fail(s), nil
	}
	return modules.Would(fmt.Sprintf("Database %s is not present and needs to be created", a.Name), nil,
		func(ctx context.Context, w host.Writer) (modules.Done, error) {
			ok, err := p.createDB(ctx, w, a.Name, a.CharacterSet, a.Collate)
			switch {
			case err != nil:
				return modules.Done{}, err
			case !ok:
				return modules.Failed(because(c, fmt.Sprintf("Failed to create database %s", a.Name))), nil
			}
			return modules.OK(fmt.Sprintf("The database %s has been created", a.Name), change(a.Name, "Present")), nil
		}), nil
}

// checkAlterDB compares a database with the wish. Its comments are Salt's, down
// to the one of test mode that is left out where the collation differs.
func checkAlterDB(p *client, a *dbPresentArgs, old *database) modules.Plan {
	comment := fmt.Sprintf("Database %s is already present", a.Name)
	charset, collate := "", ""
	if a.CharacterSet != nil {
		charset = *a.CharacterSet
	}
	if a.Collate != nil {
		collate = *a.Collate
	}
	alterCharset, alterCollate := charset != "" && charset != old.charset, collate != "" && collate != old.collate
	if !alterCharset && !alterCollate {
		return modules.InOrder(comment)
	}
	if alterCharset {
		comment = fmt.Sprintf("Database character set %s != %s needs to be updated", charset, old.charset)
	}
	would := comment
	if alterCollate {
		comment += fmt.Sprintf("\nDatabase collate %s != %s needs to be updated", collate, old.collate)
		would = comment
	} else {
		would += fmt.Sprintf("\nDatabase %s is going to be updated", a.Name)
	}
	return modules.Would(would, nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		// Salt does not mind a failure here: it is seen in the changes
		if _, err := p.alterDB(ctx, w, a.Name, charset, collate); err != nil {
			return modules.Done{}, err
		}
		now, err := p.getDB(ctx, a.Name)
		if err != nil {
			return modules.Done{}, err
		}
		changes := py.NewDict()
		for _, key := range []string{"collate", "character_set"} {
			before, after := old.dict().Lookup(key), now.dict().Lookup(key)
			if after == nil {
				after = py.None
			}
			if same, err := py.Equal(before, after); err != nil || !same {
				changes.SetStr(key, py.DictOf("before", before, "now", after))
			}
		}
		return modules.OK(comment, changes), nil
	})
}

func checkNoDB(ctx context.Context, c *modules.Call, a *namedArgs) (modules.Plan, error) {
	p, err := a.client(ctx, c)
	if err != nil {
		return modules.Plan{}, err
	}
	missing := fmt.Sprintf("Database %s is not present, so it cannot be removed", a.Name)
	exists, err := p.dbExists(ctx, a.Name)
	if err != nil {
		return modules.Plan{}, err
	}
	if !exists {
		if s, bad := takeError(c); bad {
			return modules.Fail(s), nil
		}
		return modules.InOrder(missing), nil
	}
	return modules.Would(fmt.Sprintf("Database %s is present and needs to be removed", a.Name), nil,
		func(ctx context.Context, w host.Writer) (modules.Done, error) {
			ok, err := p.removeDB(ctx, w, a.Name)
			if err != nil {
				return modules.Done{}, err
			}
			if ok {
				return modules.OK(fmt.Sprintf("Database %s has been removed", a.Name), change(a.Name, "Absent")), nil
			}
			if s, bad := takeError(c); bad {
				return modules.Failed(fmt.Sprintf("Unable to remove database %s (%s)", a.Name, s)), nil
			}
			return modules.Done{Result: low.True, Comment: missing}, nil
		}), nil
}
