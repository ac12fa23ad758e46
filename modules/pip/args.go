package pip

import "pinch/internal/py"

type installedArgs struct {
	Name                   string   `arg:"name,required" doc:"The package, with or without a version."`
	Pkgs                   py.Value `arg:"pkgs" doc:"Several packages."`
	PipBin                 string   `arg:"pip_bin" doc:"The same as bin_env."`
	Requirements           py.Value `arg:"requirements" doc:"One or more requirements files: paths, or files of the tree."`
	BinEnv                 string   `arg:"bin_env" doc:"A virtual environment, or a pip or Python program; the host's python3 by default."`
	UseWheel               bool     `arg:"use_wheel" default:"False" doc:"Prefers wheels, with pip before 10."`
	NoUseWheel             bool     `arg:"no_use_wheel" default:"False" doc:"Takes no wheels, with pip before 10."`
	Log                    string   `arg:"log" doc:"The file for pip's log."`
	Proxy                  py.Value `arg:"proxy" doc:"A proxy."`
	Timeout                py.Value `arg:"timeout" doc:"Seconds that pip waits for an answer."`
	Repo                   py.Value `arg:"repo" doc:"Has no effect."`
	Editable               py.Value `arg:"editable" doc:"Sources to install in editable mode."`
	FindLinks              py.Value `arg:"find_links" doc:"Pages or directories with packages."`
	IndexURL               string   `arg:"index_url" doc:"The index."`
	ExtraIndexURL          string   `arg:"extra_index_url" doc:"Another index."`
	NoIndex                bool     `arg:"no_index" default:"False" doc:"Asks no index."`
	Mirrors                py.Value `arg:"mirrors" doc:"Mirrors, with pip before 7."`
	Build                  string   `arg:"build" doc:"The directory to build in."`
	Target                 string   `arg:"target" doc:"The directory to install into."`
	Download               string   `arg:"download" doc:"Downloads into a directory only."`
	DownloadCache          string   `arg:"download_cache" doc:"The directory of the cache."`
	Source                 string   `arg:"source" doc:"The directory for editable sources."`
	Upgrade                bool     `arg:"upgrade" default:"False" doc:"Upgrades to the newest version."`
	ForceReinstall         bool     `arg:"force_reinstall" default:"False" doc:"Installs again what is there."`
	IgnoreInstalled        bool     `arg:"ignore_installed" default:"False" doc:"Does not look at what is there."`
	ExistsAction           string   `arg:"exists_action" doc:"What pip does when a path exists: s, i, w or b."`
	NoDeps                 bool     `arg:"no_deps" default:"False" doc:"Installs no dependencies."`
	NoInstall              bool     `arg:"no_install" default:"False" doc:"Downloads only, with an old pip."`
	NoDownload             bool     `arg:"no_download" default:"False" doc:"Installs what was downloaded, with an old pip."`
	InstallOptions         py.Value `arg:"install_options" doc:"Options for setup.py install."`
	GlobalOptions          py.Value `arg:"global_options" doc:"Options for setup.py."`
	User                   string   `arg:"user" doc:"Who runs pip."`
	Cwd                    string   `arg:"cwd" doc:"Where pip runs."`
	PreReleases            bool     `arg:"pre_releases" default:"False" doc:"Takes pre-releases."`
	Cert                   string   `arg:"cert" doc:"The certificates that the index is checked with."`
	AllowAllExternal       bool     `arg:"allow_all_external" default:"False" doc:"With an old pip."`
	AllowExternal          py.Value `arg:"allow_external" doc:"With an old pip."`
	AllowUnverified        py.Value `arg:"allow_unverified" doc:"With an old pip."`
	ProcessDependencyLinks bool     `arg:"process_dependency_links" default:"False" doc:"With an old pip."`
	EnvVars                *py.Dict `arg:"env_vars" doc:"Environment variables."`
	UseVT                  bool     `arg:"use_vt" default:"False" doc:"Has no effect."`
	TrustedHost            string   `arg:"trusted_host" doc:"A host that needs no valid certificate."`
	NoCacheDir             bool     `arg:"no_cache_dir" default:"False" doc:"Uses no cache."`
	CacheDir               string   `arg:"cache_dir" doc:"The directory of the cache."`
	NoBinary               py.Value `arg:"no_binary" doc:"Packages of which no wheel is taken."`
	ExtraArgs              py.Value `arg:"extra_args" doc:"Further arguments: words, and mappings of an option to its value."`
	Runas                  string   `arg:"runas" doc:"Who runs pip, in the place of user."`
	Extra                  *py.Dict `arg:"**"`
}

