#!/bin/bash
# What an operator writes who knows the tools: the peer that bench:peers compares exhibit with. One after the other, what
# is gone first comes first, the core last; then one archive.
#   hand-script.sh PID FOLDER INCIDENT
set -u
umask 077
pid=$1
name=evidence-$3-$pid-$(date -u +%Y%m%dT%H%M%SZ)
mkdir "$2/$name" && cd "$2/$name" || exit 1

ss -tanp >ss.txt
for file in status stat cmdline limits cgroup io sched schedstat maps smaps_rollup wchan stack syscall net/tcp net/tcp6; do
  cat "/proc/$pid/$file" >"proc-${file//\//-}.txt" 2>/dev/null
done
lsof -nP -p "$pid" >lsof.txt 2>lsof.stderr.txt
top -H -b -n 5 -d 1 -p "$pid" >top.txt
gcore -o core "$pid" >gcore.txt 2>&1

cd "$2" && tar czf "$name.tar.gz" "$name" && rm -r "$name" && echo "$2/$name.tar.gz"
