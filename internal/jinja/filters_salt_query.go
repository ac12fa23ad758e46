package jinja

import (
	"pinch/internal/jmespath"
	"pinch/internal/py"
)

// saltQueryFilters has the filter json_query.
func saltQueryFilters() map[string]Filter {
	return map[string]Filter{
		"json_query": fn("json_query(data, expr)", func(c *Context, a []py.Value) (py.Value, error) {
			query, ok := strOf(a[1])
			if !ok {
				if err := strictFail(a[1]); err != nil {
					return nil, err
				}
				return nil, py.TypeErrorf("'%s' object is not iterable", py.TypeName(a[1]))
			}
			if err := strictFail(a[0]); err != nil {
				return nil, err
			}
			e, err := jmespath.Compile(query)
			if err != nil {
				return nil, err
			}
			return e.Search(a[0], c.rt.step)
		}),
	}
}