type removedArgs struct {
	Name         string   `arg:"name,required" doc:"The package, as pip.list names it."`
	Requirements py.Value `arg:"requirements" doc:"One or more requirements files: paths, or files of the tree."`
	BinEnv       string   `arg:"bin_env" doc:"A virtual environment, or a pip or Python program; the host's python3 by default."`
	Log          string   `arg:"log" doc:"The file for pip's log."`
	Proxy        py.Value `arg:"proxy" doc:"A proxy."`
	Timeout      py.Value `arg:"timeout" doc:"Seconds that pip waits for an answer."`
	User         string   `arg:"user" doc:"Who runs pip."`
	Cwd          string   `arg:"cwd" doc:"Where pip runs."`
	UseVT        bool     `arg:"use_vt" default:"False" doc:"Has no effect."`
}

type uptodateArgs struct {
	Name   string `arg:"name,required" doc:"Any name."`
	BinEnv string `arg:"bin_env" doc:"A virtual environment, or a pip or Python program; the host's python3 by default."`
	User   string `arg:"user" doc:"Who runs pip."`
	Cwd    string `arg:"cwd" doc:"Where pip runs."`
	UseVT  bool   `arg:"use_vt" default:"False" doc:"Has no effect."`
}

type installArgs struct {
	Pkgs                   py.Value `arg:"pkgs" doc:"Several packages."`
	Requirements           py.Value `arg:"requirements" doc:"One or more requirements files: paths, or files of the tree."`
	BinEnv                 string   `arg:"bin_env" doc:"A virtual environment, or a pip or Python program; the host's python3 by default."`
	UseWheel               bool     `arg:"use_wheel" default:"False" doc:"Prefers wheels, with pip before 10."`
	NoUseWheel             bool     `arg:"no_use_wheel" default:"False" doc:"Takes no wheels, with pip before 10."`
	Log                    string   `arg:"log" doc:"The file for pip's log."`
	Proxy                  py.Value `arg:"proxy" doc:"A proxy."`
	Timeout                py.Value `arg:"timeout" doc:"Seconds that pip waits for an answer."`
	Editable               py.Value `arg:"editable" doc:"Sources to install in editable mode."`
	FindLinks              py.Value `arg:"find_links" doc:"Pages or directories with packages."`
	IndexURL               string   `arg:"index_url" doc:"The index."`
	ExtraIndexURL          string   `arg:"extra_index_url" doc:"Another index."`
	NoIndex                bool     `arg:"no_index" default:"False" doc:"Asks no index."`
	Mirrors                py.Value `arg:"mirrors" doc:"Mirrors, with pip before 7."`
	Build                  string   `arg:"build" doc:"The directory to build in."`
	Target                 string   `arg:"target" doc:"The directory to install into."`
	Download               string   `arg:"download" doc:"Downloads into a directory only."`
	DownloadCache          string   `arg:"download_cache" doc:"The directory of the cache."`
	Source                 string   `arg:"source" doc:"The directory for editable sources."`
	Upgrade                bool     `arg:"upgrade" default:"False" doc:"Upgrades to the newest version."`
	ForceReinstall         bool     `arg:"force_reinstall" default:"False" doc:"Installs again what is there."`
	IgnoreInstalled        bool     `arg:"ignore_installed" default:"False" doc:"Does not look at what is there."`
	ExistsAction           string   `arg:"exists_action" doc:"What pip does when a path exists: s, i, w or b."`
	NoDeps                 bool     `arg:"no_deps" default:"False" doc:"Installs no dependencies."`
	NoInstall              bool     `arg:"no_install" default:"False" doc:"Downloads only, with an old pip."`
	NoDownload             bool     `arg:"no_download" default:"False" doc:"Installs what was downloaded, with an old pip."`
	GlobalOptions          py.Value `arg:"global_options" doc:"Options for setup.py."`
	InstallOptions         py.Value `arg:"install_options" doc:"Options for setup.py install."`
	User                   string   `arg:"user" doc:"Who runs pip."`
	Cwd                    string   `arg:"cwd" doc:"Where pip runs."`
	PreReleases            bool     `arg:"pre_releases" default:"False" doc:"Takes pre-releases."`
	Cert                   string   `arg:"cert" doc:"The certificates that the index is checked with."`
	AllowAllExternal       bool     `arg:"allow_all_external" default:"False" doc:"With an old pip."`
	AllowExternal          py.Value `arg:"allow_external" doc:"With an old pip."`
	AllowUnverified        py.Value `arg:"allow_unverified" doc:"With an old pip."`
	ProcessDependencyLinks bool     `arg:"process_dependency_links" default:"False" doc:"With an old pip."`
	Saltenv                string   `arg:"saltenv" default:"base" doc:"Environment of the tree; has no effect."`
	EnvVars                *py.Dict `arg:"env_vars" doc:"Environment variables."`
	UseVT                  bool     `arg:"use_vt" default:"False" doc:"Has no effect."`
	TrustedHost            string   `arg:"trusted_host" doc:"A host that needs no valid certificate."`
	NoCacheDir             bool     `arg:"no_cache_dir" default:"False" doc:"Uses no cache."`
	ExtraArgs              py.Value `arg:"extra_args" doc:"Further arguments: words, and mappings of an option to its value."`
	CacheDir               string   `arg:"cache_dir" doc:"The directory of the cache."`
	NoBinary               py.Value `arg:"no_binary" doc:"Packages of which no wheel is taken."`
	DisableVersionCheck    bool     `arg:"disable_version_check" default:"False" doc:"Does not ask whether pip is current."`
}

