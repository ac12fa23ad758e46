#!/usr/bin/env python3
"""Records what real Salt's file server and pillar make of git repositories.

    PYTHON_OF_SALT record.py CASES.json [NAME...]    fills in the "expect" of every case, in place

A case has "repos" (see gittest), "roots" (files below {ROOT}), "opts" over the master's defaults, and
"asked" (saltenvs whose lists are recorded) and "find" ([path, saltenv] pairs), or "pillar" ({"id", "grains",
"saltenv", "pillarenv", "override", "ext"}). "key" is a gpg key for gpg_keydir {ROOT}/k, "http" what a local server at {HTTP} answers
({path: {"status", "body", "auth"}}). RECORD_EXTMODS is a directory for extension_modules. {NAME} is the URL of a repository, {sha:NAME:STEP} a commit, {ROOT} the directory.
"""

import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading


def git(directory, minute, *args):
    date = f"2024-01-01T00:{minute:02d}:00Z"
    env = {
        "PATH": os.environ["PATH"], "HOME": str(directory), "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C",
        "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_AUTHOR_DATE": date,
        "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_COMMITTER_DATE": date,
    }
    return subprocess.run(["git", *args], cwd=directory, env=env, check=True, capture_output=True, text=True).stdout.strip()


def place(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def build(root, repos):
    words = {"{ROOT}": str(root)}
    for name, steps in repos.items():
        repo = root / name
        git(root, 0, "init", "-q", str(repo))
        for i, step in enumerate(steps):
            branch = step["branch"]
            if git(repo, i, "for-each-ref", "refs/heads/" + branch):
                git(repo, i, "checkout", "-q", branch)
            elif step.get("from"):
                git(repo, i, "checkout", "-q", "-b", branch, step["from"])
            elif i == 0:
                git(repo, i, "symbolic-ref", "HEAD", "refs/heads/" + branch)
            else:
                git(repo, i, "checkout", "-q", "--orphan", branch)
                git(repo, i, "rm", "-rfq", "--ignore-unmatch", ".")
            for path in step.get("remove", []):
                git(repo, i, "rm", "-rfq", path)
            for kind, mode in ("files", 0o644), ("exec", 0o755):
                for path, text in step.get(kind, {}).items():
                    place(repo / path).write_text(text)
                    (repo / path).chmod(mode)
            for path, target in step.get("links", {}).items():
                place(repo / path).symlink_to(target)
            git(repo, i, "add", "-A")
            git(repo, i, "commit", "-q", "--allow-empty", "-m", f"step {i}")
            if step.get("tag"):
                git(repo, i, "tag", "-a", "-m", step["tag"], step["tag"])
            words[f"{{sha:{name}:{i}}}"] = git(repo, i, "rev-parse", "HEAD")
        words["{" + name + "}"] = f"file://{repo}"
    return words


def put_in(value, words):
    text = json.dumps(value)
    for word, meaning in words.items():
        text = text.replace(word, meaning)
    return json.loads(text)


def take_out(value, words):
    text = json.dumps(value)
    for word, meaning in sorted(words.items(), key=lambda kv: -len(kv[1])):
        text = text.replace(meaning, word)
    return json.loads(text)


def tagged(value):
    """Keeps what JSON loses: order is JSON's own; bytes are marked."""
    if isinstance(value, dict):
        return {k[:] if isinstance(k, str) else str(k): tagged(v) for k, v in value.items()}
    if isinstance(value, str):
        return value[:]  # without what a class of its own makes of it
    if isinstance(value, (list, tuple)):
        return [tagged(v) for v in value]
    if isinstance(value, bytes):
        return {"$bytes": value.hex()}
    return value


def serve(pages):
    """Starts a server of the pages and returns its URL."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            page = pages.get(self.path, {"status": 404, "body": "no such page"})
            if page.get("auth") and self.headers.get("Authorization") != page["auth"]:
                page = {"status": 401, "body": "who are you?"}
            self.send_response(page.get("status", 200))
            for name, value in page.get("headers", {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(page["body"].encode())

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def one(case):
    import salt.config
    import salt.fileserver
    import salt.pillar

    root = pathlib.Path(tempfile.mkdtemp())
    words = build(root, case.get("repos", {}))
    for path, text in case.get("roots", {}).items():
        place(root / path).write_text(text)
    for path, target in case.get("rootlinks", {}).items():
        place(root / path).symlink_to(target)
    if "http" in case:
        words["{HTTP}"] = serve(case["http"])
    if "key" in case:
        (root / "k").mkdir(mode=0o700)
        subprocess.run(["gpg", "--batch", "--homedir", str(root / "k"), "--import"], input=case["key"].encode(), check=True, capture_output=True)
    opts = salt.config.master_config(None)
    opts.update(
        root_dir=str(root), cachedir=str(root / "cache"), sock_dir=str(root / "sock"), pki_dir=str(root / "pki"),
        file_roots={"base": []}, pillar_roots={"base": []}, extension_modules=os.environ.get("RECORD_EXTMODS", str(root / "ext")), __role="master",
        fileserver_events=False, user="root", config_dir=str(root), conf_file=str(root / "master"),
    )
    opts.update(put_in(case["opts"], words))
    expect = {}
    if "pillar" in case:
        import salt.utils.gitfs
        from salt.pillar import git_pillar

        want = put_in(case["pillar"], words)
        opts["__role"] = "minion" if case.get("masterless") else "master"
        grains = want.get("grains", {})
        try:
            pillar = salt.pillar.Pillar(opts, grains, want["id"], want.get("saltenv"), pillarenv=want.get("pillarenv"),
                                        pillar_override=want.get("override"), ext=want.get("ext"))
            expect["pillar"] = tagged(pillar.compile_pillar())
        except Exception as err:  # what Salt lets through is the result
            expect["error"] = f"{type(err).__name__}: {err}"
    else:
        fs = salt.fileserver.Fileserver(opts)
        fs.init()
        fs.update()
        expect["envs"] = sorted(fs.envs())
        expect["lists"] = {}
        asked = put_in(case["asked"], words)
        for env in asked:
            try:
                links = fs.symlink_list({"saltenv": env})
                expect["lists"][env] = {
                    "files": fs.file_list({"saltenv": env}), "dirs": fs.dir_list({"saltenv": env}),
                    "empty": fs.file_list_emptydirs({"saltenv": env}), "links": dict(sorted(links.items())),
                }
            except Exception as err:  # Salt falls over
                expect["lists"][env] = {"crash": type(err).__name__}
        expect["find"] = []
        for path, env in put_in(case.get("find", []), words):
            try:
                found = fs.find_file(path, env)
            except Exception as err:  # Salt falls over
                expect["find"].append({"crash": type(err).__name__})
                continue
            if not found.get("path"):
                expect["find"].append(None)
                continue
            digest, stat = fs.file_hash_and_stat({"path": path, "saltenv": env})
            digest = digest["hsum"]
            expect["find"].append({
                "back": found["back"], "rel": found["rel"], "mode": f"{stat[0] & 0o777:o}",
                "hash": digest.decode() if isinstance(digest, bytes) else digest,
            })
    return take_out(expect, words)


if __name__ == "__main__":
    if sys.argv[1] == "--one":
        result = one(json.load(sys.stdin))
        print("\x01" + json.dumps(result))
        sys.stdout.flush()
        os._exit(0)
    path = pathlib.Path(sys.argv[1])
    cases = json.loads(path.read_text())
    only = sys.argv[2:]
    for case in cases:
        if only and case["name"] not in only:
            continue
        case.pop("expect", None)
        # Salt keeps one gitfs a process
        run = subprocess.run([sys.executable, __file__, "--one"], input=json.dumps(case), capture_output=True, text=True)
        if "\x01" not in run.stdout:
            sys.exit(f"{case['name']}: {run.stdout}\n{run.stderr}")
        case["expect"] = json.loads(run.stdout.split("\x01")[1])
        print(case["name"], file=sys.stderr)
        path.write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
