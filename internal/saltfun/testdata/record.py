"""Records calls_cases.json: what Salt's own execution functions give for the calls of calls.txt.

    PYTHON record.py < calls.txt > calls_cases.json

PYTHON is one that has Salt 3008.3. A line of calls.txt is a call in Python's syntax, arguments literals. It is made
on a minion with a local file client whose tree, pillar, grains and options are those of newHost in saltfun_test.go.
The case has the value or the exception; values are tagged as package internal/golden reads them.
"""

import ast
import collections
import json
import os
import re
import sys
import tempfile

import salt.config
import salt.loader
import salt.utils.secret

FILES = {
    "a/defaults.yaml": "x: 1\nd: {y: 0644}\n",
    "a/b/f.txt": "hi\r\nthere\n",
    "j.json": '{"j": [1]}',
    "jj/defaults.json": '{"j": [1]}',
    "a/t.sls": "t: {{ 1 + 1 }}\n",
    "map.jinja": "{% set m = {'a': [1, 'x'], 'g': grains['os']} %}\n",
}
PILLAR = {
    "p": {"q": {"r": [{"z": 5}, 7]}},
    "80": "s",
    "l": [1, 2],
    "none": None,
    "master": {"mk": "mv"},
    "role": "web",
    90: "i",
}
GRAINS = {
    "id": "minion1",
    "os": "Debian",
    "os_family": "Debian",
    "kernel": "Linux",
    "roles": ["web", "db"],
    "ipv4": ["10.0.0.1"],
    "n": {"a": {"b": 1}},
    "serialnumber": "ABCD1234",
    "fqdn": "m.example.org",
}


def tag(v):
    if v is None or isinstance(v, (bool, str)):
        return v
    if isinstance(v, int):
        return {"$i": str(v)}
    if isinstance(v, float):
        return {"$f": repr(v)}
    if isinstance(v, bytes):
        return {"$b": v.hex()}
    if isinstance(v, collections.abc.Mapping):
        return {"$d": [[tag(a), tag(b)] for a, b in v.items()]}
    if isinstance(v, (set, frozenset)):
        return {"$set": [tag(x) for x in sorted(v)]}
    if isinstance(v, tuple):
        return {"$t": [tag(x) for x in v]}
    if isinstance(v, collections.abc.Sequence):
        return [tag(x) for x in v]
    raise TypeError(f"no tag for {type(v)}")


def write(root, files):
    for name, text in files.items():
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", newline="") as f:
            f.write(text)


def minion(top):
    for d in ("base", "dev", "pillar", "cache"):
        os.makedirs(os.path.join(top, d))
    write(os.path.join(top, "base"), FILES)
    write(
        os.path.join(top, "pillar"),
        {"top.sls": "base: {'*': [p]}\n", "p.sls": "".join(f"{k!r}: {json.dumps(v)}\n" for k, v in PILLAR.items())},
    )
    with open(os.path.join(top, "sdb.yaml"), "w") as f:
        f.write("a: {b: 1, c: [x, y]}\nk: v\n")
    with open(os.path.join(top, "sdb2.yaml"), "w") as f:
        f.write("a: {b: 2}\nz: last\n")
    opts = salt.config.minion_config(None)
    opts.update(
        id="minion1",
        file_client="local",
        file_roots={"base": [os.path.join(top, "base")], "dev": [os.path.join(top, "dev")]},
        pillar_roots={"base": [os.path.join(top, "pillar")]},
        cachedir=os.path.join(top, "cache"),
        extension_modules=os.path.join(top, "ext"),
        saltenv="base",
        backup_mode="",
        nodegroups={"webs": "minion*"},
        myopt={"k": [1, 2]},
        env1={"driver": "env"},
        yaml1={"driver": "yaml", "files": [os.path.join(top, "sdb.yaml"), os.path.join(top, "sdb2.yaml")]},
        sdbv="sdb://env1/NOPE_SET",
        sdby="sdb://yaml1/a:c",
        grains=dict(GRAINS),
        pillar=PILLAR,
    )
    return opts


def call(funcs, line):
    name, rest = line.split("(", 1)
    node = ast.parse("f(" + rest, mode="eval").body  # a name such as test.try is no expression
    args = [ast.literal_eval(a) for a in node.args]
    kwargs = {k.arg: ast.literal_eval(k.value) for k in node.keywords}
    case = {"fun": name, "args": [tag(a) for a in args], "kwargs": {k: tag(v) for k, v in kwargs.items()}}
    try:
        case["value"] = tag(funcs[name](*args, **kwargs))
    except Exception as exc:  # what it is stands in the case
        case["error"] = {"class": type(exc).__name__, "message": str(exc)}
    return case


def main():
    salt.utils.secret.mask_pillar.set(False)  # as in templates
    cases = []
    with tempfile.TemporaryDirectory() as top:
        opts = minion(os.path.realpath(top))
        lines = [l.strip() for l in sys.stdin if l.strip() and not l.startswith("#")]
        for line in lines:
            os.environ.pop("NOPE_SET", None)
            opts["grains"] = dict(GRAINS)
            # A pillar in the options would be merged into one that is compiled.
            opts["pillar"] = {} if re.match(COMPILED, line) else json_copy(PILLAR)
            funcs = salt.loader.minion_mods(opts, utils=UTILS.setdefault("u", salt.loader.utils(opts)))
            cases.append(call(funcs, line))
        text = ",\n".join(json.dumps(c, ensure_ascii=False) for c in cases)
        text = text.replace(os.path.realpath(top) + "/cache", "/cache").replace(os.path.realpath(top), "/top")
    print('{"comment": "Recorded by record.py from Salt 3008.3; calls.txt has the calls.", "cases": [\n' + text + "\n]}")


UTILS = {}
COMPILED = r"pillar\.((items|data|ls|obfuscate)\((?!')|ext\()"  # with keys they look into the loaded one


def json_copy(v):
    if isinstance(v, dict):
        return {k: json_copy(x) for k, x in v.items()}
    if isinstance(v, list):
        return [json_copy(x) for x in v]
    return v


main()
