"""Real Salt as a server: one JSON request a line in, one JSON answer a line out.

usage: python server.py DIR

DIR holds Salt's configuration (a file "minion"). A request is {"fun": "state.apply",
"arg": ["t", "test=True"]}, as on salt-call's command line; the answer {"retcode": 0, "return": ...,
"stderr": "..."}. Each request runs in a child of a process that has everything loaded, so no request
sees what another left behind.
"""

import contextlib
import io
import json
import os
import shutil
import sys
import traceback

import salt.cli.caller
import salt.config
import salt.loader
import salt.loader.lazy

WARM = ["test.nop", "cmd.run", "file.managed", "module.run", "event.send"]


def remember_folders():
    """Lets the loaders list each folder of modules once: most of a small run's time goes there."""
    known = {}
    original = salt.loader.lazy.LazyLoader._refresh_file_mapping

    def refresh(self):
        key = (tuple(self.module_dirs), tuple(self.static_modules), tuple(self.disabled))
        if key not in known:
            original(self)
            known[key] = dict(self.file_mapping), dict(self.suffix_map), list(self.suffix_order)
        self.file_mapping, self.suffix_map, self.suffix_order = (known[key][0].copy(), known[key][1].copy(), known[key][2][:])

    salt.loader.lazy.LazyLoader._refresh_file_mapping = refresh


def main(root):
    os.umask(0o022)
    remember_folders()
    opts = salt.config.minion_config(os.path.join(root, "minion"))
    opts.update(fun="test.ping", arg=[], log_level="quiet", retcode_passthrough=True, local=True, print_metadata=False)
    opts["return"] = ""
    opts["grains"] = salt.loader.grains(opts)
    caller = salt.cli.caller.ZeroMQCaller(opts)
    functions = caller.minion.functions
    for name in ["state.apply", "cmd.run", "file.managed", "test.ping"]:
        functions.get(name)
    for name in WARM:
        salt.loader.states(opts, functions, salt.loader.utils(opts), salt.loader.serializers(opts)).get(name)
    caller.opts.update(fun="state.apply", arg=["no-such-sls"])
    with contextlib.redirect_stderr(io.StringIO()):
        caller.call()
    caller.minion.executors.pack["__context__"].clear()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            with os.fdopen(writing, "w") as out:
                out.write(json.dumps(answer(caller, root, request), default=repr))
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as source:
            text = source.read()
        os.waitpid(child, 0)
        print(text or json.dumps({"died": True}), flush=True)


def answer(caller, root, request):
    for name in ["file_lists", "roots", "files", "extrn_files"]:
        shutil.rmtree(os.path.join(root, "cache", name), ignore_errors=True)
    caller.opts["fun"], caller.opts["arg"] = request["fun"], request["arg"]
    told = io.StringIO()
    sys.stdout = open(os.devnull, "w")
    with contextlib.redirect_stderr(told):
        try:
            ret = caller.call()
            return {"retcode": ret.get("retcode", 0), "return": ret.get("return"), "stderr": told.getvalue()}
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
            return {"retcode": code, "return": None, "stderr": told.getvalue() + str(end.code)}
        except BaseException:
            return {"retcode": 1, "return": None, "stderr": told.getvalue() + traceback.format_exc()}


main(sys.argv[1])
