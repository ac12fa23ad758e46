package main

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"sort"
	"strings"
)

// What differs from run to run, and the order of what Salt keeps in sets, is
// made equal before a comparison, in the goldens and in the product's output alike.

type rewrite struct {
	pattern *regexp.Regexp
	with    string
}

// textRewrites are applied to every string, in this order.
var textRewrites = []rewrite{
	{regexp.MustCompile(`Traceback \(most recent call last\):\n(?:[ \t]+[^\n]*\n)*`), "<TRACEBACK>\n"},
	{regexp.MustCompile(`/tmp/tmp[a-z0-9_]{8}`), "<TMP>"},
	{regexp.MustCompile(`/tmp/__salt\.tmp\.[A-Za-z0-9_]+`), "<TMP>"},
	{regexp.MustCompile(`/tmp/salt[A-Za-z0-9_.-]*`), "<TMP>"},
	{regexp.MustCompile(`__salt\.tmp\.[A-Za-z0-9_]+`), "<TMPNAME>"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?Z?`), "<TIME>"},
	{regexp.MustCompile(`0x[0-9a-f]{8,16}\b`), "<ADDR>"},
	{regexp.MustCompile(`(?m)^[ \t]*Last metadata expiration check: [^\n]*\n?`), ""}, // whether dnf says it depends on the second
}

// timeKeys are the keys whose numbers are points in time.
var timeKeys = map[string]bool{"mtime": true, "atime": true, "ctime": true, "last_run": true, "creation_date_time_t": true}

// normalize returns v, decoded JSON, with everything accidental replaced.
func normalize(v any) any { return normalizeAt("", v) }

func normalizeAt(key string, v any) any {
	switch v := v.(type) {
	case string:
		return normalizeText(v)
	case json.Number:
		switch {
		case key == "pid" && isInt(v):
			return "<PID>"
		case key == "lstchg" && isInt(v):
			return "<DAYS>"
		case timeKeys[key]:
			return "<TIME>"
		}
		return v
	case []any:
		return normalizeList(key, v)
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, item := range v {
			m[normalizeText(k)] = normalizeAt(k, item)
		}
		return m
	default:
		return v
	}
}

func normalizeList(key string, list []any) []any {
	out := make([]any, len(list))
	for i, item := range list {
		out[i] = normalizeAt("", item)
		if n, ok := item.(json.Number); ok && key == "killed" && isInt(n) {
			out[i] = "<PID>"
		}
	}
	if key == "removed" {
		sort.SliceStable(out, func(i, j int) bool { return render(out[i]) < render(out[j]) })
	}
	return out
}

func normalizeText(s string) string {
	for _, r := range textRewrites {
		s = r.pattern.ReplaceAllString(s, r.with)
	}
	return sortSections(sortModules(sortRequisites(s)))
}

const requisitesFailed = "One or more requisite failed: "

// sortRequisites sorts the list of failed requisites, which Salt takes from a set.
func sortRequisites(s string) string {
	list, ok := strings.CutPrefix(s, requisitesFailed)
	if !ok {
		return s
	}
	names := strings.Split(list, ", ")
	sort.Strings(names)
	return requisitesFailed + strings.Join(names, ", ")
}

var moduleList = regexp.MustCompile(`(?m)^((?:Kernel|(?:Loaded|Removed|Failed to (?:load|remove)) kernel) modules )([^\s,]+(?:, [^\s,]+)+)`)

// sortModules sorts the lists of kmod's comments, which Salt takes from sets.
func sortModules(s string) string {
	return moduleList.ReplaceAllStringFunc(s, func(line string) string {
		m := moduleList.FindStringSubmatch(line)
		names := strings.Split(m[2], ", ")
		sort.Strings(names)
		return m[1] + strings.Join(names, ", ")
	})
}

var sectionHead = regexp.MustCompile(`(?m)^#### .* ####$`)

// sortSections sorts the sections of file.recurse's comment, and the lines of its section "removed".
func sortSections(s string) string {
	heads := sectionHead.FindAllStringIndex(s, -1)
	if len(heads) == 0 || heads[0][0] != 0 {
		return s
	}
	var sections []string
	for i, h := range heads {
		end := len(s)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		section := strings.TrimRight(s[h[0]:end], "\n")
		if head, body, ok := strings.Cut(section, "\n"); ok && head == "#### removed ####" {
			lines := strings.Split(body, "\n")
			sort.Strings(lines)
			section = head + "\n" + strings.Join(lines, "\n")
		}
		sections = append(sections, section)
	}
	sort.Strings(sections)
	return strings.Join(sections, "\n\n")
}

func isInt(n json.Number) bool { return !strings.ContainsAny(n.String(), ".eE") }

// isState tells a state's result by the form of its key: state_|-id_|-name_|-function. An id may hold the mark too.
// A temporary name has swallowed the "_" of the mark behind it.
func isState(key string) bool { return strings.Count(key, "_|-")+strings.Count(key, "<TMP>|-") >= 3 }

// versionMark begins what the recorder put in place of a version that changes with time.
const versionMark = "<VERSION:"

// packageVersions collects the versions in the changes of got that stand where
// want has <VERSION:package>: version → mark. One version can belong to
// several packages; the recorder then used one mark for all.
func packageVersions(want, got any, into map[string]string) {
	switch w := want.(type) {
	case map[string]any:
		g, _ := got.(map[string]any)
		for _, k := range slices.Sorted(maps.Keys(w)) {
			packageVersions(w[k], g[k], into)
		}
	case string:
		g, _ := got.(string)
		if strings.HasPrefix(w, versionMark) && strings.ContainsAny(g, "0123456789") {
			into[g] = w
		}
	}
}

// replaceVersions replaces the collected versions everywhere in v, longer ones first.
func replaceVersions(v any, versions map[string]string) any {
	if len(versions) == 0 {
		return v
	}
	var known []string
	for version := range versions {
		known = append(known, version)
	}
	sort.Slice(known, func(i, j int) bool {
		if len(known[i]) != len(known[j]) {
			return len(known[i]) > len(known[j])
		}
		return known[i] < known[j]
	})
	var pairs []string
	for _, version := range known {
		pairs = append(pairs, version, versions[version])
	}
	replacer := strings.NewReplacer(pairs...)
	var walk func(any) any
	walk = func(v any) any {
		switch v := v.(type) {
		case string:
			return replacer.Replace(v)
		case []any:
			out := make([]any, len(v))
			for i, item := range v {
				out[i] = walk(item)
			}
			return out
		case map[string]any:
			out := make(map[string]any, len(v))
			for k, item := range v {
				out[k] = walk(item)
			}
			return out
		default:
			return v
		}
	}
	return walk(v)
}