type uninstallArgs struct {
	Pkgs         py.Value `arg:"pkgs" doc:"Several packages."`
	Requirements py.Value `arg:"requirements" doc:"One or more requirements files: paths, or files of the tree."`
	BinEnv       string   `arg:"bin_env" doc:"A virtual environment, or a pip or Python program; the host's python3 by default."`
	Log          string   `arg:"log" doc:"The file for pip's log."`
	Proxy        py.Value `arg:"proxy" doc:"A proxy."`
	Timeout      py.Value `arg:"timeout" doc:"Seconds that pip waits for an answer."`
	User         string   `arg:"user" doc:"Who runs pip."`
	Cwd          string   `arg:"cwd" doc:"Where pip runs."`
	Saltenv      string   `arg:"saltenv" default:"base" doc:"Environment of the tree; has no effect."`
	UseVT        bool     `arg:"use_vt" default:"False" doc:"Has no effect."`
	ExtraArgs    py.Value `arg:"extra_args" doc:"Further arguments: words, and mappings of an option to its value."`
}

type freezeArgs struct {
	BinEnv  string   `arg:"bin_env" doc:"A virtual environment, or a pip or Python program; the host's python3 by default."`
	User    string   `arg:"user" doc:"Who runs pip."`
	Cwd     string   `arg:"cwd" doc:"Where pip runs."`
	UseVT   bool     `arg:"use_vt" default:"False" doc:"Has no effect."`
	EnvVars *py.Dict `arg:"env_vars" doc:"Environment variables."`
}

type listArgs struct {
	Prefix  string   `arg:"prefix" doc:"What the names begin with."`
	BinEnv  string   `arg:"bin_env" doc:"A virtual environment, or a pip or Python program; the host's python3 by default."`
	User    string   `arg:"user" doc:"Who runs pip."`
	Cwd     string   `arg:"cwd" doc:"Where pip runs."`
	EnvVars *py.Dict `arg:"env_vars" doc:"Environment variables."`
}

