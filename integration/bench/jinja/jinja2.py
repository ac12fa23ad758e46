"""Times Salt's own rendering: the cases that the Go program writes as JSON to
standard input, the seconds of one turn of each to standard output."""

import json
import logging
import sys
import time

import salt.utils.templates
import salt.utils.yaml
from salt.utils.odict import OrderedDict

logging.disable(logging.CRITICAL)


def main():
    for line in sys.stdin:
        case = json.loads(line, object_pairs_hook=OrderedDict)
        opts = {"file_client": "local", "file_roots": {"base": []}, "pillar_roots": {}, "cachedir": case["dir"]}

        def turn():
            context = dict(case["vars"], opts=dict(opts), saltenv="", sls="", salt={})
            text = salt.utils.templates.render_jinja_tmpl(case["template"], context)
            if case["yaml"]:
                salt.utils.yaml.safe_load(text)
            return text

        text = turn()
        best, spent, turns = None, 0.0, 0
        while spent < case["seconds"] or turns < 3:
            start = time.process_time()
            turn()
            took = time.process_time() - start
            spent += took
            turns += 1
            best = took if best is None else min(best, took)
        print(json.dumps({"seconds": best, "text": text}), flush=True)


main()
