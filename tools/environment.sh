# Sourced by bow and tools/bootstrap: where things are, and the tools that bootstrap fetched on PATH.
# `top` is the project's folder, set by who sources this.
home=${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}
cache=${BOWSHOT_CACHE:-${XDG_CACHE_HOME:-$home/.cache}/bowshot}
node_home=$cache/deps/node-22.20.0
flights_home=$cache/deps/vega-datasets-3.2.1
go_home=$cache/deps/go-1.26.6
golangci_home=$cache/deps/golangci-lint-2.15.0
toxiproxy_home=$cache/deps/toxiproxy-2.7.0
requirements=$top/tools/requirements-test.txt

# Vite needs Node 20.19, or 22.12 and later.
node_is_new_enough() {
  local version major minor
  version=$(node --version 2>/dev/null) || return 1
  IFS=. read -r major minor _ <<<"${version#v}"
  ((major > 22 || (major == 22 && minor >= 12) || (major == 20 && minor >= 19)))
}

# golangci-lint needs Go 1.26 to build it; the client's module 1.25.
go_is_new_enough() {
  local version major minor
  version=$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null) || return 1
  IFS=. read -r major minor _ <<<"${version#go}"
  ((major > 1 || minor >= 26))
}

# The tests' Python environment is named by what is in it, so that clones share it.
python_home=$cache/python-$({ python3 --version; cat "$requirements"; } 2>/dev/null | sha256sum | cut -c1-12)

# ccache: hits across clones (paths relative to the project).
export CCACHE_BASEDIR=$top CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-10G}
export CCACHE_SLOPPINESS=time_macros,include_file_mtime,include_file_ctime
export BOWSHOT_CACHE=$cache PYTHONDONTWRITEBYTECODE=1
if [ -d "$node_home" ] && ! node_is_new_enough; then export PATH=$node_home/bin:$PATH; fi
if [ -d "$go_home" ] && ! go_is_new_enough; then export PATH=$go_home/bin:$PATH; fi