type versionArgs struct {
	BinEnv string `arg:"bin_env" doc:"A virtual environment, or a pip or Python program; the host's python3 by default."`
	Cwd    string `arg:"cwd" doc:"Where pip runs."`
	User   string `arg:"user" doc:"Who runs pip."`
}

type envArgs struct {
	BinEnv string `arg:"bin_env" doc:"A virtual environment, or a pip or Python program; the host's python3 by default."`
	User   string `arg:"user" doc:"Who runs pip."`
	Cwd    string `arg:"cwd" doc:"Where pip runs."`
}

type pkgArgs struct {
	Pkg    string `arg:"pkg,required" doc:"The package."`
	BinEnv string `arg:"bin_env" doc:"A virtual environment, or a pip or Python program; the host's python3 by default."`
	User   string `arg:"user" doc:"Who runs pip."`
	Cwd    string `arg:"cwd" doc:"Where pip runs."`
}

type isInstalledArgs struct {
	Pkgname string `arg:"pkgname,required" doc:"The package."`
	BinEnv  string `arg:"bin_env" doc:"A virtual environment, or a pip or Python program; the host's python3 by default."`
	User    string `arg:"user" doc:"Who runs pip."`
	Cwd     string `arg:"cwd" doc:"Where pip runs."`
}

type versionsArgs struct {
	Pkg           string `arg:"pkg,required" doc:"The package."`
	BinEnv        string `arg:"bin_env" doc:"A virtual environment, or a pip or Python program; the host's python3 by default."`
	IncludeAlpha  bool   `arg:"include_alpha" default:"False" doc:"Alphas, too."`
	IncludeBeta   bool   `arg:"include_beta" default:"False" doc:"Betas, too."`
	IncludeRC     bool   `arg:"include_rc" default:"False" doc:"Release candidates, too."`
	User          string `arg:"user" doc:"Who runs pip."`
	Cwd           string `arg:"cwd" doc:"Where pip runs."`
	IndexURL      string `arg:"index_url" doc:"The index."`
	ExtraIndexURL string `arg:"extra_index_url" doc:"Another index."`
}

type upgradeArgs struct {
	BinEnv string `arg:"bin_env" doc:"A virtual environment, or a pip or Python program; the host's python3 by default."`
	User   string `arg:"user" doc:"Who runs pip."`
	Cwd    string `arg:"cwd" doc:"Where pip runs."`
	UseVT  bool   `arg:"use_vt" default:"False" doc:"Has no effect."`
}

type normalizeArgs struct {
	Name string `arg:"name,required" doc:"A name."`
}

