# Read by the scripts beside it, from the root of the project: what they have in common.
# shellcheck shell=bash disable=SC2034

jobs=${JOBS:-$(nproc 2> /dev/null || echo 2)}

# Where CMake and ninja are to be, once they are installed; make does as well.
if command -v ninja > /dev/null || command -v apt-get > /dev/null; then
  generator=(-G Ninja)
else
  generator=(-G "Unix Makefiles")
fi

# Reference cases and data sets, where they lie beside the project.
for pair in LAMINA_ORACLE_DIR:../shared/oracle LAMINA_DATA_DIR:../shared/data; do
  variable=${pair%%:*} folder=${pair#*:}
  if [ -z "${!variable:-}" ] && [ -d "$folder" ]; then
    export "$variable=$(cd "$folder" && pwd)"
  fi
done

say() {
  printf '\n== %s\n' "$*"
}
