package mysql

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

type grantPresentArgs struct {
	Name        string   `arg:"name,required" doc:"A name for the grant; it has no other meaning."`
	Grant       py.Value `arg:"grant" doc:"The privileges, with commas between them, or all privileges."`
	Database    py.Value `arg:"database" doc:"What they are on: DATABASE.TABLE, DATABASE.* or *.*."`
	For         py.Value `arg:"user" doc:"The account's user."`
	At          py.Value `arg:"host" default:"localhost" doc:"The host it connects from."`
	GrantOption py.Value `arg:"grant_option" default:"False" doc:"Whether it may grant them to others."`
	Escape      py.Value `arg:"escape" default:"True" doc:"Whether database is quoted."`
	RevokeFirst py.Value `arg:"revoke_first" default:"False" doc:"Whether other privileges on the same are revoked before."`
	SSLOption   py.Value `arg:"ssl_option" default:"False" doc:"What the account's connections must have: a list of SSL, X509, CIPHER, ISSUER and SUBJECT."`
	connArgs
}

type grantAbsentArgs struct {
	Name        string   `arg:"name,required" doc:"A name for the grant; it has no other meaning."`
	Grant       py.Value `arg:"grant" doc:"The privileges."`
	Database    py.Value `arg:"database" doc:"What they are on."`
	For         py.Value `arg:"user" doc:"The account's user."`
	At          py.Value `arg:"host" default:"localhost" doc:"The host it connects from."`
	GrantOption py.Value `arg:"grant_option" default:"False" doc:"Whether the right to grant them to others is revoked as well."`
	Escape      py.Value `arg:"escape" default:"True" doc:"Whether database is quoted."`
	connArgs
}

func grantStates() []*modules.Func {
	return []*modules.Func{
		modules.State[grantPresentArgs]{Name: "mysql_grants.present", Virtual: stateVirtual, Check: checkGrant,
			Doc: "Makes sure that an account has privileges.\n\n```yaml\nshop for frank:\n  mysql_grants.present:\n    - grant: select,insert,update\n    - database: shop.*\n    - user: frank\n```"}.Func(),
		modules.State[grantAbsentArgs]{Name: "mysql_grants.absent", Virtual: stateVirtual, Check: checkNoGrant,
			Doc: "Revokes privileges of an account.\n\n```yaml\nno delete for frank:\n  mysql_grants.absent:\n    - grant: delete\n    - database: shop.*\n    - user: frank\n```"}.Func(),
	}
}

func checkGrant(ctx context.Context, c *modules.Call, a *grantPresentArgs) (modules.Plan, error) {
	p, err := a.client(ctx, c)
	if err != nil {
		return modules.Plan{}, err
	}
	g := wish{grant: a.Grant, database: a.Database, user: a.For, host: a.At, withOption: a.GrantOption, escape: a.Escape, tls: a.SSLOption}
	has, err := p.granted(ctx, g)
	if err != nil {
		return modules.Plan{}, err
	}
	what := fmt.Sprintf("%s on %s to %s@%s", py.ToStr(a.Grant), py.ToStr(a.Database), py.ToStr(a.For), py.ToStr(a.At))
	if has {
		return modules.InOrder("Grant " + what + " is already present"), nil
	}
	if s, bad := takeError(c); bad {
		return modules.Fail(s), nil
	}
	return modules.Would(fmt.Sprintf("MySQL grant %s is set to be created", a.Name), nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		if py.IsTrue(a.RevokeFirst) {
			if err := p.revokeFirst(ctx, w, g); err != nil {
				return modules.Done{}, err
			}
		}
		ok, err := p.addGrant(ctx, w, g)
		switch {
		case err != nil:
			return modules.Done{}, err
		case !ok:
			return modules.Failed(because(c, fmt.Sprintf(`Failed to execute: "GRANT %s ON %s TO %s@%s"`,
				py.ToStr(a.Grant), py.ToStr(a.Database), py.ToStr(a.For), py.ToStr(a.At)))), nil
		}
		return modules.OK("Grant "+what+" has been added", change(a.Name, "Present")), nil
	}), nil
}

// revokeFirst revokes what the account has on the database. Salt compares the
// database's name with what a grant is on, which has the table too: they are
// the same only where the grant is on something without a table.
func (p *client) revokeFirst(ctx context.Context, w host.Writer, g wish) error {
	have, _, err := p.userGrants(ctx, g.user, g.host)
	if err != nil {
		return err
	}
	for _, sql := range have {
		t, err := tokenize(sql, false)
		if err != nil {
			return err
		}
		database, err := attribute(g.database, "rpartition")
		if err != nil {
			return err
		}
		db, table := "", database
		if i := strings.LastIndexByte(database, '.'); i >= 0 {
			db, table = database[:i], database[i+1:]
		}
		if t.database != QuoteIdentifier(db, table == "*") {
			continue
		}
		old := g
		old.grant = py.Str(strings.TrimRight(strings.Join(t.grants, ","), ","))
		if _, err := p.revoke(ctx, w, old); err != nil {
			return err
		}
	}
	return nil
}

func checkNoGrant(ctx context.Context, c *modules.Call, a *grantAbsentArgs) (modules.Plan, error) {
	p, err := a.client(ctx, c)
	if err != nil {
		return modules.Plan{}, err
	}
	g := wish{grant: a.Grant, database: a.Database, user: a.For, host: a.At, withOption: a.GrantOption, escape: a.Escape, tls: py.False}
	grant, database, user, at := py.ToStr(a.Grant), py.ToStr(a.Database), py.ToStr(a.For), py.ToStr(a.At)
	missing := fmt.Sprintf("Grant %s on %s to %s@%s is not present, so it cannot be revoked", grant, database, user, at)
	has, err := p.granted(ctx, g)
	if err != nil {
		return modules.Plan{}, err
	}
	if !has {
		if s, bad := takeError(c); bad {
			return modules.Fail(fmt.Sprintf("Unable to determine if grant %s on %s for %s@%s exists (%s)", grant, database, user, at, s)), nil
		}
		return modules.InOrder(missing), nil
	}
	return modules.Would(fmt.Sprintf("MySQL grant %s is set to be revoked", a.Name), nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		g.escape = py.True
		ok, err := p.revoke(ctx, w, g)
		if err != nil {
			return modules.Done{}, err
		}
		if ok {
			return modules.OK(fmt.Sprintf("Grant %s on %s for %s@%s has been revoked", grant, database, user, at), change(a.Name, "Absent")), nil
		}
		if s, bad := takeError(c); bad {
			return modules.Failed(fmt.Sprintf("Unable to revoke grant %s on %s for %s@%s (%s)", grant, database, user, at, s)), nil
		}
		return modules.Done{Result: low.True, Comment: missing}, nil
	}), nil
}
