#!/bin/bash
# Boots a real systemd as process 1 of namespaces of its own, for tests of units. Started by systemd.ts, as root:
#   boot-systemd.sh FOLDER CGROUP REPOSITORY NODE
# FOLDER: an empty folder that becomes its root; CGROUP: an empty control group of ours that it may rule.
#
# It must not be able to reach the host, as a booting systemd empties /tmp, loads modules and sets kernel parameters:
# - the root is an overlay in memory, thrown away with the mount namespace; /tmp, /run and /dev are its own;
# - /sys and /proc/sys are read-only, the host's devices are not there, and the capabilities to reboot, to set the clock
#   and to load modules are dropped for good;
# - the host's units and generators are hidden. There is no sysinit.target: a unit without DefaultDependencies=no, which
#   would pull it in, fails to start.
set -euo pipefail
folder=$1 cgroup=$2 repository=$3 node=$4

if [ "${BOOT_STAGE:-}" != inside ]; then
  # The group becomes the root of the new cgroup namespace.
  echo $$ >"$cgroup/cgroup.procs"
  export BOOT_STAGE=inside
  # Whoever started us takes all of it along when it dies.
  exec setpriv --pdeathsig KILL unshare --pid --mount --ipc --uts --net --cgroup --fork --kill-child=KILL -- "$0" "$@"
fi

# Never on the host: below, everything is mounted over.
[ $$ = 1 ] || { echo "boot-systemd.sh: not in a pid namespace of its own" >&2; exit 1; }
mount --make-rprivate /
mount -t tmpfs -o size=256m,mode=755 tmpfs "$folder"
mkdir "$folder"/{upper,work,root}
mount -t overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" overlay "$folder/root"
root=$folder/root

mount -t proc proc "$root/proc"
for path in sys sysrq-trigger irq bus; do
  [ -e "$root/proc/$path" ] || continue
  mount --bind "$root/proc/$path" "$root/proc/$path"
  mount -o remount,bind,ro "$root/proc/$path"
done
mount -t sysfs -o ro sysfs "$root/sys"
for path in run tmp var/tmp dev etc/systemd/system usr/lib/systemd/system usr/lib/systemd/system-generators; do
  mkdir -p "$root/$path"
  mount -t tmpfs -o mode=755 tmpfs "$root/$path"
done
chmod 1777 "$root/tmp" "$root/var/tmp"

# What the test runs inside, wherever it is on the host: below /tmp, too, so after the mounts.
mkdir -p "$root$repository" "$root$(dirname "$node")"
mount --bind "$repository" "$root$repository"
mount -o remount,bind,ro "$root$repository"
touch "$root$node"
mount --bind "$node" "$root$node"

mkdir "$root"/dev/{pts,shm}
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
mount -t tmpfs tmpfs "$root/dev/shm"
for device in null zero full random urandom tty; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
ln -s /proc/self/fd "$root/dev/fd"
# What systemd says, for a test that fails.
touch "$root/dev/console"

mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
if [ -e "$cgroup/cgroup.controllers" ]; then
  mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
else
  mkdir "$root/sys/fs/cgroup/systemd"
  mount -t cgroup -o none,name=systemd,xattr cgroup "$root/sys/fs/cgroup/systemd"
  # systemd would mount every other hierarchy beside it, and rule groups of the host there.
  mount -o remount,ro "$root/sys/fs/cgroup"
fi

mkdir -p "$root/run/systemd/system"
printf '[Unit]\nDefaultDependencies=no\nAllowIsolate=yes\n' >"$root/run/systemd/system/test.target"
hostname exhibit-test
cd "$root"
# Tells systemd that it is in a container: it then leaves what belongs to the host alone.
export container=lxc
unset BOOT_STAGE
exec setpriv --bounding-set -sys_boot,-sys_time,-sys_module,-sys_rawio,-syslog,-mknod,-audit_control \
  --inh-caps -sys_boot,-sys_time,-sys_module,-sys_rawio,-syslog,-mknod,-audit_control \
  chroot "$root" /lib/systemd/systemd --system --unit=test.target --log-target=console --log-level=notice
