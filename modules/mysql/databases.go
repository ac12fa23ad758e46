package mysql

import (
	"context"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
)

// database is what the server says of one.
type database struct{ charset, collate string }

func (d *database) dict() *py.Dict {
	if d == nil {
		return py.NewDict()
	}
	return py.DictOf("character_set", py.Str(d.charset), "collate", py.Str(d.collate))
}

// getDB returns nil for a database that is not there.
func (p *client) getDB(ctx context.Context, name string) (*database, error) {
	r, ok, err := p.ask(ctx, "SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM INFORMATION_SCHEMA.SCHEMATA WHERE SCHEMA_NAME="+text(name))
	if err != nil || !ok || len(r.rows) == 0 {
		return nil, err
	}
	return &database{charset: py.ToStr(r.rows[0][0]), collate: py.ToStr(r.rows[0][1])}, nil
}

// dbExists asks with LIKE, as Salt does: % and _ in a name are patterns.
func (p *client) dbExists(ctx context.Context, name string) (bool, error) {
	r, ok, err := p.ask(ctx, "SHOW DATABASES LIKE "+text(name))
	return ok && len(r.rows) == 1, err
}

func (p *client) createDB(ctx context.Context, w host.Writer, name string, charset, collate *string) (bool, error) {
	exists, err := p.dbExists(ctx, name)
	if err != nil || exists {
		return false, err
	}
	sql := "CREATE DATABASE IF NOT EXISTS " + identifier(name)
	if charset != nil {
		sql += " CHARACTER SET " + text(*charset)
	}
	if collate != nil {
		sql += " COLLATE " + text(*collate)
	}
	r, ok, err := p.do(ctx, w, sql)
	return ok && r.affected != 0, err
}

// alterDB sets what is not empty and keeps the rest.
func (p *client) alterDB(ctx context.Context, w host.Writer, name, charset, collate string) (bool, error) {
	old, err := p.getDB(ctx, name)
	if err != nil {
		return false, err
	}
	keep := func(v, have string) string {
		switch {
		case v != "":
			return v
		case old == nil:
			return "None"
		}
		return have
	}
	if old == nil {
		old = &database{}
	}
	set, order := keep(charset, old.charset), keep(collate, old.collate)
	r, ok, err := p.do(ctx, w, strings.Join([]string{"ALTER DATABASE", identifier(name), "CHARACTER SET", set, "COLLATE", order}, " "))
	return ok && r.affected != 0, err
}

func (p *client) removeDB(ctx context.Context, w host.Writer, name string) (bool, error) {
	exists, err := p.dbExists(ctx, name)
	if err != nil || !exists || name == "mysql" || name == "information_scheme" {
		return false, err
	}
	if _, ok, err := p.do(ctx, w, "DROP DATABASE "+identifier(name)); err != nil || !ok {
		return false, err
	}
	exists, err = p.dbExists(ctx, name)
	return err == nil && !exists, err
}