type managedArgs struct {
	Name                   string   `arg:"name,required" doc:"The directory of the virtual environment."`
	VenvBin                string   `arg:"venv_bin" doc:"virtualenv, venv, or a Python."`
	Requirements           py.Value `arg:"requirements" doc:"A requirements file: a path, or a file of the tree."`
	SystemSitePackages     bool     `arg:"system_site_packages" default:"False" doc:"Sees the host's packages."`
	Distribute             bool     `arg:"distribute" default:"False" doc:"With virtualenv before 1.10."`
	UseWheel               bool     `arg:"use_wheel" default:"False" doc:"Prefers wheels, with pip before 10."`
	Clear                  bool     `arg:"clear" default:"False" doc:"Makes it anew."`
	Python                 string   `arg:"python" doc:"The Python to use."`
	ExtraSearchDir         py.Value `arg:"extra_search_dir" doc:"Directories with packages for virtualenv."`
	NeverDownload          *bool    `arg:"never_download" doc:"True downloads nothing, False does."`
	Prompt                 string   `arg:"prompt" doc:"The prompt of its shell."`
	User                   string   `arg:"user" doc:"Who runs pip."`
	Cwd                    string   `arg:"cwd" doc:"Where pip runs."`
	IndexURL               string   `arg:"index_url" doc:"The index."`
	ExtraIndexURL          string   `arg:"extra_index_url" doc:"Another index."`
	PreReleases            bool     `arg:"pre_releases" default:"False" doc:"Takes pre-releases."`
	NoDeps                 bool     `arg:"no_deps" default:"False" doc:"Installs no dependencies."`
	PipDownload            string   `arg:"pip_download" doc:"Downloads into a directory only."`
	PipDownloadCache       string   `arg:"pip_download_cache" doc:"The directory of the cache."`
	PipExistsAction        string   `arg:"pip_exists_action" doc:"What pip does when a path exists."`
	PipIgnoreInstalled     bool     `arg:"pip_ignore_installed" default:"False" doc:"Does not look at what is there."`
	Proxy                  py.Value `arg:"proxy" doc:"A proxy."`
	UseVT                  bool     `arg:"use_vt" default:"False" doc:"Has no effect."`
	EnvVars                *py.Dict `arg:"env_vars" doc:"Environment variables."`
	NoUseWheel             bool     `arg:"no_use_wheel" default:"False" doc:"Takes no wheels, with pip before 10."`
	PipUpgrade             bool     `arg:"pip_upgrade" default:"False" doc:"Upgrades packages."`
	PipPkgs                py.Value `arg:"pip_pkgs" doc:"Packages to install."`
	PipNoCacheDir          bool     `arg:"pip_no_cache_dir" default:"False" doc:"Uses no cache."`
	PipCacheDir            string   `arg:"pip_cache_dir" doc:"The directory of the cache."`
	ProcessDependencyLinks bool     `arg:"process_dependency_links" default:"False" doc:"With an old pip."`
	NoBinary               py.Value `arg:"no_binary" doc:"Packages of which no wheel is taken."`
	Pip                    bool     `arg:"pip" default:"False" doc:"Makes sure that pip is in it."`
	Symlinks               *bool    `arg:"symlinks" doc:"Links to Python instead of copying it (venv)."`
	Extra                  *py.Dict `arg:"**"`
}

type createArgs struct {
	Path               string   `arg:"path,required" doc:"The directory of the virtual environment."`
	VenvBin            string   `arg:"venv_bin" doc:"virtualenv, venv, or a Python."`
	SystemSitePackages bool     `arg:"system_site_packages" default:"False" doc:"Sees the host's packages."`
	Distribute         bool     `arg:"distribute" default:"False" doc:"With virtualenv before 1.10."`
	Clear              bool     `arg:"clear" default:"False" doc:"Makes it anew."`
	Python             string   `arg:"python" doc:"The Python to use."`
	ExtraSearchDir     py.Value `arg:"extra_search_dir" doc:"Directories with packages for virtualenv."`
	NeverDownload      *bool    `arg:"never_download" doc:"True downloads nothing, False does."`
	Prompt             string   `arg:"prompt" doc:"The prompt of its shell."`
	Pip                bool     `arg:"pip" default:"False" doc:"Makes sure that pip is in it."`
	Symlinks           *bool    `arg:"symlinks" doc:"Links to Python instead of copying it (venv)."`
	Upgrade            *bool    `arg:"upgrade" doc:"Upgrades it to the present Python (venv)."`
	User               string   `arg:"user" doc:"Who runs pip."`
	UseVT              bool     `arg:"use_vt" default:"False" doc:"Has no effect."`
	Saltenv            string   `arg:"saltenv" default:"base" doc:"Environment of the tree; has no effect."`
	Extra              *py.Dict `arg:"**"`
}

type sitePackagesArgs struct {
	Venv string `arg:"venv,required" doc:"The virtual environment."`
}

type distributionArgs struct {
	Venv         string `arg:"venv,required" doc:"The virtual environment."`
	Distribution string `arg:"distribution,required" doc:"The package."`
}

type resourceArgs struct {
	Venv     string `arg:"venv,required" doc:"The virtual environment."`
	Package  string `arg:"package" doc:"The package."`
	Resource string `arg:"resource" doc:"The file in it."`
}
